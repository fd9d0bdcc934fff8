// The keys by which this server signs ID tokens: RSA 2048 (RS256), sealed under the root key like the local CA. A new one
// is made thirty days after the last, is published for an hour before it signs, which is as long as a verifier may keep
// what it fetched, and the old one stays published for as long as a token that it signed can live.

import { createPrivateKey, createPublicKey, generateKeyPair, hash, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { Claims } from '../core/jwt.ts';
import { CLOCK_SKEW_SECONDS, ID_TOKEN_SECONDS } from '../core/limits.ts';
import type { Clock, MetaStore, TokenSigner } from '../core/ports.ts';
import { Redacted } from '../core/redacted.ts';
import { EnvelopeError } from './envelope.ts';
import type { Keyring } from './keyring.ts';

const META_KEY = 'token-signing-keys';
const PURPOSE = 'token signing keys';
const RECORD_FORMAT = 1;
/** Of each key: when it was made (8 bytes) and how long it is (2 bytes). */
const ENTRY_HEADER_BYTES = 10;
const MODULUS_BITS = 2048;
const KEY_ID_CHARS = 40;
const HOUR_MS = 3_600_000;
const ROTATE_MS: number = 30 * 24 * HOUR_MS;

/** How long the published keys may be kept by whoever fetched them. */
export const KEYS_FRESH_SECONDS = 3600;

const PUBLISH_AHEAD_MS: number = KEYS_FRESH_SECONDS * 1000;
/** How soon the keys that another server of the same store has made are known here. */
const REREAD_MS = 60_000;
const TOKEN_MS: number = (ID_TOKEN_SECONDS + CLOCK_SKEW_SECONDS) * 1000;

/** A key as verifiers are shown it (RFC 7517). */
export interface PublicJwk {
  readonly kty: 'RSA';
  readonly alg: 'RS256';
  readonly use: 'sig';
  readonly kid: string;
  readonly n: string;
  readonly e: string;
}

export interface SigningKeysOptions {
  readonly meta: MetaStore;
  readonly keyring: Pick<Keyring, 'sealBytes' | 'openBytes'>;
  readonly clock: Clock;
  /** Whether other servers sign with the same keys, and make new ones. */
  readonly isShared?: boolean;
}

interface SigningKey {
  readonly id: string;
  readonly key: KeyObject;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** The stored keys do not open. The message is one line for the operator. */
export class SigningKeysError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SigningKeysError';
  }
}

export class SigningKeys implements TokenSigner {
  readonly #options: SigningKeysOptions;
  /** Oldest first. */
  #keys: readonly SigningKey[];
  #making: Promise<void> | undefined;
  #readAt: number;
  /** How long a key is published before it signs. */
  readonly #aheadMs: number;
  readonly #certificates = new Map<string, Promise<string>>();

  constructor(keys: readonly SigningKey[], options: SigningKeysOptions) {
    this.#keys = keys;
    this.#options = options;
    this.#readAt = options.clock.now();
    this.#aheadMs = PUBLISH_AHEAD_MS + (options.isShared ? REREAD_MS : 0);
  }

  /** A JWT over these claims (RFC 7515 compact form), signed by the key that is current. */
  async sign(claims: Claims): Promise<Redacted<string>> {
    const { id, key } = await this.#current();
    const header = base64url(JSON.stringify({ alg: 'RS256', kid: id, typ: 'JWT' }));
    const signed = `${header}.${base64url(JSON.stringify(claims))}`;
    // Off the loop: a signature takes the better part of a millisecond.
    const signature = await signAsync('RSA-SHA256', Buffer.from(signed), key);
    return new Redacted(`${signed}.${signature.toString('base64url')}`);
  }

  /** Every key by which a token may be signed that is not over yet, newest first. */
  async jwks(): Promise<readonly PublicJwk[]> {
    await this.#current();
    return this.#keys.toReversed().map(({ id, key }) => {
      const { n = '', e = '' } = createPublicKey(key).export({ format: 'jwk' });
      return { kty: 'RSA', alg: 'RS256', use: 'sig', kid: id, n, e };
    });
  }

  /** The same keys, each in a certificate in PEM, by key id: the form that older Google libraries fetch. */
  async certificates(): Promise<Readonly<Record<string, string>>> {
    await this.#current();
    const made = this.#keys.map(async (key) => [key.id, await this.#certificate(key)] as const);
    return Object.fromEntries(await Promise.all(made));
  }

  /** The key that signs now; makes what is due. */
  async #current(): Promise<SigningKey> {
    const { clock, isShared } = this.#options;
    const now = clock.now();
    if (isShared && now - this.#readAt >= REREAD_MS) await this.#reread(now);
    const newest = this.#keys.at(-1);
    const isDue = newest === undefined || now - newest.createdAt >= ROTATE_MS;
    const hasEnded = this.#keys.length > 1 && this.#living(now).length < this.#keys.length;
    if (isDue || hasEnded) {
      this.#making ??= this.#renew(isDue).finally(() => {
        this.#making = undefined;
      });
      await this.#making;
    }
    const published = this.#keys.filter(({ createdAt }) => now - createdAt >= this.#aheadMs);
    // The very first key has nobody who could know another.
    return (published.at(-1) ?? this.#keys[0]) as SigningKey;
  }

  async #renew(isDue: boolean): Promise<void> {
    const { meta, keyring, clock, isShared } = this.#options;
    if (isShared) {
      const before = this.#keys.at(-1);
      await this.#reread(clock.now());
      // Another server was first.
      if (this.#keys.at(-1)?.id !== before?.id) return;
    }
    const made = isDue ? [await makeKey(clock.now())] : [];
    const keys = [...this.#living(clock.now()), ...made];
    const record = writeRecord(keys);
    await meta.setMeta(META_KEY, keyring.sealBytes(PURPOSE, record));
    record.fill(0);
    this.#keys = keys;
    for (const id of this.#certificates.keys()) {
      if (!keys.some((key) => key.id === id)) this.#certificates.delete(id);
    }
  }

  async #reread(now: number): Promise<void> {
    const { meta, keyring } = this.#options;
    const stored = await meta.meta(META_KEY);
    this.#readAt = now;
    if (stored !== undefined) this.#keys = readRecord(keyring.openBytes(PURPOSE, stored));
  }

  /** Those that sign, will sign, or signed something that is not over. */
  #living(now: number): readonly SigningKey[] {
    return this.#keys.filter((_key, index) => {
      const successor = this.#keys[index + 1];
      return successor === undefined || now < successor.createdAt + this.#aheadMs + TOKEN_MS;
    });
  }

  #certificate({ id, key, createdAt }: SigningKey): Promise<string> {
    const known = this.#certificates.get(id);
    if (known !== undefined) return known;
    const validity = { notBefore: createdAt - HOUR_MS, notAfter: createdAt + 2 * ROTATE_MS };
    const made = import('./certificate.ts').then(({ certifySigner }) =>
      certifySigner(key, 'Coffer ID tokens', validity),
    );
    this.#certificates.set(id, made);
    made.catch(() => this.#certificates.delete(id));
    return made;
  }
}

/** Opens the keys of this store; where there are none, the first is made when it is needed. Throws SigningKeysError. */
export async function openSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const stored = await options.meta.meta(META_KEY);
  if (stored === undefined) return new SigningKeys([], options);
  try {
    const record = options.keyring.openBytes(PURPOSE, stored);
    return new SigningKeys(readRecord(record), options);
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error;
    throw new SigningKeysError(
      `the keys of the ID tokens do not open, so their stored bytes were changed (${error.message}): ` +
        'restore the data directory from your backup',
      { cause: error },
    );
  }
}

const generate = promisify(generateKeyPair);
const signAsync = promisify<string, Buffer, KeyObject, Buffer>(sign);

async function makeKey(now: number): Promise<SigningKey> {
  const { privateKey } = await generate('rsa', { modulusLength: MODULUS_BITS });
  return { id: keyId(privateKey), key: privateKey, createdAt: now };
}

/** The beginning of the SHA-256 of the public key, as long as Google's own key ids. */
function keyId(key: KeyObject): string {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return hash('sha256', spki, 'hex').slice(0, KEY_ID_CHARS);
}

/** A format byte, then for each key the time it was made, its length, and itself in PKCS #8 DER. */
function writeRecord(keys: readonly SigningKey[]): Buffer {
  const entries = keys.map(({ key, createdAt }) => {
    const der = key.export({ format: 'der', type: 'pkcs8' });
    const entry = Buffer.alloc(ENTRY_HEADER_BYTES + der.length);
    entry.writeBigUInt64BE(BigInt(createdAt), 0);
    entry.writeUInt16BE(der.length, 8);
    der.copy(entry, ENTRY_HEADER_BYTES);
    der.fill(0);
    return entry;
  });
  const record = Buffer.concat([Buffer.of(RECORD_FORMAT), ...entries]);
  for (const entry of entries) entry.fill(0);
  return record;
}

function readRecord(record: Uint8Array): readonly SigningKey[] {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  if (bytes[0] !== RECORD_FORMAT) throw new EnvelopeError('not a record of signing keys');
  const keys: SigningKey[] = [];
  for (let at = 1; at + ENTRY_HEADER_BYTES <= bytes.length; ) {
    const createdAt = Number(bytes.readBigUInt64BE(at));
    const end = at + ENTRY_HEADER_BYTES + bytes.readUInt16BE(at + 8);
    const der = bytes.subarray(at + ENTRY_HEADER_BYTES, end);
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    keys.push({ id: keyId(key), key, createdAt });
    at = end;
  }
  bytes.fill(0);
  return keys;
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
