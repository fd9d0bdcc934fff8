import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { combineShares, splitSecret } from './shamir.ts';

const secret = randomBytes(32);

test('any shares, as many as the threshold or more, in any order, make the secret; fewer do not', () => {
  for (const [shares, threshold] of [
    [1, 1],
    [3, 1],
    [3, 2],
    [5, 3],
    [5, 5],
    [255, 4],
  ] as const) {
    const all = splitSecret(secret, shares, threshold, randomBytes);
    assert.ok(all.every((share) => share.length === 33));
    const some = [...all].sort(() => Math.random() - 0.5).slice(0, threshold);
    assert.deepEqual(combineShares(some), new Uint8Array(secret), `${threshold} of ${shares}`);
    assert.deepEqual(combineShares(all), new Uint8Array(secret));
    if (threshold > 1) assert.notDeepEqual(combineShares(some.slice(1)), new Uint8Array(secret));
  }
});

test('a known vector: the polynomials are those of GF(2^8) with 0x11b', () => {
  // At x: 5 + 3x, so 5 ^ 3*1 = 6 and 5 ^ 3*2 = 3; and 0x80 + 0x80x, so 0 and 0x80 ^ 0x1b = 0x9b.
  const shares = splitSecret(Uint8Array.of(5, 0x80), 2, 2, () => Uint8Array.of(3, 0x80));
  assert.deepEqual(shares, [Uint8Array.of(6, 0, 1), Uint8Array.of(3, 0x9b, 2)]);
  assert.deepEqual(combineShares(shares), Uint8Array.of(5, 0x80));
});

test('shares that cannot belong together', () => {
  const [a, b] = splitSecret(secret, 2, 2, randomBytes) as [Uint8Array, Uint8Array];
  for (const shares of [[], [a, a], [a, b.subarray(1)], [a, new Uint8Array(33)], [Uint8Array.of(1)]]) {
    assert.equal(combineShares(shares), undefined);
  }
  assert.throws(() => splitSecret(secret, 256, 2, randomBytes), RangeError);
  assert.throws(() => splitSecret(secret, 2, 3, randomBytes), RangeError);
});
