// The sealed format: AES-256-GCM boxes, and what is authenticated beside their bytes. Nothing here knows the store.
// The byte layout, the associated data and test vectors stand in docs/envelope.md; a test holds this file to them.
// Every way in which a box can fail to open throws EnvelopeError, and only that.

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const FORMAT_VERSION = 1;
const CIPHER = 'aes-256-gcm';
export const KEY_BYTES = 32;
const KEY_ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NAMED_HEADER_BYTES: number = 1 + KEY_ID_BYTES;
const BARE_HEADER_BYTES = 1;
/** Of a key that `wrapKey` sealed. */
export const WRAPPED_KEY_BYTES: number = NAMED_HEADER_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/** What a box is for. It opens each box's associated data, so a box of one purpose never opens as another. */
export type Purpose =
  | 'coffer root key v1'
  | 'coffer project key v1'
  | 'coffer data key v1'
  | 'coffer payload v1'
  | 'coffer customer key v1'
  | 'coffer material key v1'
  | 'coffer key material v1'
  | 'coffer aws secret key v1'
  | 'coffer bytes v1'
  | 'coffer sealed text v1';

/** A 256-bit key, and the id that boxes sealed with it carry. */
export interface NamedKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** A box does not open. The message says why, and holds key ids and lengths only. */
export class EnvelopeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EnvelopeError';
  }
}

/** Turns raw key bytes into a KeyObject and overwrites the bytes. Throws EnvelopeError unless they are 32. */
export function adoptKey(raw: Uint8Array): KeyObject {
  checkKey(raw);
  const key = createSecretKey(raw);
  raw.fill(0);
  return key;
}

function checkKey(raw: Uint8Array): void {
  if (raw.length !== KEY_BYTES) throw new EnvelopeError(`a key has ${raw.length} bytes instead of ${KEY_BYTES}`);
}

export function newKey(): KeyObject {
  return adoptKey(newKeyBytes());
}

/** Asked of the system at once: each question costs more than its bytes. */
const KEYS_EACH = 32;
let keyBytes = Buffer.alloc(0);
let keyBytesTaken = 0;

/** The bytes of a new key, for whoever needs it twice and no more; to be overwritten then. */
export function newKeyBytes(): Buffer {
  if (keyBytesTaken === keyBytes.length) {
    keyBytes = randomBytes(KEYS_EACH * KEY_BYTES);
    keyBytesTaken = 0;
  }
  keyBytesTaken += KEY_BYTES;
  return keyBytes.subarray(keyBytesTaken - KEY_BYTES, keyBytesTaken);
}

/** `key` with its id: the first 64 bits of HMAC-SHA256 under the key itself, in hex. It tells nothing else of the key. */
export function nameKey(key: KeyObject): NamedKey {
  const mac = createHmac('sha256', key).update('coffer key id v1').digest('hex');
  return { id: mac.slice(0, KEY_ID_BYTES * 2), key };
}

/** A key for another use than sealing, drawn from `root` by HKDF-SHA256 (RFC 5869) with an empty salt. */
export function deriveKey(root: KeyObject, use: string): KeyObject {
  return adoptKey(new Uint8Array(hkdfSync('sha256', root, '', use, KEY_BYTES)));
}

/** `texts` in one unambiguous string of bytes: each in UTF-8 after its length in bytes as 32 bits, big-endian. */
export function lengthPrefixed(texts: readonly string[]): Buffer {
  let bytes = 0;
  for (const text of texts) bytes += 4 + Buffer.byteLength(text);
  const out = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const text of texts) {
    const length = out.write(text, at + 4);
    out.writeUInt32BE(length, at);
    at += 4 + length;
  }
  return out;
}

/** What is authenticated with a box but not kept in it: its purpose and the uids of the place it belongs to. */
export function associatedData(purpose: Purpose, place: readonly string[]): Buffer {
  return lengthPrefixed([purpose, ...place]);
}

/**
 * Seals `plaintext` under a key that seals many boxes; the box carries the key's id. `nonce` is random: only test
 * vectors give one.
 */
export function sealNamed(key: NamedKey, aad: Buffer, plaintext: Uint8Array, nonce: Buffer = newNonce()): Buffer {
  const header = Buffer.alloc(NAMED_HEADER_BYTES);
  header[0] = FORMAT_VERSION;
  header.write(key.id, 1, 'hex');
  return encrypt(header, key.key, aad, plaintext, nonce);
}

/** Opens a box of `sealNamed`. Throws EnvelopeError, naming both keys where the box was sealed with another one. */
export function openNamed(key: NamedKey, aad: Buffer, box: Uint8Array): Buffer {
  const bytes = checked(box, NAMED_HEADER_BYTES);
  const id = bytes.toString('hex', 1, NAMED_HEADER_BYTES);
  if (id !== key.id) throw new EnvelopeError(`sealed with key ${id}, but the key at hand is ${key.id}`);
  return decrypt(bytes, NAMED_HEADER_BYTES, key.key, aad);
}

/** Seals a key under another; its raw bytes are overwritten. */
export function wrapKey(wrapping: NamedKey, aad: Buffer, key: KeyObject): Buffer {
  const raw = key.export();
  const wrapped = sealNamed(wrapping, aad, raw);
  raw.fill(0);
  return wrapped;
}

/** Seals `plaintext` under a key that seals this one box only, so the box carries no key id. */
export function sealBare(
  key: KeyObject | Buffer,
  aad: Buffer,
  plaintext: Uint8Array,
  nonce: Buffer = newNonce(),
): Buffer {
  return encrypt(Buffer.of(FORMAT_VERSION), key, aad, plaintext, nonce);
}

/** Opens a box of `sealBare`. Throws EnvelopeError. */
export function openBare(key: KeyObject, aad: Buffer, box: Uint8Array): Buffer {
  return decrypt(checked(box, BARE_HEADER_BYTES), BARE_HEADER_BYTES, key, aad);
}

/**
 * The same under raw key bytes that open nothing else, and are overwritten: a KeyObject made for one box costs as much as
 * opening it. Throws EnvelopeError.
 */
export function openBareOnce(raw: Uint8Array, aad: Buffer, box: Uint8Array): Buffer {
  checkKey(raw);
  try {
    return decrypt(checked(box, BARE_HEADER_BYTES), BARE_HEADER_BYTES, raw, aad);
  } finally {
    raw.fill(0);
  }
}

/** The id of the key that a box of `sealNamed` was sealed with. Throws EnvelopeError for what is no such box. */
export function keyIdOf(box: Uint8Array): string {
  return checked(box, NAMED_HEADER_BYTES).toString('hex', 1, NAMED_HEADER_BYTES);
}

/** Asked of the system at once: nonces are no secret, and each question costs more than its bytes. */
const NONCES_EACH = 64;
let nonces = Buffer.alloc(0);
let noncesTaken = 0;

/** 96 random bits, good for one use under one key. */
export function newNonce(): Buffer {
  if (noncesTaken + NONCE_BYTES > nonces.length) {
    nonces = randomBytes(NONCES_EACH * NONCE_BYTES);
    noncesTaken = 0;
  }
  noncesTaken += NONCE_BYTES;
  return nonces.subarray(noncesTaken - NONCE_BYTES, noncesTaken);
}

function encrypt(header: Buffer, key: KeyObject | Buffer, aad: Buffer, plaintext: Uint8Array, nonce: Buffer): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  // Memory of its own: what is sent to another thread takes all of the memory along that it lies in.
  const box = Buffer.allocUnsafeSlow(header.length + nonce.length + ciphertext.length + TAG_BYTES);
  let at = 0;
  for (const part of [header, nonce, ciphertext, cipher.getAuthTag()]) at += part.copy(box, at);
  return box;
}

function decrypt(box: Buffer, headerBytes: number, key: KeyObject | Uint8Array, aad: Buffer): Buffer {
  const sealedAt = headerBytes + NONCE_BYTES;
  const tagAt = box.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, box.subarray(headerBytes, sealedAt), { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(box.subarray(tagAt));
  const plaintext = decipher.update(box.subarray(sealedAt, tagAt));
  try {
    decipher.final();
  } catch {
    // Unauthenticated text must not outlive this call. Node's own error says no more than ours.
    plaintext.fill(0);
    throw new EnvelopeError('the key, the place or the bytes are not those it was sealed with');
  }
  return plaintext;
}

function checked(box: Uint8Array, headerBytes: number): Buffer {
  const bytesMin = headerBytes + NONCE_BYTES + TAG_BYTES;
  if (box.length < bytesMin)
    throw new EnvelopeError(`${box.length} bytes are too few: at least ${bytesMin} are needed`);
  const version = box[0];
  if (version !== FORMAT_VERSION) {
    throw new EnvelopeError(`sealed in format ${version}, but this program knows format ${FORMAT_VERSION}`);
  }
  return Buffer.from(box.buffer, box.byteOffset, box.byteLength);
}
