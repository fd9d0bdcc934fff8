import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sighting } from '../core/census.ts';
import { createCensus, settleCensus } from './census.ts';

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
