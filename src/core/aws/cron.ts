// A cron expression as Secrets Manager takes it: minutes (always 0), hours, day of the month, month, day of the week, year
// (always *). One of the two days is a question mark. Source: Secrets Manager user guide, "Cron expressions".

export interface Cron {
  /** Ascending. */
  readonly hours: readonly number[];
  readonly months: ReadonlySet<number>;
  readonly days: Days;
}

type Days =
  | { readonly by: 'month'; readonly days: ReadonlySet<number>; readonly isLast: boolean }
  /** Sunday is 1. */
  | { readonly by: 'week'; readonly days: ReadonlySet<number> }
  /** The n-th such weekday of the month, or the last where there is no n. */
  | { readonly by: 'nth'; readonly weekday: number; readonly nth?: number };

interface Range {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const HOURS: Range = { min: 0, max: 23 };
const MONTH_DAYS: Range = { min: 1, max: 31 };
const MONTHS: Range = { min: 1, max: 12, names: 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ') };
const WEEKDAYS: Range = { min: 1, max: 7, names: 'SUN MON TUE WED THU FRI SAT'.split(' ') };

/** Undefined for what is no such expression, or one that never comes. */
export function parseCron(text: string): Cron | undefined {
  const [minutes, hour = '', monthDay = '', month = '', weekday = '', year, ...rest] = text.split(' ');
  if (minutes !== '0' || year !== '*' || rest.length > 0) return undefined;
  const hours = parseList(hour, HOURS);
  const months = parseList(month, MONTHS);
  const days = parseDays(monthDay.toUpperCase(), weekday.toUpperCase());
  if (hours === undefined || months === undefined || days === undefined) return undefined;
  const cron = { hours: [...hours].sort((one, other) => one - other), months, days };
  return comes(cron) ? cron : undefined;
}

/** Whether the day that begins at `midnight`, in UTC, is one of the expression's. */
export function dayMatches({ months, days }: Pick<Cron, 'months' | 'days'>, midnight: number): boolean {
  const date = new Date(midnight);
  if (!months.has(date.getUTCMonth() + 1)) return false;
  const day = date.getUTCDate();
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  const weekday = date.getUTCDay() + 1;
  if (days.by === 'month') return days.days.has(day) || (days.isLast && day === last);
  if (days.by === 'week') return days.days.has(weekday);
  if (weekday !== days.weekday) return false;
  return days.nth === undefined ? day + 7 > last : Math.ceil(day / 7) === days.nth;
}

function parseDays(monthDay: string, weekday: string): Days | undefined {
  if ((monthDay === '?') === (weekday === '?')) {
    // Every day of both is every day.
    return monthDay === '*' && weekday === '*' ? everyDay() : undefined;
  }
  return weekday === '?' ? parseMonthDays(monthDay) : parseWeekdays(weekday);
}

function everyDay(): Days {
  return { by: 'month', days: parseList('*', MONTH_DAYS) ?? new Set(), isLast: false };
}

function parseMonthDays(text: string): Days | undefined {
  const parts = text.split(',');
  const listed = parts.filter((part) => part !== 'L');
  const days = listed.length === 0 ? new Set<number>() : parseList(listed.join(','), MONTH_DAYS);
  return days === undefined ? undefined : { by: 'month', days, isLast: listed.length < parts.length };
}

function parseWeekdays(text: string): Days | undefined {
  const [, name = '', nth] = /^([A-Z]{3}|[1-7])(?:#([1-5])|L)$/.exec(text) ?? [];
  if (name !== '') {
    const weekday = numberOf(name, WEEKDAYS);
    if (weekday === undefined) return undefined;
    return { by: 'nth', weekday, ...(nth === undefined ? {} : { nth: Number(nth) }) };
  }
  // The last day of a week.
  const days = parseList(text === 'L' ? 'SAT' : text, WEEKDAYS);
  return days === undefined ? undefined : { by: 'week', days };
}

/** `*`, `3`, `1-5`, `4/12`, several of them with commas between. */
function parseList(text: string, range: Range): ReadonlySet<number> | undefined {
  const numbers = new Set<number>();
  for (const part of text.split(',')) {
    const found = parsePart(part, range);
    if (found === undefined) return undefined;
    for (const number of found) numbers.add(number);
  }
  return numbers;
}

function parsePart(part: string, range: Range): readonly number[] | undefined {
  const [, first = '', last, step] = /^(\*|[0-9A-Z]{1,3})(?:-([0-9A-Z]{1,3}))?(?:\/(\d{1,2}))?$/i.exec(part) ?? [];
  const from = first === '*' ? range.min : numberOf(first, range);
  const open = first === '*' || step !== undefined;
  const to = last === undefined ? (open ? range.max : from) : numberOf(last, range);
  const by = step === undefined ? 1 : Number(step);
  if (from === undefined || to === undefined || from > to || by === 0 || (first === '*' && last !== undefined)) {
    return undefined;
  }
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, index) => from + index * by);
}

function numberOf(text: string, { min, max, names = [] }: Range): number | undefined {
  const named = names.indexOf(text.toUpperCase());
  const number = named < 0 ? (/^\d{1,2}$/.test(text) ? Number(text) : Number.NaN) : named + min;
  return number >= min && number <= max ? number : undefined;
}

/** A February 30 does not. */
function comes({ months, days }: Pick<Cron, 'months' | 'days'>): boolean {
  if (days.by !== 'month' || days.isLast) return true;
  const longest = (month: number) => new Date(Date.UTC(2024, month, 0)).getUTCDate();
  return [...months].some((month) => [...days.days].some((day) => day <= longest(month)));
}
