// A long text sealed in chunks (STREAM, Hoang et al. 2015): AES-256-GCM under a key that seals this one text. The nonce of
// a chunk is its number and whether it is the last, so none can be left out, moved or cut off. See docs/backup.md.

import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { EnvelopeError } from './envelope.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const CHUNK_BYTES: number = 64 * 1024;
/** Of a chunk as it is sealed. */
export const CHUNK_BOX_BYTES: number = CHUNK_BYTES + TAG_BYTES;

/** The sealed chunk with this number, from 0. */
export function sealChunk(key: KeyObject, number: number, isLast: boolean, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonceOf(number, isLast), { authTagLength: TAG_BYTES });
  const sealed = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([sealed, cipher.getAuthTag()]);
}

/** Throws EnvelopeError unless it is the whole chunk with this number, and the last where it should be. */
export function openChunk(key: KeyObject, number: number, isLast: boolean, box: Buffer): Buffer {
  if (box.length < TAG_BYTES) throw new EnvelopeError(`it was cut short or changed at chunk ${number}`);
  const tagAt = box.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, nonceOf(number, isLast), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(box.subarray(tagAt));
  const plaintext = decipher.update(box.subarray(0, tagAt));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw new EnvelopeError(`it was cut short or changed at chunk ${number}`);
  }
  return plaintext;
}

/** The number as 88 bits, big-endian, and a byte that is 1 for the last chunk. */
function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUIntBE(number, NONCE_BYTES - 7, 6);
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return nonce;
}
