// A network between two programs that can fail: connections are cut, refused, or cut just after something was said.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Ends every connection and takes no new one. */
  cut(): void;
  restore(): void;
  /** Ends every connection as soon as one has carried `text` to the other side, whose answer is not let through. */
  cutAfter(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Listens on loopback for whoever wants to get to `port` there. */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isCut = false;
  let waiting: { readonly text: Buffer; readonly done: () => void } | undefined;
  const end = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
    pairs.clear();
  };
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(port, '127.0.0.1');
    const pair = [client, upstream] as const;
    pairs.add(pair);
    let isDeaf = false;
    client.on('data', (bytes: Buffer) => {
      upstream.write(bytes);
      if (waiting === undefined || !bytes.includes(waiting.text)) return;
      const { done } = waiting;
      waiting = undefined;
      isDeaf = true;
      // The other side has read all that was sent before it hears of the end.
      upstream.once('data', () => {
        end();
        done();
      });
    });
    upstream.on('data', (bytes) => {
      if (!isDeaf) client.write(bytes);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        pairs.delete(pair);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    cut: () => {
      isCut = true;
      end();
    },
    restore: () => {
      isCut = false;
    },
    cutAfter: (text) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting = { text: Buffer.from(text), done: resolve };
      return promise;
    },
    close: async () => {
      end();
      server.close();
      await once(server, 'close');
    },
  };
}
