// One version of a key, opened for one grant: what it may be used for follows from the permission that was granted, so
// that an operation cannot do more than its caller was allowed. Slow work takes its turn off the loop.

import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  publicEncrypt,
  subtle,
} from 'node:crypto';
import { Fault } from '../../core/error.ts';
import type { Permission } from '../../core/iam/permissions.ts';
import type { KeyForm, OpenKey, SealOptions, SignOptions } from '../../core/keys/port.ts';
import { type HashName, type KeyUse, traitsOf } from '../../core/keys/type.ts';
import type { Maybe } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import { Lru } from '../lru.ts';
import { Aead, type AeadType, Derivation } from './aead.ts';
import { NODE_HASHES } from './hashes.ts';
import type { HeldKey } from './record.ts';
import { isSame, signWith, verifyWith } from './signer.ts';
import type { Turns } from './turns.ts';
import { unwrapBy } from './wrapped.ts';

const OAEP_HASH = 'sha256';
const OAEP_BYTES: number = 2 * 32 + 2;
const WEB_OAEP = { name: 'RSA-OAEP', hash: 'SHA-256' } as const;
const SEED_BYTES = 32;
/** What stands before the 32 bytes of a private Ed25519 key in PKCS #8 (RFC 8410 section 7). */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const DERIVED_MAX = 64;

/** Material as a thread keeps it: what is costly to make of it is made once. */
export class Material {
  readonly held: HeldKey;
  readonly turns: Turns;
  #aead: Aead | undefined;
  #derivation: Derivation | undefined;
  readonly #derived = new Lru<string, KeyObject>(DERIVED_MAX);

  constructor(held: HeldKey, turns: Turns) {
    this.held = held;
    this.turns = turns;
  }

  aead(): Aead {
    const { type, secret } = this.held;
    if (secret === undefined) throw new TypeError(`a key of ${type} seals nothing`);
    this.#aead ??= new Aead(type as AeadType, secret);
    return this.#aead;
  }

  private(context: Uint8Array | undefined): KeyObject {
    const { private: key } = this.held;
    if (key === undefined) throw new Fault('KEY_PRIVATE_MISSING');
    return context === undefined ? key : this.#derivedKey(key, context);
  }

  public(context: Uint8Array | undefined): KeyObject {
    if (context !== undefined) return createPublicKey(this.private(context));
    return this.held.public as KeyObject;
  }

  /** What HKDF draws for the context is the seed; what it draws from is seed and public half together, as in Vault. */
  #derivedKey(key: KeyObject, context: Uint8Array): KeyObject {
    const name = Buffer.from(context).toString('latin1');
    const known = this.#derived.get(name);
    if (known !== undefined) return known;
    if (this.#derivation === undefined) {
      const both = ed25519Bytes(key);
      this.#derivation = new Derivation(both);
      both.fill(0);
    }
    const seed = this.#derivation.draw(context, SEED_BYTES);
    const made = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' });
    seed.fill(0);
    this.#derived.set(name, made);
    return made;
  }
}

/** The private key as RFC 8032 has it, and the public one behind it. */
function ed25519Bytes(key: KeyObject): Buffer {
  const { d = '', x = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')]);
}

/** The uses that a permission is for. */
const USES: Readonly<Partial<Record<Permission, readonly (KeyUse | 'export' | 'unwrap' | 'show')[]>>> = {
  'coffer.keys.encrypt': ['encrypt'],
  'coffer.keys.decrypt': ['decrypt'],
  'coffer.keys.rewrap': ['encrypt', 'decrypt'],
  'coffer.keys.sign': ['sign'],
  'coffer.keys.verify': ['verify'],
  'coffer.keys.mac': ['mac'],
  'coffer.keys.get': ['show'],
  'coffer.keys.export': ['export'],
  'coffer.keys.import': ['unwrap'],
};

export class GrantedKey implements OpenKey {
  readonly #material: Material;
  readonly #permission: Permission;

  constructor(material: Material, permission: Permission) {
    this.#material = material;
    this.#permission = permission;
  }

  encrypt(plaintext: Uint8Array, options: SealOptions): Uint8Array {
    const { type, public: key } = this.#held('encrypt');
    const { kind, modulusBits = 0 } = traitsOf(type);
    if (kind === 'aead') return this.#material.aead().encrypt(plaintext, options);
    const room = modulusBits / 8 - OAEP_BYTES;
    if (plaintext.length > room) {
      throw new Fault('INVALID_FIELD', { field: 'plaintext', problem: `at most ${room} bytes fit`, rule: 'room' });
    }
    const how = { key: key as KeyObject, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: OAEP_HASH };
    return publicEncrypt(how, plaintext);
  }

  decrypt(ciphertext: Uint8Array, options: SealOptions): Maybe<Redacted<Uint8Array>> {
    const { type } = this.#held('decrypt');
    if (traitsOf(type).kind === 'aead') return new Redacted(this.#material.aead().decrypt(ciphertext, options));
    return this.#oaepDecrypt(ciphertext);
  }

  sign(input: Uint8Array, options: SignOptions): Maybe<Uint8Array> {
    const { type } = this.#held('sign');
    return signWith(this.#material.turns, type, this.#material.private(options.context), input, options);
  }

  verify(input: Uint8Array, signature: Uint8Array, options: SignOptions): Maybe<boolean> {
    const { type } = this.#held('verify');
    return verifyWith(this.#material.turns, type, this.#material.public(options.context), input, signature, options);
  }

  mac(input: Uint8Array, hash: HashName): Uint8Array {
    return this.#mac(this.#held('mac'), input, hash);
  }

  isMac(input: Uint8Array, hash: HashName, mac: Uint8Array): boolean {
    return isSame(this.#mac(this.#held('verify'), input, hash), mac);
  }

  derivedPublicKey(context: Uint8Array): string {
    // Whoever signs for a context may know by what that is verified.
    if (this.#permission !== 'coffer.keys.sign') this.#held('show');
    return this.#material.public(context).export({ format: 'pem', type: 'spki' }) as string;
  }

  export(form: KeyForm): Redacted<Uint8Array> {
    const { type, secret, private: key } = this.#held('export');
    if (secret !== undefined) return new Redacted<Uint8Array>(secret.export());
    if (key === undefined) return new Redacted(new Uint8Array(0));
    if (form === 'raw') return new Redacted<Uint8Array>(ed25519Bytes(key));
    const traditional = traitsOf(type).kind === 'rsa' ? 'pkcs1' : 'sec1';
    return new Redacted<Uint8Array>(
      form === 'pkcs8'
        ? key.export({ format: 'der', type: 'pkcs8' })
        : key.export({ format: 'der', type: traditional as 'pkcs1' }),
    );
  }

  exportMacKey(): Redacted<Uint8Array> {
    return new Redacted<Uint8Array>(this.#held('export').mac.export());
  }

  exportJwk(): Redacted<Readonly<Record<string, string>>> {
    const { private: key, public: half } = this.#held('export');
    return new Redacted((key ?? (half as KeyObject)).export({ format: 'jwk' }) as Record<string, string>);
  }

  unwrap(wrapped: Uint8Array, hash: HashName): Redacted<Uint8Array> {
    const { type } = this.#held('unwrap');
    const keyBytes = (traitsOf(type).modulusBits ?? 0) / 8;
    const key = this.#material.private(undefined);
    try {
      return new Redacted<Uint8Array>(unwrapBy(key, keyBytes, wrapped, hash));
    } catch {
      throw new Fault('KEY_IMPORT_INVALID', { problem: 'it is not wrapped by the wrapping key' });
    }
  }

  #held(use: KeyUse | 'export' | 'unwrap' | 'show'): HeldKey {
    if (!USES[this.#permission]?.includes(use)) {
      throw new TypeError(`${use} demands another grant than ${this.#permission}`);
    }
    return this.#material.held;
  }

  #mac({ mac }: HeldKey, input: Uint8Array, hash: HashName): Buffer {
    return createHmac(NODE_HASHES[hash], mac).update(input).digest();
  }

  /** Node decrypts off the loop through Web Crypto alone. */
  async #oaepDecrypt(ciphertext: Uint8Array): Promise<Redacted<Uint8Array>> {
    const key = this.#material.private(undefined).toCryptoKey(WEB_OAEP, false, ['decrypt']);
    try {
      const plaintext = await this.#material.turns.take(() =>
        subtle.decrypt(WEB_OAEP, key, ciphertext as Uint8Array<ArrayBuffer>),
      );
      return new Redacted(new Uint8Array(plaintext));
    } catch (error) {
      throw error instanceof Fault ? error : new Fault('KEY_CIPHERTEXT_INVALID', { problem: 'decryption failed' });
    }
  }
}
