// Sealing with a symmetric key: nonce, ciphertext and tag in this order, the layout of NIST SP 800-38D and RFC 8439 with
// 96-bit nonces, or XChaCha's with 192. A derived key is drawn from the key by HKDF-SHA256 (RFC 5869) with the context as
// its info; a convergent one takes its nonce from HMAC-SHA256 of the plaintext under the second half of what is drawn, as
// Vault and OpenBao do.

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { Fault } from '../../core/error.ts';
import type { SealOptions } from '../../core/keys/port.ts';
import { type KeyType, traitsOf } from '../../core/keys/type.ts';
import { newNonce } from '../envelope.ts';
import { Lru } from '../lru.ts';
import { HCHACHA_NONCE_BYTES, hchacha20 } from './xchacha.ts';

const NONCE_BYTES = 12;
const LONG_NONCE_BYTES = 24;
const TAG_BYTES = 16;
const OPTIONS = { authTagLength: TAG_BYTES } as const;
const CIPHERS = {
  'aes128-gcm96': 'aes-128-gcm',
  'aes256-gcm96': 'aes-256-gcm',
  'chacha20-poly1305': 'chacha20-poly1305',
  'xchacha20-poly1305': 'chacha20-poly1305',
} as const satisfies Partial<Record<KeyType, string>>;
const HASH_BYTES = 32;
/** Contexts whose keys are kept, of one key; one that is longer than most is drawn anew each time. */
const CONTEXTS_MAX = 64;
const CONTEXT_BYTES_KEPT_MAX = 256;

export type AeadType = keyof typeof CIPHERS;

interface SealingKeys {
  readonly sealing: KeyObject;
  /** What convergent nonces are made with. */
  readonly nonces: KeyObject;
}

/** HKDF-SHA256 with an empty salt: its first half once, its second for each context. */
export class Derivation {
  readonly #pseudorandom: KeyObject;

  constructor(key: Uint8Array | KeyObject) {
    const input = key instanceof Uint8Array ? key : key.export();
    const extracted = createHmac('sha256', Buffer.alloc(HASH_BYTES)).update(input).digest();
    this.#pseudorandom = createSecretKey(extracted);
    extracted.fill(0);
  }

  /** At most 64 bytes. */
  draw(context: Uint8Array, bytes: number): Buffer {
    const first = createHmac('sha256', this.#pseudorandom).update(context).update(Buffer.of(1)).digest();
    if (bytes <= HASH_BYTES) return first.subarray(0, bytes);
    const second = createHmac('sha256', this.#pseudorandom).update(first).update(context).update(Buffer.of(2)).digest();
    return Buffer.concat([first, second]).subarray(0, bytes);
  }
}

export class Aead {
  readonly #cipher: (typeof CIPHERS)[AeadType];
  readonly #nonceBytes: number;
  readonly #keyBytes: number;
  readonly #key: KeyObject;
  #derivation: Derivation | undefined;
  readonly #drawn = new Lru<string, SealingKeys>(CONTEXTS_MAX);

  constructor(type: AeadType, key: KeyObject) {
    this.#cipher = CIPHERS[type];
    this.#nonceBytes = type === 'xchacha20-poly1305' ? LONG_NONCE_BYTES : NONCE_BYTES;
    this.#keyBytes = traitsOf(type).bytes as number;
    this.#key = key;
  }

  encrypt(plaintext: Uint8Array, { context, associatedData, convergent }: SealOptions): Buffer {
    const drawn = context === undefined ? undefined : this.#keysOf(context);
    if (convergent && drawn === undefined) throw new TypeError('convergent without a context');
    const nonce =
      convergent && drawn !== undefined
        ? createHmac('sha256', drawn.nonces).update(plaintext).digest().subarray(0, this.#nonceBytes)
        : this.#nonceBytes === NONCE_BYTES
          ? newNonce()
          : randomBytes(this.#nonceBytes);
    const { key, short } = this.#forNonce(drawn?.sealing ?? this.#key, nonce);
    // The types of Node know no cipher whose mode they cannot tell from its name: all of these are alike.
    const cipher = createCipheriv(this.#cipher as 'aes-256-gcm', key, short, OPTIONS);
    if (associatedData !== undefined) cipher.setAAD(associatedData, { plaintextLength: plaintext.length });
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]);
  }

  /** Throws KEY_CIPHERTEXT_INVALID where the bytes, the context or the associated data are not those of the sealing. */
  decrypt(box: Uint8Array, { context, associatedData }: SealOptions): Buffer {
    const nonceBytes = this.#nonceBytes;
    if (box.length < nonceBytes + TAG_BYTES)
      throw new Fault('KEY_CIPHERTEXT_INVALID', { problem: 'it is too short', rule: 'length' });
    const sealing = context === undefined ? this.#key : this.#keysOf(context).sealing;
    const tagAt = box.length - TAG_BYTES;
    const { key, short } = this.#forNonce(sealing, box.subarray(0, nonceBytes));
    const decipher = createDecipheriv(this.#cipher as 'aes-256-gcm', key, short, OPTIONS);
    if (associatedData !== undefined) {
      decipher.setAAD(associatedData, { plaintextLength: tagAt - nonceBytes });
    }
    decipher.setAuthTag(box.subarray(tagAt));
    const plaintext = decipher.update(box.subarray(nonceBytes, tagAt));
    try {
      decipher.final();
    } catch {
      // Unauthenticated text must not outlive this call.
      plaintext.fill(0);
      throw new Fault('KEY_CIPHERTEXT_INVALID', { problem: 'message authentication failed' });
    }
    return plaintext;
  }

  /** The key that seals under this nonce, and the nonce that its cipher takes: of XChaCha both are drawn from the nonce. */
  #forNonce(key: KeyObject, nonce: Uint8Array): { readonly key: KeyObject; readonly short: Uint8Array } {
    if (nonce.length === NONCE_BYTES) return { key, short: nonce };
    const bytes = key.export();
    const drawn = hchacha20(bytes, nonce);
    const made = createSecretKey(drawn);
    bytes.fill(0);
    drawn.fill(0);
    const short = Buffer.alloc(NONCE_BYTES);
    short.set(nonce.subarray(HCHACHA_NONCE_BYTES), NONCE_BYTES - (LONG_NONCE_BYTES - HCHACHA_NONCE_BYTES));
    return { key: made, short };
  }

  #keysOf(context: Uint8Array): SealingKeys {
    const name = context.length > CONTEXT_BYTES_KEPT_MAX ? undefined : Buffer.from(context).toString('latin1');
    const known = name === undefined ? undefined : this.#drawn.get(name);
    if (known !== undefined) return known;
    this.#derivation ??= new Derivation(this.#key);
    const bytes = this.#derivation.draw(context, this.#keyBytes + HASH_BYTES);
    const keys = {
      sealing: createSecretKey(bytes.subarray(0, this.#keyBytes)),
      nonces: createSecretKey(bytes.subarray(this.#keyBytes)),
    };
    bytes.fill(0);
    if (name !== undefined) this.#drawn.set(name, keys);
    return keys;
  }
}
