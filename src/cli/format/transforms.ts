// The functions that --format and --filter keys may call: `name.basename()`, `createTime.date('%Y')`
// (`gcloud topic projections`, "transforms"). Each takes the value and the text of its arguments; none can fail.

import { CliError } from '../error.ts';
import type { TransformCall } from './expression.ts';
import { parsePath, valueAt } from './path.ts';

type Transform = (value: unknown, args: readonly string[]) => unknown;
export type Transforms = Readonly<Record<string, Transform>>;

const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value));
const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** `undefined='-'` and the like: the value of a named argument. */
function named(args: readonly string[], name: string): string | undefined {
  return args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
}

function positional(args: readonly string[], index: number): string | undefined {
  return args.filter((arg) => !/^\w+=/.test(arg))[index];
}

const builtin: Transforms = {
  always: (value) => value,
  basename: (value, args) =>
    text(value) === '' ? (named(args, 'undefined') ?? '') : (text(value).split('/').at(-1) ?? ''),
  color: (value) => value,
  count: (value) =>
    Array.isArray(value) ? value.length : typeof value === 'object' && value ? Object.keys(value).length : 0,
  date,
  decode: (value, args) => decode(text(value), args[0] ?? 'utf8'),
  encode: (value, args) => (args[0] === 'base64' ? Buffer.from(text(value)).toString('base64') : text(value)),
  enum: (value) => text(value).toLowerCase(),
  extract: (value, args) => args.map((key) => valueAt(value, parsePath(key) ?? [])),
  firstof: (value, args) => args.map((key) => valueAt(value, parsePath(key) ?? [])).find((each) => Boolean(each)) ?? '',
  flatten: (value, args) => flat(value, named(args, 'separator') ?? ','),
  iso: (value) => value,
  join: (value, args) =>
    list(value)
      .map(text)
      .join(args[0] ?? '/'),
  len: (value) => (Array.isArray(value) || typeof value === 'string' ? value.length : builtin['count']?.(value, [])),
  list: (value, args) => flat(value, named(args, 'separator') ?? ',', named(args, 'show')),
  lower: (value) => text(value).toLowerCase(),
  map: (value) => value,
  notnull: (value) => list(value).filter((each) => each !== null),
  scope: (value, args) => scope(text(value), args),
  segment: (value, args) =>
    text(value)
      .split('/')
      .at(Number(args[0] ?? -1)) ??
    named(args, 'undefined') ??
    '',
  slice: (value, args) => slice(value, args[0] ?? ':'),
  sort: (value) => [...list(value)].sort((a, b) => (text(a) < text(b) ? -1 : 1)),
  split: (value, args) => text(value).split(args[0] ?? '/'),
  sub: (value, args) => substitute(text(value), args),
  trailoff: (value, args) => trailOff(text(value), Number(args[0] ?? 20)),
  upper: (value) => text(value).toUpperCase(),
  yesno: (value, args) => (value ? (named(args, 'yes') ?? args[0] ?? value) : (named(args, 'no') ?? args[1] ?? 'No')),
};

/**
 * Applies `calls` to `value` in order; `own` are the command's own transforms.
 * @throws CliError for a transform that does not exist.
 */
export function applyTransforms(value: unknown, calls: readonly TransformCall[], own: Transforms = {}): unknown {
  let result = value;
  for (const { name, args } of calls) {
    const transform = lookUp(own, name) ?? lookUp(builtin, name);
    if (transform === undefined) throw new CliError(`--format: unknown transform function ${name}()`);
    result = transform(result, args);
  }
  return result;
}

function lookUp(transforms: Transforms, name: string): Transform | undefined {
  return Object.hasOwn(transforms, name) ? transforms[name] : undefined;
}

/** strftime of an RFC 3339 time, in UTC; the default is what gcloud's tables show. */
function date(value: unknown, args: readonly string[]): string {
  const format = named(args, 'format') ?? positional(args, 0) ?? '%Y-%m-%dT%H:%M:%S';
  const time = new Date(typeof value === 'number' ? value * 1000 : text(value));
  if (Number.isNaN(time.getTime())) return named(args, 'undefined') ?? '';
  const two = (part: number): string => String(part).padStart(2, '0');
  const parts: Readonly<Record<string, string>> = {
    Y: String(time.getUTCFullYear()),
    m: two(time.getUTCMonth() + 1),
    d: two(time.getUTCDate()),
    H: two(time.getUTCHours()),
    M: two(time.getUTCMinutes()),
    S: two(time.getUTCSeconds()),
    f: String(time.getUTCMilliseconds()).padStart(3, '0'),
    s: String(Math.floor(time.getTime() / 1000)),
    Z: 'UTC',
    z: '+0000',
    '%': '%',
  };
  const expanded = format.replaceAll('%F', '%Y-%m-%d').replaceAll('%T', '%H:%M:%S');
  return expanded.replace(/%([YmdHMSfsZz%])/g, (_, letter: string) => parts[letter] ?? '');
}

function decode(value: string, encoding: string): string {
  return encoding === 'base64' ? Buffer.from(value, 'base64').toString('utf8') : value;
}

function flat(value: unknown, separator: string, show?: string): string {
  if (Array.isArray(value)) return value.map((each) => flat(each, separator)).join(separator);
  if (typeof value !== 'object' || value === null) return text(value);
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  if (show === 'keys') return pairs.map(([key]) => key).join(separator);
  if (show === 'values') return pairs.map(([, each]) => text(each)).join(separator);
  return pairs.map(([key, each]) => `${key}=${text(each)}`).join(separator);
}

/** `scope(secrets)` of projects/p/secrets/s/versions/1 is s/versions/1. */
function scope(value: string, names: readonly string[]): string {
  if (names.length === 0) return value.split('/').at(-1) ?? '';
  for (const name of names) {
    const at = value.indexOf(`/${name}/`);
    if (at >= 0) return value.slice(at + name.length + 2);
  }
  return value.replace(/^https?:\/\//, '');
}

function slice(value: unknown, range: string): unknown {
  const [from, to] = range.split(':');
  if (!Array.isArray(value) && typeof value !== 'string') return '';
  if (to === undefined) return value.at(Number(from));
  return value.slice(from ? Number(from) : 0, to ? Number(to) : undefined);
}

function substitute(value: string, [pattern = '', replacement = '', count]: readonly string[]): string {
  // A literal replacement: a pattern of the user's own is bounded by the process's life, but buys little here.
  return Number(count ?? 0) === 1
    ? value.replace(pattern, () => replacement)
    : value.replaceAll(pattern, () => replacement);
}

function trailOff(value: string, charsMax: number): string {
  return value.length <= charsMax ? value : `${value.slice(0, Math.max(0, charsMax - 3))}...`;
}
