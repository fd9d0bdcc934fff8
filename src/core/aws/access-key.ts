// The access keys of AWS's API: a service account's own, or short-lived ones of a session. What they are called, and
// which account of AWS's a project is. Source: AWS IAM, "AWS access keys" and "Unique identifiers".

import { Fault } from '../error.ts';
import type { Project } from '../secret.ts';

/** Of a key that lasts, of one that comes with a session token, of a user, and of a role. */
export type AwsIdPrefix = 'AKIA' | 'ASIA' | 'AIDA' | 'AROA';

/** What a token row says it is good for: sessions of AWS's API, had as the account itself or as a role. */
export const SESSION_AUDIENCE = { user: 'aws:session', role: 'aws:role' } as const;

/** An imported key may be one of an emulator's: AWS's own have 20 characters. The API's model allows these. */
const ACCESS_KEY_ID = /^\w{4,128}$/;
/** What Google's keys are called: an id is that of one key. */
const GOOGLE_KEY_ID = /^[0-9a-f]{40}$/;
const SECRET_KEY = /^[\x21-\x7e]{4,128}$/;
const ACCOUNT_ID = /^[0-9]{12}$/;

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const ID_RANDOM_CHARS = 16;

/** A unique id as AWS has them: the prefix and 80 bits of `hex`, which has at least 20 digits. */
export function awsId(prefix: AwsIdPrefix, hex: string): string {
  let bits = BigInt(`0x${hex.slice(0, 20)}`);
  let text = '';
  for (let place = 0; place < ID_RANDOM_CHARS; place++) {
    text = BASE32.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return prefix + text;
}

/** A secret access key as AWS spells them, of 40 random characters of base64url. */
export function secretAccessKey(random: string): string {
  return random.replaceAll('-', '+').replaceAll('_', '/');
}

/** Throws INVALID_FIELD for what can be no id of a key that lasts. */
export function parseAccessKeyId(text: string): string {
  if (ACCESS_KEY_ID.test(text) && !GOOGLE_KEY_ID.test(text) && !text.startsWith('ASIA')) return text;
  const problem = 'must be 4 to 128 letters, digits and underscores, and no key of a session, which begins with ASIA';
  throw new Fault('INVALID_FIELD', { field: 'accessKeyId', problem });
}

/** Throws INVALID_FIELD, which does not hold it, for what can be no secret access key. */
export function checkSecretAccessKey(text: string): void {
  if (SECRET_KEY.test(text)) return;
  const problem = 'must be 4 to 128 printable characters without spaces';
  throw new Fault('INVALID_FIELD', { field: 'secretAccessKey', problem });
}

/** Throws INVALID_FIELD for what is no id of an account of AWS's. */
export function parseAwsAccount(text: string): string {
  if (ACCOUNT_ID.test(text)) return text;
  throw new Fault('INVALID_FIELD', { field: 'awsAccountId', problem: 'must be 12 digits' });
}

/** The account of AWS's that a project is: the one that was set, or else its number. */
export function awsAccountOf({ awsAccount, number }: Pick<Project, 'awsAccount' | 'number'>): string {
  return awsAccount ?? number;
}
