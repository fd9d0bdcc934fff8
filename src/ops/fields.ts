// The fields of an operation of Coffer's own API, as data: from it follow the parsing of a request and the OpenAPI
// document. Google's, AWS's and the other dialects bring shapes of their own and do not use it.

import { Fault } from '../core/error.ts';

export interface Field {
  readonly type: 'string' | 'integer' | 'time';
  readonly help: string;
  readonly required?: boolean;
  readonly oneOf?: readonly string[];
  /** Characters of a string, value of an integer. */
  readonly max?: number;
  readonly min?: number;
}

export type Fields = Readonly<Record<string, Field>>;

export type FieldValues = Readonly<Record<string, string | number | undefined>>;

const STRING_CHARS_MAX = 1024;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * The values of `given`, each of its declared type: times in milliseconds since 1970. Throws UNKNOWN_FIELD or
 * INVALID_FIELD, which name the field and never its value.
 */
export function parseFields(fields: Fields, given: Readonly<Record<string, unknown>>): FieldValues {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(fields, name)) throw new Fault('UNKNOWN_FIELD', { field: name.slice(0, 64) });
  }
  const values: Record<string, string | number | undefined> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = given[name];
    if (value === undefined) {
      if (field.required) throw new Fault('INVALID_FIELD', { field: name, problem: 'is required' });
      continue;
    }
    values[name] = parseField(name, field, value);
  }
  return values;
}

function parseField(name: string, field: Field, value: unknown): string | number {
  if (field.type === 'integer') {
    const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    const min = field.min ?? 0;
    const max = field.max ?? Number.MAX_SAFE_INTEGER;
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < min || number > max) {
      throw new Fault('INVALID_FIELD', { field: name, problem: `must be a whole number from ${min} to ${max}` });
    }
    return number;
  }
  if (typeof value !== 'string' || value.length > (field.max ?? STRING_CHARS_MAX)) {
    throw new Fault('INVALID_FIELD', { field: name, problem: 'must be a text that is not too long' });
  }
  if (field.type === 'time') {
    const time = RFC3339.test(value) ? Date.parse(value) : Number.NaN;
    if (Number.isNaN(time)) {
      throw new Fault('INVALID_FIELD', { field: name, problem: 'must be a time like 2026-01-31T12:00:00Z' });
    }
    return time;
  }
  if (field.oneOf !== undefined && !field.oneOf.includes(value)) {
    throw new Fault('INVALID_FIELD', { field: name, problem: `must be one of ${field.oneOf.join(', ')}` });
  }
  return value;
}
