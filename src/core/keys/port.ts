// What the core asks of cryptography for keys. Material is opened only for a grant and only in the place it was sealed
// for; it stays in the thread that uses it, as key objects, and leaves by `export` alone.

import type { Grant } from '../iam/policy.ts';
import type { Maybe } from '../ports.ts';
import type { Redacted } from '../redacted.ts';
import type { SealedPayload, Uid } from '../secret.ts';
import type { HashName, KeyType } from './type.ts';

/** Names what material belongs to; it is part of what is authenticated. */
export interface KeyPlace {
  readonly projectUid: Uid;
  readonly keyUid: Uid;
  readonly number: number;
}

/** What is opened: the version by its place, and what of it is not sealed. */
export interface SealedKey {
  readonly place: KeyPlace;
  readonly type: KeyType;
  /** Of a version that has no other half. */
  readonly publicKey?: string;
}

/** New material, before it has a place. */
export interface KeyMaterial {
  readonly record: Redacted<Uint8Array>;
  /** How long a symmetric key is. */
  readonly keyBytes?: number;
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicKey?: string;
  readonly publicOnly: boolean;
}

/** A key in its plain form, as it comes from elsewhere or goes there. */
export interface PlainKey {
  /** Of a symmetric key: itself. */
  readonly raw?: Redacted<Uint8Array>;
  /** Of a private key: PKCS #8. */
  readonly pkcs8?: Redacted<Uint8Array>;
  /** Of a public key alone: SubjectPublicKeyInfo in PEM. */
  readonly publicKey?: string;
  /** The numbers of a private or public key (RFC 7517, 7518, 8037), each in base64url. */
  readonly jwk?: Redacted<Readonly<Record<string, string>>>;
  /** What MACs are made with; absent: made anew, or the key itself. */
  readonly macKey?: Redacted<Uint8Array>;
}

/** How a private key is written. `traditional` is PKCS #1 or SEC 1, as the type has it. */
export type KeyForm = 'raw' | 'traditional' | 'pkcs8';

export interface SealOptions {
  /** Of a derived key. */
  readonly context?: Uint8Array;
  /** Sealed in beside the plaintext, and not kept in the ciphertext. */
  readonly associatedData?: Uint8Array;
  readonly convergent?: boolean;
}

export interface SignOptions {
  readonly context?: Uint8Array;
  /** Absent: what is signed stands as it is, which only PKCS #1 v1.5 and digests of ECDSA can do. */
  readonly hash?: HashName;
  /** What is signed is the digest already. */
  readonly prehashed: boolean;
  /** Of RSA. */
  readonly scheme: 'pss' | 'pkcs1v15';
  /** Of PSS: as long as fits (when verifying: whatever it has), as long as the digest, or so many bytes. */
  readonly salt: 'auto' | 'hash' | number;
  /** Of ECDSA: DER, or the two numbers side by side (IEEE P1363). */
  readonly encoding: 'der' | 'p1363';
}

/** Material of one version, opened: an answer of `open`, good for one request. */
export interface OpenKey {
  /** Nonce, ciphertext and tag in this order; of RSA, OAEP with SHA-256. */
  encrypt(plaintext: Uint8Array, options: SealOptions): Uint8Array;
  /** Throws KEY_CIPHERTEXT_INVALID. Of RSA it takes its turn off the loop. */
  decrypt(ciphertext: Uint8Array, options: SealOptions): Maybe<Redacted<Uint8Array>>;
  sign(input: Uint8Array, options: SignOptions): Maybe<Uint8Array>;
  verify(input: Uint8Array, signature: Uint8Array, options: SignOptions): Maybe<boolean>;
  mac(input: Uint8Array, hash: HashName): Uint8Array;
  /** In constant time. */
  isMac(input: Uint8Array, hash: HashName, mac: Uint8Array): boolean;
  /** The public half of what is derived for this context, in PEM. */
  derivedPublicKey(context: Uint8Array): string;
  /** The private or symmetric key; of a public one alone, an empty answer. Demands a grant of `coffer.keys.export`. */
  export(form: KeyForm): Redacted<Uint8Array>;
  /** Demands the same. */
  exportMacKey(): Redacted<Uint8Array>;
  /** The numbers of the key; demands the same. */
  exportJwk(): Redacted<Readonly<Record<string, string>>>;
  /** What was wrapped for this key: AES-KWP (RFC 5649) under a key wrapped by RSA-OAEP. Throws KEY_IMPORT_INVALID. */
  unwrap(wrapped: Uint8Array, hash: HashName): Redacted<Uint8Array>;
}

export interface KeyCrypto {
  /** Makes material. Of RSA it takes its turn off the loop. `keyBytes` is for keys of MACs. */
  make(type: KeyType, keyBytes?: number): Maybe<KeyMaterial>;
  /** Material of a key that was made elsewhere; throws KEY_IMPORT_INVALID. */
  adopt(type: KeyType, plain: PlainKey): KeyMaterial;
  seal(projectKey: Uint8Array, place: KeyPlace, material: KeyMaterial): SealedPayload;
  /** Demands a grant of one of `coffer.keys.*`; throws KEY_CORRUPT where the bytes were changed. */
  open(grant: Grant, projectKey: Uint8Array, what: SealedKey, sealed: SealedPayload): OpenKey;
  /** What `unwrap` opens with the private half: AES-KWP under a key wrapped by RSA-OAEP. Ends `plain`. */
  wrap(publicKey: string, plain: Redacted<Uint8Array>, hash: HashName): Uint8Array;
  random(bytes: number): Redacted<Uint8Array>;
  hash(input: Uint8Array, hash: HashName): Uint8Array;
}
