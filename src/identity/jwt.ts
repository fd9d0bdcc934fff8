// JWTs that service accounts sign (RFC 7515 compact form): taken apart strictly, and their signatures checked.
// RS256 only, whatever the token says of itself: `none` and the HMACs are refused by name, before any key is touched,
// and no header field ever leads to a key but `kid`, which is looked up in the store. Nothing is fetched.

import { constants, createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import type { Claims, SignedJwt } from '../core/jwt.ts';
import type { JwtReader } from '../core/ports.ts';

/** Ours: what Google's libraries write has about 900 characters. */
const JWT_CHARS_MAX = 4096;
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const KEY_ID = /^[0-9a-f]{40}$/;
/** Fields that a header may have: any other could mean something that is not understood here (RFC 7515 section 4.1.11). */
const HEADER_FIELDS: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);
/** NIST SP 800-131A: shorter keys are no longer believed. */
const MODULUS_BITS_MIN = 2048;
/** RSA with 2048 bits. */
const SIGNATURE_BYTES = 256;
/** Of a client, which brings its own key: as many as 8192 bits, and a certificate in the header. */
const SIGNATURE_BYTES_MAX = 1024;
const CLIENT_JWT_CHARS_MAX: number = 12 * 1024;
const CLIENT_HEADER_FIELDS: ReadonlySet<string> = new Set(['alg', 'kid', 'typ', 'x5t', 'x5t#S256', 'x5c']);
const KEYS_MAX = 1024;
const VERIFIED_MAX = 4096;

interface Parts extends SignedJwt {
  readonly header: Claims;
}

/** The parts of a JWT whose header says of itself what may be said; undefined for any other text. */
function partsOf(text: string, charsMax: number, fields: ReadonlySet<string>): Parts | undefined {
  if (text.length > charsMax) return undefined;
  const [, head = '', body = '', tail = ''] = COMPACT.exec(text) ?? [];
  const header = jsonObject(head);
  const claims = jsonObject(body);
  const signature = bytesOf(tail);
  if (header === undefined || claims === undefined || signature === undefined) return undefined;
  if (header['typ'] !== undefined && header['typ'] !== 'JWT') return undefined;
  if (Object.keys(header).some((name) => !fields.has(name))) return undefined;
  return { hash: hash('sha256', text, 'hex'), claims, signed: `${head}.${body}`, signature, header };
}

/** The parts of a JWT, or undefined for what has not exactly the form of one of ours. */
function readJwt(text: string): SignedJwt | undefined {
  const read = partsOf(text, JWT_CHARS_MAX, HEADER_FIELDS);
  if (read === undefined) return undefined;
  const { header, ...parts } = read;
  const { alg, kid } = header;
  if (parts.signature.length !== SIGNATURE_BYTES || alg !== 'RS256') return undefined;
  if (kid === undefined) return parts;
  return typeof kid === 'string' && KEY_ID.test(kid) ? { ...parts, keyId: kid } : undefined;
}

/** The same of a client's assertion. What its header says of a certificate is not looked at: its account has few. */
function readClientJwt(text: string): SignedJwt | undefined {
  const read = partsOf(text, CLIENT_JWT_CHARS_MAX, CLIENT_HEADER_FIELDS);
  if (read === undefined) return undefined;
  const { header, ...parts } = read;
  const { alg } = header;
  const bytes = parts.signature.length;
  if ((alg !== 'RS256' && alg !== 'PS256') || bytes < SIGNATURE_BYTES || bytes > SIGNATURE_BYTES_MAX) return undefined;
  return alg === 'PS256' ? { ...parts, isPss: true } : parts;
}

function jsonObject(part: string): Claims | undefined {
  const bytes = bytesOf(part);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}

/** Base64url in its one spelling: Node would skip what does not belong. */
function bytesOf(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
}

/** RFC 7518 section 3.5: a salt as long as the hash. */
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } as const;

/**
 * What reads JWTs. What was found to be signed by a key is remembered by the JWT's hash and that key, both bounded, so
 * that a bearer costs one verification and not one a request. It says nothing about whether the key may still be used:
 * that is asked of the store each time.
 */
export function createJwtReader(): JwtReader {
  const keys = new Map<string, KeyObject>();
  const verified = new Map<string, string>();
  const keyOf = (publicKey: string): KeyObject | undefined => {
    const known = keys.get(publicKey);
    if (known !== undefined) return known;
    const key = rsaKey(publicKey);
    if (key === undefined) return undefined;
    keep(keys, publicKey, key, KEYS_MAX);
    return key;
  };
  return {
    read: readJwt,
    readClient: readClientJwt,
    isSignedBy: (jwt, publicKey) => {
      if (verified.get(jwt.hash) === publicKey) return true;
      const key = keyOf(publicKey);
      if (key === undefined) return false;
      const way = jwt.isPss ? { key, ...PSS } : key;
      const isGood = verify('RSA-SHA256', Buffer.from(jwt.signed), way, jwt.signature);
      if (isGood) keep(verified, jwt.hash, publicKey, VERIFIED_MAX);
      return isGood;
    },
  };
}

/** The key that somebody brought, where it is one that can be trusted with a signature. */
function rsaKey(publicKey: string): KeyObject | undefined {
  try {
    const key = createPublicKey(publicKey);
    const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
    return key.asymmetricKeyType === 'rsa' && modulusLength >= MODULUS_BITS_MIN ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Adds to a bounded map; the oldest goes. */
function keep<V>(map: Map<string, V>, key: string, value: V, sizeMax: number): void {
  const oldest = map.keys().next();
  if (map.size >= sizeMax && oldest.done !== true) map.delete(oldest.value);
  map.set(key, value);
}
