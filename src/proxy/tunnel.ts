// Two sockets joined: bytes both ways, each half closed on its own, both gone when one fails.
// Neither side may wait forever for a connection, nor linger half open without traffic.

import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { UserProxy } from './upstream.ts';

const CONNECT_MS_MAX = 30_000;
const HALF_OPEN_IDLE_MS_MAX = 10 * 60_000;
const KEEP_ALIVE_PROBE_MS = 60_000;
const PROXY_ANSWER_BYTES_MAX = 16 * 1024;

/** Joins two open sockets until both directions have ended. Sockets must have been made with `allowHalfOpen`. */
export function join(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
    from.pipe(to);
    const halve = (): void => void to.setTimeout(HALF_OPEN_IDLE_MS_MAX, () => to.destroy());
    if (from.readableEnded) halve();
    else from.once('end', halve);
    from.once('error', () => to.destroy());
    from.once('close', (failed) => {
      if (failed || !from.readableEnded) to.destroy();
    });
  }
}

/**
 * Opens a connection, waiting thirty seconds at most.
 * @throws Error with the system's code, or `ETIMEDOUT`.
 */
export function dial(host: string, port: number): Promise<Socket> {
  return opened(connect({ host, port, allowHalfOpen: true, noDelay: true }), 'connect');
}

/** The same by TLS. @throws Error also where the certificate is not one to trust. */
export function dialTls(options: Pick<ConnectionOptions, 'host' | 'port' | 'servername' | 'ca' | 'ALPNProtocols'>) {
  return opened(connectTls({ ...options, allowHalfOpen: true } as ConnectionOptions), 'secureConnect');
}

/**
 * Opens a connection through the user's proxy by CONNECT (RFC 9110 section 9.3.6).
 * @throws Error where the proxy cannot be reached or refuses; its status is in the message.
 */
export async function dialThrough(proxy: UserProxy, host: string, port: number): Promise<Socket> {
  const plain = await dial(proxy.host, proxy.port);
  const servername = isIP(proxy.host) ? {} : { servername: proxy.host };
  const socket = proxy.secure
    ? await opened(connectTls({ socket: plain, host: proxy.host, ...servername }), 'secureConnect')
    : plain;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const credentials = proxy.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`);
  try {
    await readConnectAnswer(socket);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

function opened<T extends Socket>(socket: T, event: 'connect' | 'secureConnect'): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(CONNECT_MS_MAX, () => {
      fail(Object.assign(new Error('the connection was not made in time'), { code: 'ETIMEDOUT' }));
    });
    socket.once('error', fail);
    socket.once(event, () => {
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** Reads the head of the proxy's answer; what came after it goes back into the socket. */
function readConnectAnswer(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const timer = setTimeout(
      () => finish(new Error('the proxy of https_proxy did not answer in time')),
      CONNECT_MS_MAX,
    );
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      socket.off('data', take).off('error', finish).off('end', ended);
      socket.pause();
      if (error === undefined) resolve();
      else reject(error);
    };
    const ended = (): void => finish(new Error('the proxy of https_proxy closed the connection'));
    const take = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) {
        if (head.length > PROXY_ANSWER_BYTES_MAX) finish(new Error('the proxy of https_proxy answered too much'));
        return;
      }
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head.toString('latin1', 0, end))?.[1];
      if (status === undefined || !status.startsWith('2')) {
        finish(new Error(`the proxy of https_proxy answered ${status ?? 'something else than HTTP'}`));
        return;
      }
      finish();
      const rest = head.subarray(end + 4);
      if (rest.length > 0) socket.unshift(rest);
    };
    socket.on('data', take).once('error', finish).once('end', ended);
  });
}
