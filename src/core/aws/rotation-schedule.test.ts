import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../error.ts';
import { nextWindow, parseRules, type RotationRules } from './rotation-schedule.ts';

const at = (text: string) => Date.parse(`${text}Z`);

function shown(rules: RotationRules, after: string): string {
  const window = nextWindow(parseRules(rules), at(after));
  if (window === undefined) return 'never';
  const text = (time: number) => new Date(time).toISOString().slice(0, 16);
  return `${text(window.opensAt)} to ${text(window.closesAt)}`;
}

/** Each: the rules, after when, and the window that follows. */
const WINDOWS: readonly (readonly [RotationRules, string, string])[] = [
  [{}, '2026-11-22T13:37', 'never'],
  [{ afterDays: 1 }, '2026-11-22T13:37', '2026-11-23T00:00 to 2026-11-24T00:00'],
  [{ afterDays: 30 }, '2026-01-31T23:59', '2026-03-02T00:00 to 2026-03-03T00:00'],
  [{ afterDays: 10, duration: '3h' }, '2026-11-22T00:00', '2026-12-02T00:00 to 2026-12-02T03:00'],
  [{ schedule: 'rate(4 hours)' }, '2026-11-22T21:37', '2026-11-23T01:00 to 2026-11-23T02:00'],
  [{ schedule: 'rate(6 hours)', duration: '4h' }, '2026-11-22T15:00', '2026-11-22T21:00 to 2026-11-23T00:00'],
  [{ schedule: 'rate(10 days)' }, '2026-11-22T13:37', '2026-12-02T00:00 to 2026-12-03T00:00'],
  [{ schedule: 'cron(0 8 1 * ? *)' }, '2026-11-22T13:37', '2026-12-01T08:00 to 2026-12-02T00:00'],
  [{ schedule: 'cron(0 8 1 * ? *)' }, '2026-12-01T08:00', '2027-01-01T08:00 to 2027-01-02T00:00'],
  [{ schedule: 'cron(0 4/12 * * ? *)' }, '2026-11-22T13:37', '2026-11-22T16:00 to 2026-11-22T17:00'],
  [{ schedule: 'cron(0 4/12 * * ? *)' }, '2026-11-22T16:00', '2026-11-23T04:00 to 2026-11-23T05:00'],
  [{ schedule: 'cron(0 10 ? * SUN *)', duration: '2h' }, '2026-11-23T00:00', '2026-11-29T10:00 to 2026-11-29T12:00'],
  [{ schedule: 'cron(0 10 ? * mon-fri *)' }, '2026-11-20T10:00', '2026-11-23T10:00 to 2026-11-24T00:00'],
  [{ schedule: 'cron(0 17 L * ? *)' }, '2028-02-01T00:00', '2028-02-29T17:00 to 2028-03-01T00:00'],
  [{ schedule: 'cron(0 17 29 2 ? *)' }, '2028-03-01T00:00', '2032-02-29T17:00 to 2032-03-01T00:00'],
  [{ schedule: 'cron(0 8 ? * 6L *)' }, '2026-11-01T00:00', '2026-11-27T08:00 to 2026-11-28T00:00'],
  [{ schedule: 'cron(0 16 ? * SUN#2 *)' }, '2026-11-09T00:00', '2026-12-13T16:00 to 2026-12-14T00:00'],
  [{ schedule: 'cron(0 2 ? JAN,JUL MON#1 *)' }, '2026-02-01T00:00', '2026-07-06T02:00 to 2026-07-07T00:00'],
  [{ schedule: 'cron(0 0 1-7/3 */6 ? *)' }, '2026-07-05T00:00', '2026-07-07T00:00 to 2026-07-08T00:00'],
  [{ schedule: 'cron(0 0 ? * L *)' }, '2026-11-22T00:00', '2026-11-28T00:00 to 2026-11-29T00:00'],
];

for (const [rules, after, expected] of WINDOWS) {
  test(`after ${after}, ${JSON.stringify(rules)} is ${expected}`, () => {
    assert.equal(shown(rules, after), expected);
  });
}

const REFUSED: readonly RotationRules[] = [
  { afterDays: 0 },
  { afterDays: 1001 },
  { afterDays: 1.5 },
  { afterDays: 5, schedule: 'rate(5 days)' },
  { duration: '3h' },
  { afterDays: 5, duration: '25h' },
  { afterDays: 5, duration: '03h' },
  { afterDays: 5, duration: '3' },
  { schedule: 'rate(3 hours)' },
  { schedule: 'rate(0 days)' },
  { schedule: 'rate(1001 days)' },
  { schedule: 'rate(10 minutes)' },
  { schedule: 'rate(10  days)' },
  { schedule: 'rate(-1 days)' },
  { schedule: '10 days' },
  { schedule: 'rate(4 hours)', duration: '5h' },
  { schedule: 'cron(0 20 * * ? *)', duration: '5h' },
  { schedule: 'cron(0 4/12 * * ? *)', duration: '9h' },
  { schedule: 'cron(5 8 * * ? *)' },
  { schedule: 'cron(0 * * * ? *)' },
  { schedule: 'cron(0 0/3 * * ? *)' },
  { schedule: 'cron(0 22,1 * * ? *)' },
  { schedule: 'cron(0 8 * * ? 2026)' },
  { schedule: 'cron(0 8 * * ?)' },
  { schedule: 'cron(0 8 * * ? * *)' },
  { schedule: 'cron(0 8 1 * 2 *)' },
  { schedule: 'cron(0 8 ? * ? *)' },
  { schedule: 'cron(0 24 * * ? *)' },
  { schedule: 'cron(0 8 32 * ? *)' },
  { schedule: 'cron(0 8 30 2 ? *)' },
  { schedule: 'cron(0 8 31 4,6 ? *)' },
  { schedule: 'cron(0 8 ? * 8 *)' },
  { schedule: 'cron(0 8 ? * SUN#6 *)' },
  { schedule: 'cron(0 8 5-1 * ? *)' },
  { schedule: 'cron(0 8 1/0 * ? *)' },
  { schedule: `cron(0 ${'8,'.repeat(5000)}8 * * ? *)` },
];

for (const rules of REFUSED) {
  test(`${JSON.stringify(rules).slice(0, 80)} is refused`, () => {
    assert.throws(
      () => parseRules(rules),
      (error) => error instanceof Fault && error.code === 'AWS_REQUEST_INVALID',
    );
  });
}
