import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { appendRange, openBench } from '../../test/audit/fixture.ts';
import { startRetention } from './retention.ts';

const START = 1_763_800_000_000;

test('what is older than it must be kept goes at the start, and what fails is told', async (context) => {
  const bench = await openBench(context, 2000);
  await appendRange(bench.log, 1, 10);
  await bench.log.enroll();
  const failures: unknown[] = [];
  const prune = async (now: number) => {
    const stop = startRetention({
      audit: bench.log,
      clock: { now: () => now },
      retentionSeconds: 60,
      onFailure: (error) => failures.push(error),
    });
    await stop();
  };
  // The clock of the log stands still at the start, so its segments are as old as that.
  await prune(START + 59_000);
  assert.equal(existsSync(bench.path(1)), true);
  await prune(START + 61_000);
  assert.equal(existsSync(bench.path(1)), false);
  assert.deepEqual(await bench.log.verify(), { ok: true, records: 3, pruned: 8 });
  await bench.log.close();
  await bench.reopen();
  bench.store.auditMarks = () => {
    throw new Error('the store is away');
  };
  await prune(START + 61_000);
  assert.equal(failures.length, 1);
});
