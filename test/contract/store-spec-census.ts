// What every engine behind the store port must do with the census, and with the members that policies of secrets name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sighting } from '../../src/core/census.ts';
import { EMPTY_POLICY } from '../../src/core/iam/policy.ts';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import type { Change } from '../../src/core/ports.ts';
import type { AccountKey, Project, Secret, Version } from '../../src/core/secret.ts';
import {
  type AnyStore,
  anAccount,
  aProject,
  apply,
  aSealed,
  aSecret,
  aToken,
  deletion,
  plain,
  seed,
  uid,
} from './store-rows.ts';
import { deletionOf } from './store-spec-projects.ts';

function aSighting({ uid: secretUid, projectUid }: Secret, over: Partial<Sighting> = {}): Sighting {
  return {
    ...{ projectUid, secretUid, version: 1, principal: 'user:ä"@x.org', workload: 'web', dialect: 'gcp' },
    ...{ firstSeenAt: 100, lastSeenAt: 200, reads: 3 },
    ...over,
  };
}

async function censusOf(store: AnyStore, project: { readonly id: string }, secret: Secret, limit = 100) {
  const place = { project: parseProjectRef(project.id), location: secret.location, key: secretKey(secret.name) };
  return (await store.read({ it: { need: 'census', ...place, limit } })).it;
}

async function naming(
  store: AnyStore,
  project: { readonly id: string },
  members: readonly string[],
  after = '',
  limit = 9,
) {
  const need = { need: 'secretsNaming', project: parseProjectRef(project.id), members, after, limit } as const;
  return (await store.read({ need })).need.map(({ uid: found }) => found);
}

const policyOf = (...members: string[]) => ({
  bindings: [
    { role: 'roles/viewer', members },
    { role: 'roles/secretmanager.admin', members: members.slice(0, 1) },
  ],
  etag: 'BwAB',
});

export function describeCensus(use: () => AnyStore): void {
  test('sightings add up: the first, the last and the number of reads, whatever order they come in', async () => {
    const { project, secret } = await seed(use(), 2);
    await use().recordCensus([aSighting(secret), aSighting(secret, { version: 2, lastSeenAt: 150 })]);
    await use().recordCensus([aSighting(secret, { firstSeenAt: 50, lastSeenAt: 300, reads: 1 })]);
    await use().recordCensus([aSighting(secret, { firstSeenAt: 60, lastSeenAt: 70, reads: 1 })]);
    const [first, second, ...rest] = await censusOf(use(), project, secret);
    assert.deepEqual(plain(first), {
      ...aSighting(secret, { firstSeenAt: 50, lastSeenAt: 300, reads: 5 }),
      state: 'ENABLED',
    });
    assert.deepEqual([second?.version, second?.lastSeenAt, rest.length], [2, 150, 0], 'the newest read first');
    assert.equal((await censusOf(use(), project, secret, 1)).length, 1);
  });

  test('a sighting differs by each part of its key, and is told with the state of its version', async () => {
    const { project, secret, versions } = await seed(use(), 2);
    const others = [{ version: 2 }, { principal: 'user:b@x' }, { workload: '' }, { dialect: 'vault' }];
    await use().recordCensus([aSighting(secret), ...others.map((over) => aSighting(secret, over))]);
    const [, last] = versions;
    assert.ok(last);
    await apply(use(), { change: 'version.update', version: { ...last, state: 'DISABLED' } });
    const found = await censusOf(use(), project, secret);
    assert.equal(found.length, 5);
    assert.deepEqual(
      found.filter(({ version }) => version === 2).map(({ state }) => state),
      ['DISABLED'],
    );
  });

  test('a principal has a hundred workloads on a version; the others count as one without a name', async () => {
    const { project, secret } = await seed(use(), 2);
    for (const part of [0, 1, 2]) {
      const names = Array.from({ length: 50 }, (_, index) => `w${part * 50 + index}`);
      await use().recordCensus(names.map((workload) => aSighting(secret, { workload, reads: 1 })));
    }
    await use().recordCensus([aSighting(secret, { workload: 'w3', reads: 1 }), aSighting(secret, { version: 2 })]);
    const found = await censusOf(use(), project, secret, 1000);
    const first = found.filter(({ version }) => version === 1);
    assert.equal(first.length, 101);
    assert.equal(first.find(({ workload }) => workload === '')?.reads, 50);
    assert.equal(first.find(({ workload }) => workload === 'w3')?.reads, 2);
    assert.deepEqual(
      found.filter(({ version }) => version === 2).map(({ workload }) => workload),
      ['web'],
    );
  });

  test('the census of a project and of a principal in it, without what is deleted', async () => {
    const { project, secret } = await seed(use(), 1);
    const other = aSecret(project);
    const gone = aSecret(project, undefined, { purgeAt: 9e12 });
    await apply(use(), { change: 'secret.insert', secret: other }, { change: 'secret.insert', secret: gone });
    const { project: elsewhere, secret: foreign } = await seed(use(), 1);
    await use().recordCensus([
      aSighting(secret, { lastSeenAt: 300 }),
      aSighting(other, { lastSeenAt: 400, principal: 'user:b@x' }),
      aSighting(gone, { lastSeenAt: 500 }),
      aSighting(foreign, { lastSeenAt: 600 }),
    ]);
    for (const ref of [parseProjectRef(project.id), parseProjectRef(project.number)]) {
      const rows = await use().read({
        all: { need: 'censusOfProject', project: ref, limit: 9 },
        one: { need: 'censusOfProject', project: ref, limit: 1 },
        own: { need: 'censusOfPrincipal', project: ref, principal: 'user:ä"@x.org', limit: 9 },
        none: { need: 'censusOfPrincipal', project: ref, principal: 'user:c@x', limit: 9 },
      });
      assert.deepEqual(
        rows.all.map((row) => [row.secret.uid, row.sighting.lastSeenAt]),
        [
          [other.uid, 400],
          [secret.uid, 300],
        ],
      );
      assert.equal(rows.one.length, 1);
      assert.deepEqual(
        rows.own.map((row) => plain(row.secret)),
        [plain(secret)],
      );
      assert.deepEqual(rows.none, []);
    }
    assert.equal((await censusOf(use(), elsewhere, foreign)).length, 1);
  });

  test('it goes with its secret, a sighting of none is dropped, and no audit record is made', async () => {
    const { project, secret } = await seed(use(), 1);
    const pending = (await use().pendingAudit()).length;
    await use().recordCensus([aSighting(secret), aSighting({ ...secret, uid: uid() })]);
    await use().recordCensus([]);
    assert.equal((await use().pendingAudit()).length, pending);
    await apply(use(), { change: 'secret.delete', uid: secret.uid });
    await apply(use(), { change: 'secret.insert', secret });
    assert.deepEqual(await censusOf(use(), project, secret), []);
  });

  test('it goes with every secret of a location, and nobody who comes to their place has it', async () => {
    const { project, secret, versions } = await seed(use(), 1);
    const location = 'kv:1' as never;
    const gone = aSecret(project, 'gone', { location, lastVersion: 1, currentVersion: 1 });
    const [first] = versions;
    assert.ok(first);
    const version = (of: Secret) => ({ ...first, uid: uid(), secretUid: of.uid });
    const add = (of: Secret) =>
      apply(
        use(),
        { change: 'secret.insert', secret: of },
        { change: 'version.insert', version: version(of), sealed: aSealed(10) },
      );
    await add(gone);
    await use().recordCensus([aSighting(secret), aSighting(gone)]);
    assert.equal((await censusOf(use(), project, gone)).length, 1);
    await apply(use(), { change: 'secrets.deleteAt', projectUid: project.uid, location });
    const next = aSecret(project, 'gone', { location, lastVersion: 1, currentVersion: 1 });
    await add(next);
    assert.deepEqual(await censusOf(use(), project, next), []);
    await use().recordCensus([aSighting(gone)]);
    assert.deepEqual(await censusOf(use(), project, next), [], 'nor what was seen of the one that is gone');
    assert.equal((await censusOf(use(), project, secret)).length, 1);
  });

  test('a sighting that says where its version lies is of that secret alone, also once another has come to its place', async () => {
    const { project, versions } = await seed(use(), 1);
    const location = 'kv:2' as never;
    const leaving = aProject();
    await apply(use(), { change: 'project.insert', project: leaving });
    const ways = [
      { of: leaving, deletion: (): Change => deletionOf(leaving) },
      { of: project, deletion: ({ uid }: Secret): Change => ({ change: 'secret.delete', uid }) },
      { of: project, deletion: (): Change => ({ change: 'secrets.deleteAt', projectUid: project.uid, location }) },
    ];
    for (const { of, deletion } of ways) {
      const make = async (project: Project) => {
        const secret = aSecret(project, undefined, { location, lastVersion: 1, currentVersion: 1 });
        const version = { ...(versions[0] as Version), uid: uid(), secretUid: secret.uid };
        await apply(
          use(),
          { change: 'secret.insert', secret },
          { change: 'version.insert', version, sealed: aSealed(10) },
        );
        const place = { project: parseProjectRef(project.id), location, key: secretKey(secret.name) };
        const { row } = await use().read({ row: { need: 'payload', ...place, number: 1 } });
        return { secret, ordinal: row?.ordinal as number };
      };
      const first = await make(of);
      const sighting = aSighting(first.secret, { ordinal: first.ordinal });
      await use().recordCensus([sighting, { ...sighting, principal: 'user:other@x.org' }]);
      const { ordinal: _, ...kept } = sighting;
      const seen = await censusOf(use(), of, first.secret);
      assert.deepEqual(
        seen.find(({ principal }) => principal === kept.principal),
        { ...kept, state: 'ENABLED' },
      );
      assert.equal(seen.length, 2);
      await apply(use(), deletion(first.secret));
      await use().recordCensus([sighting]);
      const next = await make(project);
      await use().recordCensus([sighting]);
      assert.deepEqual(await censusOf(use(), project, next.secret), []);
      await use().recordCensus([aSighting(next.secret, { ordinal: next.ordinal })]);
      assert.equal((await censusOf(use(), project, next.secret)).length, 1);
    }
  });

  test('readers of long ago are forgotten', async () => {
    const { project, secret } = await seed(use(), 2);
    await use().recordCensus([aSighting(secret), aSighting(secret, { version: 2, lastSeenAt: 201 })]);
    assert.ok((await use().sweepCensus(201)) > 0);
    assert.deepEqual(
      (await censusOf(use(), project, secret)).map(({ version }) => version),
      [2],
    );
    assert.equal(await use().sweepCensus(201), 0);
    assert.equal(await use().sweepCensus(300), 1);
    await use().recordCensus([aSighting(secret)]);
    assert.equal((await censusOf(use(), project, secret)).length, 1, 'a principal that was forgotten is known anew');
  });

  test('the workload of a token and of a key is kept', async () => {
    const token = aToken('user:a@x.org', { workload: 'web' });
    await apply(use(), { change: 'token.insert', token });
    assert.deepEqual((await use().read({ it: { need: 'token', hash: token.hash } })).it, token);
    const project = aProject();
    const account = anAccount(project);
    const key: AccountKey = { id: uid(), account: account.email, publicKey: 'k', createdAt: 1, disabled: false };
    await apply(
      use(),
      { change: 'project.insert', project },
      { change: 'account.insert', account },
      { change: 'accountKey.insert', key },
      { change: 'accountKey.update', key: { ...key, workload: 'web' } },
    );
    const need = { need: 'accountKey', id: key.id } as const;
    assert.deepEqual((await use().read({ need })).need, { ...key, workload: 'web' });
    await apply(use(), { change: 'accountKey.update', key });
    assert.deepEqual((await use().read({ need })).need, key);
  });

  test('secrets are found by the members that their policies name, each once, page by page', async () => {
    const project = aProject();
    const account = anAccount(project);
    const member = `serviceAccount:${account.email}`;
    const secrets = Array.from({ length: 5 }, () => aSecret(project)).sort((a, b) => (a.uid < b.uid ? -1 : 1));
    const uids = secrets.map((secret) => secret.uid);
    await apply(
      use(),
      { change: 'project.insert', project },
      { change: 'account.insert', account },
      ...secrets.map((secret) => ({ change: 'secret.insert', secret }) as const),
    );
    assert.deepEqual(await naming(use(), project, [member, 'allUsers']), []);
    const set = (at: number, ...members: string[]) => {
      const secret: Secret = { ...(secrets[at] as Secret), policy: policyOf(...members) };
      return apply(use(), { change: 'secret.update', secret });
    };
    await set(0, member, 'allUsers');
    await set(1, 'user:"a,b"@x.org');
    await set(3, 'allUsers');
    await set(4, member);
    assert.deepEqual(await naming(use(), project, [member]), [uids[0], uids[4]]);
    assert.deepEqual(await naming(use(), project, [member, 'allUsers']), [uids[0], uids[3], uids[4]]);
    assert.deepEqual(await naming(use(), project, [member, 'allUsers'], '', 2), [uids[0], uids[3]]);
    assert.deepEqual(await naming(use(), project, [member, 'allUsers'], uids[3], 2), [uids[4]]);
    assert.deepEqual(await naming(use(), project, ['user:"a,b"@x.org']), [uids[1]]);
    assert.deepEqual(await naming(use(), aProject(), [member]), []);
    await set(4, 'allUsers');
    await apply(use(), {
      change: 'secret.update',
      secret: { ...(secrets[3] as Secret), policy: { ...EMPTY_POLICY, etag: 'BwAC' } },
    });
    assert.deepEqual(await naming(use(), project, [member, 'allUsers']), [uids[0], uids[4]]);
    const deleted: Secret = { ...(secrets[0] as Secret), policy: policyOf(member, 'allUsers'), purgeAt: 9e12 };
    await apply(use(), { change: 'secret.update', secret: deleted });
    assert.deepEqual(await naming(use(), project, [member, 'allUsers']), [uids[4]], 'a deleted one is not there');
    await apply(use(), { change: 'secret.update', secret: { ...(secrets[0] as Secret), policy: policyOf(member) } });
    assert.deepEqual(await naming(use(), project, [member]), [uids[0]]);
    await apply(use(), deletion(account));
    assert.deepEqual(await naming(use(), project, [member]), [], 'nor is an account that is deleted');
    await apply(use(), { change: 'secret.delete', uid: uids[4] as string });
    assert.deepEqual(await naming(use(), project, ['allUsers']), []);
  });
}
