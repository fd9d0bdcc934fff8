// The wall clock of a place, for conditions on working hours. Core has no clock of its own: the moment comes in.
// A place's distance from UTC is asked of the platform once a minute and place, which conditions repeat many times.

/** A calendar as UTC would show it: read it with the `getUTC…` methods only. */
export type WallClock = Date;

/** Ours: places whose formatter is kept; each costs some kilobytes. */
const ZONES_MAX = 32;
const MINUTE_MS = 60_000;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  minute: number;
  offsetMs: number;
}

const zones = new Map<string, Zone>();

const OFFSET = /^([+-]?)([0-9]{2}):([0-9]{2})$/;

/**
 * What the clocks of `zone` show at `timeMs` (since 1970). A zone is a name of the time zone database, or an offset such
 * as `+01:00`. Throws a RangeError for any other text.
 */
export function wallClock(timeMs: number, zone: string): WallClock {
  const [, sign, hours, minutes] = OFFSET.exec(zone) ?? [];
  if (sign !== undefined) {
    const offsetMs = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
    return new Date(timeMs + (sign === '-' ? -offsetMs : offsetMs));
  }
  return zone === 'UTC' ? new Date(timeMs) : new Date(timeMs + offsetOf(zone, timeMs));
}

function offsetOf(name: string, timeMs: number): number {
  const zone = zones.get(name) ?? keepZone(name);
  const minute = Math.floor(timeMs / MINUTE_MS);
  if (zone.minute !== minute) {
    const parts = new Map(
      zone.format.formatToParts(minute * MINUTE_MS).map(({ type, value }) => [type, Number(value)]),
    );
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? Number.NaN;
    const shown = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    zone.offsetMs = shown - minute * MINUTE_MS;
    zone.minute = minute;
  }
  return zone.offsetMs;
}

function keepZone(name: string): Zone {
  const field = 'numeric';
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: field,
    month: field,
    day: field,
    hour: field,
    minute: field,
    second: field,
  });
  const zone = { format, minute: Number.NaN, offsetMs: 0 };
  zones.set(name, zone);
  const oldest = zones.keys().next();
  if (zones.size > ZONES_MAX && !oldest.done) zones.delete(oldest.value);
  return zone;
}
