// What every engine behind the store port must do with changes: keep them, or take all of them back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../src/core/error.ts';
import { EMPTY_POLICY, type Policy } from '../../src/core/iam/policy.ts';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import {
  type AnyStore,
  anAccount,
  aProject,
  apply,
  aRecord,
  aSealed,
  aSecret,
  aToken,
  aVersion,
  deletion,
  internal,
  plain,
  seed,
  uid,
  withoutFingerprint,
} from './store-rows.ts';

export function describeChanges(use: () => AnyStore): void {
  test('policies and every field that can change are kept', async () => {
    const { project, secret } = await seed(use(), 2);
    const account = anAccount(project);
    await apply(use(), { change: 'account.insert', account });
    const policy: Policy = {
      bindings: [{ role: 'roles/owner', members: ['group:g@example.com'] }],
      etag: 'BwCD',
    };
    const changed = {
      project: {
        ...project,
        displayName: 'x',
        updatedAt: 5,
        labels: {},
        etag: 'f',
        policy,
        wrappedKey: aSealed().wrappedKey,
      },
      secret: {
        ...secret,
        labels: { a: 'b' },
        annotations: {},
        replication: { locations: [] },
        etag: 'g',
        policy,
        currentVersion: 1,
      },
      account: { ...account, displayName: 'y', description: 'z', etag: 'h' },
    };
    await apply(
      use(),
      { change: 'server.policy', policy },
      { change: 'project.update', project: changed.project },
      { change: 'secret.update', secret: changed.secret },
      { change: 'account.update', account: changed.account },
    );
    const ref = parseProjectRef(project.id);
    const rows = await use().read({
      server: { need: 'server' },
      project: { need: 'project', project: ref },
      secret: { need: 'secret', project: ref, key: secretKey(secret.name) },
      account: { need: 'account', email: account.email },
    });
    assert.deepEqual(plain(rows), plain({ server: policy, ...changed }));
    await apply(use(), { change: 'server.policy', policy: EMPTY_POLICY });
  });

  test('a version moves between states, and a destroyed one has lost its payload for good', async () => {
    const { project, secret, versions } = await seed(use(), 1);
    const [version] = versions;
    assert.ok(version);
    const need = {
      need: 'payload',
      project: parseProjectRef(project.id),
      key: secretKey(secret.name),
      number: 1,
    } as const;
    await apply(use(), { change: 'version.update', version: { ...version, state: 'DISABLED', etag: 'd' } });
    assert.equal((await use().read({ need })).need?.version.state, 'DISABLED');
    assert.ok((await use().read({ need })).need?.sealed);
    const destroyed = withoutFingerprint({ ...version, state: 'DESTROYED', destroyedAt: 7, etag: 'e' });
    await apply(use(), { change: 'version.update', version: destroyed });
    const { version: found, sealed } = (await use().read({ need })).need ?? {};
    assert.deepEqual([found, sealed], [destroyed, undefined]);
    await assert.rejects(apply(use(), { change: 'version.update', version }), internal);
    assert.deepEqual((await use().read({ need })).need?.version, destroyed);
  });

  test('deleting a secret takes its versions, and only them', async () => {
    const { project, secret } = await seed(use(), 3);
    const kept = aSecret(project, undefined, { lastVersion: 1, currentVersion: 1 });
    const version = aVersion(kept, 1);
    await apply(
      use(),
      { change: 'secret.insert', secret: kept },
      { change: 'version.insert', version, sealed: aSealed() },
      { change: 'secret.delete', uid: secret.uid },
    );
    const ref = parseProjectRef(project.id);
    const again = aSecret(project, secret.name);
    await apply(use(), { change: 'secret.insert', secret: again });
    const rows = await use().read({
      again: { need: 'versions', project: ref, key: secretKey(secret.name), before: 0, limit: 9 },
      kept: { need: 'version', project: ref, key: secretKey(kept.name), number: 1 },
    });
    assert.equal(rows.again.total, 0);
    assert.deepEqual(rows.kept, version);
  });

  test('deleting an account revokes every token of it, and only those', async () => {
    const project = aProject();
    const [account, other] = [anAccount(project, 'account-a'), anAccount(project, 'account-b')];
    const mine = [aToken(`serviceAccount:${account.email}`), aToken(`serviceAccount:${account.email}`)];
    const theirs = aToken(`serviceAccount:${other.email}`);
    await apply(
      use(),
      { change: 'project.insert', project },
      { change: 'account.insert', account },
      { change: 'account.insert', account: other },
      ...[...mine, theirs].map((token) => ({ change: 'token.insert' as const, token })),
    );
    await apply(use(), deletion(account));
    const rows = await use().read({
      account: { need: 'account', email: account.email },
      first: { need: 'token', hash: mine[0]?.hash as string },
      second: { need: 'token', hash: mine[1]?.hash as string },
      theirs: { need: 'token', hash: theirs.hash },
    });
    assert.deepEqual(rows, { account: undefined, first: undefined, second: undefined, theirs });
  });

  test('tokens are deleted one by one, or all of a member; what is gone stays gone', async () => {
    const member = `user:${uid()}@example.com`;
    const [first, second, third] = [aToken(member), aToken(member), aToken(member)];
    for (const token of [first, second, third]) await apply(use(), { change: 'token.insert', token });
    await apply(use(), { change: 'token.delete', hash: first.hash });
    await apply(use(), { change: 'token.delete', hash: first.hash });
    const need = (token: { hash: string }) => ({ need: 'token', hash: token.hash }) as const;
    assert.deepEqual(await use().read({ first: need(first), second: need(second) }), { first: undefined, second });
    await apply(use(), { change: 'token.deleteAll', member });
    assert.deepEqual(await use().read({ second: need(second), third: need(third) }), {
      second: undefined,
      third: undefined,
    });
  });

  test('a sweep removes what expired before now', async () => {
    const member = 'user:sweep@example.com';
    const [past, now] = [aToken(member, { expiresAt: 999 }), aToken(member, { expiresAt: 1000 })];
    const { expiresAt: _, ...endless } = aToken(member);
    for (const token of [past, now, endless]) await apply(use(), { change: 'token.insert', token });
    assert.equal(await use().sweepTokens(1000), 1);
    const rows = await use().read({
      past: { need: 'token', hash: past.hash },
      now: { need: 'token', hash: now.hash },
      endless: { need: 'token', hash: endless.hash },
    });
    assert.deepEqual(rows, { past: undefined, now, endless });
  });
}

export function describeTransactions(use: () => AnyStore): void {
  test('decide sees the rows it asked for and its result comes back', async () => {
    const { project, secret } = await seed(use(), 1);
    const place = { project: parseProjectRef(project.id), key: secretKey(secret.name) };
    const { result } = await use().transact(
      { secret: { need: 'secret', ...place }, versions: { need: 'versions', ...place, before: 0, limit: 5 } },
      (rows) => ({ result: [rows.secret?.uid, rows.versions.total], changes: [], record: aRecord() }),
    );
    assert.deepEqual(result, [secret.uid, 1]);
  });

  test('what decide throws is thrown on and leaves nothing behind', async () => {
    const pending = (await use().pendingAudit()).length;
    const thrown = new Fault('ETAG_MISMATCH');
    await assert.rejects(
      async () =>
        await use().transact({}, () => {
          throw thrown;
        }),
      (error) => error === thrown,
    );
    assert.equal((await use().pendingAudit()).length, pending);
  });

  test('a change that cannot be made takes those before it, and the record, back', async () => {
    const { project, secret } = await seed(use(), 1);
    const pending = (await use().pendingAudit()).length;
    const stranger = aSecret(aProject());
    const bad = [
      ['a name that is taken', { change: 'secret.insert', secret: aSecret(project, secret.name) }],
      ['a project id that is taken', { change: 'project.insert', project: aProject({ id: project.id }) }],
      ['a project number that is taken', { change: 'project.insert', project: aProject({ number: project.number }) }],
      ['a version number that is taken', { change: 'version.insert', version: aVersion(secret, 1), sealed: aSealed() }],
      ['a secret of no project', { change: 'secret.insert', secret: stranger }],
      ['a version of no secret', { change: 'version.insert', version: aVersion(stranger, 1), sealed: aSealed() }],
      ['an update of what is not there', { change: 'secret.update', secret: stranger }],
      ['a deletion of what is not there', { change: 'secret.delete', uid: uid() }],
      ['an account that is not there', deletion(anAccount(project, 'nobody-here'))],
      ['a secret under another name', { change: 'secret.update', secret: { ...secret, name: stranger.name } }],
      ['a project under another id', { change: 'project.update', project: { ...project, id: aProject().id } }],
      ['labels of another shape', { change: 'secret.update', secret: { ...secret, labels: { a: 1 } as never } }],
    ] as const;
    for (const [what, change] of bad) {
      const innocent = aProject();
      await assert.rejects(apply(use(), { change: 'project.insert', project: innocent }, change), internal, what);
      const { it } = await use().read({ it: { need: 'project', project: parseProjectRef(innocent.id) } });
      assert.equal(it, undefined, what);
    }
    assert.equal((await use().pendingAudit()).length, pending);
    const place = { project: parseProjectRef(project.id), key: secretKey(secret.name) };
    assert.deepEqual((await use().read({ it: { need: 'secret', ...place } })).it, secret);
  });

  test('the two spellings of one name cannot both exist', async () => {
    const project = aProject();
    await apply(
      use(),
      { change: 'project.insert', project },
      { change: 'secret.insert', secret: aSecret(project, 'a/b') },
    );
    await assert.rejects(apply(use(), { change: 'secret.insert', secret: aSecret(project, 'a--b') }), internal);
  });

  test('a row cannot be changed by who has read it', async () => {
    const { project } = await seed(use(), 0);
    const need = { need: 'project', project: parseProjectRef(project.id) } as const;
    const { it } = await use().read({ it: need });
    assert.ok(it);
    assert.throws(() => (it.policy.bindings as unknown[]).push('x'), TypeError);
    assert.throws(() => Object.assign(it.labels, { x: 'y' }), TypeError);
  });

  test('more rows than any page may hold are never read', async () => {
    await assert.rejects(async () => await use().read({ it: { need: 'projects', after: '', limit: 1_000_000 } }));
  });
}
