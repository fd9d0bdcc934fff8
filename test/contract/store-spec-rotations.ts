// What every engine behind the store port must do with rotations.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import type { Rotation } from '../../src/core/rotation/machine.ts';
import type { Project, Secret } from '../../src/core/secret.ts';
import { type AnyStore, aProject, apply, aSecret, internal, plain } from './store-rows.ts';

async function seed(store: AnyStore, over: Partial<Rotation> = {}) {
  const project = aProject();
  const secret = aSecret(project, 'rotated');
  const rotation: Rotation = {
    ...{ secretUid: secret.uid, rotator: 'lambda', state: 'started', epoch: 1, dueAt: 5000 },
    details: { attempts: 2, version: 'v', claimed: true, until: 9000, problem: 'p', number: 3 },
    ...over,
  };
  await apply(
    store,
    { change: 'project.insert', project },
    { change: 'secret.insert', secret },
    { change: 'rotation.insert', rotation },
  );
  return { project, secret, rotation };
}

const find = async (store: AnyStore, project: Project, { name }: Secret) =>
  (await store.read({ it: { need: 'rotation', project: parseProjectRef(project.id), key: secretKey(name) } })).it;

export function describeRotations(use: () => AnyStore): void {
  test('a rotation is found with its secret, which takes it along, and there is one at the most', async () => {
    const store = use();
    const { project, secret, rotation } = await seed(store);
    assert.deepEqual(await find(store, project, secret), rotation);
    await assert.rejects(async () => apply(store, { change: 'rotation.insert', rotation }), internal);
    await apply(store, { change: 'secret.delete', uid: secret.uid });
    assert.equal(await find(store, project, secret), undefined);
    await assert.rejects(async () => apply(store, { change: 'rotation.delete', secretUid: secret.uid }), internal);
  });

  test('an update is of the epoch before', async () => {
    const store = use();
    const { project, secret, rotation } = await seed(store);
    const { dueAt: _none, ...idle } = rotation;
    const next: Rotation = { ...idle, state: 'planned', epoch: 2, details: { attempts: 0 } };
    await apply(store, { change: 'rotation.update', rotation: next });
    assert.deepEqual(await find(store, project, secret), next);
    await assert.rejects(async () => apply(store, { change: 'rotation.update', rotation: next }), internal);
    await assert.rejects(
      async () => apply(store, { change: 'rotation.update', rotation: { ...next, epoch: 9 } }),
      internal,
    );
    assert.deepEqual(await find(store, project, secret), next);
  });

  test('those that are due come the longest due first, with their secrets and projects', async () => {
    const store = use();
    const late = await seed(store, { dueAt: 71 });
    const early = await seed(store, { dueAt: 70 });
    await seed(store, { dueAt: 72 });
    const due = async (until: number, limit: number) =>
      (await store.read({ due: { need: 'dueRotations', until, limit } })).due;
    assert.deepEqual(await due(69, 9), []);
    assert.deepEqual(plain(await due(71, 9)), plain([early, late]));
    assert.deepEqual(plain(await due(71, 1)), plain([early]));
  });
}
