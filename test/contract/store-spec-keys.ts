// What every engine behind the store port must do with keys.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type Key, type KeyVersion, NEW_KEY_SETTINGS, WRAPPING_RING } from '../../src/core/keys/key.ts';
import { parseProjectRef } from '../../src/core/name.ts';
import type { Project } from '../../src/core/secret.ts';
import { type AnyStore, aProject, apply, internal, plain, uid, unknownProject } from './store-rows.ts';

export function aKey(project: Project, name: string, over: Partial<Key> = {}): Key {
  return {
    ...NEW_KEY_SETTINGS,
    ...{ uid: uid(), projectUid: project.uid, ring: 'transit', name, type: 'aes256-gcm96', latestVersion: 1 },
    ...{ createdAt: 1_790_000_000_000, updatedAt: 1_790_000_000_001 },
    ...over,
  };
}

export function aKeyVersion({ uid: keyUid }: Key, number: number, over: Partial<KeyVersion> = {}): KeyVersion {
  const sealed = { wrappedKey: randomBytes(69), ciphertext: randomBytes(90) };
  return { keyUid, number, state: 'ENABLED', createdAt: 1_790_000_000_002, publicOnly: false, sealed, ...over };
}

/** A key with three versions, the newest of which is a public half. */
async function seedKey(store: AnyStore) {
  const project = aProject();
  const moments = { backup: { time: 5, version: 2 }, restore: { time: 6, version: 1 } };
  const aws = { region: 'eu-west-1', description: 'd', policy: '{}', isDisabled: true, deletionAt: 7 } as const;
  const key = aKey(project, 'k', { ...moments, aws, latestVersion: 3, autoRotateSeconds: 3600, nextRotationAt: 7000 });
  const half = aKeyVersion(key, 3, { publicOnly: true, publicKey: '-----BEGIN PUBLIC KEY-----' });
  const versions = [aKeyVersion(key, 1), aKeyVersion(key, 2), half];
  await apply(
    store,
    { change: 'project.insert', project },
    { change: 'key.insert', key },
    ...versions.map((version) => ({ change: 'keyVersion.insert', version }) as const),
  );
  return { project, key, versions };
}

const placeOf = ({ id }: Project, { ring, name }: Key) => ({ project: parseProjectRef(id), ring, name });

export function describeKeys(use: () => AnyStore): void {
  test('a key is found by its place with the version that is wanted, and its versions by number', async () => {
    const { project, key, versions } = await seedKey(use());
    const place = placeOf(project, key);
    const rows = await use().read({
      newest: { need: 'key', ...place, number: 0 },
      first: { need: 'key', ...place, project: parseProjectRef(project.number), number: 1 },
      none: { need: 'key', ...place, number: 9 },
      elsewhere: { need: 'key', ...place, ring: 'other', number: 0 },
      nowhere: { need: 'key', ...place, project: unknownProject, number: 0 },
      all: { need: 'keyVersions', ...place, from: 1 },
      some: { need: 'keyVersions', ...place, from: 2 },
      unknown: { need: 'keyVersions', ...place, name: 'other', from: 1 },
    });
    assert.deepEqual(plain(rows.newest), plain({ key, version: versions[2] }));
    assert.deepEqual(plain(rows.first), plain({ key, version: versions[0] }));
    assert.deepEqual(rows.none, { key });
    assert.deepEqual([rows.elsewhere, rows.nowhere], [undefined, undefined]);
    assert.deepEqual(plain(rows.all), plain(versions));
    assert.deepEqual(plain(rows.some), plain(versions.slice(1)));
    assert.deepEqual(rows.unknown, []);
  });

  test('keys of a ring are listed by name, and a name is unique in its ring', async () => {
    const { project, key } = await seedKey(use());
    const others = [aKey(project, 'a'), aKey(project, 'B'), aKey(project, 'z', { ring: 'second' })];
    await apply(use(), ...others.map((each) => ({ change: 'key.insert', key: each }) as const));
    const ring = { project: parseProjectRef(project.id), ring: 'transit' };
    const rows = await use().read({
      first: { need: 'keys', ...ring, after: '', limit: 2 },
      rest: { need: 'keys', ...ring, after: 'a', limit: 9 },
    });
    assert.deepEqual(
      [rows.first, rows.rest].map((keys) => keys.map(({ name }) => name)),
      [['B', 'a'], ['k']],
    );
    assert.deepEqual(rows.rest[0], key);
    await assert.rejects(apply(use(), { change: 'key.insert', key: aKey(project, 'k') }), internal);
    await assert.rejects(apply(use(), { change: 'keyVersion.insert', version: aKeyVersion(key, 2) }), internal);
  });

  test('a key is changed in what may change, and its material in one way only', async () => {
    const { project, key, versions } = await seedKey(use());
    const { autoRotateSeconds: _seconds, nextRotationAt: _at, ...kept } = key;
    const changed: Key = { ...kept, exportable: true, latestVersion: 4, updatedAt: 9 };
    const whole = aKeyVersion(key, 3, {
      ...versions[2],
      publicOnly: false,
      sealed: aKeyVersion(key, 3).sealed as never,
    });
    await apply(use(), { change: 'key.update', key: changed }, { change: 'keyVersion.update', version: whole });
    const rows = await use().read({ third: { need: 'key', ...placeOf(project, key), number: 3 } });
    assert.deepEqual(plain(rows.third), plain({ key: changed, version: whole }));
    await assert.rejects(apply(use(), { change: 'key.update', key: { ...changed, type: 'hmac' } }), internal);
    await assert.rejects(apply(use(), { change: 'key.update', key: aKey(project, 'none') }), internal);
    const moved = { ...whole, createdAt: 1 };
    await assert.rejects(apply(use(), { change: 'keyVersion.update', version: moved }), internal);
  });

  test('destroyed versions lose their material, and a deleted key everything', async () => {
    const { project, key, versions } = await seedKey(use());
    const place = placeOf(project, key);
    await apply(use(), { change: 'keyVersions.destroy', keyUid: key.uid, before: 3 });
    const rows = await use().read({
      left: { need: 'keyVersions', ...place, from: 1 },
      first: { need: 'key', ...place, number: 1 },
    });
    assert.deepEqual(plain(rows.left), plain(versions.slice(2)));
    const { sealed: _gone, ...rest } = versions[0] as KeyVersion;
    assert.deepEqual(rows.first?.version, { ...rest, state: 'DESTROYED' });
    await apply(use(), { change: 'key.delete', uid: key.uid });
    const after = await use().read({
      key: { need: 'key', ...place, number: 0 },
      versions: { need: 'keyVersions', ...place, from: 1 },
    });
    assert.deepEqual([after.key, after.versions], [undefined, []]);
  });

  test('a ring is moved or deleted with the key under which others are imported', async () => {
    const { project, key } = await seedKey(use());
    const wrapping = aKey(project, 'transit', { ring: WRAPPING_RING });
    const other = aKey(project, 'k', { ring: 'second' });
    const version = { change: 'keyVersion.insert', version: aKeyVersion(wrapping, 1) } as const;
    const inserts = [wrapping, other].map((each) => ({ change: 'key.insert', key: each }) as const);
    await apply(use(), ...inserts, version);
    const ring = { projectUid: project.uid, ring: 'transit' };
    await apply(use(), { change: 'keyRing.move', ...ring, to: 'third' });
    const look = (name: string, at: string) =>
      ({ need: 'key', project: parseProjectRef(project.id), ring: at, name, number: 0 }) as const;
    const moved = await use().read({
      key: look('k', 'third'),
      before: look('k', 'transit'),
      wrapping: look('third', WRAPPING_RING),
    });
    assert.deepEqual([moved.key?.key.uid, moved.before, moved.wrapping?.key.uid], [key.uid, undefined, wrapping.uid]);
    await apply(use(), { change: 'keyRing.delete', projectUid: project.uid, ring: 'third' });
    const gone = await use().read({
      key: look('k', 'third'),
      wrapping: look('third', WRAPPING_RING),
      other: look('k', 'second'),
    });
    assert.deepEqual([gone.key, gone.wrapping, gone.other?.key.uid], [undefined, undefined, other.uid]);
  });

  test('keys that are due come oldest first, with their projects', async () => {
    const { project, key } = await seedKey(use());
    const later = aKey(project, 'later', { autoRotateSeconds: 3600, nextRotationAt: 9000 });
    await apply(use(), { change: 'key.insert', key: later }, { change: 'key.insert', key: aKey(project, 'never') });
    const due = async (until: number) => {
      const rows = await use().read({ due: { need: 'dueKeys', until, limit: 1000 } });
      return rows.due.filter((row) => row.project.uid === project.uid).map((row) => row.key.uid);
    };
    assert.deepEqual([await due(6999), await due(7000), await due(9000)], [[], [key.uid], [key.uid, later.uid]]);
  });
}
