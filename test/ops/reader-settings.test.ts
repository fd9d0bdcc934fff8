// How a project is guarded, as it is set and shown.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { getQuotas, setQuotas } from '../../src/ops/quotas.ts';
import { getReaderGuard, setReaderGuard } from '../../src/ops/reader-settings.ts';
import { project } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
});
after(() => world.close());

test('settings of the guard leave the quotas alone, and each other', async () => {
  await world.ask(setQuotas, { project, write: 1_000_000 }, owner);
  await world.ask(setReaderGuard, { project, guard: 'refuse', windowSeconds: 60 }, owner);
  await world.ask(setReaderGuard, { project, windowSeconds: 120 }, owner);
  assert.deepEqual(await world.ask(getReaderGuard, { project }, owner), {
    project,
    guard: 'refuse',
    windowSeconds: 120,
  });
  await world.ask(setReaderGuard, { project, guard: 'off' }, owner);
  assert.deepEqual(await world.ask(getReaderGuard, { project }, owner), { project, guard: 'off', windowSeconds: 120 });
  assert.deepEqual(await world.ask(getQuotas, { project }, owner), { project, write: 1_000_000 });
});
