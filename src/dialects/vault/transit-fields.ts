// What transit has in its fields beside what every path of Vault's has: batches, base64, and texts that name the version of
// a key. What cannot be read is refused in Vault's words, which never hold a value.

import type { Data } from './request.ts';
import { Refusal } from './transit-answer.ts';

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

/** Without groups that repeat: those overflow the stack at a text of some megabytes. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const BASE64_LETTERS = /^[A-Za-z0-9+/]*/;

/** The bytes of base64; throws where it is none. */
export function decodeBase64(text: string): Buffer {
  const whole = text.includes('\n') || text.includes('\r') ? text.replaceAll(/[\r\n]/g, '') : text;
  if (whole.length % 4 === 0 && BASE64.test(whole)) return Buffer.from(whole, 'base64');
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
