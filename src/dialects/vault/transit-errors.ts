// What a fault of a key is in Vault's words: by what the request was for, since Vault says the same differently. A fault
// that is not of keys is the dialect's own business.

import { Fault, type FaultCode, fill } from '../../core/error.ts';
import { oneError, Refusal } from './transit-answer.ts';

export type TransitUse =
  | 'encrypt'
  | 'decrypt'
  | 'sign'
  | 'verify'
  | 'hmac'
  | 'verify-hmac'
  | 'export'
  | 'byok'
  | 'backup'
  | 'key';

type Texts = Partial<Record<FaultCode, string>>;

const TOO_OLD = 'ciphertext or signature version is disallowed by policy (too old)';
const ANY: Texts = {
  KEY_CONTEXT_MISSING: "missing 'context' for key derivation: the key was created as a derived key",
  KEY_VERSION_INVALID: 'invalid key version',
  KEY_VERSION_NOT_FOUND: 'no such key version',
  KEY_PRIVATE_MISSING: 'requested version does not contain a private part',
  KEY_ROTATION_FORBIDDEN: 'imported key {key} does not allow rotation within Vault',
  KEY_DELETION_FORBIDDEN: 'error deleting policy {key}: deletion is not allowed for this key',
  KEY_NOT_EXPORTABLE: 'private key material is not exportable',
  KEY_IMPORT_INVALID: 'error importing key: {problem}',
};

const TEXTS: Readonly<Record<TransitUse, Texts>> = {
  encrypt: {
    KEY_NOT_FOUND: 'encryption key not found',
    KEY_USE_UNSUPPORTED: 'message encryption not supported for key type {type}',
    KEY_VERSION_TOO_NEW: 'requested version for encryption is higher than the latest key version',
    KEY_VERSION_TOO_OLD: 'requested version for encryption is less than the minimum encryption key version',
    KEY_VERSION_INVALID: 'requested version for encryption is negative',
  },
  decrypt: {
    KEY_NOT_FOUND: 'encryption key not found',
    KEY_USE_UNSUPPORTED: 'message decryption not supported for key type {type}',
    KEY_VERSION_TOO_NEW: 'invalid ciphertext: version is too new',
    KEY_VERSION_TOO_OLD: TOO_OLD,
    KEY_VERSION_INVALID: TOO_OLD,
  },
  sign: {
    KEY_NOT_FOUND: 'signing key not found',
    KEY_USE_UNSUPPORTED: 'key type {type} does not support signing',
    KEY_VERSION_TOO_NEW: 'requested version for signing is higher than the latest key version',
    KEY_VERSION_TOO_OLD: 'requested version for signing is less than the minimum encryption key version',
    KEY_VERSION_INVALID: 'requested version for signing is negative',
  },
  verify: {
    KEY_NOT_FOUND: 'signature verification key not found',
    KEY_USE_UNSUPPORTED: 'key type {type} does not support verification',
    KEY_VERSION_TOO_NEW: 'invalid signature: version is too new',
    KEY_VERSION_TOO_OLD: TOO_OLD,
    KEY_VERSION_INVALID: TOO_OLD,
  },
  hmac: {
    KEY_NOT_FOUND: 'encryption key not found',
    KEY_VERSION_TOO_NEW: 'key version does not exist; latest key version is {latest}',
    KEY_VERSION_TOO_OLD: 'cannot generate HMAC: version is too old (disallowed by policy)',
    KEY_VERSION_INVALID: 'key version does not exist (cannot be negative)',
  },
  'verify-hmac': {
    KEY_NOT_FOUND: 'encryption key not found',
    KEY_VERSION_TOO_NEW: 'invalid HMAC: version is too new',
    KEY_VERSION_TOO_OLD: 'cannot verify HMAC: version is too old (disallowed by policy)',
    KEY_VERSION_INVALID: 'cannot verify HMAC: version is too old (disallowed by policy)',
  },
  key: {},
  export: { KEY_USE_UNSUPPORTED: '{use}ing is not supported for the key' },
  byok: {
    KEY_NOT_EXPORTABLE: 'key is not exportable',
    KEY_USE_UNSUPPORTED: 'a key of type {type} wraps no other: the destination is an RSA key',
    KEY_VERSION_NOT_FOUND: 'version does not exist or cannot be found',
    KEY_VERSION_TOO_OLD: 'version does not exist or cannot be found',
  },
  backup: { KEY_NOT_EXPORTABLE: 'exporting is disallowed on the policy' },
};

/** Those that Vault answers as failures of its own, by status 500; clients of it tell them apart by that. */
const FAILURES: Texts = {
  KEY_EXISTS: 'key "{key}" already exists',
  KEY_BACKUP_FORBIDDEN: 'plaintext backup is disallowed on the policy',
  KEY_CORRUPT: 'version {version} of the key does not open: its stored bytes were changed',
};

/** By the rule of a field that was broken. */
const FIELDS: Readonly<Record<string, string>> = {
  'convergent/underived': 'convergent encryption requires derivation to be enabled',
  'derived/type': 'key derivation and convergent encryption not supported for keys of type {type}',
  'convergent/type': 'convergent encryption not supported for keys of type {type}',
  'key size/type': 'key_size is not valid for algorithm {type}',
  'key size/size': 'invalid key_size {size}',
  'auto rotate period/': 'auto rotate period must be 0 to disable or at least an hour',
  'min encryption version/negative': 'min encryption version cannot be negative',
  'min decryption version/negative': 'min decryption version cannot be negative',
  'min encryption version/latest': 'cannot set min encryption version of {asked}, latest key version is {latest}',
  'min decryption version/latest': 'cannot set min decryption version of {asked}, latest key version is {latest}',
  'min encryption version/order':
    'cannot set min encryption/decryption values; min encryption version of {encryption} must be greater than or ' +
    'equal to min decryption version of {decryption}',
  'min encryption version/destroyed': 'min encryption version should not be less than min available version',
  'min decryption version/destroyed': 'min decryption version should not be less then min available version',
  'min available version/negative': 'minimum available version cannot be negative',
  'min available version/zero': 'minimum available version should be positive',
  'min available version/decrement': 'minimum available version cannot be decremented',
  'min available version/unset': 'minimum available version cannot be set when minimum encryption version is not set',
  'min available version/encryption': 'minimum available version cannot be greater than minmum encryption version',
  'min available version/decryption': 'minimum available version cannot be greater than minimum decryption version',
  'associated data/aead': "'associated_data' provided for non-AEAD cipher suite {type}",
  'salt length/salt': 'requested salt length {salt} is invalid',
};

/** The text of a fault, or undefined for one that says nothing of a key. */
export function textOfFault(fault: Fault, use: TransitUse): string | undefined {
  const { code, facts } = fault;
  if (code === 'KEY_CIPHERTEXT_INVALID') {
    return facts['rule'] === 'length' ? 'invalid ciphertext length' : `cipher: ${facts['problem']}`;
  }
  if (code === 'INVALID_FIELD') {
    const known = FIELDS[`${facts['field']}/${facts['rule'] ?? ''}`];
    return known === undefined ? fault.message : fill(known, facts);
  }
  const text = TEXTS[use][code] ?? ANY[code] ?? FAILURES[code];
  if (text !== undefined) return fill(text, facts);
  return code.startsWith('KEY_') || code === 'LIMIT_REACHED' ? fault.message : undefined;
}

/** The refusal that a fault comes to; what is none of a key's is given back as it is. */
export function refusalOf(error: unknown, use: TransitUse): unknown {
  // Thrown where a field is read, before any operation.
  if (error instanceof Fault && error.code === 'VAULT_REQUEST_INVALID') return new Refusal(error.message);
  const text = error instanceof Fault ? textOfFault(error, use) : undefined;
  if (!(error instanceof Fault) || text === undefined) return error;
  if (FAILURES[error.code] !== undefined || use === 'backup') return new Refusal(oneError(text), 500, true);
  return new Refusal(text, error.class === 'unavailable' ? 503 : 400, true);
}
