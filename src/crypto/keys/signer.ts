// Signatures of RSA, ECDSA and Ed25519. Whatever takes the better part of a millisecond is done off the loop, in a turn:
// RSA's private key, and the two larger curves; the rest at once.

import { constants, createHash, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { Fault } from '../../core/error.ts';
import type { SignOptions } from '../../core/keys/port.ts';
import { type HashName, type KeyType, traitsOf } from '../../core/keys/type.ts';
import type { Maybe } from '../../core/ports.ts';
import { signDigest, verifyDigest } from './ecdsa-digest.ts';
import { HASH_BYTES, NODE_HASHES } from './hashes.ts';
import { saltBytesMax, signPkcs1Digest, signPssDigest, verifyPkcs1Digest, verifyPssDigest } from './rsa-digest.ts';
import { inDer, sideBySide } from './signature-form.ts';
import type { Turns } from './turns.ts';

const COORDINATE_BYTES = { 'P-256': 32, 'P-384': 48, 'P-521': 66 } as const;

const signAside = promisify(sign) as unknown as (hash: string, input: Uint8Array, key: object) => Promise<Buffer>;
const verifyAside = promisify(verify) as unknown as (
  hash: string,
  input: Uint8Array,
  key: object,
  signature: Uint8Array,
) => Promise<boolean>;

export function signWith(
  turns: Turns,
  type: KeyType,
  key: KeyObject,
  input: Uint8Array,
  options: SignOptions,
): Maybe<Uint8Array> {
  const { kind, curve } = traitsOf(type);
  if (kind === 'eddsa') return sign(null, input, key);
  if (kind === 'rsa') return signRsa(turns, key, input, options);
  const dsaEncoding = options.encoding === 'der' ? 'der' : 'ieee-p1363';
  if (options.prehashed || options.hash === undefined) {
    const signature = signDigest(key, input);
    return options.encoding === 'der' ? inDer(signature) : signature;
  }
  const hash = NODE_HASHES[options.hash];
  if (curve === 'P-256') return sign(hash, input, { key, dsaEncoding });
  return turns.take(() => signAside(hash, input, { key, dsaEncoding }));
}

export function verifyWith(
  turns: Turns,
  type: KeyType,
  key: KeyObject,
  input: Uint8Array,
  signature: Uint8Array,
  options: SignOptions,
): Maybe<boolean> {
  const { kind, curve = 'P-256' } = traitsOf(type);
  if (kind === 'eddsa') return signature.length === 64 && verify(null, input, key, signature);
  if (kind === 'rsa') return verifyRsa(key, input, signature, options);
  const numbers = options.encoding === 'der' ? sideBySide(signature, COORDINATE_BYTES[curve]) : signature;
  if (numbers === undefined || numbers.length !== 2 * COORDINATE_BYTES[curve]) return false;
  if (options.prehashed || options.hash === undefined) return verifyDigest(key, input, numbers);
  const hash = NODE_HASHES[options.hash];
  const how = { key, dsaEncoding: 'ieee-p1363' } as const;
  if (curve === 'P-256') return verify(hash, input, how, numbers);
  return turns.take(() => verifyAside(hash, input, how, numbers));
}

function signRsa(turns: Turns, key: KeyObject, input: Uint8Array, options: SignOptions): Maybe<Uint8Array> {
  const { hash, scheme, prehashed } = options;
  if (scheme === 'pkcs1v15') {
    if (hash === undefined || prehashed)
      return turns.take(async () => signPkcs1Digest(key, checkedDigest(key, input, hash), hash));
    return turns.take(() => signAside(NODE_HASHES[hash], input, { key, padding: constants.RSA_PKCS1_PADDING }));
  }
  const digest = prehashed ? input : undefined;
  const named = hashOfPss(hash);
  const saltLength = saltBytes(key, options, named) ?? saltBytesMax(key, named);
  if (digest !== undefined) {
    checkedDigest(key, digest, named);
    return turns.take(async () => signPssDigest(key, digest, named, saltLength));
  }
  const how = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  return turns.take(() => signAside(NODE_HASHES[named], input, how));
}

/** RSA verifies in some tens of microseconds. */
function verifyRsa(key: KeyObject, input: Uint8Array, signature: Uint8Array, options: SignOptions): boolean {
  const { hash, scheme, prehashed } = options;
  const digest = prehashed || hash === undefined ? input : createHash(NODE_HASHES[hash]).update(input).digest();
  if (scheme === 'pkcs1v15') return verifyPkcs1Digest(key, checkedDigest(key, digest, hash), hash, signature);
  const named = hashOfPss(hash);
  return verifyPssDigest(key, checkedDigest(key, digest, named), named, saltBytes(key, options, named), signature);
}

function hashOfPss(hash: HashName | undefined): HashName {
  if (hash === undefined) throw new Fault('INVALID_FIELD', { field: 'hash', problem: 'PSS needs one', rule: 'pss' });
  return hash;
}

/** Undefined: as it comes. Throws INVALID_FIELD for a length that no signature of this key can have. */
function saltBytes(key: KeyObject, { salt }: SignOptions, hash: HashName): number | undefined {
  if (salt === 'auto') return undefined;
  const bytes = salt === 'hash' ? HASH_BYTES[hash] : salt;
  if (Number.isSafeInteger(bytes) && bytes > 0 && bytes <= saltBytesMax(key, hash)) return bytes;
  const problem = `1 to ${saltBytesMax(key, hash)} bytes`;
  throw new Fault('INVALID_FIELD', { field: 'salt length', problem, rule: 'salt', salt: bytes });
}

/** A digest must be as long as its hash makes it; input without one must fit. */
function checkedDigest(key: KeyObject, digest: Uint8Array, hash: HashName | undefined): Uint8Array {
  const room = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8 - 11;
  if (hash === undefined ? digest.length <= room : digest.length === HASH_BYTES[hash]) return digest;
  const problem =
    hash === undefined ? `at most ${room} bytes fit` : `a digest of ${hash} has ${HASH_BYTES[hash]} bytes`;
  throw new Fault('INVALID_FIELD', { field: 'input', problem, rule: 'digest' });
}

/** In constant time where both are as long. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
