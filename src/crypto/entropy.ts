// Randomness for uids, etags and tokens: the operating system's generator only.

import { hash, randomBytes, randomInt } from 'node:crypto';
import { CREDENTIAL_PREFIX, CREDENTIAL_RANDOM_CHARS, VAULT_RANDOM_CHARS } from '../core/credential.ts';
import type { Entropy } from '../core/ports.ts';
import { Redacted } from '../core/redacted.ts';

const UID_BYTES = 16;
const ETAG_BYTES = 7;
/** Asked of the system at once: every answered request takes a uid, and each question costs more than its bytes. */
const POOL_BYTES: number = 128 * UID_BYTES;

export const systemEntropy: Entropy = {
  uid: () => pooled(UID_BYTES),

  etag: () => pooled(ETAG_BYTES),

  digits: (count) => {
    let digits = String(randomInt(1, 10));
    while (digits.length < count) digits += String(randomInt(10));
    return digits;
  },

  text: randomText,

  credential: (kind) => {
    const text = CREDENTIAL_PREFIX[kind] + randomText(kind === 'vault' ? VAULT_RANDOM_CHARS : CREDENTIAL_RANDOM_CHARS);
    return { text: new Redacted(text), hash: hash('sha256', text, 'hex') };
  },
};

let pool = randomBytes(POOL_BYTES);
let taken = 0;

/** Bytes for names, in hex; what is secret does not come from the pool. */
function pooled(bytes: number): string {
  if (taken + bytes > POOL_BYTES) {
    pool = randomBytes(POOL_BYTES);
    taken = 0;
  }
  taken += bytes;
  return pool.toString('hex', taken - bytes, taken);
}

function randomText(count: number): string {
  // Base64url spends 6 bits a character, so every character is drawn evenly from all 64.
  return randomBytes(Math.ceil((count * 3) / 4))
    .toString('base64url')
    .slice(0, count);
}
