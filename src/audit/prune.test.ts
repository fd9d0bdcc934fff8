// Retention and export: what goes leaves an anchor and a record behind, what stays goes on being proved, and an export
// is checked without the server that it came from.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { appendRange, type Bench, mac, openBench, recordOf } from '../../test/audit/fixture.ts';
import type { AuditRecord } from '../core/audit-record.ts';
import { Fault } from '../core/error.ts';
import { sealAnchor } from './mark.ts';
import type { AuditOptions } from './options.ts';

const START = 1_763_800_000_000;
const DAY_MS = 86_400_000;

/** A log whose clock a test moves; its segments hold four records. */
async function openClock(
  context: Parameters<typeof openBench>[0],
  more: Partial<AuditOptions> = {},
): Promise<{ bench: Bench; clock: { at: number } }> {
  const clock = { at: START };
  const bench = await openBench(context, 2000, { clock: { now: () => clock.at }, ...more });
  return { bench, clock };
}

async function write(bench: Bench, clock: { at: number }, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number += 1) {
    clock.at += DAY_MS;
    await bench.log.append(recordOf(number, { time: clock.at }));
  }
  // The mark moves on.
  await bench.log.enroll();
}

function segments(bench: Bench, stream = ''): string[] {
  return readdirSync(join(bench.directory, stream)).filter((name) => name.endsWith('.jsonl'));
}

async function pruned(bench: Bench): Promise<AuditRecord[]> {
  return [...(await bench.log.query({ limit: 100, operation: 'audit.pruned' })).records];
}

test('whole segments that are older go; what stays is proved, before and after the next start', async (context) => {
  const { bench, clock } = await openClock(context);
  await write(bench, clock, 1, 14);
  const first = await bench.log.prune(START + 9.5 * DAY_MS);
  // Records 1 to 8 are two segments; the third ends with record 12.
  assert.deepEqual(first, { streams: [{ stream: 'main', segments: 2, through: 8 }], waiting: 0 });
  assert.deepEqual(segments(bench), ['00000003.jsonl', '00000004.jsonl']);
  assert.deepEqual(
    readdirSync(bench.directory).filter((name) => /0000000[12]\.idx/.test(name)),
    [],
  );
  const verdict = await bench.log.verify();
  assert.deepEqual(verdict, { ok: true, records: 7, pruned: 8 });
  const [record] = await pruned(bench);
  assert.equal(record?.principal, 'system');
  assert.deepEqual(
    { ...record?.details, head: '' },
    {
      stream: 'main',
      through: 8,
      segments: 2,
      before: new Date(START + 9.5 * DAY_MS).toISOString(),
      head: '',
    },
  );
  await bench.log.close();
  await bench.reopen();
  assert.deepEqual(bench.failures, []);
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 7, pruned: 8 });
  assert.deepEqual(
    (await bench.log.query({ limit: 1 })).records.map(({ sequence }) => sequence),
    [9],
  );
});

test('pruning again goes on where the last ended, and has nothing to say where nothing goes', async (context) => {
  const { bench, clock } = await openClock(context);
  await write(bench, clock, 1, 14);
  await bench.log.prune(START + 5.5 * DAY_MS);
  assert.deepEqual(await bench.log.prune(START + 5.5 * DAY_MS), { streams: [], waiting: 0 });
  assert.equal((await pruned(bench)).length, 1);
  await bench.log.prune(START + 9.5 * DAY_MS);
  assert.equal((await pruned(bench)).length, 2);
  assert.equal((await bench.log.verify()).pruned, 8);
});

test('the segment that is being written stays, however old it is, and so does the one of the mark', async (context) => {
  const { bench, clock } = await openClock(context);
  await write(bench, clock, 1, 3);
  assert.deepEqual(await bench.log.prune(START + 1000 * DAY_MS), { streams: [], waiting: 0 });
  assert.equal((await bench.log.verify()).ok, true);
});

test('what the sink has not got stays', async (context) => {
  let delivered = 5;
  const { bench, clock } = await openClock(context, { delivered: () => new Map([['main', delivered]]) });
  await write(bench, clock, 1, 14);
  const before = START + 9.5 * DAY_MS;
  assert.deepEqual(await bench.log.prune(before), {
    streams: [{ stream: 'main', segments: 1, through: 4 }],
    waiting: 1,
  });
  delivered = 8;
  assert.equal((await bench.log.prune(before)).streams[0]?.through, 8);
  assert.equal((await bench.log.verify()).ok, true);
});

test('every stream is pruned, also one that no thread writes any more', async (context) => {
  const { bench, clock } = await openClock(context);
  const one = await bench.openStream('w1');
  for (let number = 1; number <= 10; number += 1) {
    clock.at += DAY_MS;
    await one.append(recordOf(number, { time: clock.at }));
  }
  await one.close();
  const { streams } = await bench.log.prune(START + 9.5 * DAY_MS);
  assert.deepEqual(streams, [{ stream: 'w1', segments: 2, through: 8 }]);
  assert.deepEqual(segments(bench, 'w1'), ['00000003.jsonl']);
  assert.equal((await bench.log.verify()).ok, true);
  assert.equal((await (await bench.openStream('w1')).verify()).ok, true);
});

test('a removal without an anchor is named, and pruning does not pass it off as its own', async (context) => {
  const { bench, clock } = await openClock(context);
  await write(bench, clock, 1, 14);
  rmSync(bench.path(1));
  assert.match((await bench.log.verify()).firstBad?.problem ?? '', /segment 00000001 is missing/);
  const incomplete = (error: unknown) => error instanceof Fault && error.code === 'AUDIT_INCOMPLETE';
  await assert.rejects(bench.log.prune(START + 9.5 * DAY_MS), incomplete);
  assert.equal(existsSync(bench.path(2)), true);
  assert.equal(bench.store.anchors.size, 0);
});

test('an anchor that was forged, removed or set back is named', async (context) => {
  const { bench, clock } = await openClock(context);
  await write(bench, clock, 1, 14);
  await bench.log.prune(START + 5.5 * DAY_MS);
  const old = bench.store.anchors.get('main');
  await bench.log.prune(START + 9.5 * DAY_MS);
  const anchor = bench.store.anchors.get('main');
  assert.ok(old !== undefined && anchor !== undefined);
  const named = async () => (await bench.log.verify()).firstBad?.problem ?? '';
  bench.store.anchors.set('main', { ...anchor, segment: '00000004', sequence: 12 });
  assert.match(await named(), /the anchor in the store was forged/);
  await assert.rejects(bench.log.prune(START + 9.5 * DAY_MS), /is not pruned/);
  bench.store.anchors.set(
    'main',
    sealAnchor(anchor, (text) => `${mac(text)}x`),
  );
  assert.match(await named(), /the anchor in the store was forged/);
  bench.store.anchors.delete('main');
  assert.match(await named(), /segment 00000001 is missing/);
  bench.store.anchors.set('main', old);
  assert.match(await named(), /segment 00000002 is missing/);
  bench.store.anchors.set('main', anchor);
  assert.equal((await bench.log.verify()).ok, true);
});

test('what a stop left between the anchor and the last file goes with the next pruning', async (context) => {
  const { bench, clock } = await openClock(context);
  await write(bench, clock, 1, 14);
  const whole = bench.read(2);
  await bench.log.prune(START + 9.5 * DAY_MS);
  writeFileSync(bench.path(2), whole);
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 7, pruned: 8 });
  assert.deepEqual(await bench.log.prune(START + 9.5 * DAY_MS), { streams: [], waiting: 0 });
  assert.equal(existsSync(bench.path(2)), false);
});

test('nothing goes where the ledger cannot say so', async (context) => {
  const { bench, clock } = await openClock(context);
  await write(bench, clock, 1, 14);
  bench.store.anchorAudit = () => {
    throw new Error('the store is away');
  };
  await assert.rejects(
    bench.log.prune(START + 9.5 * DAY_MS),
    (error) => error instanceof Fault && error.code === 'AUDIT_UNAVAILABLE',
  );
  assert.equal(segments(bench).length, 4);
  await bench.log.close();
  await assert.rejects(bench.log.prune(START + 9.5 * DAY_MS), /audit log/);
  assert.equal(segments(bench).length, 4);
});

test('an export hands out every line once, in order, and ends where the asking began', async (context) => {
  const { bench, clock } = await openClock(context);
  const one = await bench.openStream('w1');
  await write(bench, clock, 1, 10);
  await appendRange(one, 11, 12);
  clock.at += DAY_MS;
  const files = new Map<string, string>();
  let after: string | undefined;
  let tail = '';
  for (let count = 0; ; count += 1) {
    const answer = await bench.log.export(after === undefined ? {} : { after });
    ({ tail } = answer);
    if (answer.part === undefined) break;
    const { stream, segment, offsetBytes, lines } = answer.part;
    const before = files.get(`${stream}/${segment}`) ?? '';
    assert.equal(offsetBytes, before.length);
    files.set(`${stream}/${segment}`, before + lines);
    after = answer.next;
    // Each question leaves a record, which is not what was asked for.
    await bench.log.append(recordOf(100 + count, { time: clock.at + count }));
  }
  assert.deepEqual([...files.keys()], ['main/00000001', 'main/00000002', 'main/00000003', 'w1/00000001']);
  assert.equal(files.get('main/00000001'), bench.read(1));
  assert.equal(files.get('main/00000003')?.split('\n').length, 4);
  clock.at += DAY_MS;
  const later = await bench.log.export({ after: tail });
  assert.deepEqual([later.part?.segment, later.part?.offsetBytes], ['00000003', files.get('main/00000003')?.length]);
});

test('an export ends before the moment that was asked for, in every stream', async (context) => {
  const { bench, clock } = await openClock(context);
  await write(bench, clock, 1, 10);
  let lines = '';
  let after: string | undefined;
  for (;;) {
    const until = START + 6 * DAY_MS;
    const { part, next } = await bench.log.export(after === undefined ? { until } : { after });
    if (part === undefined) break;
    lines += part.lines;
    after = next;
  }
  assert.deepEqual(lines.match(/"sequence":\d+/g)?.length, 5);
});

test('a place of an export that nobody gave out is refused', async (context) => {
  const { bench, clock } = await openClock(context);
  await write(bench, clock, 1, 3);
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  for (const text of [
    '',
    'x',
    '|../main:1:0',
    '|main:1:7',
    '|main:1:99999999',
    '1e9|',
    '|main:1',
    `|${'a'.repeat(9000)}`,
  ]) {
    await assert.rejects(
      bench.log.export({ after: encode(text) }),
      (error) => error instanceof Fault && error.code === 'INVALID_FIELD',
      text.slice(0, 40),
    );
  }
});
