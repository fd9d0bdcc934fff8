// What an audit record costs: appended alone, and with 15 and 63 others in the same turn, with a sync of its own and
// without; and what an append waits for at a steady rate, segments being sealed meanwhile. JSON lines {bench, value,
// unit, reference, ratio}. CPU time is the whole process's, so the fsync that follows is in it; the reference is what
// building and hashing the line alone costs.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Batch } from '../src/audit/batch.ts';
import { NO_HASH, recordFields } from '../src/audit/line.ts';
import { type AuditLog, openAudit } from '../src/audit/log.ts';
import type { AuditOptions } from '../src/audit/options.ts';
import type { AuditRecord } from '../src/core/audit-record.ts';
import { MapStore, mac, recordOf } from '../test/audit/fixture.ts';

const RECORDS = 128_000;
const SYNCED_RECORDS = 8000;
const SECRETS = 1000;
/** What one thread answers at the most. */
const RATE = 20_000;
const STEADY_MS = 10_000;
const TICK_MS = 2;

const records = Array.from({ length: SECRETS }, (_, number) =>
  recordOf(number, { resource: `projects/demo-project/secrets/secret-${number}` }),
);

function recordAt(number: number): AuditRecord {
  return { ...(records[number % SECRETS] as AuditRecord), id: `id-${number}`, requestId: `request-${number}` };
}

async function append(log: AuditLog, inFlight: number, count: number): Promise<void> {
  for (let number = 0; number < count; ) {
    const waiting: Promise<void>[] = [];
    for (let each = 0; each < inFlight; each += 1, number += 1) waiting.push(log.append(recordAt(number)));
    await Promise.all(waiting);
  }
}

/** Microseconds of CPU a record. */
async function cpu(count: number, work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function lines(count: number): void {
  const batch = new Batch();
  for (let number = 0; number < count; number += 1) {
    if (number % 64 === 0) batch.begin(NO_HASH, number);
    batch.add(recordFields(recordAt(number)));
  }
}

function report(bench: string, value: number, unit: string, reference: number): void {
  const round = (number: number) => Number(number.toPrecision(3));
  const line = { bench, value: round(value), unit, reference: round(reference), ratio: round(value / reference) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** How long appends wait at a steady rate, in milliseconds, ascending; with no log, what the timers alone come to. */
async function steady(log: AuditLog | undefined): Promise<number[]> {
  const waits: number[] = [];
  const startMs = performance.now();
  let sent = 0;
  for (let nowMs = startMs; nowMs < startMs + STEADY_MS; nowMs = performance.now()) {
    for (const due = ((nowMs - startMs) * RATE) / 1000; sent < due; sent += 1) {
      const record = recordAt(sent);
      const sentMs = performance.now();
      const written = log?.append(record) ?? new Promise<void>((resolve) => setImmediate(resolve));
      void written.then(() => waits.push(performance.now() - sentMs));
    }
    await delay(TICK_MS);
  }
  return waits.toSorted((a, b) => a - b);
}

const directory = mkdtempSync(join(tmpdir(), 'coffer-bench-audit-'));
const open = (stream: string, sync: AuditOptions['sync']): Promise<AuditLog> =>
  openAudit({ directory, stream, sync, store: new MapStore(), mac, clock: { now: () => Date.now() } });

try {
  lines(RECORDS);
  const reference = await cpu(RECORDS, () => lines(RECORDS));
  const log = await open('main', 'interval');
  await append(log, 64, RECORDS);
  for (const inFlight of [1, 16, 64]) {
    report(`audit-append-${inFlight}`, await cpu(RECORDS, () => append(log, inFlight, RECORDS)), 'µs CPU', reference);
  }
  const always = await open('w1', 'always');
  for (const inFlight of [1, 16, 64]) {
    const count = inFlight === 1 ? SYNCED_RECORDS / 8 : SYNCED_RECORDS;
    report(
      `audit-append-synced-${inFlight}`,
      await cpu(count, () => append(always, inFlight, count)),
      'µs CPU',
      reference,
    );
  }
  const idle = await steady(undefined);
  const waits = await steady(log);
  for (const part of [0.5, 0.99, 0.999, 1]) {
    const at = (sorted: readonly number[]) =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    report(`audit-append-wait-p${part * 100}`, at(waits), 'ms', at(idle));
  }
  const { records: all } = await log.verify();
  report('audit-verify', await cpu(all, () => log.verify()), 'µs CPU', reference);
  await log.close();
  await always.close();
} finally {
  rmSync(directory, { recursive: true });
}
