// A thread that answers requests. It ends when the main thread says so; what it cannot go on after ends it, and the main
// thread starts another.

import { parentPort } from 'node:worker_threads';
import { Fault } from '../core/error.ts';
import { Keyring, type OpenRoot } from '../crypto/keyring.ts';
import { createLog } from '../log.ts';
import { type Serving, type ServingOptions, startServing } from '../serving.ts';
import { openThreadReads, type StoreSource } from '../store/open.ts';
import { Line } from './line.ts';
import { mainThreadOver } from './main-thread.ts';
import { sentCensus } from './sent-census.ts';

/** What a worker is told to do. Keys cross as KeyObject, never as bytes. */
export interface WorkerData {
  readonly options: ServingOptions;
  readonly root: OpenRoot;
  readonly source: StoreSource;
  readonly quotaMemory: SharedArrayBuffer;
  readonly logLevel: string;
}

if (parentPort === null) throw new Error('this file runs in a worker thread');
const port = parentPort;

/** Its first message is what it is to do: it was spawned, and has loaded all this, before that was known. */
port.once('message', (data: WorkerData) => {
  begin(data).catch((error: unknown) => {
    throw error;
  });
});

async function begin({ options, root, source, quotaMemory, logLevel }: WorkerData): Promise<void> {
  const keyring = new Keyring(root);
  const { store, reads, close } = await openThreadReads(source, () => keyring.forgetPayloads());
  const { promise: started, resolve } = Promise.withResolvers<Serving>();
  const line = new Line(
    port,
    {
      counts: async () => (await started).counts(),
      streamEnd: async () => (await started).streamEnd(),
      takeCensus: async () => sentCensus((await started).takeCensus()),
      forgetPayloads: async () => (await started).forgetPayloads(),
      closeDoors: async (graceMs: number) => (await started).closeDoors(graceMs),
      stop: async (graceMs: number) => {
        await (await started).stop(graceMs);
        close();
      },
    },
    () => new Fault('STORE_UNAVAILABLE', { problem: 'its writer does not answer' }),
  );
  port.on('message', (message) => line.receive(message));
  const serving = await startServing(options, {
    main: mainThreadOver(line),
    keyring,
    store,
    reads,
    quotaMemory,
    log: createLog(logLevel),
  });
  resolve(serving);
  await line.ask('ready', undefined);
}
