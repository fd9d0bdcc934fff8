// Questions to a long audit log, beside reading it through: argv[2] records (1,000,000 unless given) of many principals
// and resources, written by the real writer over two streams. JSON lines {bench, value, unit, reference, ratio}: the
// median of several runs in milliseconds, the reference being a scan of all lines for the same text.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { type AuditLog, openAudit } from '../src/audit/log.ts';
import { eachLine, scanBlocks } from '../src/audit/scan.ts';
import { listSegments, segmentPath } from '../src/audit/segment.ts';
import { listStreams, streamDirectory } from '../src/audit/stream.ts';
import type { AuditQuery } from '../src/core/audit-record.ts';
import { MapStore, mac, recordOf } from '../test/audit/fixture.ts';

const RECORDS = Number(process.argv[2] ?? 1_000_000);
const PRINCIPALS = 2000;
const SECRETS = 100_000;
const PROJECTS = 50;
const START = 1_763_800_000_000;
const SPACING_MS = 10;
const RUNS = 5;
const IN_FLIGHT = 64;

const store = new MapStore();
const directory = mkdtempSync(join(tmpdir(), 'coffer-bench-audit-query-'));

function open(stream: string): Promise<AuditLog> {
  return openAudit({ directory, stream, sync: 'interval', store, mac, clock: { now: () => Date.now() } });
}

/** The `number`-th record: some principals and secrets are asked for often, most seldom. */
function recordAt(number: number): ReturnType<typeof recordOf> {
  const skewed = (count: number, salt: number) => Math.floor(count * (((number * salt) % 9973) / 9973) ** 3);
  const secret = skewed(SECRETS, 7919) + (number % 17);
  return recordOf(number, {
    time: START + number * SPACING_MS,
    principal: `serviceAccount:app-${skewed(PRINCIPALS, 6101)}@demo-project.iam.gserviceaccount.com`,
    resource: `projects/project-${secret % PROJECTS}/secrets/secret-${secret}`,
    operation: number % 1000 === 0 ? 'versions.add' : 'versions.access',
    ...(number % 5000 === 0 ? { outcome: 'denied', code: 'PERMISSION_DENIED' } : {}),
    ...(number === Math.floor(RECORDS / 2) ? { principal: 'user:rare@example.com' } : {}),
  });
}

async function write(logs: readonly AuditLog[]): Promise<void> {
  for (let number = 0; number < RECORDS; ) {
    const waiting: Promise<void>[] = [];
    for (let count = 0; count < IN_FLIGHT && number < RECORDS; count += 1, number += 1) {
      waiting.push((logs[number % logs.length] as AuditLog).append(recordAt(number)));
    }
    await Promise.all(waiting);
  }
}

/** Reads every line of every stream for a text; answers how many hold it. */
async function scan(text: string): Promise<number> {
  let found = 0;
  for (const stream of await listStreams(directory)) {
    const at = streamDirectory(directory, stream);
    for (const number of await listSegments(at)) {
      await scanBlocks(segmentPath(at, number), { fromBytes: 0 }, (block) => {
        eachLine(block, (start, end) => {
          if (block.subarray(start, end).includes(text)) found += 1;
          return true;
        });
        return true;
      });
    }
  }
  return found;
}

async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const startMs = performance.now();
    await work();
    times.push(performance.now() - startMs);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] as number;
}

function report(bench: string, value: number, unit: string, reference: number): void {
  const round = (number: number) => Number(number.toPrecision(4));
  const line = { bench, value: round(value), unit, reference: round(reference), ratio: round(value / reference) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

try {
  const logs = [await open('main'), await open('w1')];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startMs = performance.now();
  await write(logs);
  const writtenMs = performance.now() - startMs;
  delay.disable();
  report('audit-write', (RECORDS / writtenMs) * 1000, 'records/s', (RECORDS / writtenMs) * 1000);
  report('audit-write-loop-delay-p99', delay.percentile(99) / 1e6, 'ms', delay.max / 1e6);
  for (const log of logs) await log.close();

  // As after a start: nothing is in memory.
  const log = await open('main');
  const middle = START + (RECORDS / 2) * SPACING_MS;
  const questions: readonly [string, Omit<AuditQuery, 'limit'>, string][] = [
    ['rare-principal', { principal: 'user:rare@example.com' }, '"principal":"user:rare@example.com"'],
    ['one-secret', { resource: 'projects/project-7/secrets/secret-90007' }, 'projects/project-7/secrets/secret-90007"'],
    ['denied', { outcome: 'denied', since: middle }, '"outcome":"denied"'],
    ['a-minute', { since: middle, until: middle + 60_000 }, `"time":${String(middle).slice(0, 9)}`],
    ['operation-of-project', { operation: 'versions.add', resource: 'projects/project-3' }, 'projects/project-3/'],
    ['newest', { newest: true }, '"sequence":'],
    [
      'newest-of-a-principal',
      { newest: true, principal: 'serviceAccount:app-1900@demo-project.iam.gserviceaccount.com' },
      'app-1900@',
    ],
  ];
  for (const [name, query, text] of questions) {
    const firstMs = performance.now();
    await log.query({ ...query, limit: 100 });
    const coldMs = performance.now() - firstMs;
    const reference = await median(() => scan(text));
    report(`audit-query-${name}-first`, coldMs, 'ms', reference);
    report(`audit-query-${name}`, await median(() => log.query({ ...query, limit: 100 })), 'ms', reference);
  }
  report('audit-resident', process.memoryUsage().rss / 1e6, 'MB', process.memoryUsage().rss / 1e6);
  await log.close();
} finally {
  rmSync(directory, { recursive: true });
}
