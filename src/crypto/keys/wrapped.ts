// Keys on their way between two servers: AES-KWP (RFC 5649) under a key of their own, which RSA-OAEP wraps. The layout of
// Vault's import: what OAEP made comes first, as long as the modulus.

import {
  constants,
  createCipheriv,
  createDecipheriv,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import type { HashName } from '../../core/keys/type.ts';
import { NODE_HASHES } from './hashes.ts';

const CIPHER = 'id-aes256-wrap-pad';
const EPHEMERAL_BYTES = 32;
/** RFC 5649 section 3. */
const KWP_IV = Buffer.from('a65959a6', 'hex');

const oaep = (hash: HashName) => ({ padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: NODE_HASHES[hash] });

/** `publicKey` is SubjectPublicKeyInfo in PEM. What is wrapped is wiped. */
export function wrapFor(publicKey: string, plain: Uint8Array, hash: HashName): Buffer {
  const ephemeral = randomBytes(EPHEMERAL_BYTES);
  try {
    const cipher = createCipheriv(CIPHER, ephemeral, KWP_IV);
    const key = publicEncrypt({ key: publicKey, ...oaep(hash) }, ephemeral);
    return Buffer.concat([key, cipher.update(plain), cipher.final()]);
  } finally {
    ephemeral.fill(0);
    plain.fill(0);
  }
}

/** Throws where it was not wrapped for this key. */
export function unwrapBy(key: KeyObject, modulusBytes: number, wrapped: Uint8Array, hash: HashName): Buffer {
  const ephemeral = privateDecrypt({ key, ...oaep(hash) }, wrapped.subarray(0, modulusBytes));
  const decipher = createDecipheriv(CIPHER, ephemeral, KWP_IV);
  ephemeral.fill(0);
  return Buffer.concat([decipher.update(wrapped.subarray(modulusBytes)), decipher.final()]);
}
