// One port for all that Coffer speaks: HTTP/1.1, HTTP/2 and gRPC, each with TLS and without. It knows bytes, names and
// addresses; what a request means is the handler's business.

import { type AddressInfo, createServer, type Server } from 'node:net';
import { Load, type RequestEntry, type WireContext } from './context.ts';
import { drain } from './drain.ts';
import { Front } from './front.ts';
import { sweepMs, WIRE_LIMITS, type WireLimits } from './limits.ts';
import type { TlsOptions } from './tls.ts';
import type { WireHandler } from './types.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Other threads of this process listen there too; see `reserve`. */
  readonly shared?: boolean;
  readonly handler: WireHandler;
  /** Without it a TLS client is told that the handshake failed. */
  readonly tls?: TlsOptions;
  readonly limits?: Partial<WireLimits>;
  /** What the gRPC health service answers. */
  readonly ready: () => boolean;
  /** Failures of the handler or of a certificate; never those of a peer. */
  readonly onError?: (error: unknown, requestId?: string) => void;
  readonly onRequest?: (entry: RequestEntry) => void;
}

export interface Listener {
  readonly address: { readonly host: string; readonly port: number };
  /** Open connections. */
  connections(): number;
  /**
   * Takes no more connections or requests, lets those under way finish for at most `graceMs`, then ends what is left.
   * It resolves when no connection is open. A second call waits for the first.
   */
  drain(graceMs: number): Promise<void>;
}

/** Connections that the kernel holds until we take them; it cuts the number to its own limit. */
const BACKLOG = 1024;

/**
 * Opens a port and serves it.
 * @throws an Error with Node's `code` and a message of one line where the address cannot be had.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const context: WireContext = {
    handler: options.handler,
    limits: { ...WIRE_LIMITS, ...options.limits },
    ready: options.ready,
    onError: options.onError ?? (() => {}),
    onRequest: options.onRequest,
    load: new Load(),
  };
  const front = new Front(context, options.tls);
  const server = createServer({ noDelay: true }, (socket) => front.accept(socket));
  server.maxConnections = context.limits.connectionsMax;
  await bind(server, { host: options.host, port: options.port, reusePort: options.shared === true });
  const sweep = setInterval(() => context.load.sweep(performance.now()), sweepMs(context.limits));
  sweep.unref();
  const { address, port } = server.address() as AddressInfo;
  let drained: Promise<void> | undefined;
  return {
    address: { host: address, port },
    connections: () => front.sockets.size,
    drain: (graceMs) => {
      drained ??= drain(server, front, context.load, graceMs).finally(() => clearInterval(sweep));
      return drained;
    },
  };
}

/** An address that this process has for itself. */
export interface Reservation {
  readonly host: string;
  readonly port: number;
  release(): void;
}

/**
 * Takes an address for listeners that share it. SO_REUSEPORT would let a second server of the same user take half of the
 * connections, so the address is bound once without it, and kept by an abstract socket of its name, which the kernel
 * frees with the process. Throws as `listen` does.
 */
export async function reserve(host: string, port: number): Promise<Reservation> {
  const probe = createServer();
  await bind(probe, { host, port });
  const found = probe.address() as AddressInfo;
  const name = createServer();
  try {
    if (process.platform === 'linux')
      await bind(name, { host, port: found.port, path: `\0coffer ${host} ${found.port}` });
  } finally {
    await new Promise((closed) => probe.close(closed));
  }
  name.unref();
  return { host: found.address, port: found.port, release: () => void name.close() };
}

const BIND_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is already in use: stop what listens there, or listen on another port',
  EACCES: 'may not be used by this user: listen on a port above 1023',
  EADDRNOTAVAIL: 'is not an address of this machine: listen on one that is, such as 127.0.0.1',
  ENOTFOUND: 'does not name an address: listen on one of this machine, such as 127.0.0.1',
};

interface Place {
  readonly host: string;
  readonly port: number;
  readonly reusePort?: boolean;
  /** Of an abstract socket, in place of host and port. */
  readonly path?: string;
}

function bind(server: Server, { host, port, reusePort = false, path }: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? '';
      const advice = BIND_ADVICE[code] ?? `cannot be listened on (${code}): choose another`;
      reject(Object.assign(new Error(`address ${host}:${port} ${advice}`, { cause: error }), { code }));
    });
    server.listen(path === undefined ? { host, port, reusePort, backlog: BACKLOG } : { path }, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}
