// Keys and their versions as the statements that keep them. The order of values is that of `sql/`.

import { type Key, type KeyVersion, settingsOf } from '../core/keys/key.ts';
import type { KeyChange } from '../core/keys/rows.ts';
import { keySettingsColumn } from './columns.ts';
import {
  KEY_DELETE,
  KEY_INSERT,
  KEY_RING_DELETE,
  KEY_RING_MOVE,
  KEY_UPDATE,
  KEY_VERSION_INSERT,
  KEY_VERSION_UPDATE,
  KEY_VERSIONS_DESTROY,
  WRAPPING_KEY_MOVE,
} from './sql/keys.ts';
import { any, one, type Write } from './write.ts';

/** The statements of a change of keys, in their order. */
export function writesOfKeys(change: KeyChange): readonly Write[] {
  switch (change.change) {
    case 'key.insert':
      return [insertKey(change.key)];
    case 'key.update':
      return [updateKey(change.key)];
    case 'key.delete':
      return [one(KEY_DELETE, [change.uid])];
    case 'keyVersion.insert':
      return [insertKeyVersion(change.version)];
    case 'keyVersion.update':
      return [updateKeyVersion(change.version)];
    case 'keyVersions.destroy':
      return [any(KEY_VERSIONS_DESTROY, [change.keyUid, change.before])];
    case 'keyRing.delete':
      return [any(KEY_RING_DELETE, [change.projectUid, change.ring, change.ring])];
    case 'keyRing.move': {
      const values = [change.to, change.projectUid, change.ring];
      return [any(KEY_RING_MOVE, values), any(WRAPPING_KEY_MOVE, values)];
    }
  }
}

function insertKey(key: Key): Write {
  const { uid, projectUid, ring, name, type, createdAt, updatedAt, latestVersion, nextRotationAt } = key;
  const settings = keySettingsColumn.encode(settingsOf(key));
  return one(KEY_INSERT, [
    ...[uid, projectUid, ring, name, type, createdAt, updatedAt, settings],
    ...[latestVersion, nextRotationAt ?? null],
  ]);
}

function updateKey(key: Key): Write {
  const { uid, projectUid, type, createdAt, updatedAt, latestVersion, nextRotationAt } = key;
  const settings = keySettingsColumn.encode(settingsOf(key));
  return one(KEY_UPDATE, [
    updatedAt,
    settings,
    latestVersion,
    nextRotationAt ?? null,
    uid,
    projectUid,
    type,
    createdAt,
  ]);
}

function insertKeyVersion(version: KeyVersion): Write {
  const { keyUid, number, state, createdAt, publicKey, publicOnly, sealed } = version;
  return one(KEY_VERSION_INSERT, [
    ...[keyUid, number, state, createdAt, publicKey ?? null, publicOnly ? 1 : 0],
    ...[sealed?.wrappedKey ?? null, sealed?.ciphertext ?? null],
  ]);
}

function updateKeyVersion({ keyUid, number, createdAt, publicOnly, sealed }: KeyVersion): Write {
  const { wrappedKey = null, ciphertext = null } = sealed ?? {};
  return one(KEY_VERSION_UPDATE, [publicOnly ? 1 : 0, wrappedKey, ciphertext, keyUid, number, createdAt]);
}
