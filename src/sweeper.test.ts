import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSweeper } from './sweeper.ts';

const EVERY_MS = 5;
const soon = () => new Promise((resolve) => setTimeout(resolve, 10 * EVERY_MS));

test('rounds never overlap, go on while there is more, and survive a failure', async () => {
  let running = 0;
  let most = 0;
  let calls = 0;
  const failures: unknown[] = [];
  const stop = startSweeper({
    everyMs: EVERY_MS,
    sweep: async () => {
      running += 1;
      calls += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 3 * EVERY_MS));
      running -= 1;
      if (calls === 2) throw new Error('once');
      return calls === 1;
    },
    failed: (error) => failures.push(error),
  });
  while (calls < 4) await soon();
  await stop();
  assert.equal(most, 1);
  assert.equal(running, 0, 'stopping waits for the batch that runs');
  assert.equal(failures.length, 1);
  const after = calls;
  await soon();
  assert.equal(calls, after);
});

test('a round that always has more ends when it is stopped', async () => {
  let calls = 0;
  const stop = startSweeper({ everyMs: 1, sweep: async () => ++calls > 0, failed: assert.ifError });
  while (calls < 3) await soon();
  await stop();
  const after = calls;
  await soon();
  assert.equal(calls, after);
});
