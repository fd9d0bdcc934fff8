// The fields of a request by Vault's API, read as leniently as Vault does: lists also as text with commas, numbers and
// booleans also as text, durations in all their forms. What cannot be read names the field, never its value.

import { Fault } from '../../core/error.ts';
import { parseDuration } from '../../core/vault/duration.ts';

export type Data = Readonly<Record<string, unknown>>;

export function invalid(problem: string): Fault {
  return new Fault('VAULT_REQUEST_INVALID', { problem });
}

const wrong = (name: string, kind: string) => invalid(`error converting input for field "${name}": expected ${kind}`);

export function textField(data: Data, name: string): string | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw wrong(name, 'a text');
}

export function listField(data: Data, name: string): readonly string[] | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  const list = typeof value === 'string' ? value.split(',') : value;
  if (!Array.isArray(list)) throw wrong(name, 'a list');
  return list.map((each) => String(each).trim()).filter((each) => each !== '');
}

export function integerField(data: Data, name: string): number | undefined {
  const value = data[name];
  if (value === undefined || value === null || value === '') return undefined;
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (!Number.isSafeInteger(number)) throw wrong(name, 'a whole number');
  return number as number;
}

const TRUE = new Set<unknown>([true, 1, '1', 't', 'T', 'true', 'True', 'TRUE']);
const FALSE = new Set<unknown>([false, 0, '0', 'f', 'F', 'false', 'False', 'FALSE', '']);

/** As Go reads a boolean. */
export function booleanField(data: Data, name: string): boolean | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  if (TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  throw wrong(name, 'a boolean');
}

/** Whole seconds. */
export function durationField(data: Data, name: string): number | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  const seconds = parseDuration(value);
  if (seconds === undefined) throw wrong(name, 'a duration');
  return seconds;
}

const PAIRS_MAX = 64;
const PAIR_CHARS_MAX = 512;

/** A map of texts. */
export function mapField(data: Data, name: string): Readonly<Record<string, string>> | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(name, 'a map');
  const entries = Object.entries(value).map(([key, inner]) => {
    if (typeof inner === 'object' && inner !== null) throw wrong(name, 'a map of texts');
    return [key, String(inner)] as const;
  });
  if (entries.length > PAIRS_MAX || entries.some((pair) => pair.some((text) => text.length > PAIR_CHARS_MAX))) {
    throw invalid(`${name}: at most ${PAIRS_MAX} entries of ${PAIR_CHARS_MAX} characters are allowed`);
  }
  return Object.fromEntries(entries);
}
