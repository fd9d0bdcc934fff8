// RSA signatures (RFC 8017) over a digest that the caller made: the encoded message is built here, of hashes alone, and
// OpenSSL does what takes the private key. PKCS #1 v1.5 without a hash pads the input as it is.

import {
  constants,
  createHash,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import type { HashName } from '../../core/keys/type.ts';
import { HASH_BYTES, NODE_HASHES } from './hashes.ts';

/** What stands before the digest in PKCS #1 v1.5: section 9.2, note 1; of SHA-3, NIST's object identifiers. */
const DIGEST_INFO: Readonly<Record<HashName, string>> = {
  sha1: '3021300906052b0e03021a05000414',
  'sha2-224': '302d300d06096086480165030402040500041c',
  'sha2-256': '3031300d060960864801650304020105000420',
  'sha2-384': '3041300d060960864801650304020205000430',
  'sha2-512': '3051300d060960864801650304020305000440',
  'sha3-224': '302d300d06096086480165030402070500041c',
  'sha3-256': '3031300d060960864801650304020805000420',
  'sha3-384': '3041300d060960864801650304020905000430',
  'sha3-512': '3051300d060960864801650304020a05000440',
};

const PSS_TRAILER = 0xbc;

/** What is padded by PKCS #1 v1.5. */
function paddedInput(digest: Uint8Array, hash: HashName | undefined): Buffer {
  return Buffer.concat([Buffer.from(hash === undefined ? '' : DIGEST_INFO[hash], 'hex'), digest]);
}

export function signPkcs1Digest(key: KeyObject, digest: Uint8Array, hash: HashName | undefined): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, paddedInput(digest, hash));
}

export function verifyPkcs1Digest(
  key: KeyObject,
  digest: Uint8Array,
  hash: HashName | undefined,
  signature: Uint8Array,
): boolean {
  const found = opened(key, signature, constants.RSA_PKCS1_PADDING);
  const wanted = paddedInput(digest, hash);
  return found !== undefined && found.length === wanted.length && timingSafeEqual(found, wanted);
}

/** Section 9.1.1, with so many bytes of salt. */
export function signPssDigest(key: KeyObject, digest: Uint8Array, hash: HashName, saltBytes: number): Buffer {
  const bytes = encodedBytes(key);
  const salt = randomBytes(saltBytes);
  const inner = innerHash(hash, digest, salt);
  const block = Buffer.alloc(bytes - inner.length - 1);
  block[block.length - salt.length - 1] = 1;
  salt.copy(block, block.length - salt.length);
  const masked = masking(hash, inner, block);
  const encoded = Buffer.concat([masked, inner, Buffer.of(PSS_TRAILER)]);
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
}

/** Section 9.1.2; the salt is as long as it is where `saltBytes` is undefined. */
export function verifyPssDigest(
  key: KeyObject,
  digest: Uint8Array,
  hash: HashName,
  saltBytes: number | undefined,
  signature: Uint8Array,
): boolean {
  const encoded = opened(key, signature, constants.RSA_NO_PADDING);
  const hashBytes = HASH_BYTES[hash];
  if (encoded === undefined || encoded.at(-1) !== PSS_TRAILER || encoded.length < hashBytes + 2) return false;
  // The lengths of all moduli here are multiples of 8 bits, so that exactly the top bit is spare.
  if ((encoded[0] as number) >= 0x80) return false;
  const innerAt = encoded.length - hashBytes - 1;
  const inner = encoded.subarray(innerAt, -1);
  const block = masking(hash, inner, encoded.subarray(0, innerAt));
  const one = block.findIndex((byte) => byte !== 0);
  if (one < 0 || block[one] !== 1) return false;
  const salt = block.subarray(one + 1);
  if (saltBytes !== undefined && salt.length !== saltBytes) return false;
  return timingSafeEqual(innerHash(hash, digest, salt), inner);
}

/** The longest salt that fits. */
export function saltBytesMax(key: KeyObject, hash: HashName): number {
  return encodedBytes(key) - HASH_BYTES[hash] - 2;
}

function encodedBytes(key: KeyObject): number {
  return Math.ceil(((key.asymmetricKeyDetails?.modulusLength ?? 0) - 1) / 8);
}

function innerHash(hash: HashName, digest: Uint8Array, salt: Uint8Array): Buffer {
  return createHash(NODE_HASHES[hash]).update(Buffer.alloc(8)).update(digest).update(salt).digest();
}

/** `block` under the mask of MGF1 (appendix B.2.1), its top bit cleared. Masking twice gives the block again. */
function masking(hash: HashName, seed: Uint8Array, block: Uint8Array): Buffer {
  const masked = Buffer.from(block);
  const counter = Buffer.alloc(4);
  for (let at = 0, count = 0; at < masked.length; count++) {
    counter.writeUInt32BE(count);
    for (const byte of createHash(NODE_HASHES[hash]).update(seed).update(counter).digest()) {
      if (at < masked.length) masked[at] = (masked[at] as number) ^ byte;
      at++;
    }
  }
  masked[0] = (masked[0] as number) & 0x7f;
  return masked;
}

function opened(key: KeyObject, signature: Uint8Array, padding: number): Buffer | undefined {
  try {
    return publicDecrypt({ key, padding }, signature);
  } catch {
    return undefined;
  }
}
