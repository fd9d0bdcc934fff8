// export, backup, restore, the wrapping key and import: keys that leave, and keys that come.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/transit#export-key

import { Fault } from '../../core/error.ts';
import { parseKeyName } from '../../core/keys/key.ts';
import { type HashName, isAsymmetric, traitsOf } from '../../core/keys/type.ts';
import {
  backupKey,
  type ExportedKey,
  type ExportedPart,
  type ExportedVersion,
  exportKey,
} from '../../ops/keys-export.ts';
import { getWrappingKey, type Imported, importKey, importKeyVersion, restoreKey } from '../../ops/keys-import.ts';
import { wrapKeyFor } from '../../ops/keys-wrap.ts';
import { attempt, then } from '../../ops/maybe.ts';
import { booleanField, integerField, textField } from '../../ops/vault/fields.ts';
import type { Data } from './request.ts';
import { ABSENT, NOTHING, ok, oneError, Refusal, type TransitHandler } from './transit-answer.ts';
import { readBackup, writeBackup } from './transit-backup.ts';
import { decodeBase64, encodeBase64 } from './transit-fields.ts';
import { keyType, newSettings, orElse } from './transit-keys.ts';
import { pem, pemBody, rawPublicKey } from './transit-pem.ts';
import { keyRef } from './transit-seal.ts';

const PARTS: Readonly<Record<string, ExportedPart>> = {
  'encryption-key': 'key',
  'signing-key': 'key',
  'hmac-key': 'mac',
  'public-key': 'public',
};

type Format = '' | 'raw' | 'der' | 'pem';

function formatOf(data: Data): Format {
  const format = textField(data, 'format') ?? '';
  if (format === '' || format === 'raw' || format === 'der' || format === 'pem') return format;
  throw new Refusal(`invalid format: ${format.slice(0, 64)}`);
}

function versionOf(text: string | undefined): number | 'latest' | undefined {
  if (text === undefined || text === '' || text === 'latest') return text === 'latest' ? text : undefined;
  const digits = text.startsWith('v') ? text.slice(1) : text;
  if (!/^\d{1,9}$/.test(digits)) throw new Refusal('invalid key version');
  return Number(digits);
}

export const exportTransitKey: TransitHandler = (request, { kind = '', name, version }) => {
  const part = PARTS[kind];
  if (part === undefined) throw new Refusal(`invalid export type: ${kind.slice(0, 64)}`);
  const format = formatOf(request.data);
  const asked = versionOf(version);
  const use = kind === 'encryption-key' ? 'encrypt' : kind === 'signing-key' ? 'sign' : undefined;
  const command = {
    ...keyRef(request, name),
    ...{ part, form: format === '' ? 'default' : format === 'raw' ? 'raw' : 'pkcs8' },
    ...(asked === undefined ? {} : { version: asked }),
    ...(use === undefined ? {} : { use }),
  } as const;
  return orElse(
    () =>
      then(request.call(exportKey, command, 'read'), (exported) =>
        ok({ name: exported.key.name, type: exported.key.type, keys: keysOf(exported, part, format) }),
      ),
    () => ABSENT,
  );
};

function keysOf({ key, versions }: ExportedKey, part: ExportedPart, format: Format): Data {
  const { kind } = traitsOf(key.type);
  const text = ({ publicKey = '', key: exported }: ExportedVersion): string => {
    if (part === 'public') {
      if (kind === 'eddsa' && format !== 'der' && format !== 'pem') return rawPublicKey(publicKey);
      if (format === 'der') return pemBody(publicKey);
      return kind === 'rsa' ? publicKey : publicKey.trimEnd();
    }
    const bytes = exported?.reveal() ?? new Uint8Array(0);
    if (bytes.length === 0) return '';
    if (part === 'mac' || !isAsymmetric(key.type) || format === 'der') return encodeBase64(bytes);
    if (kind === 'eddsa' && format !== 'pem') return encodeBase64(bytes);
    const label = format === 'pem' ? 'PRIVATE KEY' : kind === 'rsa' ? 'RSA PRIVATE KEY' : 'EC PRIVATE KEY';
    const whole = pem(label, bytes);
    return kind === 'rsa' ? whole : whole.trimEnd();
  };
  return Object.fromEntries(versions.map((version) => [String(version.number), text(version)]));
}

export const backupTransitKey: TransitHandler = (request, { name }) =>
  orElse(
    () => then(request.call(backupKey, keyRef(request, name), 'read'), (backup) => ok({ backup: writeBackup(backup) })),
    () => {
      throw new Refusal(oneError(`key "${name}" not found`), 500, true);
    },
  );

export const restoreTransitKey: TransitHandler = (request, { name }) => {
  const { data } = request;
  const text = textField(data, 'backup') ?? '';
  if (text === '') throw new Refusal("'backup' must be supplied");
  const { name: stored, ...backup } = readBackup(text);
  const wanted = name ?? (textField(data, 'name') || stored);
  const command = { ...keyRef(request, parseKeyName(wanted)), ...backup, force: booleanField(data, 'force') ?? false };
  return then(request.call(restoreKey, command, 'update'), () => NOTHING);
};

export const wrappingKey: TransitHandler = (request) => {
  const { project, ring } = request;
  return then(request.call(getWrappingKey, { project, ring }, 'read'), ({ publicKey }) =>
    ok({ public_key: publicKey }),
  );
};

const OAEP_HASHES: Readonly<Record<string, HashName>> = {
  SHA1: 'sha1',
  SHA224: 'sha2-224',
  SHA256: 'sha2-256',
  SHA384: 'sha2-384',
  SHA512: 'sha2-512',
};

function hashOf(named: string): HashName {
  const hash = OAEP_HASHES[named.toUpperCase()];
  if (hash === undefined) throw new Refusal(`unknown hash function: ${named.slice(0, 64)}`);
  return hash;
}

/** Keys that are not there are told by which of the two they are. */
export const exportWrapped: TransitHandler = (request, { destination = '', name = '', version }) => {
  const asked = versionOf(version);
  const command = {
    ...keyRef(request, name),
    ...{ destination: parseKeyName(destination), hash: hashOf(textField(request.data, 'hash') ?? 'SHA256') },
    ...(asked === undefined ? {} : { version: asked }),
  };
  return attempt(
    () =>
      then(request.call(wrapKeyFor, command, 'read'), ({ key, versions }) => {
        const keys = versions.map(({ number, wrapped }) => [String(number), encodeBase64(wrapped)] as const);
        return ok({ name: key.name, type: key.type, keys: Object.fromEntries(keys) });
      }),
    (error) => {
      if (!(error instanceof Fault) || error.code !== 'KEY_NOT_FOUND') throw error;
      const isDestination = error.facts['key'] === destination;
      const which = isDestination ? 'no such destination key to export to' : 'no such source key for export';
      throw new Refusal(oneError(which), 500, true);
    },
  );
};

function importedOf(data: Data): Imported {
  const ciphertext = textField(data, 'ciphertext');
  if (ciphertext === undefined) {
    const publicKey = textField(data, 'public_key') ?? '';
    if (publicKey === '') throw new Refusal('neither a ciphertext nor a public_key were given to import');
    return { publicKey };
  }
  return { wrapped: decodeBase64(ciphertext), hash: hashOf(textField(data, 'hash_function') ?? 'SHA256') };
}

export const importTransitKey: TransitHandler = (request, { name }) => {
  const { data } = request;
  const type = keyType(data, 'unknown key type:');
  const { keyBytes: _own, ...settings } = newSettings(data);
  const importedRotation = booleanField(data, 'allow_rotation') ?? false;
  if (settings.convergent) throw new Refusal('import cannot be used on keys with convergent encryption enabled');
  if (settings.autoRotateSeconds !== undefined && !importedRotation) {
    throw new Refusal('allow_rotation must be set to true if auto-rotation is enabled');
  }
  const imported = importedOf(data);
  const command = { ...keyRef(request, name), type, settings: { ...settings, importedRotation }, imported };
  return then(request.call(importKey, command, 'update'), () => NOTHING);
};

export const importTransitVersion: TransitHandler = (request, { name }) => {
  const { data } = request;
  const version = integerField(data, 'version');
  const command = {
    ...keyRef(request, name),
    imported: importedOf(data),
    ...(version === undefined ? {} : { version }),
  };
  return orElse(
    () => then(request.call(importKeyVersion, command, 'update'), () => NOTHING),
    () => {
      throw new Refusal(`no key found with name ${name}; to import a new key, use the import/ endpoint`, 400, true);
    },
  );
};
