// Durations as Vault's clients write and read them: seconds, or Go's text form with days; Go's form where Vault answers
// one. Source: go-secure-stdlib/parseutil `ParseDurationSecond` and Go's `time.Duration.String`.

const UNIT_SECONDS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
const PARTS = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/y;
/** Beyond it Go's own type ends: 292 years. */
const SECONDS_MAX = 9_223_372_036;

/** Whole seconds of an integer, `"3600"`, `"1h30m"` or `"30d"`; undefined where it is no duration. Empty: 0. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? bounded(Math.trunc(value)) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (text === '') return 0;
  if (/^-?\d{1,12}$/.test(text)) return bounded(Number(text));
  if (/^\d{1,6}d$/.test(text)) return bounded(Number(text.slice(0, -1)) * 86_400);
  const sign = text.startsWith('-') ? -1 : 1;
  PARTS.lastIndex = sign < 0 ? 1 : 0;
  let seconds = 0;
  while (PARTS.lastIndex < text.length) {
    const match = PARTS.exec(text);
    if (match === null) return undefined;
    seconds += Number(match[1]) * (UNIT_SECONDS[match[2] as string] as number);
  }
  return bounded(sign * Math.trunc(seconds));
}

function bounded(seconds: number): number | undefined {
  return Math.abs(seconds) <= SECONDS_MAX ? seconds : undefined;
}

/** `0s`, `1m30s`, `3h25m19s`. */
export function formatDuration(seconds: number): string {
  const sign = seconds < 0 ? '-' : '';
  const all = Math.abs(seconds);
  const hours = Math.floor(all / 3600);
  const minutes = Math.floor((all % 3600) / 60);
  const rest = `${all % 60}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${sign}${minutes}m${rest}` : `${sign}${rest}`;
}

const ZERO = 0x30;
/** Times come again: those of the rows that are asked for. A prime, so that a token's end lies elsewhere than its beginning. */
const FORMATTED_MAX = 251;
const formatted: { readonly milliseconds: number; readonly text: string }[] = [];

/** RFC 3339 with nanoseconds, as Go writes a time. */
export function formatTime(milliseconds: number): string {
  const place = Math.abs(Math.trunc(milliseconds) % FORMATTED_MAX);
  const known = formatted[place];
  if (known?.milliseconds === milliseconds) return known.text;
  const text = goTime(milliseconds);
  formatted[place] = { milliseconds, text };
  return text;
}

function goTime(milliseconds: number): string {
  const text = new Date(milliseconds).toISOString();
  // What stands before the Z is a point and three digits.
  const point = text.length - 5;
  let end = text.length - 1;
  while (end > point + 1 && text.charCodeAt(end - 1) === ZERO) end--;
  return `${text.slice(0, end === point + 1 ? point : end)}Z`;
}
