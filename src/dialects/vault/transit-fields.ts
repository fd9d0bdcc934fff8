// The fields of a request to transit, read as leniently as Vault does: numbers and booleans also as text, durations in Go's
// forms, base64 with line breaks. What cannot be read names the field, never its value.

import { type Data, Refusal } from './transit-answer.ts';

export function textField(data: Data, name: string): string | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw wrong(name, 'a string');
}

export function integerField(data: Data, name: string): number | undefined {
  const value = data[name];
  if (value === undefined || value === null || value === '') return undefined;
  const number = typeof value === 'string' && /^[+-]?\d{1,15}$/.test(value) ? Number(value) : value;
  if (!Number.isSafeInteger(number)) throw wrong(name, 'a whole number');
  return number as number;
}

const TRUE = new Set<unknown>([true, 1, '1', 't', 'T', 'true', 'True', 'TRUE']);
const FALSE = new Set<unknown>([false, 0, '0', 'f', 'F', 'false', 'False', 'FALSE', '']);

export function booleanField(data: Data, name: string): boolean | undefined {
  const value = data[name];
  if (value === undefined || value === null) return undefined;
  if (TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  throw wrong(name, 'a boolean');
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const DURATION = /^(?:\d+[smhd])+$/;

/** Whole seconds. */
export function durationField(data: Data, name: string): number | undefined {
  const value = data[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' && DURATION.test(value)) {
    const parts = [...value.matchAll(/(\d+)([smhd])/g)];
    return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_SECONDS[unit as string] as number), 0);
  }
  const seconds = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (!Number.isSafeInteger(seconds)) throw wrong(name, 'a duration');
  return seconds as number;
}

/** Every item of a batch; undefined where the request is none. */
export function batchField(data: Data): readonly Data[] | undefined {
  const value = data['batch_input'];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new Refusal('failed to parse batch input: source data must be an array');
  if (value.length === 0) throw new Refusal('missing batch input to process');
  if (value.some((item) => typeof item !== 'object' || item === null || Array.isArray(item))) {
    throw new Refusal('failed to parse batch input: expected a map');
  }
  return value as Data[];
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const BASE64_LETTERS = /^[A-Za-z0-9+/]*/;

/** The bytes of base64; throws where it is none. */
export function decodeBase64(text: string): Buffer {
  const whole = text.includes('\n') || text.includes('\r') ? text.replaceAll(/[\r\n]/g, '') : text;
  if (BASE64.test(whole)) return Buffer.from(whole, 'base64');
  throw new Refusal(`illegal base64 data at input byte ${BASE64_LETTERS.exec(whole)?.[0].length ?? 0}`);
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

export interface Versioned {
  readonly version: number;
  readonly body: string;
}

/** What stands behind `vault:vN:`; throws as Vault does, of a ciphertext, a signature or an HMAC. */
export function versionedText(text: string, what: 'ciphertext' | 'signature' | 'HMAC'): Versioned {
  if (!text.startsWith('vault:v')) {
    throw new Refusal(what === 'HMAC' ? 'invalid HMAC to verify: no prefix' : `invalid ${what}: no prefix`);
  }
  const colon = text.indexOf(':', 7);
  if (colon < 0) throw new Refusal(`invalid ${what}: wrong number of fields`);
  const digits = text.slice(7, colon);
  if (!/^-?\d{1,9}$/.test(digits)) throw new Refusal(`invalid ${what}: version number could not be decoded`);
  const version = Number(digits);
  // Version 0 of Vault's first releases is its version 1 since.
  return { version: version === 0 && what === 'ciphertext' ? 1 : version, body: text.slice(colon + 1) };
}

export function versioned(version: number, body: string): string {
  return `vault:v${version}:${body}`;
}

function wrong(name: string, kind: string): Refusal {
  return new Refusal(`error converting input for field "${name}": expected ${kind}`);
}
