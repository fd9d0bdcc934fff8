// The fields of an operation of Coffer's own API, as data: from it follow the parsing of a request and the OpenAPI
// document. Google's, AWS's and the other dialects bring shapes of their own and do not use it.

import { Fault } from '../core/error.ts';
import { PAYLOAD_BYTES_MAX } from '../core/limits.ts';
import { Redacted } from '../core/redacted.ts';

export interface Field {
  /** `bytes` are base64 and may be secret: nothing but the operation sees them. */
  readonly type: 'string' | 'integer' | 'boolean' | 'time' | 'bytes';
  readonly help: string;
  readonly required?: boolean;
  readonly oneOf?: readonly string[];
  /** Characters of a string, value of an integer, bytes. */
  readonly max?: number;
  readonly min?: number;
}

export type Fields = Readonly<Record<string, Field>>;

export type FieldValue = string | number | boolean | Redacted<Uint8Array>;

export type FieldValues = Readonly<Record<string, FieldValue | undefined>>;

/** Of a string that names no other bound. */
export const STRING_CHARS_MAX = 1024;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * The values of `given`, each of its declared type: times in milliseconds since 1970. Throws UNKNOWN_FIELD or
 * INVALID_FIELD, which name the field and never its value.
 */
export function parseFields(fields: Fields, given: Readonly<Record<string, unknown>>): FieldValues {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(fields, name)) throw new Fault('UNKNOWN_FIELD', { field: name.slice(0, 64) });
  }
  const values: Record<string, FieldValue | undefined> = {};
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

function parseField(name: string, field: Field, value: unknown): FieldValue {
  if (field.type === 'integer') {
    const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    const min = field.min ?? 0;
    const max = field.max ?? Number.MAX_SAFE_INTEGER;
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < min || number > max) {
      throw new Fault('INVALID_FIELD', { field: name, problem: `must be a whole number from ${min} to ${max}` });
    }
    return number;
  }
  if (field.type === 'boolean') {
    const flag = value === 'true' ? true : value === 'false' ? false : value;
    if (typeof flag !== 'boolean') throw new Fault('INVALID_FIELD', { field: name, problem: 'must be true or false' });
    return flag;
  }
  if (field.type === 'bytes') return parseBytes(name, value, field.max ?? PAYLOAD_BYTES_MAX);
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

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function parseBytes(name: string, value: unknown, bytesMax: number): Redacted<Uint8Array> {
  if (typeof value !== 'string' || !BASE64.test(value)) {
    throw new Fault('INVALID_FIELD', { field: name, problem: 'must be base64' });
  }
  const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
  if (bytes.length > bytesMax) {
    throw new Fault('INVALID_FIELD', { field: name, problem: `must have at most ${bytesMax} bytes` });
  }
  return new Redacted(bytes);
}
