// The material of a key version as it is sealed, and as the thread that uses it holds it. Written in docs/envelope.md: a
// format byte, the length of the MAC key (16 bits, big-endian), the MAC key, and the key: itself if symmetric, else
// PKCS #8 in DER, or nothing of a public key alone. A key for MACs has no other MAC key than itself.

import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { type KeyType, traitsOf } from '../../core/keys/type.ts';
import { EnvelopeError } from '../envelope.ts';

const FORMAT = 1;
const HEADER_BYTES = 3;

/** Material as key objects. */
export interface HeldKey {
  readonly type: KeyType;
  /** Of a symmetric key. */
  readonly secret?: KeyObject;
  /** Of an asymmetric one, unless only its public half is here. */
  readonly private?: KeyObject;
  readonly public?: KeyObject;
  readonly mac: KeyObject;
}

/** The record of this material; the parts are left as they are. */
export function writeRecord(key: Uint8Array, macKey: Uint8Array): Buffer {
  const record = Buffer.alloc(HEADER_BYTES + macKey.length + key.length);
  record[0] = FORMAT;
  record.writeUInt16BE(macKey.length, 1);
  record.set(macKey, HEADER_BYTES);
  record.set(key, HEADER_BYTES + macKey.length);
  return record;
}

/** The material of a record, which is overwritten. Throws EnvelopeError for what is none. */
export function readRecord(type: KeyType, record: Buffer, publicKey: string | undefined): HeldKey {
  try {
    return heldKey(type, record, publicKey);
  } catch (error) {
    if (error instanceof EnvelopeError) throw error;
    throw new EnvelopeError('what it holds is no key of its type');
  } finally {
    record.fill(0);
  }
}

function heldKey(type: KeyType, record: Buffer, publicKey: string | undefined): HeldKey {
  if (record.length < HEADER_BYTES || record[0] !== FORMAT) throw new EnvelopeError('not a record of a key');
  const keyAt = HEADER_BYTES + record.readUInt16BE(1);
  if (keyAt > record.length) throw new EnvelopeError('not a record of a key');
  const key = record.subarray(keyAt);
  const { kind } = traitsOf(type);
  if (kind === 'mac') {
    const secret = createSecretKey(key);
    return { type, secret, mac: secret };
  }
  const mac = createSecretKey(record.subarray(HEADER_BYTES, keyAt));
  if (kind === 'aead') return { type, secret: createSecretKey(key), mac };
  if (key.length > 0) {
    const held = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    return { type, private: held, public: createPublicKey(held), mac };
  }
  if (publicKey === undefined) throw new EnvelopeError('neither half of the key is there');
  return { type, public: createPublicKey(publicKey), mac };
}
