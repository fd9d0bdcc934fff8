import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallClock } from './time-zone.ts';

const shown = (iso: string, zone: string) => wallClock(Date.parse(iso), zone).toISOString();

test('a place and an offset show their own time', () => {
  assert.equal(shown('2026-06-01T08:30:15.250Z', 'Europe/Berlin'), '2026-06-01T10:30:15.250Z');
  assert.equal(shown('2026-12-01T08:30:15.250Z', 'Europe/Berlin'), '2026-12-01T09:30:15.250Z');
  assert.equal(shown('2026-01-01T00:00:00Z', 'America/Los_Angeles'), '2025-12-31T16:00:00.000Z');
  assert.equal(shown('2026-01-01T00:00:00Z', 'Asia/Kathmandu'), '2026-01-01T05:45:00.000Z');
  assert.equal(shown('2026-01-01T00:00:00Z', '-08:30'), '2025-12-31T15:30:00.000Z');
  assert.equal(shown('2026-01-01T00:00:00Z', '01:00'), '2026-01-01T01:00:00.000Z');
  assert.equal(shown('2026-01-01T00:00:00Z', 'UTC'), '2026-01-01T00:00:00.000Z');
});

test('the clock jumps where the place says, to the minute', () => {
  assert.equal(shown('2026-03-29T00:59:59.999Z', 'Europe/Berlin'), '2026-03-29T01:59:59.999Z');
  assert.equal(shown('2026-03-29T01:00:00.000Z', 'Europe/Berlin'), '2026-03-29T03:00:00.000Z');
  assert.equal(shown('2026-10-25T00:59:59.000Z', 'Europe/Berlin'), '2026-10-25T02:59:59.000Z');
  assert.equal(shown('2026-10-25T01:00:00.000Z', 'Europe/Berlin'), '2026-10-25T02:00:00.000Z');
});

test('what is no place is refused, and many places are not all kept', () => {
  for (const zone of ['', 'Mars/Olympus', '25', '+1:00', 'x'.repeat(4000)]) {
    assert.throws(() => wallClock(0, zone), RangeError, zone);
  }
  for (const zone of Intl.supportedValuesOf('timeZone').slice(0, 64)) wallClock(0, zone);
  assert.equal(shown('2026-06-01T00:00:00Z', 'Europe/Berlin'), '2026-06-01T02:00:00.000Z');
});
