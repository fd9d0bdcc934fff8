// What every engine behind the store port must do with names that are spelled without case and with hyphens, with what a
// version is told beside its value, and with tokens that were had by something.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProjectRef, type SecretKey } from '../../src/core/name.ts';
import type { Project, Secret, Version, VersionAttributes } from '../../src/core/secret.ts';
import {
  type AnyStore,
  aKey,
  anAccount,
  aProject,
  apply,
  aSealed,
  aSecret,
  aToken,
  aVersion,
  hex,
  plain,
} from './store-rows.ts';

/** A secret of that name with one version that is current. */
async function keep(store: AnyStore, project: Project, name: string, over: Partial<Secret> = {}): Promise<Secret> {
  const secret = aSecret(project, name, { lastVersion: 1, currentVersion: 1, ...over });
  await apply(
    store,
    { change: 'secret.insert', secret },
    { change: 'version.insert', version: aVersion(secret, 1), sealed: aSealed() },
  );
  return secret;
}

export function describeSpelled(use: () => AnyStore): void {
  test('a spelled name finds the exact one, else the only one, and deleted ones where they are asked for', async () => {
    const store = use();
    const project = aProject();
    await apply(store, { change: 'project.insert', project });
    const refs = [parseProjectRef(project.id), parseProjectRef(project.number)] as const;
    const one = await keep(store, project, 'API_KEY');
    const [dotted, plus] = [await keep(store, project, 'two.of'), await keep(store, project, 'two+of')];
    const exact = await keep(store, project, 'both-of');
    await keep(store, project, 'both_of');
    const gone = await keep(store, project, 'Gone', { purgeAt: 9, deletedAt: 1 });
    const path = await keep(store, project, 'a/b');
    for (const ref of refs) {
      const at = (key: string) => ({ project: ref, key: key as SecretKey, spelled: true }) as const;
      const rows = await store.read({
        one: { need: 'secret', ...at('api-key') },
        same: { need: 'secret', ...at('API-KEY') },
        two: { need: 'secret', ...at('two-of') },
        twoOf: { need: 'spellings', ...at('TWO-OF') },
        exact: { need: 'secret', ...at('both-of') },
        cased: { need: 'secret', ...at('Both-Of') },
        gone: { need: 'secret', ...at('gone') },
        goneToo: { need: 'secret', ...at('gone'), deleted: true },
        none: { need: 'spellings', ...at('gone') },
        path: { need: 'version', ...at('A--B'), number: 0 },
        payload: { need: 'payload', ...at('api-key'), number: 0 },
        plain: { need: 'secret', project: ref, key: 'api-key' as SecretKey },
      });
      assert.deepEqual([rows.one?.uid, rows.same?.uid, rows.exact?.uid], [one.uid, one.uid, exact.uid]);
      assert.deepEqual([rows.two, rows.twoOf, rows.cased, rows.gone, rows.plain], Array(5).fill(undefined).with(1, 2));
      assert.deepEqual([rows.goneToo?.uid, rows.goneToo?.deletedAt, rows.none], [gone.uid, 1, 0]);
      assert.deepEqual([rows.path?.secretUid, rows.payload?.version.secretUid], [path.uid, one.uid]);
      assert.deepEqual(
        [dotted, plus].map(({ name }) => name),
        ['two.of', 'two+of'],
      );
    }
  });

  test('a list shows a secret by its current version, and none that its spelling does not find', async () => {
    const store = use();
    const project = aProject();
    await apply(store, { change: 'project.insert', project });
    for (const name of ['first', 'two.of', 'two+of', 'both-of', 'both_of', 'API_KEY']) await keep(store, project, name);
    await apply(store, { change: 'secret.insert', secret: aSecret(project, 'empty') });
    for (const name of ['old_1', 'old_2']) await keep(store, project, name, { purgeAt: 9, deletedAt: 1 });
    const ref = parseProjectRef(project.id);
    const list = { need: 'currentVersions', project: ref, deleted: false, before: 0, limit: 9 } as const;
    const { all, page, deleted } = await store.read({
      all: list,
      page: { ...list, limit: 1 },
      deleted: { ...list, deleted: true },
    });
    const names = (rows: typeof all) => rows.map(({ secret, version }) => [secret.name, version.number]);
    assert.deepEqual(names(all), [
      ['API_KEY', 1],
      ['both-of', 1],
      ['first', 1],
    ]);
    assert.deepEqual(names(page), [['API_KEY', 1]]);
    assert.deepEqual(names(deleted), [
      ['old_2', 1],
      ['old_1', 1],
    ]);
    const { rest } = await store.read({ rest: { ...list, before: page[0]?.cursor ?? 0 } });
    assert.deepEqual(names(rest), [
      ['both-of', 1],
      ['first', 1],
    ]);
  });

  test('a version keeps its attributes, and is found by its uid within its secret alone', async () => {
    const store = use();
    const project = aProject();
    await apply(store, { change: 'project.insert', project });
    const [secret, other] = [await keep(store, project, 'a-name'), await keep(store, project, 'b-name')];
    const attributes: VersionAttributes = {
      contentType: 'text/plain; "ü"',
      tags: { a: 'b', '': '' },
      notBefore: 1000,
      expiresAt: 2_524_608_000_000,
      updatedAt: 3,
      kind: 'binary',
    };
    const version = aVersion(secret, 2, { attributes });
    const sealed = aSealed(60_000);
    await apply(store, { change: 'version.insert', version, sealed });
    const place = { project: parseProjectRef(project.id), key: 'a-name' as SecretKey };
    const read = async () => {
      const rows = await store.read({
        version: { need: 'version', ...place, number: 0, uid: version.uid },
        payload: { need: 'payload', ...place, number: 0, uid: version.uid },
        elsewhere: { need: 'version', ...place, key: 'b-name' as SecretKey, number: 0, uid: version.uid },
        all: { need: 'payloads', ...place, limit: 9 },
      });
      assert.equal(rows.elsewhere, undefined);
      return rows;
    };
    const before = await read();
    assert.deepEqual(plain(before.version), plain(version));
    assert.deepEqual(hex(before.payload?.sealed), hex(sealed));
    assert.deepEqual(
      before.all.map((row) => row.version.number),
      [1, 2],
    );
    const changed: Version = { ...version, etag: 'e2', attributes: { tags: {} } };
    await apply(store, { change: 'version.update', version: changed });
    assert.deepEqual(plain((await read()).version), plain(changed));
    const { fingerprint: _gone, ...rest } = changed;
    const destroyed: Version = { ...rest, state: 'DESTROYED', destroyedAt: 5 };
    await apply(store, { change: 'version.update', version: destroyed });
    const after = await read();
    assert.deepEqual(plain(after.version), plain(destroyed));
    assert.deepEqual(
      after.all.map((row) => [row.version.number, row.sealed === undefined]),
      [
        [1, false],
        [2, true],
      ],
    );
    assert.notEqual(other.uid, secret.uid);
  });

  test('tokens go with the token, and with the key, that they were had by', async () => {
    const store = use();
    const project = aProject();
    const account = anAccount(project);
    const member = `serviceAccount:${account.email}`;
    const keys = [
      aKey(account, { kind: 'secret', publicKey: 'hash' }),
      aKey(account, { kind: 'certificate', expiresAt: 7 }),
    ] as const;
    const parent = aToken(member);
    const child = aToken(member, { parent: parent.hash, audience: 'https://vault.azure.net' });
    const ofKey = aToken(member, { parent: keys[0].id, audience: 'api://0.0.1:8200' });
    await apply(
      store,
      { change: 'project.insert', project },
      { change: 'account.insert', account },
      ...keys.map((key) => ({ change: 'accountKey.insert', key }) as const),
      ...[parent, child, ofKey].map((token) => ({ change: 'token.insert', token }) as const),
    );
    const read = () =>
      store.read({
        keys: { need: 'accountKeys', email: account.email },
        account: { need: 'accountOfUid', uid: account.uid },
        parent: { need: 'token', hash: parent.hash },
        child: { need: 'token', hash: child.hash },
        ofKey: { need: 'token', hash: ofKey.hash },
      });
    const before = await read();
    assert.deepEqual(plain(before.account), plain(account));
    assert.deepEqual(new Set(before.keys.map(({ kind }) => kind)), new Set(['secret', 'certificate']));
    assert.deepEqual(plain([before.parent, before.child, before.ofKey]), plain([parent, child, ofKey]));
    await apply(store, { change: 'token.delete', hash: parent.hash });
    const after = await read();
    assert.deepEqual([after.parent, after.child, plain(after.ofKey)], [undefined, undefined, plain(ofKey)]);
    await apply(store, { change: 'accountKey.delete', id: keys[0].id });
    assert.equal((await read()).ofKey, undefined);
  });
}
