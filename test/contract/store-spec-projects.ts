// What every engine behind the store port must do when a project goes: all that is in it goes, nothing of another does, and
// its names are known as those of one that is gone.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import type { Change, Needs } from '../../src/core/ports.ts';
import { accountPrincipal } from '../../src/core/principal.ts';
import type { Project } from '../../src/core/secret.ts';
import {
  type AnyStore,
  anAccount,
  aKey as anAccountKey,
  aProject,
  apply,
  aSealed,
  aSecret,
  aToken,
  aVersion,
  internal,
  plain,
  uid,
} from './store-rows.ts';
import { aKey, aKeyVersion } from './store-spec-keys.ts';

const now = 1_790_000_000_000;

export function deletionOf(project: Project, over: object = {}): Extract<Change, { change: 'project.delete' }> {
  const { id, number } = project;
  return {
    ...{ change: 'project.delete', project, now, retired: [id, number], leases: `lease/${id}/` },
    ...{ vaultPrefixes: [`project/${id}/`, `auth/${project.uid}/`] },
    ...over,
  };
}

/** A project with one of everything. */
export async function fillProject(store: AnyStore, project: Project = aProject()): Promise<Project> {
  const { id } = project;
  const times = { description: '', createdAt: 1, updatedAt: 2, etag: 'AbC=' };
  const tag = { id: String(randomInt(2 ** 47, 2 ** 48 - 1)), projectUid: project.uid, shortName: 'env', ...times };
  const value = { id: String(randomInt(2 ** 47, 2 ** 48 - 1)), keyId: tag.id, shortName: 'prod', ...times };
  const policy = { bindings: [{ role: 'roles/viewer', members: ['user:a@x.org'] }], etag: 'A' };
  const secrets = [
    aSecret(project, 'one', { lastVersion: 1, currentVersion: 1, policy }),
    aSecret(project, 'two', { location: 'kv:1' as never, lastVersion: 1, currentVersion: 1 }),
  ];
  const account = anAccount(project, 'worker');
  const { member } = accountPrincipal(account.email);
  const key = aKey(project, 'k');
  const entry = (id: string, data: object = {}, owner?: string) =>
    ({
      change: 'vaultEntry.put',
      entry: { id, data: { ...data }, ...(owner === undefined ? {} : { owner }) },
    }) as const;
  const token = (name: string, data: object) => entry(`token/${project.uid}-${name}`, { project: id, ...data });
  await apply(
    store,
    { change: 'project.insert', project },
    { change: 'tagKey.insert', key: tag },
    { change: 'tagValue.insert', value },
    ...secrets.flatMap((secret): Change[] => [
      { change: 'secret.insert', secret },
      { change: 'version.insert', version: aVersion(secret, 1), sealed: aSealed() },
      { change: 'tagBinding.insert', secretUid: secret.uid, valueId: value.id },
    ]),
    { change: 'account.insert', account },
    { change: 'accountKey.insert', key: anAccountKey(account, { id: project.uid }) },
    { change: 'token.insert', token: aToken(member, { hash: project.uid }) },
    { change: 'topic.insert', topic: { projectUid: project.uid, id: 't', labels: {}, createdAt: 1 } as never },
    { change: 'key.insert', key },
    { change: 'keyVersion.insert', version: aKeyVersion(key, 1) },
    entry(`project/${id}/mounts`),
    entry(`auth/${project.uid}/role`),
    token('root', { policies: ['root'] }),
    // Says of itself what others say of theirs.
    token('other', { project: 'default', meta: { project: id } }),
    token('leased', {}),
    entry(`lease/${id}/auth/token/create/a`, {}, `token/${project.uid}-leased`),
    entry(`cubbyhole/${project.uid}/x`, {}, `token/${project.uid}-leased`),
  );
  const seen = {
    version: 1,
    principal: member,
    workload: 'web',
    dialect: 'gcp',
    firstSeenAt: 1,
    lastSeenAt: 2,
    reads: 3,
  };
  await store.recordCensus(secrets.map((secret) => ({ projectUid: project.uid, secretUid: secret.uid, ...seen })));
  return project;
}

function needsOf({ uid: projectUid, id }: Project) {
  const project = parseProjectRef(id);
  const place = { project, key: secretKey('one' as never) };
  const email = anAccount({ id } as never, 'worker').email;
  return {
    project: { need: 'project', project },
    secret: { need: 'secret', ...place },
    payload: { need: 'payload', ...place, number: 1 },
    hidden: { need: 'secret', project, location: 'kv:1' as never, key: secretKey('two' as never) },
    account: { need: 'account', email },
    accountKey: { need: 'accountKey', id: projectUid },
    token: { need: 'token', hash: projectUid },
    topic: { need: 'topic', project, id: 't' },
    tag: { need: 'tagKey', tag: { project, shortName: 'env' } },
    key: { need: 'key', project, ring: 'transit', name: 'k', number: 1 },
    mounts: { need: 'vaultEntry', id: `project/${id}/mounts` },
    role: { need: 'vaultEntry', id: `auth/${projectUid}/role` },
    root: { need: 'vaultEntry', id: `token/${projectUid}-root` },
    leased: { need: 'vaultEntry', id: `token/${projectUid}-leased` },
    lease: { need: 'vaultEntry', id: `lease/${id}/auth/token/create/a` },
    cubbyhole: { need: 'vaultEntry', id: `cubbyhole/${projectUid}/x` },
  } as const satisfies Needs;
}

export function describeProjects(use: () => AnyStore): void {
  const retired = async (name: string) => (await use().read({ it: { need: 'retired', name } })).it;

  test('a project goes with all that is in it, and its names are not free', async () => {
    const [gone, stays] = [await fillProject(use()), await fillProject(use())];
    const before = plain(await use().read(needsOf(stays)));
    for (const [name, row] of Object.entries(await use().read(needsOf(gone)))) assert.ok(row, name);
    const other = { it: { need: 'vaultEntry', id: `token/${gone.uid}-other` } } as const;
    assert.deepEqual([await retired(gone.id), await retired(gone.number)], [false, false]);
    await apply(use(), deletionOf(gone));
    for (const [name, row] of Object.entries(await use().read(needsOf(gone)))) assert.equal(row, undefined, name);
    assert.deepEqual(plain(await use().read(needsOf(stays))), before);
    assert.ok((await use().read(other)).it, 'what a token says of itself is not where it belongs');
    assert.deepEqual(
      [await retired(gone.id), await retired(gone.number), await retired(stays.id)],
      [true, true, false],
    );
    await assert.rejects(async () => apply(use(), deletionOf(gone)), internal);
  });

  test('only that very project goes', async () => {
    const project = await fillProject(use());
    await assert.rejects(async () => apply(use(), deletionOf({ ...project, number: '1' })), internal);
    assert.ok((await use().read(needsOf(project))).secret);
  });

  test('a tag that a secret of another project has is told of', async () => {
    const project = aProject();
    const neighbour = aProject();
    const times = { description: '', createdAt: 1, updatedAt: 2, etag: 'AbC=' };
    const key = { id: '150000000000001', projectUid: project.uid, shortName: 'env', ...times };
    const value = { id: '150000000000002', keyId: key.id, shortName: 'prod', ...times };
    const secret = aSecret(neighbour, `s-${uid()}`, { location: 'europe-west1' as never });
    const own = aSecret(project);
    await apply(
      use(),
      { change: 'project.insert', project },
      { change: 'project.insert', project: neighbour },
      { change: 'secret.insert', secret },
      { change: 'secret.insert', secret: own },
      { change: 'tagKey.insert', key },
      { change: 'tagValue.insert', value },
      { change: 'tagBinding.insert', secretUid: own.uid, valueId: value.id },
    );
    const elsewhere = async (ref: string) =>
      (await use().read({ it: { need: 'tagUseElsewhere', project: parseProjectRef(ref) } })).it;
    assert.equal(await elsewhere(project.id), undefined);
    await apply(use(), { change: 'tagBinding.insert', secretUid: secret.uid, valueId: value.id });
    assert.deepEqual([await elsewhere(project.id), await elsewhere(project.number)], ['europe-west1', 'europe-west1']);
    assert.equal(await elsewhere(neighbour.id), undefined);
  });
}
