// A thread that answers requests. It ends when the main thread says so; what it cannot go on after ends it, and the main
// thread starts another.

import { parentPort, workerData } from 'node:worker_threads';
import { Fault } from '../core/error.ts';
import { Keyring, type OpenRoot } from '../crypto/keyring.ts';
import { createLog } from '../log.ts';
import { type ServingOptions, startServing } from '../serving.ts';
import { Epoch } from '../store/epoch.ts';
import { SqliteReader } from '../store/sqlite-reads.ts';
import { Line } from './line.ts';
import { mainThreadOver } from './main-thread.ts';

/** What a worker is started with. Keys cross as KeyObject, never as bytes. */
export interface WorkerData {
  readonly options: ServingOptions;
  readonly root: OpenRoot;
  readonly epochMemory: SharedArrayBuffer;
  readonly quotaMemory: SharedArrayBuffer;
  readonly logLevel: string;
}

if (parentPort === null) throw new Error('this file runs in a worker thread');
const port = parentPort;
const { options, root, epochMemory, quotaMemory, logLevel } = workerData as WorkerData;

const store = new SqliteReader(options.data);
const keyring = new Keyring(root);
const line = new Line(
  port,
  {
    counts: () => serving.counts(),
    streamEnd: () => serving.streamEnd(),
    takeCensus: () => serving.takeCensus(),
    forgetPayloads: () => serving.forgetPayloads(),
    stop: async (graceMs: number) => {
      await serving.stop(graceMs);
      store.close();
    },
  },
  () => new Fault('STORE_UNAVAILABLE', { problem: 'its writer does not answer' }),
);
port.on('message', (message) => line.receive(message));
const serving = await startServing(options, {
  main: mainThreadOver(line),
  keyring,
  store,
  epoch: new Epoch(epochMemory),
  quotaMemory,
  log: createLog(logLevel),
});
await line.ask('ready', undefined);
