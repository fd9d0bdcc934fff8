// Makes the material of keys, and takes material that was made elsewhere: only of the size, the curve and the kind that
// the key's type has, and only where both halves belong together.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type JsonWebKeyInput,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';
import { Fault } from '../../core/error.ts';
import type { KeyMaterial, PlainKey } from '../../core/keys/port.ts';
import { type KeyType, traitsOf } from '../../core/keys/type.ts';
import { MAC_KEY_BYTES_MAX, MAC_KEY_BYTES_MIN } from '../../core/limits.ts';
import type { Maybe } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import { writeRecord } from './record.ts';
import type { Turns } from './turns.ts';

const MAC_KEY_BYTES = 32;
const NODE_CURVES = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' } as const;
const NOTHING = new Uint8Array(0);
const PUBLIC_PEM = /^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/;

const generate = promisify(generateKeyPair);

/** New material. Of RSA it takes its turn off the loop. */
export function makeMaterial(turns: Turns, type: KeyType, keyBytes: number = MAC_KEY_BYTES): Maybe<KeyMaterial> {
  const { kind, bytes, modulusBits, curve } = traitsOf(type);
  switch (kind) {
    case 'aead':
      return secretMaterial(randomBytes(bytes as number), randomBytes(MAC_KEY_BYTES));
    case 'mac':
      return secretMaterial(randomBytes(keyBytes), NOTHING);
    case 'eddsa':
      return privateMaterial(generateKeyPairSync('ed25519').privateKey);
    case 'ecdsa':
      return privateMaterial(generateKeyPairSync('ec', { namedCurve: curve as string }).privateKey);
    case 'rsa':
      return turns
        .take(() => generate('rsa', { modulusLength: modulusBits as number }))
        .then(({ privateKey }) => privateMaterial(privateKey));
  }
}

/** Material of a key that was made elsewhere; throws KEY_IMPORT_INVALID, which says what it is not. */
export function adoptMaterial(type: KeyType, plain: PlainKey): KeyMaterial {
  const { kind, bytes } = traitsOf(type);
  const macKey = plain.macKey?.reveal();
  checkMacKey(macKey);
  if (kind === 'aead' || kind === 'mac') {
    const raw = plain.raw?.reveal() ?? NOTHING;
    const [least, most] = bytes === undefined ? [MAC_KEY_BYTES_MIN, MAC_KEY_BYTES_MAX] : [bytes, bytes];
    if (raw.length < least || raw.length > most) throw wrong(`it has ${raw.length} bytes, which no key of ${type} has`);
    return secretMaterial(Buffer.from(raw), kind === 'mac' ? NOTHING : (macKey ?? randomBytes(MAC_KEY_BYTES)));
  }
  const key = parsed(plain);
  checkKind(type, key);
  if (key.type === 'private') {
    checkPair(key);
    return privateMaterial(key, macKey);
  }
  return {
    record: new Redacted(writeRecord(NOTHING, macKey ?? randomBytes(MAC_KEY_BYTES))),
    publicKey: pemOf(key),
    publicOnly: true,
  };
}

function checkMacKey(macKey: Uint8Array | undefined): void {
  if (macKey === undefined) return;
  if (macKey.length < MAC_KEY_BYTES_MIN || macKey.length > MAC_KEY_BYTES_MAX) {
    throw wrong(`its key for MACs has ${macKey.length} bytes`);
  }
}

function parsed({ pkcs8, jwk, publicKey }: PlainKey): KeyObject {
  try {
    if (pkcs8 !== undefined) {
      return createPrivateKey({ key: Buffer.from(pkcs8.reveal()), format: 'der', type: 'pkcs8' });
    }
    if (jwk !== undefined) {
      const key = jwk.reveal() as JsonWebKeyInput['key'];
      return 'd' in key ? createPrivateKey({ key, format: 'jwk' }) : createPublicKey({ key, format: 'jwk' });
    }
    if (publicKey !== undefined && PUBLIC_PEM.test(publicKey)) return createPublicKey(publicKey);
  } catch {
    // What cannot be read is told of below, without a word of what it says.
  }
  throw wrong(pkcs8 === undefined ? 'it is no public key in PEM' : 'it is no private key in PKCS #8');
}

function checkKind(type: KeyType, key: KeyObject): void {
  const { kind, modulusBits, curve } = traitsOf(type);
  const { asymmetricKeyType: found = '', asymmetricKeyDetails: details = {} } = key;
  const matches =
    kind === 'rsa'
      ? found === 'rsa' && details.modulusLength === modulusBits
      : kind === 'ecdsa'
        ? found === 'ec' && details.namedCurve === NODE_CURVES[curve as keyof typeof NODE_CURVES]
        : found === 'ed25519';
  if (matches) return;
  const size = details.modulusLength ?? details.namedCurve;
  throw wrong(`it is a key of ${found}${size === undefined ? '' : ` (${size})`}, and not of ${type}`);
}

/** Numbers that do not belong together make signatures that nobody can verify, and may give the key away. */
function checkPair(key: KeyObject): void {
  const text = Buffer.from('both halves belong together');
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  try {
    if (verify(hash, text, createPublicKey(key), sign(hash, text, key))) return;
  } catch {
    // A key that cannot sign at all is as wrong.
  }
  throw wrong('its halves do not belong together');
}

function secretMaterial(key: Buffer, macKey: Uint8Array): KeyMaterial {
  const record = writeRecord(key, macKey);
  key.fill(0);
  return { record: new Redacted(record), keyBytes: key.length, publicOnly: false };
}

function privateMaterial(key: KeyObject, macKey: Uint8Array = randomBytes(MAC_KEY_BYTES)): KeyMaterial {
  const der = key.export({ format: 'der', type: 'pkcs8' });
  const record = writeRecord(der, macKey);
  der.fill(0);
  return { record: new Redacted(record), publicKey: pemOf(createPublicKey(key)), publicOnly: false };
}

function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'spki' }) as string;
}

function wrong(problem: string): Fault {
  return new Fault('KEY_IMPORT_INVALID', { problem });
}
