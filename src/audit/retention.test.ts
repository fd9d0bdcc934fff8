import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendRange, type Bench, openBench, recordOf } from '../../test/audit/fixture.ts';
import { closeFormerStreams, startRetention } from './retention.ts';
import { listSegments } from './segment.ts';

const START = 1_763_800_000_000;
const DAY_MS = 86_400_000;

async function openClock(context: TestContext, segmentBytesMax?: number) {
  const clock = { at: START, now: () => clock.at };
  const bench = await openBench(context, segmentBytesMax, { clock });
  const failures: unknown[] = [];
  /** What one hour brings. */
  const tend = async (retentionSeconds?: number, audit: Pick<Bench['log'], 'roll'> = bench.log) => {
    const onFailure = (error: unknown) => failures.push(error);
    await startRetention({ audit, clock, retentionSeconds, onFailure })();
  };
  return { bench, clock, tend, failures };
}

test('what is older than it must be kept goes at the start, and what fails is told', async (context) => {
  const { bench, clock, tend, failures } = await openClock(context, 2000);
  await appendRange(bench.log, 1, 10);
  clock.at = START + 59_000;
  await tend(60);
  assert.equal(existsSync(bench.path(1)), true);
  clock.at = START + 60_001;
  await tend(60);
  assert.equal(existsSync(bench.path(1)), false);
  await bench.log.close();
  await bench.reopen();
  bench.store.auditMarks = () => {
    throw new Error('the store is away');
  };
  await tend(60, bench.log);
  assert.equal(failures.length, 1);
});

test('a quiet log is closed by age, pruned when all of it is too old, and holds over the cut', async (context) => {
  const { bench, clock, tend, failures } = await openClock(context);
  await appendRange(bench.log, 1, 3);
  clock.at = START + 3 * DAY_MS;
  await tend(30 * 86_400);
  assert.deepEqual(await listSegments(bench.directory), [1], 'a tenth of the retention has not passed');
  clock.at += 1;
  await tend(30 * 86_400);
  assert.deepEqual(await listSegments(bench.directory), [1, 2]);
  assert.equal(bench.store.mark?.segment, '00000002');
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 3, pruned: 0 });
  clock.at = START + 33 * DAY_MS;
  await tend(30 * 86_400);
  assert.deepEqual(await listSegments(bench.directory), [1, 2], 'what holds nothing is not closed');
  clock.at += 2;
  await tend(30 * 86_400);
  assert.deepEqual(await listSegments(bench.directory), [2]);
  // The record of the pruning.
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 1, pruned: 3 });
  await bench.log.close();
  await bench.reopen();
  await bench.log.append(recordOf(5, { time: clock.at }));
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 2, pruned: 3 });
  assert.deepEqual([bench.failures, failures], [[], []]);
});

test('without a retention a segment is closed after 30 days, and is pruned when somebody asks', async (context) => {
  const { bench, clock, tend } = await openClock(context);
  await appendRange(bench.log, 1, 3);
  // A server that was started again knows when the segment was begun.
  await bench.log.close();
  await bench.reopen();
  clock.at = START + 30 * DAY_MS;
  await tend();
  assert.deepEqual(await listSegments(bench.directory), [1]);
  clock.at += 1;
  await tend();
  assert.deepEqual(await listSegments(bench.directory), [1, 2]);
  clock.at += 1;
  assert.equal((await bench.log.prune(clock.at)).streams[0]?.through, 3);
});

test('records that come while a segment is closed by age are all written, each once', async (context) => {
  const { bench, clock, tend } = await openClock(context);
  await appendRange(bench.log, 1, 3);
  clock.at = START + 31 * DAY_MS;
  const appended = Array.from({ length: 50 }, (_, index) => bench.log.append(recordOf(4 + index)));
  await Promise.all([tend(), ...appended, bench.log.append(recordOf(54))]);
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 54, pruned: 0 });
});

test('where no new segment can be begun the old one takes records still, and is closed the next hour', async (context) => {
  const { bench, clock, tend } = await openClock(context);
  await appendRange(bench.log, 1, 3);
  clock.at = START + 31 * DAY_MS;
  mkdirSync(bench.path(2));
  await tend();
  assert.match(bench.failures.join(), /EISDIR/);
  rmdirSync(bench.path(2));
  await appendRange(bench.log, 4, 4);
  assert.deepEqual(await listSegments(bench.directory), [1]);
  await sleep(110);
  await tend();
  assert.deepEqual(await listSegments(bench.directory), [1, 2]);
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 4, pruned: 0 });
});

test('the last segment of a stream that no thread writes any more is closed; the others are left alone', async (context) => {
  const { bench, clock } = await openClock(context);
  for (const stream of ['w1', 'w2', 's000001w7']) {
    const log = await bench.openStream(stream);
    await log.append(recordOf(1, { time: clock.at }));
    await log.close();
  }
  clock.at += DAY_MS;
  const close = () =>
    closeFormerStreams({ root: bench.directory, server: '', streams: ['w1'], open: (name) => bench.openStream(name) });
  await close();
  await close();
  const segments = (stream: string) => listSegments(join(bench.directory, stream));
  assert.deepEqual([await segments('w1'), await segments('w2'), await segments('s000001w7')], [[1], [1, 2], [1]]);
  const { streams } = await bench.log.prune(clock.at + 1);
  assert.deepEqual(streams, [{ stream: 'w2', segments: 1, through: 1 }]);
  assert.equal((await bench.log.verify()).ok, true);
});
