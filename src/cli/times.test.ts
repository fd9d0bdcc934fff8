import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiDuration, durationSeconds, timeAhead, timeBack } from './times.ts';

const now = new Date('2030-01-31T12:00:00Z');

test('durations as gcloud reads them', () => {
  for (const [text, seconds] of [
    ['90', 90],
    ['86400s', 86_400],
    ['1d12h', 129_600],
    ['30d', 2_592_000],
    ['2592000s', 2_592_000],
    ['P30D', 2_592_000],
    ['p1w', 604_800],
    ['P1DT12H', 129_600],
    ['PT1H30M5S', 5405],
    ['0s', 0],
  ] as const) {
    assert.equal(durationSeconds('ttl', text), seconds, text);
  }
  assert.equal(apiDuration('version-destroy-ttl', '24h'), '86400s');
  for (const text of [
    '',
    'x',
    '1y',
    '-1s',
    '1.5h',
    'P',
    'PT',
    'P1',
    'P1DT',
    'P1H',
    'P1M',
    'P1Y',
    '1d 12h',
    '9'.repeat(13),
  ]) {
    assert.throws(() => durationSeconds('ttl', text), /^UsageError: argument --ttl: .* is not a duration/, text);
  }
});

test('times: as typed where they are whole, else made whole, or counted from now', () => {
  for (const [text, expected] of [
    ['2030-01-01T15:30:00-05:00', '2030-01-01T15:30:00-05:00'],
    ['2030-01-01T15:30:00.123456789Z', '2030-01-01T15:30:00.123456789Z'],
    ['2030-01-01 15:30Z', '2030-01-01T15:30:00.000Z'],
    ['2030-01-01', new Date(2030, 0, 1).toISOString()],
    ['+P1D', '2030-02-01T12:00:00.000Z'],
    ['P1D', '2030-02-01T12:00:00.000Z'],
    ['-PT1H', '2030-01-31T11:00:00.000Z'],
    ['+1d12h', '2030-02-02T00:00:00.000Z'],
    ['P1Y', '2031-01-31T12:00:00.000Z'],
    ['-P1M', '2029-12-31T12:00:00.000Z'],
  ] as const) {
    assert.equal(timeAhead('expire-time', text, now), expected, text);
  }
  assert.equal(timeBack('since', '2h', now), '2030-01-31T10:00:00.000Z');
  assert.equal(timeBack('since', '+PT2H', now), '2030-01-31T14:00:00.000Z');
  for (const text of ['', 'tomorrow', '2030', '2030-13-01', '2030-01-01T25:00:00Z', '--P1D', '+', 'P', '12:00', '90']) {
    assert.throws(() => timeAhead('expire-time', text, now), /^UsageError: argument --expire-time: /, text);
  }
  assert.throws(() => timeAhead('expire-time', '+P9999999W', now), /neither a time like/);
});
