// A server holds so many projects and no more, and asking whether it may hold one more reads none of them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PROJECTS_MAX } from '../../src/core/limits.ts';
import { createProject } from '../../src/ops/projects.ts';
import { aProject, aRecord } from '../contract/store-rows.ts';
import { openWorld, type World } from './world.ts';

let world: World;
before(async () => {
  world = await openWorld();
});
after(() => world.close());

test('the last project that fits is made, the next is refused', async () => {
  const { count } = await world.store.read({ count: { need: 'projectCount' } });
  await world.store.transact({}, () => ({
    result: undefined,
    changes: Array.from({ length: PROJECTS_MAX - 1 - count }, () => ({
      change: 'project.insert' as const,
      project: aProject(),
    })),
    record: aRecord(),
  }));
  const ask = (id: string) =>
    world.ask(createProject, { id: id as never, displayName: '', labels: {} }, world.ownerCredential);
  await ask('the-last-one');
  await assert.rejects(ask('one-too-many'), { code: 'LIMIT_REACHED' });
});
