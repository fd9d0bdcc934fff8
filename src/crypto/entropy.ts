// Randomness for uids, etags and tokens: the operating system's generator only.

import { hash, randomBytes, randomInt } from 'node:crypto';
import { CREDENTIAL_PREFIX, CREDENTIAL_RANDOM_CHARS } from '../core/credential.ts';
import type { Entropy } from '../core/ports.ts';
import { Redacted } from '../core/redacted.ts';

const UID_BYTES = 16;
const ETAG_BYTES = 7;

export const systemEntropy: Entropy = {
  uid: () => randomBytes(UID_BYTES).toString('hex'),

  etag: () => randomBytes(ETAG_BYTES).toString('hex'),

  digits: (count) => {
    let digits = String(randomInt(1, 10));
    while (digits.length < count) digits += String(randomInt(10));
    return digits;
  },

  text: randomText,

  credential: (kind) => {
    const text = CREDENTIAL_PREFIX[kind] + randomText(CREDENTIAL_RANDOM_CHARS);
    return { text: new Redacted(text), hash: hash('sha256', text, 'hex') };
  },
};

function randomText(count: number): string {
  // Base64url spends 6 bits a character, so every character is drawn evenly from all 64.
  return randomBytes(Math.ceil((count * 3) / 4))
    .toString('base64url')
    .slice(0, count);
}
