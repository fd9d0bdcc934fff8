import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destroyTtl, durationSeconds } from './schedule.ts';

test('durations as gcloud reads them', () => {
  assert.equal(durationSeconds('ttl', '90'), 90);
  assert.equal(durationSeconds('ttl', '86400s'), 86_400);
  assert.equal(durationSeconds('ttl', '1d12h'), 129_600);
  assert.equal(destroyTtl('24h'), '86400s');
  for (const text of ['', 'x', '1y', '-1s', '1.5h']) {
    assert.throws(() => durationSeconds('ttl', text), /argument --ttl/, text);
  }
});
