// Makes the keys of service accounts: RSA 2048, as Google's. Making one takes a thread for a tenth of a second or more,
// so one is made at a time and few may wait: whoever asks for more is told so.

import { createPublicKey, generateKeyPair, hash } from 'node:crypto';
import { promisify } from 'node:util';
import type { AccountKeyPair } from '../core/account-key-pair.ts';
import { Fault } from '../core/error.ts';
import { Redacted } from '../core/redacted.ts';

const MODULUS_BITS = 2048;
const KEY_ID_CHARS = 40;
const WAITING_MAX = 16;

const generate = promisify(generateKeyPair);

/** Answers a maker of keys. What it gives rejects with LIMIT_REACHED where too many wait already. */
export function accountKeyMaker(): () => Promise<AccountKeyPair> {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async () => {
    if (waiting >= WAITING_MAX) {
      throw new Fault('LIMIT_REACHED', { what: 'service account keys being made at once', limit: WAITING_MAX });
    }
    waiting++;
    const made = last.then(makePair);
    last = made.catch(() => undefined);
    try {
      return await made;
    } finally {
      waiting--;
    }
  };
}

async function makePair(): Promise<AccountKeyPair> {
  const { privateKey } = await generate('rsa', { modulusLength: MODULUS_BITS });
  const publicKey = createPublicKey(privateKey);
  const id = hash('sha256', publicKey.export({ format: 'der', type: 'spki' }), 'hex').slice(0, KEY_ID_CHARS);
  return {
    id,
    publicKey: publicKey.export({ format: 'pem', type: 'spki' }) as string,
    privateKey: new Redacted(privateKey.export({ format: 'pem', type: 'pkcs8' }) as string),
  };
}
