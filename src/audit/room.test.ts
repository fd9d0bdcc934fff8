import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { appendRange, type Bench, openBench, recordOf } from '../../test/audit/fixture.ts';

const open = (context: TestContext, segmentBytesMax?: number): Promise<Bench> =>
  openBench(context, segmentBytesMax, { sync: 'always' });

/** Bytes of zeros at the end of a segment. */
function roomOf(bench: Bench, number: number): number {
  const bytes = readFileSync(bench.path(number));
  return bytes.length - (bytes.lastIndexOf('\n') + 1);
}

test('where each record is synced a segment has room, and nobody takes it for a record', async (context) => {
  const bench = await open(context);
  await appendRange(bench.log, 1, 3);
  const size = statSync(bench.path(1)).size;
  assert.ok(roomOf(bench, 1) > 100_000);
  await appendRange(bench.log, 4, 5);
  assert.equal(statSync(bench.path(1)).size, size);
  const other = await bench.openStream('other');
  for (const log of [bench.log, other]) {
    const { records } = await log.query({ limit: 10 });
    assert.deepEqual(
      records.map(({ id }) => id),
      ['id-1', 'id-2', 'id-3', 'id-4', 'id-5'],
    );
    assert.deepEqual(await log.verify(), { ok: true, records: 5, pruned: 0 });
  }
  await bench.log.close();
  assert.equal(roomOf(bench, 1), 0);
  assert.deepEqual(bench.failures, []);
});

test('a segment without syncs has none', async (context) => {
  const bench = await openBench(context);
  await appendRange(bench.log, 1, 3);
  assert.equal(roomOf(bench, 1), 0);
});

test('a full segment loses its room before the next begins', async (context) => {
  const bench = await open(context, 2000);
  await appendRange(bench.log, 1, 20);
  assert.ok(statSync(bench.path(3)).size > 0);
  assert.deepEqual([roomOf(bench, 1), roomOf(bench, 2)], [0, 0]);
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 20, pruned: 0 });
});

test('a start behind a kill goes on where the lines end', async (context) => {
  const bench = await open(context);
  await appendRange(bench.log, 1, 3);
  await bench.reopen();
  await appendRange(bench.log, 4, 4);
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 4, pruned: 0 });
  assert.deepEqual(bench.failures, []);
});

/** Takes from the disk what a power cut may take: a page in the middle of what was written last. */
function pierce(bench: Bench, id: string): void {
  const bytes = readFileSync(bench.path(1));
  const at = bytes.indexOf(`"id":"${id}"`);
  bytes.fill(0, at, at + 20);
  writeFileSync(bench.path(1), bytes);
}

test('a power cut that came between the lines of one write takes them, and is no break', async (context) => {
  const bench = await open(context);
  await appendRange(bench.log, 1, 2);
  bench.store.isHeld = true;
  await Promise.all([3, 4, 5].map((number) => bench.log.append(recordOf(number))));
  pierce(bench, 'id-4');
  bench.store.isHeld = false;
  await bench.reopen();
  assert.deepEqual(
    bench.failures.filter((each) => each.includes('does not hold')),
    [],
  );
  await bench.log.append(recordOf(6));
  const { records } = await bench.log.query({ limit: 10 });
  assert.deepEqual(
    records.map(({ sequence, id }) => [sequence, id]),
    [
      [1, 'id-1'],
      [2, 'id-2'],
      [3, 'id-3'],
      [4, 'id-6'],
    ],
  );
  assert.equal((await bench.log.verify()).ok, true);
});

test('zeros over a record that the store knows of are named', async (context) => {
  const bench = await open(context);
  await appendRange(bench.log, 1, 5);
  await bench.log.close();
  pierce(bench, 'id-4');
  await bench.reopen();
  assert.equal((await bench.log.verify()).firstBad?.sequence, 4);
});

test('what somebody wrote behind our lines stays where it is', async (context) => {
  const bench = await open(context);
  await appendRange(bench.log, 1, 2);
  const strange = Buffer.concat([readFileSync(bench.path(1)), Buffer.from('{"sequence":3}\n')]);
  writeFileSync(bench.path(1), strange);
  await bench.log.close();
  assert.deepEqual(readFileSync(bench.path(1)), strange);
});
