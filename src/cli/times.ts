// Durations and times in flags, as `gcloud topic datetimes` has them: `90`, `30d`, `1d12h`, ISO 8601 `P30D` and `PT1H`;
// a time as RFC 3339, as a date of this place, or so far from now: `+P1D`, `-2h`.

import { UsageError } from './error.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const SIMPLE = /^(\d{1,12}[smhdw])+$/;
const ISO_DATE = /^P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})W)?(?:(\d{1,7})D)?/;
const ISO_CLOCK = /(?:T(?=.)(?:(\d{1,9})H)?(?:(\d{1,11})M)?(?:(\d{1,12})S)?)?$/;
const ISO = new RegExp(ISO_DATE.source + ISO_CLOCK.source);
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const LOCAL = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/;

interface Span {
  /** Years count as twelve. */
  readonly months: number;
  readonly seconds: number;
}

/** A duration in seconds. @throws UsageError naming the flag; a month or a year is no fixed number of seconds. */
export function durationSeconds(flag: string, text: string): number {
  const span = /^\d{1,12}$/.test(text) ? { months: 0, seconds: Number(text) } : parseSpan(text);
  if (span === undefined || span.months > 0) {
    throw new UsageError(`argument --${flag}: [${text}] is not a duration like 2592000s, 30d or P30D`);
  }
  return span.seconds;
}

/** A duration as the API wants it: seconds with an `s`. @throws UsageError naming the flag. */
export function apiDuration(flag: string, text: string): string {
  return `${durationSeconds(flag, text)}s`;
}

/** A time as RFC 3339; a duration without a sign lies ahead of now. @throws UsageError naming the flag. */
export function timeAhead(flag: string, text: string, now: Date = new Date()): string {
  return time(flag, text, now, 1);
}

/** A time as RFC 3339; a duration without a sign lies back from now. @throws UsageError naming the flag. */
export function timeBack(flag: string, text: string, now: Date = new Date()): string {
  return time(flag, text, now, -1);
}

function time(flag: string, text: string, now: Date, direction: 1 | -1): string {
  const result = absolute(text) ?? relative(text, now, direction);
  if (result !== undefined) return result;
  throw new UsageError(
    `argument --${flag}: [${text}] is neither a time like 2030-01-31T12:00:00Z nor a duration like ` +
      `${direction > 0 ? '+P1D' : '2h'}`,
  );
}

/** RFC 3339 goes on as it was typed, so that no digit of it is lost. Without a zone it is the time of this place. */
function absolute(text: string): string | undefined {
  const parts = LOCAL.exec(text);
  if (parts === null) return undefined;
  const [, date, clock = '00:00', zone = ''] = parts;
  const parsed = new Date(`${date}T${clock}${zone}`);
  if (Number.isNaN(parsed.getTime())) return undefined;
  return RFC_3339.test(text) ? text : parsed.toISOString();
}

function relative(text: string, now: Date, direction: 1 | -1): string | undefined {
  const sign = text.startsWith('-') ? -1 : text.startsWith('+') ? 1 : direction;
  const span = parseSpan(text.replace(/^[+-]/, ''));
  if (span === undefined) return undefined;
  const at = new Date(now);
  at.setUTCMonth(at.getUTCMonth() + sign * span.months);
  at.setTime(at.getTime() + sign * span.seconds * 1000);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

function parseSpan(text: string): Span | undefined {
  if (SIMPLE.test(text)) {
    let seconds = 0;
    for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) {
      seconds += Number(count) * (UNIT_SECONDS[unit as string] ?? 0);
    }
    return { months: 0, seconds };
  }
  const parts = ISO.exec(text.toUpperCase());
  if (parts === null) return undefined;
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0));
  const daySeconds = (weeks * 7 + days) * 86_400;
  return { months: years * 12 + months, seconds: daySeconds + hours * 3600 + minutes * 60 + seconds };
}
