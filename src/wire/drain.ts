// The end of a listener: no new connections, GOAWAY and `connection: close` on those that are open, time for what is
// under way, and then the end of everything.

import type { Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from './context.ts';
import type { Front } from './front.ts';

/** How often connections that have fallen idle are looked for. */
const POLL_MS = 10;
/** How long destroyed sockets may take to report that they are closed; the kernel does not block here. */
const DESTROY_MS = 1000;

/** Ends a listener within `graceMs` and a moment. It resolves when every connection is closed. */
export async function drain(server: Server, front: Front, load: Load, graceMs: number): Promise<void> {
  load.draining = true;
  server.close();
  for (const socket of front.unsettled) socket.destroy();
  for (const session of front.http2.sessions) session.close();
  const isDone = (): boolean => front.sockets.size === 0 && load.handling === 0;
  await until(isDone, graceMs, () => front.http1.endIdle());
  for (const socket of front.sockets) socket.destroy();
  await until(() => front.sockets.size === 0, DESTROY_MS);
}

async function until(isDone: () => boolean, limitMs: number, each: () => void = () => {}): Promise<void> {
  const endMs = performance.now() + limitMs;
  each();
  while (!isDone() && performance.now() < endMs) {
    await sleep(POLL_MS);
    each();
  }
}
