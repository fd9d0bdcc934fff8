// The types of keys: what each can do. The one vocabulary of every dialect's keys; each spells it in its own words.
// Sources: NIST SP 800-38D (GCM), RFC 8439, RFC 8032, FIPS 186-5, RFC 8017, RFC 2104.

/** Symmetric sealing, RSA, ECDSA, EdDSA, or a key for MACs alone. */
export type KeyKind = 'aead' | 'rsa' | 'ecdsa' | 'eddsa' | 'mac';

interface KeyTraits {
  readonly kind: KeyKind;
  /** Of a symmetric key that has one size. */
  readonly bytes?: number;
  /** Of an RSA key. */
  readonly modulusBits?: number;
  /** Of an elliptic key, as NIST names it. */
  readonly curve?: 'P-256' | 'P-384' | 'P-521';
}

const TYPES = {
  'aes128-gcm96': { kind: 'aead', bytes: 16 },
  'aes256-gcm96': { kind: 'aead', bytes: 32 },
  'chacha20-poly1305': { kind: 'aead', bytes: 32 },
  'xchacha20-poly1305': { kind: 'aead', bytes: 32 },
  ed25519: { kind: 'eddsa' },
  'ecdsa-p256': { kind: 'ecdsa', curve: 'P-256' },
  'ecdsa-p384': { kind: 'ecdsa', curve: 'P-384' },
  'ecdsa-p521': { kind: 'ecdsa', curve: 'P-521' },
  'rsa-2048': { kind: 'rsa', modulusBits: 2048 },
  'rsa-3072': { kind: 'rsa', modulusBits: 3072 },
  'rsa-4096': { kind: 'rsa', modulusBits: 4096 },
  hmac: { kind: 'mac' },
} as const satisfies Record<string, KeyTraits>;

export type KeyType = keyof typeof TYPES;

export const KEY_TYPES: readonly KeyType[] = Object.keys(TYPES) as KeyType[];

export function isKeyType(text: string): text is KeyType {
  return Object.hasOwn(TYPES, text);
}

export function traitsOf(type: KeyType): KeyTraits {
  return TYPES[type];
}

/** What a key can be asked for; every key makes and checks MACs. */
export type KeyUse = 'encrypt' | 'decrypt' | 'sign' | 'verify' | 'mac';

export function supportsUse(type: KeyType, use: KeyUse): boolean {
  const { kind } = TYPES[type];
  if (use === 'mac') return true;
  if (use === 'encrypt' || use === 'decrypt') return kind === 'aead' || kind === 'rsa';
  return kind === 'rsa' || kind === 'ecdsa' || kind === 'eddsa';
}

/** Whether keys of this type can be drawn anew for each context. */
export function supportsDerivation(type: KeyType): boolean {
  const { kind } = TYPES[type];
  return kind === 'aead' || kind === 'eddsa';
}

/** Whether equal plaintexts under equal contexts can be sealed to equal bytes, and whether further data is sealed in. */
export function isAead(type: KeyType): boolean {
  return TYPES[type].kind === 'aead';
}

/** Whether a version has a public half. */
export function isAsymmetric(type: KeyType): boolean {
  const { kind } = TYPES[type];
  return kind === 'rsa' || kind === 'ecdsa' || kind === 'eddsa';
}

export const HASH_NAMES = [
  'sha1',
  'sha2-224',
  'sha2-256',
  'sha2-384',
  'sha2-512',
  'sha3-224',
  'sha3-256',
  'sha3-384',
  'sha3-512',
] as const;

export type HashName = (typeof HASH_NAMES)[number];

const hashes: ReadonlySet<string> = new Set(HASH_NAMES);

export function isHashName(text: string): text is HashName {
  return hashes.has(text);
}
