// What every engine behind the store port must do where a payload and its secret are asked for together.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import type { Project, Secret } from '../../src/core/secret.ts';
import { type AnyStore, apply, aSealed, aSecret, aVersion, hex, seed } from './store-rows.ts';

function together(store: AnyStore, project: Project, { name, location }: Secret, number: number, deleted?: true) {
  const place = { project: parseProjectRef(project.id), key: secretKey(name), location };
  const found = deleted === undefined ? place : { ...place, deleted };
  return store.read({ payload: { need: 'payload', ...found, number }, secret: { need: 'secret', ...found } });
}

export function describeTogether(use: () => AnyStore): void {
  test('a payload and its secret are found together as each alone', async () => {
    const { project, secret, versions, sealed } = await seed(use(), 3);
    for (const [number, at] of [
      [0, 2],
      [1, 0],
      [2, 1],
    ] as const) {
      const { payload, secret: found } = await together(use(), project, secret, number);
      assert.deepEqual(found, { ...secret, lastVersion: 3, currentVersion: 3 });
      assert.deepEqual(payload?.version, versions[at]);
      assert.deepEqual(hex(payload?.sealed), hex(sealed[at]));
    }
    const destroyed = { ...versions[0], state: 'DESTROYED', destroyedAt: 1_790_000_000_009 } as never;
    await apply(use(), { change: 'version.update', version: destroyed });
    const gone = (await together(use(), project, secret, 1)).payload;
    assert.deepEqual([gone?.version.state, gone?.sealed], ['DESTROYED', undefined]);
  });

  test('a secret is found without a version that is not there, and neither where it is not, or was deleted', async () => {
    const { project, secret } = await seed(use(), 1);
    assert.deepEqual(await together(use(), project, secret, 2), {
      payload: undefined,
      secret: { ...secret, lastVersion: 1, currentVersion: 1 },
    });
    const none = { payload: undefined, secret: undefined };
    assert.deepEqual(await together(use(), project, aSecret(project), 1), none);
    const deleted = { ...secret, lastVersion: 1, currentVersion: 1, purgeAt: 1_790_000_000_009 };
    await apply(use(), { change: 'secret.update', secret: deleted });
    assert.deepEqual(await together(use(), project, secret, 1), none);
    const found = await together(use(), project, secret, 1, true);
    assert.deepEqual([found.secret, found.payload?.version.number], [deleted, 1]);
  });

  test('no number finds a version of another secret', async () => {
    const { project, secret } = await seed(use(), 1);
    const next = aSecret(project, undefined, { lastVersion: 1, currentVersion: 1 });
    const version = aVersion(next, 1);
    await apply(
      use(),
      { change: 'secret.insert', secret: next },
      { change: 'version.insert', version, sealed: aSealed() },
    );
    for (const number of [131_073, 2 * 131_072 + 1, Number.MAX_SAFE_INTEGER]) {
      assert.equal((await together(use(), project, secret, number)).payload, undefined);
    }
    assert.equal((await together(use(), project, next, 1)).payload?.version.uid, version.uid);
  });

  test('what is usual of a secret and what is not is read as it was written', async () => {
    const { project } = await seed(use(), 0);
    const policy = { bindings: [{ role: 'roles/viewer', members: ['user:a@example.com'] }], etag: 'BwAB' };
    const unusual = {
      annotations: {},
      replication: { locations: [] },
      labels: { a: 'b' },
      tags: { 'p/k': 'v' },
      policy,
    };
    for (const over of [{ annotations: {}, replication: { locations: [] } }, unusual]) {
      const secret = aSecret(project, undefined, over);
      await apply(use(), { change: 'secret.insert', secret });
      assert.deepEqual((await together(use(), project, secret, 0)).secret, secret);
    }
  });
}
