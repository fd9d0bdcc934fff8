// Writes to the audit log of argv[2] while its system calls fail, then says as JSON what became of the records.

import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditLog, openAudit } from '../../src/audit/log.ts';
import { MapStore, mac, recordOf } from './fixture.ts';

const RECORDS = 200;
const directory = process.argv[2] ?? '';
const store = new MapStore();

async function openAtLast(): Promise<AuditLog> {
  for (;;) {
    try {
      return await openAudit({
        directory,
        stream: 'main',
        sync: 'interval',
        store,
        mac,
        clock: { now: () => Date.now() },
        segmentBytesMax: 8000,
      });
    } catch {
      await sleep(10);
    }
  }
}

const log = await openAtLast();
const acknowledged: string[] = [];
let refused = 0;
for (let number = 0; number < RECORDS; number += 1) {
  const record = recordOf(number);
  try {
    if (number % 7 === 0) log.copy(store.commit(record));
    else await log.append(record);
    acknowledged.push(record.id);
  } catch {
    refused += 1;
    await sleep(5);
  }
  if (number % 50 === 0) await sleep(120);
}
for (let waitedMs = 0; store.pending.size > 0 && waitedMs < 10_000; waitedMs += 50) await sleep(50);
const { records } = await log.query({ limit: 1000 });
const found = new Set(records.map(({ id }) => id));
const missing = acknowledged.filter((id) => !found.has(id));
const { ok } = await log.verify();
process.stdout.write(JSON.stringify({ missing, refused, pending: store.pending.size, ok }));
await log.close();
