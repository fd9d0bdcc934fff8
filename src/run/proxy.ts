// The run's own proxy on loopback, for its child only: a random user and password, compared in constant time. CONNECT to
// an owned name on port 443 ends at the Coffer server, whose TLS answers for that name; any other name passes through,
// untouched. Plain requests (absolute-form) are refused: `run` never sets http_proxy.
// CONNECT: RFC 9110 section 9.3.6; Basic credentials: RFC 7617.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isOwnPeer } from '../client/socket-owner.ts';
import { OWNED_PORT, ownsName } from './owned-names.ts';
import { dial, dialThrough, join } from './tunnel.ts';
import type { Route } from './upstream.ts';

const CONNECTIONS_MAX = 1024;
const HEADER_BYTES_MAX = 16 * 1024;
const HEADER_MS_MAX = 30_000;
/** How long a refused client may take to close. */
const LINGER_MS_MAX = 1_000;

export interface ProxyOptions {
  /** Where owned names are served: the Coffer server. */
  readonly target: { readonly host: string; readonly port: number };
  /** How all other names are reached. */
  readonly route: (host: string, port: number) => Route;
}

export interface RunningProxy {
  /** Proxy URL with this run's user and password: only for the child's environment. */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts the CONNECT proxy on a free loopback port. */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const user = `run-${randomBytes(4).toString('hex')}`;
  const password = randomBytes(24).toString('base64url');
  const expected = digest(`Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`);
  const server = createHttpServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADER_MS_MAX,
    requestTimeout: HEADER_MS_MAX,
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    serveConnect(request, client as Socket, head, expected, options);
  });
  server.on('request', (_request, response) => {
    const body = 'coffer run proxies CONNECT only: unset http_proxy, or set it to your own proxy\n';
    response.writeHead(405, { allow: 'CONNECT', connection: 'close', 'content-type': 'text/plain' }).end(body);
  });
  const { port, stop } = await open(server);
  return { url: `http://${user}:${password}@127.0.0.1:${port}`, port, stop };
}

/**
 * Starts the port to which the Node hook leads owned names: everything goes to the Coffer server as it is. It has no
 * password, so it serves processes of this user only.
 */
export async function startTlsPort(target: ProxyOptions['target']): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connection', (client) => {
    client.on('error', () => client.destroy());
    if (!isOwnPeer(client)) {
      client.destroy();
      return;
    }
    dial(target.host, target.port).then(
      (upstream) => splice(client, upstream),
      () => client.destroy(),
    );
  });
  return open(server);
}

function serveConnect(
  request: IncomingMessage,
  client: Socket,
  head: Buffer,
  expected: Buffer,
  { target, route }: ProxyOptions,
): void {
  client.on('error', () => client.destroy());
  // Now, not when the other side is there: nothing can be put back into a socket that has seen its end.
  if (head.length > 0) client.unshift(head);
  if (!timingSafeEqual(digest(request.headers['proxy-authorization'] ?? ''), expected)) {
    refuse(client, '407 Proxy Authentication Required', 'this proxy serves one run of coffer only', [
      'Proxy-Authenticate: Basic realm="coffer run"',
    ]);
    return;
  }
  const authority = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@?#\s]{1,255})):(\d{1,5})$/.exec(request.url ?? '');
  const host = authority?.[1] ?? authority?.[2];
  const port = Number(authority?.[3]);
  if (host === undefined || port === 0 || port > 65_535) {
    refuse(client, '400 Bad Request', 'CONNECT needs host:port');
    return;
  }
  if (ownsName(host) && port !== OWNED_PORT) {
    refuse(client, '403 Forbidden', `${host} is served by Coffer on port ${OWNED_PORT} only`);
    return;
  }
  const upstream = ownsName(host) ? dial(target.host, target.port) : reach(host, port, route(host, port));
  upstream.then(
    (socket) => {
      if (client.destroyed) {
        socket.destroy();
        return;
      }
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      splice(client, socket);
    },
    (error: NodeJS.ErrnoException) => {
      const status = error.code === 'ETIMEDOUT' ? '504 Gateway Timeout' : '502 Bad Gateway';
      refuse(client, status, `coffer run cannot reach ${host}:${port}: ${error.code ?? error.message}`);
    },
  );
}

function reach(host: string, port: number, route: Route): Promise<Socket> {
  if (route.kind === 'direct') return dial(host, port);
  if (route.kind === 'proxy') return dialThrough(route.proxy, host, port);
  return Promise.reject(new Error(`the ${route.scheme} proxy of your environment cannot be chained to`));
}

function splice(client: Socket, upstream: Socket): void {
  if (client.destroyed) {
    upstream.destroy();
    return;
  }
  join(client, upstream);
}

function refuse(client: Socket, status: string, why: string, headers: readonly string[] = []): void {
  const body = `${why}\n`;
  const head = [
    `HTTP/1.1 ${status}`,
    ...headers,
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  client.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`);
  client.resume();
  client.setTimeout(LINGER_MS_MAX, () => client.destroy());
}

async function open(server: Server): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { port: (server.address() as AddressInfo).port, stop };
}

/** Equal length for a comparison in constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
