// The indexes of sealed segments: they are there, they are private, and nobody hides a record by editing one.

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Bench, openBench, recordOf } from '../../test/audit/fixture.ts';
import { hashOf, IndexBuilder, resourceHashes } from './index-builder.ts';
import { indexPath } from './index-file.ts';

const RARE = 'user:rare@example.com';

/** Twelve records in three segments; the sixth, in the second of them, is of somebody else. */
async function openTwelve(...parameters: Parameters<typeof openBench>): Promise<Bench> {
  const bench = await openBench(...parameters);
  for (let number = 1; number <= 12; number += 1) {
    await bench.log.append(recordOf(number, number === 6 ? { principal: RARE } : {}));
  }
  await bench.log.close();
  await bench.reopen();
  assert.ok(existsSync(indexPath(bench.directory, 1)) && existsSync(indexPath(bench.directory, 2)));
  return bench;
}

async function idsOf(bench: Bench, principal: string): Promise<string[]> {
  return (await bench.log.query({ limit: 100, principal })).records.map(({ id }) => id);
}

test('a segment gets its index when it is sealed, for its owner only', async (context) => {
  const bench = await openTwelve(context, 2000);
  assert.equal(statSync(indexPath(bench.directory, 2)).mode & 0o777, 0o600);
  assert.equal(existsSync(indexPath(bench.directory, 3)), false);
  assert.deepEqual(
    readdirSync(bench.directory).filter((name) => !/^\d{8}\.(jsonl|idx)$/.test(name)),
    [],
  );
});

test('an index spares reading: a segment that cannot match is not opened', async (context) => {
  const bench = await openTwelve(context, 2000);
  assert.deepEqual(await idsOf(bench, RARE), ['id-6']);
  // The lines of segment 1 are no longer there to be read; its index says that nothing in it matches.
  const size = statSync(bench.path(1)).size;
  writeFileSync(bench.path(1), Buffer.alloc(size));
  assert.deepEqual(await idsOf(bench, RARE), ['id-6']);
  await bench.reopen();
  assert.deepEqual(await idsOf(bench, RARE), ['id-6']);
});

test('an index that is missing is made anew, and so is one of another version of the segment', async (context) => {
  const bench = await openTwelve(context, 2000);
  const path = indexPath(bench.directory, 2);
  const whole = readFileSync(path);
  rmSync(path);
  assert.deepEqual(await idsOf(bench, RARE), ['id-6']);
  assert.deepEqual(readFileSync(path), whole);
  writeFileSync(path, readFileSync(indexPath(bench.directory, 1)));
  await bench.reopen();
  assert.deepEqual(await idsOf(bench, RARE), ['id-6']);
  assert.deepEqual(readFileSync(path), whole);
});

test('whatever is done to an index, no record is hidden by it', async (context) => {
  const bench = await openTwelve(context, 2000);
  const path = indexPath(bench.directory, 2);
  const whole = readFileSync(path);
  const edit = fc.record({
    at: fc.nat(whole.length - 1),
    bit: fc.nat(7),
    kind: fc.constantFrom('flip', 'truncate', 'zero', 'grow'),
  });
  await fc.assert(
    fc.asyncProperty(edit, async ({ at, bit, kind }) => {
      writeFileSync(path, whole);
      if (kind === 'flip') writeFileSync(path, whole.with(at, (whole[at] ?? 0) ^ (1 << bit)));
      if (kind === 'truncate') truncateSync(path, at);
      if (kind === 'zero') writeFileSync(path, Buffer.concat([whole.subarray(0, at), Buffer.alloc(whole.length - at)]));
      if (kind === 'grow') writeFileSync(path, Buffer.concat([whole, whole.subarray(at)]));
      // A log that has read nothing of it yet.
      const log = await bench.openStream('w1');
      const { records } = await log.query({ limit: 10, principal: RARE, since: 1_763_800_000_000, outcome: 'allowed' });
      await log.close();
      assert.deepEqual(
        records.map(({ id }) => id),
        ['id-6'],
      );
    }),
    { numRuns: 60 },
  );
});

test('an index that somebody computed anew without the key is not believed', async (context) => {
  const bench = await openTwelve(context, 2000);
  const path = indexPath(bench.directory, 2);
  const [line = '', ...rest] = readFileSync(path, 'latin1').split('\n');
  const forged = { ...JSON.parse(line), rows: 0, distinct: { principal: '' } };
  writeFileSync(path, `${JSON.stringify(forged)}\n${rest.join('\n')}`, 'latin1');
  assert.deepEqual(await idsOf(bench, RARE), ['id-6']);
});

test('a segment that was edited under its index is read through', async (context) => {
  const bench = await openTwelve(context, 2000);
  // The lines of records 5 and 6 change places: each is as long as before, and none stands where the index says.
  bench.edit(2, (text) => {
    const [header, five, six, ...rest] = text.split('\n');
    return [header, six, five, ...rest].join('\n');
  });
  assert.deepEqual(await idsOf(bench, RARE), ['id-6']);
  assert.equal((await bench.log.verify()).ok, false);
});

test('an index that cannot be written is no reason not to answer', async (context) => {
  const bench = await openTwelve(context, 2000);
  const path = indexPath(bench.directory, 2);
  rmSync(path);
  // A directory in its place: the file can neither be read nor be put there.
  mkdirSync(join(path, 'x'), { recursive: true });
  assert.deepEqual(await idsOf(bench, RARE), ['id-6']);
});

test('two texts with one hash are told apart by their lines', async (context) => {
  const seen = new Map<number, string>();
  let twins: [string, string] | undefined;
  for (let number = 0; twins === undefined; number += 1) {
    const text = `user:${number.toString(36)}@example.com`;
    const before = seen.get(hashOf(text));
    if (before !== undefined) twins = [before, text];
    seen.set(hashOf(text), text);
  }
  const bench = await openBench(context, 2000);
  for (let number = 1; number <= 12; number += 1) {
    await bench.log.append(recordOf(number, { principal: twins[number % 2] ?? '' }));
  }
  assert.deepEqual(await idsOf(bench, twins[0]), ['id-2', 'id-4', 'id-6', 'id-8', 'id-10', 'id-12']);
});

test('the hashes of a resource are those of its parts, for whoever asks below', () => {
  const secret = 'projects/p/secrets/s';
  const [two, four, six] = resourceHashes(secret);
  assert.equal(two, hashOf('projects/p'));
  assert.equal(four, hashOf(secret));
  assert.equal(six, hashOf(secret));
  assert.deepEqual(resourceHashes(`${secret}/versions/3`).slice(0, 2), [two, four]);
  assert.deepEqual(resourceHashes('audit'), [hashOf('audit'), hashOf('audit'), hashOf('audit')]);
});

test('an index tells when it has more than it can say', () => {
  const index = new IndexBuilder(0);
  index.add(recordOf(1), 0);
  assert.equal(index.isUsable, true);
  index.add(recordOf(2), 2 ** 32);
  assert.equal(index.isUsable, false);
  const many = new IndexBuilder(0);
  for (let number = 0; number < 5000; number += 1)
    many.add(recordOf(1, { principal: `user:${number}@example.com` }), number);
  assert.equal(many.distinct('principal'), undefined);
  assert.equal(many.distinct('operation')?.length, 1);
  assert.equal(many.column('time').length, 5000);
});
