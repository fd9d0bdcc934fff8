// An HTTP server on a loopback port for the child of one run, which hands out what is the child's: sizes, waits and
// connections are bounded, and a peer of another user is known for a stranger on each of its requests.

import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { isOwnPeer } from '../client/socket-owner.ts';

const CONNECTIONS_MAX = 256;
const HEADER_BYTES_MAX = 16 * 1024;
const REQUEST_MS_MAX = 30_000;
const KEEP_ALIVE_MS = 60_000;

export type IsAllowedPeer = (socket: Socket) => boolean;

/** The server alone, not listening yet. `isAllowedPeer` is asked once a connection. */
export function createOwnServer(
  serve: (request: IncomingMessage, response: ServerResponse, isStranger: boolean) => void,
  isAllowedPeer: IsAllowedPeer = isOwnPeer,
): Server {
  const strangers = new WeakSet<Socket>();
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: REQUEST_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connection', (socket) => {
    if (!isAllowedPeer(socket)) strangers.add(socket);
  });
  server.on('request', (request, response) => serve(request, response, strangers.has(request.socket)));
  return server;
}

/** By the name that was given out, or by one of `others`: a page of a browser that was led here says another (DNS rebinding). */
export function isForOwnPort(request: IncomingMessage, others: readonly string[] = []): boolean {
  const hosts = request.headersDistinct['host'] ?? [];
  const port = request.socket.localPort;
  return hosts.length === 1 && [`127.0.0.1:${port}`, `localhost:${port}`, ...others].includes(hosts[0] as string);
}

/** In constant time. */
export function isEqual(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** Listens on a free port of loopback; answers `127.0.0.1:PORT`, and what stops it at once. */
export async function listenOnLoopback(
  server: Server,
): Promise<{ readonly address: string; readonly stop: () => Promise<void> }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, resolve);
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
