// Randomness has the lengths and alphabets that the ports promise; the clock never goes back and never stands still.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { steadyClock, systemClock } from './clock.ts';
import { systemEntropy } from './entropy.ts';
import { Lru } from './lru.ts';

describe('systemEntropy', () => {
  it('makes uids and etags in hex, each another one', () => {
    const uids = Array.from({ length: 100 }, () => systemEntropy.uid());
    assert.ok(uids.every((uid) => /^[0-9a-f]{32}$/.test(uid)));
    assert.equal(new Set(uids).size, 100);
    assert.match(systemEntropy.etag(), /^[0-9a-f]{14}$/);
    assert.notEqual(systemEntropy.etag(), systemEntropy.etag());
  });

  it('makes digits of the length asked for, the first not 0, every digit in every place', () => {
    const seen = Array.from({ length: 3 }, () => new Set<string>());
    for (let round = 0; round < 1000; round += 1) {
      const digits = systemEntropy.digits(3);
      assert.match(digits, /^[1-9][0-9]{2}$/);
      seen.forEach((place, index) => {
        place.add(digits[index] ?? '');
      });
    }
    assert.deepEqual(
      seen.map((place) => place.size),
      [9, 10, 10],
    );
    assert.match(systemEntropy.digits(21), /^[1-9][0-9]{20}$/);
  });

  it('makes text of every length from the whole alphabet', () => {
    for (let length = 0; length < 50; length += 1) assert.equal(systemEntropy.text(length).length, length);
    const seen = new Set(Array.from({ length: 200 }, () => systemEntropy.text(43)).join(''));
    assert.equal(seen.size, 64);
  });
});

describe('the clock', () => {
  let wall = 1_000_000;
  let monotonic = 0;
  const clock = steadyClock(
    () => wall,
    () => monotonic,
  );
  const pass = (ms: number) => {
    wall += ms;
    monotonic += ms;
  };

  it('follows the machine, also forwards', () => {
    assert.equal(clock.now(), 1_000_000);
    pass(500);
    assert.equal(clock.now(), 1_000_500);
    wall += 60_000;
    assert.equal(clock.now(), 1_060_500);
  });

  it('runs at half speed when the machine was set back, until it is caught up with', () => {
    wall -= 1000;
    assert.equal(clock.now(), 1_060_500);
    pass(1000);
    assert.equal(clock.now(), 1_061_000);
    pass(1000);
    assert.equal(clock.now(), 1_061_500);
    pass(1000);
    assert.equal(clock.now(), 1_062_500);
  });

  it('never goes back', () => {
    let last = clock.now();
    for (const jump of [-5, 10, -86_400_000, 3, 86_400_000, -1]) {
      wall += jump;
      monotonic += 1;
      const now = clock.now();
      assert.ok(now >= last && Number.isInteger(now));
      last = now;
    }
  });

  it('is the time of day', () => {
    assert.ok(Math.abs(systemClock.now() - Date.now()) < 1000);
  });
});

describe('Lru', () => {
  it('forgets what was not asked for the longest', () => {
    const lru = new Lru<string, number>(2);
    lru.set('a', 1);
    lru.set('b', 2);
    assert.equal(lru.get('a'), 1);
    lru.set('c', 3);
    assert.equal(lru.get('b'), undefined);
    assert.equal(lru.get('a'), 1);
    assert.equal(lru.size, 2);
    lru.set('a', 4);
    lru.delete('c');
    assert.equal(lru.get('a'), 4);
    assert.equal(lru.size, 1);
  });
});
