// Keys and their versions as the statements that keep them. The order of values is that of `sql/`.

import { type Key, type KeyVersion, settingsOf } from '../core/keys/key.ts';
import { keySettingsColumn } from './columns.ts';
import { KEY_INSERT, KEY_UPDATE, KEY_VERSION_INSERT, KEY_VERSION_UPDATE } from './sql/keys.ts';
import { one, type Write } from './write.ts';

export function insertKey(key: Key): Write {
  const { uid, projectUid, ring, name, type, createdAt, updatedAt, latestVersion, nextRotationAt } = key;
  const settings = keySettingsColumn.encode(settingsOf(key));
  return one(KEY_INSERT, [
    ...[uid, projectUid, ring, name, type, createdAt, updatedAt, settings],
    ...[latestVersion, nextRotationAt ?? null],
  ]);
}

export function updateKey(key: Key): Write {
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

export function insertKeyVersion(version: KeyVersion): Write {
  const { keyUid, number, state, createdAt, publicKey, publicOnly, sealed } = version;
  return one(KEY_VERSION_INSERT, [
    ...[keyUid, number, state, createdAt, publicKey ?? null, publicOnly ? 1 : 0],
    ...[sealed?.wrappedKey ?? null, sealed?.ciphertext ?? null],
  ]);
}

export function updateKeyVersion({ keyUid, number, createdAt, publicOnly, sealed }: KeyVersion): Write {
  const { wrappedKey = null, ciphertext = null } = sealed ?? {};
  return one(KEY_VERSION_UPDATE, [publicOnly ? 1 : 0, wrappedKey, ciphertext, keyUid, number, createdAt]);
}
