// A worker thread with a stream of its own: it writes records until it has written as many as it was told to, or for
// ever, and prints the id of each once it is acknowledged. What is refused is counted and tried again with the next.

import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type AuditLog, openAudit } from '../../src/audit/log.ts';
import type { AuditOptions } from '../../src/audit/options.ts';
import { mac, recordOf } from './fixture.ts';
import { storeOver } from './thread-store.ts';

const WRITERS = 4;
const { port, directory, stream, sync, prefix, records } = workerData as {
  readonly port: MessagePort;
  readonly directory: string;
  readonly stream: string;
  readonly sync: AuditOptions['sync'];
  readonly prefix: string;
  readonly records: number;
};

const store = storeOver(port);
const clock = { now: () => Date.now() };

async function openAtLast(): Promise<AuditLog> {
  for (;;) {
    try {
      return await openAudit({ directory, stream, sync, store, mac, clock, segmentBytesMax: 16 * 1024 });
    } catch {
      await sleep(10);
    }
  }
}

const log = await openAtLast();
let refused = 0;

async function write(writer: number): Promise<void> {
  for (let number = 0; number * WRITERS < records; number += 1) {
    const id = `${prefix}-${stream}-${writer}-${number}`;
    try {
      await log.append(recordOf(number, { id, time: Date.now() }));
      writeSync(1, `${id}\n`);
    } catch {
      refused += 1;
      await sleep(5);
    }
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
await log.close();
parentPort?.postMessage({ refused });
