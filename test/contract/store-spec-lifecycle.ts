// What every engine behind the store port must do with regional and deleted secrets, aliases, schedules and equal
// values.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Location, parseProjectRef, type SecretKey, secretKey } from '../../src/core/name.ts';
import type { SecretOfProject, VersionOfSecret } from '../../src/core/ports.ts';
import type { Project, Secret, Version } from '../../src/core/secret.ts';
import {
  type AnyStore,
  aProject,
  apply,
  aSealed,
  aSecret,
  aVersion,
  hex,
  internal,
  seed,
  uid,
  withoutFingerprint,
} from './store-rows.ts';

const EUROPE = 'europe-west1' as Location;
const ASIA = 'asia-east1' as Location;

function placeOf(project: Project, secret: Secret): { project: ReturnType<typeof parseProjectRef>; key: SecretKey } {
  return { project: parseProjectRef(project.id), key: secretKey(secret.name) };
}

/** A secret with everything that it can have. */
function aFullSecret(project: Project): Secret {
  return aSecret(project, undefined, {
    location: EUROPE,
    tags: { 'tagKeys/1': 'tagValues/2' },
    replication: { locations: [{ location: 'a' }, { location: 'b', kmsKey: 'projects/p/k' }], kmsKey: 'projects/p/j' },
    versionAliases: { prod: 2, constructor: 1 },
    expiresAt: 9_000_000_000_000,
    versionDestroyTtlSeconds: 86_400,
    topics: ['projects/p/topics/one', 'projects/p/topics/two'],
    rotation: { nextAt: 8_000_000_000_000, periodSeconds: 3600 },
    lastVersion: 2,
    currentVersion: 2,
    previousVersion: 1,
  });
}

export function describeSecrets(use: () => AnyStore): void {
  test('a secret keeps everything it can have, and loses what it is updated without', async () => {
    const awsAliases = [{ region: 'eu-west-1', name: 'a', key: 'id', createdAt: 1, updatedAt: 2 }];
    const project = aProject({ settings: { accessPerMinute: 0, readPerMinute: 7, writePerMinute: 600, awsAliases } });
    const secret = aFullSecret(project);
    await apply(use(), { change: 'project.insert', project }, { change: 'secret.insert', secret });
    const need = { need: 'secret', ...placeOf(project, secret), location: EUROPE } as const;
    const first = await use().read({ it: need, project: { need: 'project', project: need.project } });
    assert.deepEqual(first.it, secret);
    assert.deepEqual(first.project?.settings, project.settings);
    const { expiresAt: _, versionDestroyTtlSeconds: _1, rotation: _2, ...rest } = secret;
    const changes: Secret[] = [
      { ...secret, rotation: { nextAt: 5e12 } },
      { ...secret, rotation: { periodSeconds: 7200 } },
      { ...rest, tags: {}, versionAliases: {}, topics: [], previousVersion: 0, replication: { locations: [] } },
    ];
    for (const changed of changes) {
      await apply(use(), { change: 'secret.update', secret: changed });
      assert.deepEqual((await use().read({ it: need })).it, changed);
    }
    await apply(use(), { change: 'project.update', project: { ...project, settings: {} } });
    const last = await use().read({ project: { need: 'project', project: need.project } });
    assert.deepEqual(last.project?.settings, {});
  });

  test('a name is one secret in each location, and a list is of one location', async () => {
    const project = aProject();
    const secrets = [aSecret(project, 'same'), aSecret(project, 'same', { location: EUROPE, lastVersion: 1 })] as const;
    const [global, regional] = secrets;
    const version = aVersion(regional, 1);
    await apply(
      use(),
      { change: 'project.insert', project },
      { change: 'secret.insert', secret: global },
      { change: 'secret.insert', secret: regional },
      { change: 'version.insert', version, sealed: aSealed() },
    );
    const place = placeOf(project, global);
    const list = { need: 'secrets', project: place.project, before: 0, limit: 9 } as const;
    const versions = { need: 'versions', ...place, before: 0, limit: 9 } as const;
    const rows = await use().read({
      global: { need: 'secret', ...place },
      europe: { need: 'secret', ...place, location: EUROPE },
      asia: { need: 'secret', ...place, location: ASIA },
      globals: list,
      europeans: { ...list, location: EUROPE },
      asians: { ...list, location: ASIA },
      none: { need: 'version', ...place, number: 1 },
      one: { need: 'version', ...place, location: EUROPE, number: 1 },
      noVersions: versions,
      versions: { ...versions, location: EUROPE },
    });
    assert.deepEqual([rows.global, rows.europe, rows.asia], [global, regional, undefined]);
    assert.deepEqual([rows.none, rows.one], [undefined, version]);
    assert.deepEqual([rows.noVersions.total, rows.versions.total], [0, 1]);
    const lists = [rows.globals, rows.europeans, rows.asians];
    assert.deepEqual(
      lists.map(({ rows: page, total }) => [page.map(({ secret }) => secret.uid), total]),
      [
        [[global.uid], 1],
        [[regional.uid], 1],
        [[], 0],
      ],
    );
    await assert.rejects(
      apply(use(), { change: 'secret.update', secret: { ...regional, location: ASIA } }),
      internal,
      'a secret does not move',
    );
  });

  test('a deleted secret is absent unless it is asked for, keeps its name, and can come back', async () => {
    const { project, secret, versions, sealed } = await seed(use(), 2);
    const kept = aSecret(project);
    await apply(use(), { change: 'secret.insert', secret: kept });
    const deleted = { ...secret, purgeAt: 7_000_000_000_000 };
    await apply(use(), { change: 'secret.update', secret: deleted });
    const place = placeOf(project, secret);
    const page = { before: 0, limit: 9 };
    const living = {
      secret: { need: 'secret', ...place },
      version: { need: 'version', ...place, number: 1 },
      payload: { need: 'payload', ...place, number: 0 },
      versions: { need: 'versions', ...place, ...page },
      list: { need: 'secrets', project: place.project, ...page },
    } as const;
    const absent = await use().read(living);
    assert.deepEqual([absent.secret, absent.version, absent.payload], [undefined, undefined, undefined]);
    assert.deepEqual(absent.versions, { rows: [], total: 0 });
    assert.deepEqual([absent.list.rows.map(({ secret: { uid } }) => uid), absent.list.total], [[kept.uid], 1]);
    const found = await use().read({
      secret: { ...living.secret, deleted: true },
      version: { ...living.version, deleted: true },
      payload: { ...living.payload, deleted: true },
      versions: { ...living.versions, deleted: true },
      byNumber: { ...living.secret, project: parseProjectRef(project.number), deleted: true },
      living: { need: 'secret', ...placeOf(project, kept), deleted: true },
    });
    assert.deepEqual([found.secret, found.byNumber, found.living], [deleted, deleted, kept]);
    assert.deepEqual(found.version, versions[0]);
    assert.deepEqual(hex(found.payload?.sealed), hex(sealed[1]));
    assert.equal(found.versions.total, 2);
    await assert.rejects(apply(use(), { change: 'secret.insert', secret: aSecret(project, secret.name) }), internal);
    await apply(use(), { change: 'secret.update', secret });
    const back = await use().read(living);
    assert.deepEqual([back.secret, back.list.total, back.versions.total], [secret, 2, 2]);
    await apply(
      use(),
      { change: 'secret.update', secret: deleted },
      { change: 'secret.delete', uid: secret.uid },
      { change: 'secret.insert', secret: aSecret(project, secret.name) },
    );
  });

  test('an alias stands for the number that the secret gives it', async () => {
    const { project, secret, versions, sealed } = await seed(use(), 3);
    const versionAliases = { prod: 2, gone: 7 };
    await apply(use(), { change: 'secret.update', secret: { ...secret, versionAliases } });
    const place = { ...placeOf(project, secret), number: 3 };
    const read = (alias: string, more: { deleted?: true } = {}) =>
      use().read({
        version: { need: 'version', ...place, ...more, alias },
        payload: { need: 'payload', ...place, ...more, alias },
      });
    const rows = await read('prod');
    assert.deepEqual([rows.version, rows.payload?.version], [versions[1], versions[1]]);
    assert.deepEqual(hex(rows.payload?.sealed), hex(sealed[1]));
    assert.deepEqual((await use().read({ it: { need: 'version', ...place, alias: 'prod' } })).it, versions[1]);
    for (const alias of ['gone', 'none', '', 'constructor', '__proto__']) {
      assert.deepEqual(await read(alias), { version: undefined, payload: undefined }, alias);
    }
    const nowhere = { need: 'version', ...place, key: 'none' as SecretKey, alias: 'prod' } as const;
    assert.equal((await use().read({ it: nowhere })).it, undefined);
    await apply(use(), { change: 'secret.update', secret: { ...secret, versionAliases, purgeAt: 6e12 } });
    assert.equal((await read('prod')).version, undefined);
    assert.deepEqual((await read('prod', { deleted: true })).version, versions[1]);
  });

  test('the version before the current one is the one that the secret says', async () => {
    const { project, secret, versions } = await seed(use(), 3);
    const read = () => use().read({ it: { need: 'version', ...placeOf(project, secret), number: 0, previous: true } });
    await apply(use(), { change: 'secret.update', secret: { ...secret, previousVersion: 1 } });
    assert.deepEqual((await read()).it, versions[0]);
    await apply(use(), { change: 'secret.update', secret: { ...secret, previousVersion: 0 } });
    assert.equal((await read()).it, undefined);
  });
}

export function describeSchedules(use: () => AnyStore): void {
  test('due secrets come once each, from what is due longest, with their project', async () => {
    const project = aProject();
    const purged = aSecret(project, 'purged', { purgeAt: 400, rotation: { nextAt: 100 } });
    const secrets = [
      aSecret(project, 'thrice', { expiresAt: 500, rotation: { nextAt: 300 } }),
      aSecret(project, 'expired', { expiresAt: 200, location: EUROPE }),
      purged,
      aSecret(project, 'later', { expiresAt: 1001, rotation: { nextAt: 1002, periodSeconds: 1 } }),
      aSecret(project, 'rotates', { rotation: { nextAt: 1000 } }),
      aSecret(project, 'never', { rotation: { periodSeconds: 1 } }),
    ];
    await apply(
      use(),
      { change: 'project.insert', project },
      ...secrets.map((secret) => ({ change: 'secret.insert' as const, secret })),
    );
    const due = async (until: number, limit: number): Promise<readonly SecretOfProject[]> =>
      (await use().read({ it: { need: 'dueSecrets', until, limit } })).it;
    const names = async (until: number, limit = 9) =>
      (await due(until, limit)).map(({ secret }) => secret.name as string);
    assert.deepEqual(await names(1000), ['expired', 'thrice', 'purged', 'rotates']);
    for (let limit = 0; limit < 4; limit++) {
      assert.deepEqual(await names(1000, limit), ['expired', 'thrice', 'purged', 'rotates'].slice(0, limit));
    }
    assert.deepEqual(await names(199), []);
    assert.deepEqual(await names(1001), ['expired', 'thrice', 'purged', 'rotates', 'later']);
    const [, , third] = await due(1000, 9);
    assert.deepEqual(third?.secret, purged);
    assert.equal(third?.project.id, project.id);
    for (const { uid } of secrets) await apply(use(), { change: 'secret.delete', uid });
  });

  test('due versions are those of living secrets, from what is due longest', async () => {
    const [one, two] = [await seed(use(), 3), await seed(use(), 1)];
    const scheduled = (version: Version, at: number): Version => {
      return { ...version, state: 'DISABLED', scheduledDestroyAt: at };
    };
    const [first, second, third] = one.versions.map((version, index) => scheduled(version, 600 - index * 100));
    const [other] = two.versions.map((version) => scheduled(version, 300));
    assert.ok(first && second && third && other);
    for (const version of [first, second, third, other]) await apply(use(), { change: 'version.update', version });
    const due = async (until: number, limit = 9): Promise<readonly VersionOfSecret[]> =>
      (await use().read({ it: { need: 'dueVersions', until, limit } })).it;
    const found = await due(500);
    assert.deepEqual(
      found.map(({ version }) => version),
      [other, third, second],
    );
    assert.deepEqual([found[1]?.secret, found[1]?.project.uid], [one.secret, one.project.uid]);
    assert.equal((await due(500, 1)).length, 1);
    await apply(use(), { change: 'secret.update', secret: { ...two.secret, purgeAt: 6e12 } });
    const { scheduledDestroyAt: _, ...saved } = second;
    await apply(use(), { change: 'version.update', version: { ...saved, state: 'ENABLED' } });
    await apply(use(), { change: 'version.update', version: { ...third, state: 'DESTROYED', destroyedAt: 9 } });
    assert.deepEqual(
      (await due(1000)).map(({ version }) => version.uid),
      [first.uid],
    );
    await assert.rejects(
      apply(use(), { change: 'version.update', version: { ...first, state: 'ENABLED' } }),
      internal,
      'only what is disabled is to be destroyed',
    );
    await apply(use(), { change: 'secret.delete', uid: one.secret.uid });
  });

  test('equal values are found in the whole server, until they are destroyed', async () => {
    const [one, two, gone] = [await seed(use(), 0), await seed(use(), 0), await seed(use(), 0)];
    const fingerprint = uid() + uid();
    const made = [
      aVersion(one.secret, 1, { fingerprint, createdAt: 30 }),
      aVersion(two.secret, 1, { fingerprint, createdAt: 10 }),
      aVersion(two.secret, 2, { fingerprint, createdAt: 20 }),
      aVersion(two.secret, 3, { fingerprint: uid() + uid() }),
      withoutFingerprint(aVersion(two.secret, 4)),
      aVersion(gone.secret, 1, { fingerprint, createdAt: 5 }),
    ] as const;
    for (const version of made) await apply(use(), { change: 'version.insert', version, sealed: aSealed() });
    await apply(use(), { change: 'secret.update', secret: { ...gone.secret, purgeAt: 6e12 } });
    const same = async ({ project, secret }: SecretOfProject, number: number, limit = 9) => {
      const need = { need: 'sameValue', ...placeOf(project, secret), number, limit } as const;
      return (await use().read({ it: need })).it.map(({ version, secret: { uid: owner }, project: { id } }) => [
        version,
        owner,
        id,
      ]);
    };
    const row = (of: SecretOfProject, version: Version) => [version, of.secret.uid, of.project.id];
    const all = [row(two, made[1]), row(two, made[2]), row(one, made[0])];
    assert.deepEqual(await same(one, 1), all);
    assert.deepEqual(await same(two, 2, 2), all.slice(0, 2));
    assert.deepEqual(await same(two, 3), [row(two, made[3])]);
    assert.deepEqual(await same(two, 4), []);
    assert.deepEqual(await same(two, 5), []);
    assert.deepEqual(await same(gone, 1), []);
    await apply(use(), { change: 'version.update', version: { ...made[1], state: 'DISABLED' } });
    const destroyed: Version = { ...made[2], state: 'DESTROYED', destroyedAt: 40 };
    await apply(use(), { change: 'version.update', version: destroyed });
    assert.deepEqual(await same(one, 1), [row(two, { ...made[1], state: 'DISABLED' }), row(one, made[0])]);
    assert.deepEqual(await same(two, 2), []);
    const { it } = await use().read({ it: { need: 'version', ...placeOf(two.project, two.secret), number: 2 } });
    assert.deepEqual(it, withoutFingerprint(destroyed));
  });
}
