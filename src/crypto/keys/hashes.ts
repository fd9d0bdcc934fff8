// The hashes as OpenSSL names them, and their lengths in bytes (FIPS 180-4, FIPS 202).

import type { HashName } from '../../core/keys/type.ts';

export const NODE_HASHES: Readonly<Record<HashName, string>> = {
  sha1: 'sha1',
  'sha2-224': 'sha224',
  'sha2-256': 'sha256',
  'sha2-384': 'sha384',
  'sha2-512': 'sha512',
  'sha3-224': 'sha3-224',
  'sha3-256': 'sha3-256',
  'sha3-384': 'sha3-384',
  'sha3-512': 'sha3-512',
};

export const HASH_BYTES: Readonly<Record<HashName, number>> = {
  sha1: 20,
  'sha2-224': 28,
  'sha2-256': 32,
  'sha2-384': 48,
  'sha2-512': 64,
  'sha3-224': 28,
  'sha3-256': 32,
  'sha3-384': 48,
  'sha3-512': 64,
};
