// Simulated lives, each from a seed of its own: the same few in every pipeline, as many others as there is time for with
// COFFER_TEST_SIZE=full (`make test-simulation`), one alone with COFFER_SEED.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, test } from 'node:test';
import { simulate } from './simulate.ts';

const isFull = process.env['COFFER_TEST_SIZE'] === 'full';
const LIVES = 20;
const FULL_MS = 5 * 60_000;
const SEEDS = 2 ** 31;
const given = process.env['COFFER_SEED'];

describe('simulated servers keep to the model', () => {
  if (given !== undefined) {
    test(`seed ${given}`, async () => void (await simulate(Number(given))));
  } else if (isFull) {
    test('as many seeds as there is time for', { timeout: 2 * FULL_MS }, async (context) => {
      const endMs = performance.now() + FULL_MS;
      let lives = 0;
      for (let seed = randomInt(SEEDS); performance.now() < endMs; seed = randomInt(SEEDS)) {
        await simulate(seed);
        lives += 1;
      }
      context.diagnostic(`${lives} lives`);
      assert.ok(lives > 0);
    });
  } else {
    for (let seed = 1; seed <= LIVES; seed += 1) test(`seed ${seed}`, async () => void (await simulate(seed)));
  }

  test('a seed is the same life each time', { skip: given !== undefined }, async () => {
    assert.deepEqual(await simulate(1), await simulate(1));
  });
});
