// Rows of keys to domain values. The order of columns is that of `sql/`.

import type { Key, KeyInUse, KeyVersion } from '../core/keys/key.ts';
import type { KeyOfProject } from '../core/keys/rows.ts';
import { isKeyType } from '../core/keys/type.ts';
import { bytes, damaged, flag, integer, json, text, type Writable } from './cells.ts';
import { keySettingsColumn } from './columns.ts';
import { projectOf } from './rows.ts';
import { KEY_COLUMNS } from './sql/keys.ts';
import { PROJECT_COLUMNS } from './sql/projects.ts';
import { columnCount } from './sql/reference.ts';
import type { Row } from './statement.ts';

const VERSION_AT = columnCount(KEY_COLUMNS);
const KEY_AT = columnCount(PROJECT_COLUMNS);

export function keyOf(row: Row): Key {
  const type = text('crypto_keys', row, 4);
  if (!isKeyType(type)) throw damaged('crypto_keys', row, `is of no known type`);
  const key: Writable<Key> = {
    ...json(keySettingsColumn, 'crypto_keys', row, 7),
    uid: text('crypto_keys', row, 0),
    projectUid: text('crypto_keys', row, 1),
    ring: text('crypto_keys', row, 2),
    name: text('crypto_keys', row, 3),
    type,
    createdAt: integer('crypto_keys', row, 5),
    updatedAt: integer('crypto_keys', row, 6),
    latestVersion: integer('crypto_keys', row, 8),
  };
  if (row[9] !== null) key.nextRotationAt = integer('crypto_keys', row, 9);
  return key;
}

export function keyVersionOf(row: Row): KeyVersion {
  const state = text('crypto_key_versions', row, 2);
  if (state !== 'ENABLED' && state !== 'DESTROYED') throw damaged('crypto_key_versions', row, 'is in no known state');
  const version: Writable<KeyVersion> = {
    keyUid: text('crypto_key_versions', row, 0),
    number: integer('crypto_key_versions', row, 1),
    state,
    createdAt: integer('crypto_key_versions', row, 3),
    publicOnly: flag('crypto_key_versions', row, 5),
  };
  if (row[4] !== null) version.publicKey = text('crypto_key_versions', row, 4);
  if (row[6] !== null) {
    version.sealed = {
      wrappedKey: bytes('crypto_key_versions', row, 6),
      ciphertext: bytes('crypto_key_versions', row, 7),
    };
  }
  return version;
}

export function keyInUseOf(row: Row): KeyInUse {
  const key = keyOf(row);
  return row[VERSION_AT] === null ? { key } : { key, version: keyVersionOf(row.slice(VERSION_AT)) };
}

export function keyOfProjectOf(row: Row): KeyOfProject {
  return { project: projectOf(row.slice(0, KEY_AT)), key: keyOf(row.slice(KEY_AT)) };
}
