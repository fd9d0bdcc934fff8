// When a secret is rotated: every so many hours or days, or by a cron expression of six fields, in windows that open on the
// hour in UTC. A schedule in days has its window until the end of the day, one in hours for an hour, unless it says how
// long. Source: Secrets Manager user guide, "Rotation schedules", and `RotationRulesType` of the API reference.

import { Fault } from '../error.ts';
import type { Window } from '../rotation/machine.ts';
import { type Cron, dayMatches, parseCron } from './cron.ts';

export interface RotationRules {
  readonly afterDays?: number;
  /** `rate(…)` or `cron(…)`, in place of the days. */
  readonly schedule?: string;
  /** `3h`. */
  readonly duration?: string;
}

type Schedule =
  | { readonly kind: 'rate'; readonly hours: number; readonly inDays: boolean }
  | { readonly kind: 'cron'; readonly cron: Cron };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HOURS_MIN = 4;
const DAYS_MAX = 1000;
const RATE = /^rate\((\d{1,5}) (hours?|days?)\)$/;
const CRON = /^cron\(([^()]{1,200})\)$/;
const DURATION = /^([1-9]\d?)h$/;
/** A February 29 may be eight years away, and its weekday is asked for by no expression alone. */
const DAYS_LOOKED_AT = 9 * 366;

/** The rules themselves; throws AWS_REQUEST_INVALID. */
export function parseRules(rules: RotationRules): RotationRules {
  const { afterDays, schedule, duration } = rules;
  if (afterDays !== undefined && schedule !== undefined) {
    throw invalid('You can specify either AutomaticallyAfterDays or ScheduleExpression, not both.');
  }
  const isDays = afterDays === undefined || (Number.isInteger(afterDays) && afterDays >= 1 && afterDays <= DAYS_MAX);
  if (!isDays) throw invalid(`AutomaticallyAfterDays must be between 1 and ${DAYS_MAX}.`);
  const parsed = scheduleOf(rules);
  if (duration === undefined) return rules;
  if (parsed === undefined) throw invalid('Duration needs AutomaticallyAfterDays or ScheduleExpression.');
  const hours = Number(DURATION.exec(duration)?.[1]);
  if (!(hours >= 1 && hours <= 24)) throw invalid('Duration must be a number of hours, such as 3h.');
  if (hours > longest(parsed)) {
    throw invalid('The rotation window must not extend into the next rotation window or the next UTC day.');
  }
  return rules;
}

/**
 * The first window that opens after `after`, both at once where a secret was rotated in its window: the next is another.
 * Absent where the rules name no time.
 */
export function nextWindow(rules: RotationRules, after: number): Window | undefined {
  const schedule = scheduleOf(rules);
  if (schedule === undefined) return undefined;
  const opensAt = schedule.kind === 'rate' ? nextOfRate(schedule, after) : nextOfCron(schedule.cron, after);
  return opensAt === undefined ? undefined : windowAt(rules, schedule, opensAt);
}

/** After one was missed: the window of a rate that is open, or opens next; the next one of a cron expression. */
export function lateWindow(rules: RotationRules, now: number): Window | undefined {
  const schedule = scheduleOf(rules);
  if (schedule === undefined || schedule.kind === 'cron') return nextWindow(rules, now);
  const unit = schedule.inDays ? DAY_MS : HOUR_MS;
  const open = windowAt(rules, schedule, floor(now, unit));
  return now < open.closesAt ? open : windowAt(rules, schedule, floor(now, unit) + unit);
}

function windowAt(rules: RotationRules, schedule: Schedule, opensAt: number): Window {
  const duration = DURATION.exec(rules.duration ?? '')?.[1];
  const endOfDay = floor(opensAt, DAY_MS) + DAY_MS;
  const closesAt = duration === undefined ? defaultClose(schedule, opensAt) : opensAt + Number(duration) * HOUR_MS;
  return { opensAt, closesAt: Math.min(closesAt, endOfDay) };
}

function scheduleOf({ afterDays, schedule }: RotationRules): Schedule | undefined {
  if (afterDays !== undefined) return { kind: 'rate', hours: afterDays * 24, inDays: true };
  if (schedule === undefined) return undefined;
  const rate = RATE.exec(schedule);
  if (rate !== null) return rateOf(Number(rate[1]), (rate[2] as string).startsWith('day'));
  const cron = parseCron(CRON.exec(schedule)?.[1] ?? '');
  if (cron === undefined) throw invalid('The ScheduleExpression is no rate() or cron() expression.');
  if (gapOfHours(cron) < HOURS_MIN) throw tooOften();
  return { kind: 'cron', cron };
}

function rateOf(value: number, inDays: boolean): Schedule {
  const hours = inDays ? value * 24 : value;
  if (hours < HOURS_MIN) throw tooOften();
  if (hours > DAYS_MAX * 24) throw invalid(`The ScheduleExpression must be at most ${DAYS_MAX} days.`);
  return { kind: 'rate', hours, inDays };
}

function tooOften(): Fault {
  return invalid(`The ScheduleExpression must leave at least ${HOURS_MIN} hours between two rotations.`);
}

/** Hours that a window may have: to the next one of the day, or to the end of the day. */
function longest(schedule: Schedule): number {
  if (schedule.kind === 'rate') return Math.min(schedule.hours, 24);
  const { hours } = schedule.cron;
  return Math.min(...hours.map((hour, index) => (hours[index + 1] ?? 24) - hour));
}

/** The fewest hours between two of a day, or the last and the first of the next. */
function gapOfHours({ hours }: Cron): number {
  return Math.min(...hours.map((hour, index) => (hours[index + 1] ?? (hours[0] as number) + 24) - hour));
}

function defaultClose(schedule: Schedule, opensAt: number): number {
  const isDaily = schedule.kind === 'rate' ? schedule.inDays : schedule.cron.hours.length === 1;
  return isDaily ? floor(opensAt, DAY_MS) + DAY_MS : opensAt + HOUR_MS;
}

/** In days from the midnight of the day, in hours from the hour. */
function nextOfRate({ hours, inDays }: Extract<Schedule, { kind: 'rate' }>, after: number): number {
  return floor(after, inDays ? DAY_MS : HOUR_MS) + hours * HOUR_MS;
}

function nextOfCron(cron: Cron, after: number): number | undefined {
  const first = floor(after, DAY_MS);
  for (let day = 0; day < DAYS_LOOKED_AT; day++) {
    const midnight = first + day * DAY_MS;
    if (!dayMatches(cron, midnight)) continue;
    const hour = cron.hours.find((each) => midnight + each * HOUR_MS > after);
    if (hour !== undefined) return midnight + hour * HOUR_MS;
  }
  return undefined;
}

function floor(time: number, unit: number): number {
  return Math.floor(time / unit) * unit;
}

function invalid(problem: string): Fault {
  return new Fault('AWS_REQUEST_INVALID', { problem });
}
