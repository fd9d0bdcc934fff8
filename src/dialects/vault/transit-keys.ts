// keys/: made, shown, listed, configured, rotated, trimmed, deleted.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/transit#create-key

import { Fault } from '../../core/error.ts';
import type { Key, KeyMoment, KeyVersion } from '../../core/keys/key.ts';
import {
  isAsymmetric,
  isKeyType,
  type KeyType,
  supportsDerivation,
  supportsUse,
  traitsOf,
} from '../../core/keys/type.ts';
import type { Maybe } from '../../core/ports.ts';
import { formatTime } from '../../core/vault/duration.ts';
import { createKey, deleteKey, getKey, listKeys, type NewKeySettings, trimKey, updateKey } from '../../ops/keys.ts';
import type { KeyResult } from '../../ops/keys-found.ts';
import { rotateKey } from '../../ops/keys-rotate.ts';
import { attempt, then } from '../../ops/maybe.ts';
import { booleanField, durationField, integerField, textField } from '../../ops/vault/fields.ts';
import type { Data } from './request.ts';
import {
  ABSENT,
  NOTHING,
  ok,
  Refusal,
  type TransitAnswer,
  type TransitHandler,
  type TransitRequest,
} from './transit-answer.ts';
import { decodeBase64 } from './transit-fields.ts';
import { rawPublicKey } from './transit-pem.ts';
import { keyRef } from './transit-seal.ts';

const LIST_PAGE_SIZE = 25_000;

const moment = ({ time, version }: KeyMoment) => ({ time: formatTime(time), version });

/** A key as Vault shows it: its versions from the least one that opens anything. */
export function describeKey({ key, versions }: KeyResult, withContext = false): Data {
  const { type } = key;
  const isUsable = ({ number }: KeyVersion) => number >= key.minDecryptionVersion;
  const shown = versions
    .filter(isUsable)
    .map((version) => [String(version.number), describeVersion(key, version, withContext)] as const);
  return {
    ...{ name: key.name, type, derived: key.derived, deletion_allowed: key.deletionAllowed },
    min_available_version: key.minAvailableVersion,
    min_decryption_version: key.minDecryptionVersion,
    min_encryption_version: key.minEncryptionVersion,
    latest_version: key.latestVersion,
    ...{ exportable: key.exportable, allow_plaintext_backup: key.plaintextBackup },
    supports_encryption: supportsUse(type, 'encrypt'),
    supports_decryption: supportsUse(type, 'decrypt'),
    supports_signing: supportsUse(type, 'sign'),
    supports_derivation: supportsDerivation(type),
    auto_rotate_period: key.autoRotateSeconds ?? 0,
    imported_key: key.imported,
    ...(key.keyBytes === undefined ? {} : { key_size: key.keyBytes }),
    ...(key.imported ? { imported_key_allow_rotation: key.importedRotation } : {}),
    ...(key.backup === undefined ? {} : { backup_info: moment(key.backup) }),
    ...(key.restore === undefined ? {} : { restore_info: moment(key.restore) }),
    ...(key.derived ? { kdf: 'hkdf_sha256', convergent_encryption: key.convergent } : {}),
    ...(key.convergent ? { convergent_encryption_version: -1 } : {}),
    ...(type === 'hmac' ? {} : { keys: Object.fromEntries(shown) }),
  };
}

function describeVersion(key: Key, { createdAt, publicKey = '' }: KeyVersion, withContext: boolean): unknown {
  if (!isAsymmetric(key.type)) return Math.floor(createdAt / 1000);
  const { kind, curve } = traitsOf(key.type);
  const shown = kind === 'eddsa' ? (key.derived && !withContext ? '' : rawPublicKey(publicKey)) : publicKey;
  return {
    name: curve ?? key.type,
    public_key: shown,
    certificate_chain: '',
    creation_time: formatTime(createdAt),
  };
}

export function keyType(data: Data, prefix = 'unknown key type'): KeyType {
  const type = (textField(data, 'type') ?? 'aes256-gcm96').toLowerCase();
  if (!isKeyType(type)) throw new Refusal(`${prefix} ${type.slice(0, 64)}`);
  return type;
}

export function newSettings(data: Data): NewKeySettings {
  const seconds = durationField(data, 'auto_rotate_period') ?? 0;
  const keyBytes = integerField(data, 'key_size') ?? 0;
  return {
    derived: booleanField(data, 'derived') ?? false,
    convergent: booleanField(data, 'convergent_encryption') ?? false,
    exportable: booleanField(data, 'exportable') ?? false,
    plaintextBackup: booleanField(data, 'allow_plaintext_backup') ?? false,
    ...(seconds === 0 ? {} : { autoRotateSeconds: seconds }),
    ...(keyBytes === 0 ? {} : { keyBytes }),
  };
}

export const writeKey: TransitHandler = (request, { name }) => {
  const type = keyType(request.data);
  const command = { ...keyRef(request, name), type, settings: newSettings(request.data), orExisting: true } as const;
  return then(request.call(createKey, command, 'update'), (made) =>
    ok(describeKey(made), made.isNew ? [] : [`key ${made.key.name} already existed`]),
  );
};

/** What a key that is not there is answered by. */
export function orElse<T>(work: () => Maybe<T>, absent: () => Maybe<T>): Maybe<T> {
  return attempt(work, (error) => {
    if (error instanceof Fault && error.code === 'KEY_NOT_FOUND') return absent();
    throw error;
  });
}

const refuse = (message: string) => (): never => {
  throw new Refusal(message, 400, true);
};

export const readKey: TransitHandler = (request, { name }) => {
  const text = textField(request.data, 'context') ?? '';
  let context: Uint8Array | undefined;
  try {
    context = text === '' ? undefined : decodeBase64(text);
  } catch {
    throw new Refusal('failed to base64-decode context');
  }
  const command = { ...keyRef(request, name), ...(context === undefined ? {} : { context }) };
  return orElse<TransitAnswer>(
    () => then(request.call(getKey, command, 'read'), (found) => ok(describeKey(found, context !== undefined))),
    () => ABSENT,
  );
};

export const listTransitKeys: TransitHandler = (request) => {
  return then(allKeys(request, ''), (keys) => (keys.length === 0 ? ABSENT : ok({ keys })));
};

function allKeys(request: TransitRequest, pageToken: string): Maybe<readonly string[]> {
  const { project, ring } = request;
  const page = request.call(listKeys, { project, ring, pageSize: LIST_PAGE_SIZE, pageToken }, 'list');
  return then(page, ({ keys, nextPageToken }) => {
    const names = keys.map(({ name }) => name);
    return nextPageToken === '' ? names : then(allKeys(request, nextPageToken), (rest) => [...names, ...rest]);
  });
}

export const removeKey: TransitHandler = (request, { name }) =>
  orElse(
    () => then(request.call(deleteKey, keyRef(request, name), 'delete'), () => NOTHING),
    refuse(`error deleting policy ${name}: could not delete key; not found`),
  );

export const configureKey: TransitHandler = (request, { name }) => {
  const { data } = request;
  const least = integerField(data, 'min_decryption_version');
  const settings = {
    minDecryptionVersion: least === 0 ? 1 : least,
    minEncryptionVersion: integerField(data, 'min_encryption_version'),
    deletionAllowed: booleanField(data, 'deletion_allowed'),
    exportable: booleanField(data, 'exportable'),
    plaintextBackup: booleanField(data, 'allow_plaintext_backup'),
    autoRotateSeconds: durationField(data, 'auto_rotate_period'),
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const command = { ...keyRef(request, name), changes: Object.fromEntries(given) };
  const warnings = least === 0 ? ['key versions start at 1: the minimum is 1'] : [];
  return orElse(
    () => then(request.call(updateKey, command, 'update'), (changed) => ok(describeKey(changed), warnings)),
    refuse(`no existing key named ${name} could be found`),
  );
};

export const rotateTransitKey: TransitHandler = (request, { name }) =>
  orElse(
    () => then(request.call(rotateKey, keyRef(request, name), 'update'), (rotated) => ok(describeKey(rotated))),
    refuse('key not found'),
  );

export const trimTransitKey: TransitHandler = (request, { name }) => {
  const minAvailableVersion = integerField(request.data, 'min_available_version');
  if (minAvailableVersion === undefined) throw new Refusal('missing min_available_version');
  const command = { ...keyRef(request, name), minAvailableVersion };
  return orElse(
    () => then(request.call(trimKey, command, 'update'), (trimmed) => ok(describeKey(trimmed))),
    refuse('invalid key name'),
  );
};
