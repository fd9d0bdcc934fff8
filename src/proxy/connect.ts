// A CONNECT proxy on loopback, as `coffer run` has one for its child and the server has one for `coffer env`. CONNECT to
// an owned name on port 443 ends at the Coffer server, whose TLS answers for that name; any other name passes through,
// untouched. Plain requests (absolute-form) are refused: nothing of ours sets http_proxy.
// CONNECT: RFC 9110 section 9.3.6; Basic credentials: RFC 7617.

import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { OWNED_PORT, ownsName } from './owned-names.ts';
import { dial, dialThrough, join } from './tunnel.ts';
import type { Route } from './upstream.ts';

export const CONNECTIONS_MAX = 1024;
const HEADER_BYTES_MAX = 16 * 1024;
const HEADER_MS_MAX = 30_000;
/** How long a refused client may take to close. */
const LINGER_MS_MAX = 1_000;

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface ConnectProxyOptions {
  /** `coffer run` or `coffer env`: for what is said to whoever is refused. */
  readonly name: string;
  /** Where a name is served in place of the world's; undefined for every name that is none of ours, on any port. */
  target(host: string, port: number): Target | undefined;
  /** How all other names are reached. */
  readonly route: (host: string, port: number) => Route;
  /** Whether the bearer of this Proxy-Authorization (empty where there is none) may use it. */
  allows(authorization: string): boolean | Promise<boolean>;
  /** 0: any free port. */
  readonly port: number;
}

export interface Port {
  readonly port: number;
  stop(): Promise<void>;
}

/** Leads every owned name to `server`, on the one port that the clouds have. */
export function ownedTarget(server: () => Target): ConnectProxyOptions['target'] {
  return (host, port) => (port === OWNED_PORT && ownsName(host) ? server() : undefined);
}

/** Starts the proxy on 127.0.0.1. Rejects where the port cannot be had. */
export function startConnectProxy(options: ConnectProxyOptions): Promise<Port> {
  const server = createHttpServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADER_MS_MAX,
    requestTimeout: HEADER_MS_MAX,
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connect', (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const client = duplex as Socket;
    client.on('error', () => client.destroy());
    // Now, not when the other side is there: nothing can be put back into a socket that has seen its end.
    if (head.length > 0) client.unshift(head);
    admit(request, client, options).catch(() => {
      refuse(client, '503 Service Unavailable', `${options.name} cannot tell who is asking`);
    });
  });
  server.on('request', (_request, response) => {
    const body = `${options.name} proxies CONNECT only: unset http_proxy, or set it to your own proxy\n`;
    response.writeHead(405, { allow: 'CONNECT', connection: 'close', 'content-type': 'text/plain' }).end(body);
  });
  return open(server, options.port);
}

async function admit({ headers, url = '' }: IncomingMessage, client: Socket, options: ConnectProxyOptions) {
  const { name, allows } = options;
  if (await allows(headers['proxy-authorization'] ?? '')) {
    serveConnect(url, client, options);
    return;
  }
  refuse(client, '407 Proxy Authentication Required', `this proxy of ${name} wants the credentials that it gave out`, [
    `Proxy-Authenticate: Basic realm="${name}"`,
  ]);
}

function serveConnect(url: string, client: Socket, { name, target, route }: ConnectProxyOptions): void {
  const authority = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@?#\s]{1,255})):(\d{1,5})$/.exec(url);
  const host = authority?.[1] ?? authority?.[2];
  const port = Number(authority?.[3]);
  if (host === undefined || port === 0 || port > 65_535) {
    refuse(client, '400 Bad Request', 'CONNECT needs host:port');
    return;
  }
  const own = target(host, port);
  if (own === undefined && ownsName(host)) {
    refuse(client, '403 Forbidden', `${host} is served by Coffer on port ${OWNED_PORT} only`);
    return;
  }
  const upstream = own === undefined ? reach(host, port, route(host, port)) : dial(own.host, own.port);
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
      refuse(client, status, `${name} cannot reach ${host}:${port}: ${error.code ?? error.message}`);
    },
  );
}

function reach(host: string, port: number, route: Route): Promise<Socket> {
  if (route.kind === 'direct') return dial(host, port);
  if (route.kind === 'proxy') return dialThrough(route.proxy, host, port);
  return Promise.reject(new Error(`the ${route.scheme} proxy of your environment cannot be chained to`));
}

/** Joins the two, unless the client has gone meanwhile. */
export function splice(client: Socket, upstream: Socket): void {
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

/** Listens on 127.0.0.1; stopping closes every connection. */
export async function open(server: Server, port: number): Promise<Port> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { port: (server.address() as AddressInfo).port, stop };
}
