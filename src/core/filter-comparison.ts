// One comparison of a filter: a field of a row against a value, by the kind of the field. A text matches by `:` where it
// holds the value and by `=` where it is the value; in both a `*` stands for any characters, and `:*` asks whether there
// is anything at all. Source: https://google.aip.dev/160.

import { Fault } from './error.ts';

export type Operator = ':' | '=' | '!=' | '<' | '<=' | '>' | '>=';

/** `name`: the last part, then full names. `map`: text by key. `numbers`: by key. `some`: is there, or is not. */
export type FieldKind = 'name' | 'text' | 'time' | 'seconds' | 'map' | 'numbers' | 'some';

/** The fields of a list by their path in snake case, such as `rotation.next_rotation_time`. */
export type FieldKinds = Readonly<Record<string, FieldKind>>;

export type Scalar = string | number;

/** A row by the same paths: what the field holds, none where it is absent; of a map by key. */
export type FieldRow = Readonly<Record<string, readonly Scalar[] | Readonly<Record<string, Scalar>>>>;

export type RowTest = (row: FieldRow) => boolean;

type ScalarTest = (value: Scalar) => boolean;

function invalid(problem: string): Fault {
  return new Fault('FILTER_INVALID', { problem });
}

/** The test that `path operator value` means; throws FILTER_INVALID for a field that is none, or cannot be asked so. */
export function comparison(fields: FieldKinds, path: readonly string[], operator: Operator, value: string): RowTest {
  const { field, key, kind } = resolve(fields, path);
  const holds = valuesOf(field, key);
  if (operator === '!=') {
    const equal = comparison(fields, path, '=', value);
    return (row) => !equal(row);
  }
  if (operator === ':' && value === '*') return (row) => holds(row).length > 0;
  if (operator === ':' && key === undefined && (kind === 'map' || kind === 'numbers')) {
    return (row) => Object.hasOwn(row[field] ?? {}, value);
  }
  const test = scalarTest(kind, operator, value);
  if (kind === 'name') {
    const part = value.includes('/') ? ([1] as const) : ([0, 1] as const);
    return (row) =>
      holds(row)
        .slice(...part)
        .some(test);
  }
  return (row) => holds(row).some(test);
}

interface Resolved {
  readonly field: string;
  /** The rest of the path below a map. */
  readonly key: string | undefined;
  readonly kind: FieldKind;
}

function resolve(fields: FieldKinds, path: readonly string[]): Resolved {
  const [first = '', ...rest] = path;
  const top = snake(first);
  const map = Object.hasOwn(fields, top) ? fields[top] : undefined;
  // A key may hold dots, so all that follows the map's name is one.
  if (map === 'map' || map === 'numbers') {
    return { field: top, key: rest.length === 0 ? undefined : rest.join('.'), kind: map };
  }
  const field = path.map(snake).join('.');
  const kind = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (kind === undefined) throw invalid('it names a field that cannot be filtered by');
  return { field, key: undefined, kind };
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function valuesOf(field: string, key: string | undefined): (row: FieldRow) => readonly Scalar[] {
  return (row) => {
    const held = row[field] ?? [];
    if (Array.isArray(held)) return held as readonly Scalar[];
    const map = held as Readonly<Record<string, Scalar>>;
    if (key === undefined) return Object.values(map);
    const value = Object.hasOwn(map, key) ? map[key] : undefined;
    return value === undefined ? [] : [value];
  };
}

function scalarTest(kind: FieldKind, operator: Operator, value: string): ScalarTest {
  switch (kind) {
    case 'name':
    case 'text':
    case 'map':
      return textTest(operator, value);
    case 'time':
      return orderTest(operator, parseTime(value));
    case 'seconds':
      return orderTest(operator, parseNumber(/^-?\d{1,15}(?:\.\d{1,9})?s$/, value.replace(/s$/, ''), value));
    case 'numbers':
      return orderTest(operator, parseNumber(/^-?\d{1,15}$/, value, value));
    case 'some':
      throw invalid('it compares a field that can only be asked for by :*');
  }
}

function textTest(operator: Operator, value: string): ScalarTest {
  if (operator !== ':' && operator !== '=') throw invalid('it orders texts');
  const parts = value.split('*');
  return (held) => matchesParts(String(held), parts, operator === '=');
}

/** True where the parts follow each other in the text; anchored, they begin and end it. Linear: each is sought once. */
function matchesParts(text: string, parts: readonly string[], anchored: boolean): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (anchored) {
    if (parts.length === 1) return text === first;
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  }
  let from = 0;
  for (const part of anchored ? parts.slice(0, -1) : parts) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return !anchored || from <= text.length - last.length;
}

function orderTest(operator: Operator, wanted: number): ScalarTest {
  switch (operator) {
    case '<':
      return (held) => Number(held) < wanted;
    case '<=':
      return (held) => Number(held) <= wanted;
    case '>':
      return (held) => Number(held) > wanted;
    case '>=':
      return (held) => Number(held) >= wanted;
    default:
      return (held) => held === wanted;
  }
}

const TIME = /^\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2}))?$/;

/** Milliseconds of an RFC 3339 time, or of the beginning of a day in UTC. */
function parseTime(value: string): number {
  const time = TIME.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw invalid('a time is not like 2026-01-31T12:00:00Z');
  return time;
}

function parseNumber(form: RegExp, digits: string, value: string): number {
  if (!form.test(value)) throw invalid('a number is not one');
  return Number(digits);
}
