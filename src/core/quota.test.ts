import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quotaClass, takeToken } from './quota.ts';

const START = 1_800_000_000_000;

/** How many of `tries` requests at `now` are let through, and the bucket after them. */
function drain(bucket: number, perMinute: number, now: number, tries: number) {
  let taken = 0;
  let left = bucket;
  for (let each = 0; each < tries; each++) {
    const next = takeToken(left, perMinute, now);
    if (next === undefined) continue;
    left = next;
    taken++;
  }
  return { taken, left };
}

test('a new bucket holds a minute’s worth and no more, whatever the quota', () => {
  for (const perMinute of [1, 7, 60, 600, 3000]) {
    assert.equal(drain(0, perMinute, START, perMinute + 1000).taken, perMinute);
  }
});

test('it fills evenly, also by parts of a token, and never over its brim', () => {
  const { left } = drain(0, 600, START, 600);
  assert.equal(drain(left, 600, START + 99, 10).taken, 0);
  assert.equal(drain(left, 600, START + 100, 10).taken, 1);
  assert.equal(drain(left, 600, START + 30_000, 1000).taken, 300);
  assert.equal(drain(left, 600, START + 3_600_000, 1000).taken, 600);
});

test('what is refused costs nothing: asking again and again does not put the next token off', () => {
  const { left } = drain(0, 60, START, 60);
  for (let ms = 1; ms < 1000; ms += 50) assert.equal(takeToken(left, 60, START + ms), undefined);
  const next = takeToken(left, 60, START + 1000);
  assert.ok(next !== undefined);
  assert.equal(takeToken(next, 60, START + 1000), undefined);
});

test('a clock that is set back does not keep requests out until it is there again', () => {
  const { left } = drain(0, 60, START, 60);
  assert.equal(drain(left, 60, START - 3_600_000, 100).taken, 60);
});

test('a quota made smaller holds at once', () => {
  const { left } = drain(0, 600, START, 1);
  assert.equal(drain(left, 10, START, 100).taken, 9);
});

test('only Secret Manager’s requests count', () => {
  assert.equal(quotaClass('secretmanager.versions.access', 'read'), 'access');
  assert.equal(quotaClass('secretmanager.secrets.list', 'read'), 'read');
  assert.equal(quotaClass('secretmanager.versions.add', 'write'), 'write');
  assert.equal(quotaClass('pubsub.topics.create', 'write'), undefined);
  assert.equal(quotaClass('public', 'read'), undefined);
});
