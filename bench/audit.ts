// What an audit record costs: appended alone, with 63 others in the same turn, and verified or searched afterwards.
// CPU time counts the whole process, so the fsync that follows is in it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditLog, openAudit } from '../src/audit/log.ts';
import { MapStore, mac, recordOf } from '../test/audit/fixture.ts';

const TURNS = 4000;

async function append(log: AuditLog, inFlight: number, turns: number): Promise<void> {
  const record = recordOf(1);
  for (let turn = 0; turn < turns; turn += 1) {
    await Promise.all(Array.from({ length: inFlight }, () => log.append(record)));
  }
}

async function measure(name: string, records: number, work: () => Promise<unknown>): Promise<void> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await work();
  const wallUs = (performance.now() - startMs) * 1000;
  const { user, system } = process.cpuUsage(cpu);
  const each = (us: number) => `${(us / records).toFixed(2)} µs`;
  console.log(`${name.padEnd(28)} ${each(wallUs)} a record, ${each(user + system)} CPU, ${rate(records, wallUs)}`);
}

function rate(records: number, wallUs: number): string {
  return `${Math.round((records * 1e6) / wallUs).toLocaleString('en-US')} records/s`;
}

const directory = mkdtempSync(join(tmpdir(), 'coffer-bench-audit-'));
try {
  const log = await openAudit({
    directory,
    stream: 'main',
    sync: 'interval',
    store: new MapStore(),
    mac,
    clock: { now: () => Date.now() },
  });
  await append(log, 64, 200);
  await append(log, 1, 2000);
  await measure('append, alone', TURNS * 5, () => append(log, 1, TURNS * 5));
  await measure('append, 64 in flight', TURNS * 64, () => append(log, 64, TURNS));
  const { records } = await log.verify();
  await measure('verify', records, () => log.verify());
  await measure('query, nothing matches', records, () =>
    log.query({ limit: 10, principal: 'user:nobody@example.com' }),
  );
  await measure('query, by time', records, () => log.query({ limit: 10, since: Number.MAX_SAFE_INTEGER }));
  await measure('query, the last records', 10, () => log.query({ limit: 10, newest: true }));
  await log.close();
} finally {
  rmSync(directory, { recursive: true });
}
