// Texts that leave the server sealed and come back by themselves: nobody can read one, change it, or use it for another
// thing than it was sealed for. Each box has a key of its own, drawn by a random salt, so that there may be as many as one
// likes: with one key for all, random nonces would end at 2^32 (docs/envelope.md).

import { createHmac, type KeyObject, randomBytes } from 'node:crypto';
import { adoptKey, associatedData, EnvelopeError, openBare, sealBare } from './envelope.ts';

const SALT_BYTES = 16;
/** Ours: of the sealed text, in base64url; beneath what a header of a request may have. */
const CHARS_MAX = 8192;

export class SealedTexts {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  /** Base64url of a salt and a bare box. */
  seal(scope: string, text: string): string {
    const salt = randomBytes(SALT_BYTES);
    const box = sealBare(this.#keyOf(salt), dataOf(scope), Buffer.from(text));
    return Buffer.concat([salt, box]).toString('base64url');
  }

  /** Undefined where it was changed, or sealed for another scope or by another server. */
  open(scope: string, sealed: string): string | undefined {
    if (sealed.length > CHARS_MAX) return undefined;
    const bytes = Buffer.from(sealed, 'base64url');
    // Node skips what is not base64url. Only the one spelling that was given out is taken.
    if (bytes.toString('base64url') !== sealed) return undefined;
    try {
      const key = this.#keyOf(bytes.subarray(0, SALT_BYTES));
      return openBare(key, dataOf(scope), bytes.subarray(SALT_BYTES)).toString();
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error;
      return undefined;
    }
  }

  #keyOf(salt: Uint8Array): KeyObject {
    return adoptKey(createHmac('sha256', this.#key).update(salt).digest());
  }
}

function dataOf(scope: string): Buffer {
  return associatedData('coffer sealed text v1', [scope]);
}
