import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Sighting } from '../core/census.ts';
import { createCensus, recordDueCensus, settleCensus } from './census.ts';

const read = { projectUid: 'p', secretUid: 's', version: 1, principal: 'user:a@x', workload: 'web', dialect: 'gcp' };

test('reads of one reader become one sighting; what differs in anything is another', () => {
  const census = createCensus({ entriesMax: 100 });
  census.seen(read, 10);
  census.seen({ ...read }, 12);
  census.seen(read, 11);
  for (const other of [
    { version: 2 },
    { principal: 'user:b@x' },
    { workload: '' },
    { dialect: 'vault' },
    { secretUid: 't' },
  ]) {
    census.seen({ ...read, ...other }, 20);
  }
  assert.equal(census.size, 6);
  const taken = census.take();
  assert.equal(taken.length, 6);
  assert.deepEqual(
    taken.find(({ reads }) => reads === 3),
    { ...read, firstSeenAt: 10, lastSeenAt: 12, reads: 3 },
  );
  assert.deepEqual([census.size, census.take()], [0, []]);
});

test('where a version lies is told on; a secret that came to the place of another has readers of its own', () => {
  const census = createCensus({ entriesMax: 100 });
  const placed = { ...read, ordinal: 131_073 };
  for (const now of [1, 2]) {
    census.seen(placed, now);
    census.seen({ ...placed, principal: 'user:b@x' }, now);
    census.seen({ ...placed, secretUid: 't' }, now);
  }
  const taken = census.take();
  const times = { firstSeenAt: 1, lastSeenAt: 2, reads: 2 };
  const found = taken.toSorted((a, b) => (a.principal + a.secretUid < b.principal + b.secretUid ? -1 : 1));
  assert.deepEqual(found, [
    { ...placed, ...times },
    { ...placed, ...times, secretUid: 't' },
    { ...placed, ...times, principal: 'user:b@x' },
  ]);
  census.restore(taken);
  assert.equal(census.due(70_000).length, 3);
  assert.equal(census.size, 3);
  assert.deepEqual([census.due(140_000).length, census.size], [0, 0]);
});

test('it holds no more than it may: it asks to be emptied, and says what it missed where nobody does', () => {
  const out: Sighting[] = [];
  const emptied = createCensus({ entriesMax: 2, onFull: () => void out.push(...emptied.take()) });
  for (let version = 1; version <= 5; version++) emptied.seen({ ...read, version }, version);
  assert.deepEqual([out.length, emptied.size, emptied.missed], [4, 1, 0]);
  const full = createCensus({ entriesMax: 2 });
  for (let version = 1; version <= 5; version++) full.seen({ ...read, version }, version);
  full.seen({ ...read, version: 1 }, 9);
  assert.deepEqual([full.size, full.missed], [2, 3]);
  assert.equal(full.take()[0]?.reads, 2, 'who is known is counted all the same');
});

test('a principal that calls itself something else each time counts as one without a name after a hundred', () => {
  const census = createCensus({ entriesMax: 10_000 });
  for (let index = 0; index < 5000; index++) census.seen({ ...read, workload: `w${index}` }, index);
  const taken = census.take();
  assert.equal(taken.length, 101);
  assert.deepEqual(taken.at(-1), { ...read, workload: '', firstSeenAt: 100, lastSeenAt: 4999, reads: 4900 });
});

test('a reader is due at once, then every minute while it reads, and is forgotten when it does not', () => {
  const census = createCensus({ entriesMax: 100 });
  const start = 1_800_000_000_000;
  const dueAt = (seconds: number) =>
    census.due(start + seconds * 1000).map(({ version, reads, firstSeenAt, lastSeenAt }) => {
      return [version, reads, firstSeenAt - start, lastSeenAt - start];
    });
  census.seen(read, start);
  census.seen(read, start + 5);
  assert.deepEqual(dueAt(1), [[1, 2, 0, 5]]);
  census.seen(read, start + 2000);
  census.seen({ ...read, version: 2 }, start + 2001);
  assert.deepEqual(dueAt(3), [[2, 1, 2001, 2001]], 'only who is new');
  census.seen(read, start + 50_000);
  assert.deepEqual(dueAt(60), []);
  assert.deepEqual(dueAt(61), [[1, 2, 2000, 50_000]]);
  assert.equal(census.size, 2);
  assert.deepEqual(dueAt(63), []);
  assert.equal(census.size, 1, 'the second version is read no more');
  census.seen(read, start + 70_000);
  assert.deepEqual(
    census.take().map(({ reads, lastSeenAt }) => [reads, lastSeenAt - start]),
    [[1, 70_000]],
    'who has to know gets all there is',
  );
  assert.deepEqual([census.size, dueAt(200)], [0, []]);
});

test('whatever is read and whenever it is handed on, every read arrives once', async () => {
  const step = fc.record({ version: fc.integer({ min: 1, max: 3 }), after: fc.nat(70_000), act: fc.nat(5) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const census = createCensus({ entriesMax: 2, onFull: () => void settleCensus(census, store) });
      const got = new Map<number, { reads: number; last: number }>();
      const store = {
        recordCensus: (sightings: readonly Sighting[]) => {
          for (const { version, reads, lastSeenAt, firstSeenAt } of sightings) {
            assert.ok(reads > 0 && firstSeenAt <= lastSeenAt);
            const before = got.get(version) ?? { reads: 0, last: 0 };
            got.set(version, { reads: before.reads + reads, last: Math.max(before.last, lastSeenAt) });
          }
        },
      };
      const refusing = { recordCensus: () => assert.fail('refused') };
      const wanted = new Map<number, { reads: number; last: number }>();
      let now = 1_800_000_000_000;
      for (const { version, after, act } of steps) {
        now += after;
        census.seen({ ...read, version }, now);
        wanted.set(version, { reads: (wanted.get(version)?.reads ?? 0) + 1, last: now });
        if (act === 0) await recordDueCensus(census, store, now);
        if (act === 1) await settleCensus(census, store);
        if (act === 2) assert.throws(() => settleCensus(census, refusing), /refused/);
      }
      await settleCensus(census, store);
      assert.deepEqual(got, wanted);
      assert.equal(census.missed, 0);
    }),
  );
});

test('what the store did not take waits on, with what came meanwhile', async () => {
  const census = createCensus({ entriesMax: 10 });
  census.seen(read, 10);
  const failing = (error: unknown) => ({
    recordCensus: () => {
      census.seen(read, 15);
      throw error;
    },
  });
  assert.throws(() => settleCensus(census, failing(new Error('disk'))), /disk/);
  const rejecting = { recordCensus: () => Promise.reject(new Error('later')) };
  await assert.rejects(async () => settleCensus(census, rejecting), /later/);
  const kept: Sighting[] = [];
  await settleCensus(census, { recordCensus: (sightings) => void kept.push(...sightings) });
  assert.deepEqual(kept, [{ ...read, firstSeenAt: 10, lastSeenAt: 15, reads: 2 }]);
  await settleCensus(census, { recordCensus: () => assert.fail('there is nothing to record') });
});
