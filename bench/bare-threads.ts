// How the bare servers use more than one core: threads that listen on the same port, as Coffer's workers do. The first
// takes any free port, the others the same one.

import type { Server } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

interface ThreadData {
  readonly port: number;
  readonly args: readonly string[];
}

/** Serves what `make` makes of the arguments after the number of threads, on each; prints the address when all listen. */
export function shareThePort(file: string, make: (args: readonly string[]) => Server): void {
  if (isMainThread) {
    start(file).catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
    return;
  }
  const { port, args } = workerData as ThreadData;
  const server = make(args);
  server.listen({ host: '127.0.0.1', port, reusePort: true, backlog: 1024 }, () => {
    const address = server.address();
    parentPort?.postMessage(typeof address === 'object' ? address?.port : undefined);
  });
}

async function start(file: string): Promise<void> {
  const [threads = '1', ...args] = process.argv.slice(2);
  let port = 0;
  for (let index = 0; index < Number(threads); index++) {
    const worker = new Worker(file, { workerData: { port, args } satisfies ThreadData });
    port = await new Promise<number>((listening, failed) => {
      worker.once('message', listening);
      worker.once('error', failed);
    });
  }
  console.log(`listening on http://127.0.0.1:${port}`);
}
