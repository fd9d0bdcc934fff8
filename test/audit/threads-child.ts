// A server's audit in small: `main` over the real store of argv[2], and worker threads with streams of their own that
// reach the store through it. Each thread prints the id of a record once it is acknowledged; with argv[4] each ends after
// so many, and the last line says as JSON how that went.

import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, Worker } from 'node:worker_threads';
import { type AuditLog, openAudit } from '../../src/audit/log.ts';
import type { AuditOptions } from '../../src/audit/options.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { mac, recordOf } from './fixture.ts';
import { serveStore } from './thread-store.ts';

const THREADS = 2;
const [directory = '', prefix = '', count = '', mode = 'interval'] = process.argv.slice(2);
const records = count === '' ? Infinity : Number(count);
const sync = mode as AuditOptions['sync'];
const audit = join(directory, 'audit');
const clock = { now: () => Date.now() };

async function atLast<T>(open: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await open();
    } catch {
      await sleep(10);
    }
  }
}

const store = await atLast(() => openSqlite({ directory }));
const main: AuditLog = await atLast(() =>
  openAudit({ directory: audit, stream: 'main', sync, store, mac, clock, segmentBytesMax: 16 * 1024 }),
);
const threads = Array.from({ length: THREADS }, (_, index) => {
  const { port1, port2 } = new MessageChannel();
  serveStore(store, port1);
  const worker = new Worker(join(import.meta.dirname, 'thread-child.ts'), {
    workerData: { port: port2, directory: audit, stream: `w${index + 1}`, sync, prefix, records },
    transferList: [port2],
  });
  return new Promise<number>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('message', ({ refused }: { refused: number }) => resolve(refused));
    worker.on('exit', () => port1.close());
  });
});

let refused = 0;
for (let number = 0; number < records; number += 1) {
  const record = recordOf(number, { id: `${prefix}-main-${number}`, time: Date.now() });
  try {
    if (number % 20 === 19) {
      store.transact({}, () => ({ result: undefined, changes: [], record }));
      main.copy(record);
    } else {
      await main.append(record);
    }
    writeSync(1, `${record.id}\n`);
  } catch {
    refused += 1;
    await sleep(5);
  }
}
refused += (await Promise.all(threads)).reduce((sum, each) => sum + each, 0);
for (let waitedMs = 0; store.pendingAudit().length > 0 && waitedMs < 10_000; waitedMs += 50) await sleep(50);
await main.enroll().catch(() => undefined);
const { ok, firstBad } = await atLast(() => main.verify());
writeSync(1, `${JSON.stringify({ refused, pending: store.pendingAudit().length, ok, firstBad })}\n`);
await main.close();
store.close();
