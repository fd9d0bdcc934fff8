// What comes due by itself, driven by the test's clock: nothing happens before its time, all of it happens once, and
// each with an audit record of the server's own and an event.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SWEEP_BATCH_MAX } from '../../src/core/limits.ts';
import { restoreSecret } from '../../src/ops/deleted-secrets.ts';
import { deleteSecret, getSecret, updateSecret } from '../../src/ops/secrets.ts';
import { announceRotation, expireSecret } from '../../src/ops/sweep.ts';
import { createTopic } from '../../src/ops/topics.ts';
import { accessVersion, destroyVersion, enableVersion, getVersion } from '../../src/ops/versions.ts';
import { eventsOf, newSecret, project, refused } from './support.ts';
import { openWorld, type World } from './world.ts';

const TOPIC = 'projects/default/topics/changes';
const hour = 3_600_000;

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
  await world.ask(createTopic, { project, id: 'changes', labels: {} }, owner);
});
after(() => world.close());

/** What the server itself did to a secret, as its records have it. */
async function done(name: string): Promise<unknown[]> {
  const records = (await world.records()).filter(
    ({ resource, principal }) => principal === 'system' && resource.endsWith(`/${name}`),
  );
  return records.map(({ operation, outcome, version }) => [operation, outcome, version]);
}

test('an expired secret is deleted, no sooner, and its name is free', async () => {
  const ref = await newSecret(world, 'expiring', ['v'], { expiration: { ttlSeconds: 60 }, topics: [TOPIC] });
  world.clock.advance(59_999);
  await world.sweep();
  await world.ask(accessVersion, { ...ref, selector: 'latest' }, owner);
  world.clock.advance(1);
  await world.sweep();
  await world.sweep();
  await refused('SECRET_NOT_FOUND', world.ask(getSecret, ref, owner));
  const last = (await eventsOf(world, 'secrets/expiring')).at(-1);
  assert.deepEqual(
    [last?.type, last?.attributes['deleteType'], last?.topics],
    ['SECRET_DELETE', 'EXPIRATION', [TOPIC]],
  );
  assert.deepEqual(await done('expiring'), [['secrets.expire', 'allowed', undefined]]);
  await newSecret(world, 'expiring');
});

test('an expiration that was moved or cleared does not happen', async () => {
  const moved = await newSecret(world, 'moved', [], { expiration: { ttlSeconds: 60 } });
  const cleared = await newSecret(world, 'cleared', [], { expiration: { ttlSeconds: 60 } });
  await world.ask(updateSecret, { ...moved, expiration: { ttlSeconds: 3600 } }, owner);
  await world.ask(updateSecret, { ...cleared, expiration: null }, owner);
  world.clock.advance(61_000);
  await world.sweep();
  for (const ref of [moved, cleared]) await world.ask(getSecret, ref, owner);
});

test('a version is destroyed when its delay is over, and one that was enabled meanwhile is not', async () => {
  const ref = await newSecret(world, 'delayed', ['a', 'b'], { versionDestroyTtlSeconds: 86_400 });
  await world.ask(destroyVersion, { ...ref, number: 1 }, owner);
  await world.ask(destroyVersion, { ...ref, number: 2 }, owner);
  await world.ask(enableVersion, { ...ref, number: 2 }, owner);
  world.clock.advance(24 * hour - 1);
  await world.sweep();
  assert.equal((await world.ask(getVersion, { ...ref, selector: 1 }, owner)).version.state, 'DISABLED');
  world.clock.advance(1);
  await world.sweep();
  const { version } = await world.ask(getVersion, { ...ref, selector: 1 }, owner);
  assert.deepEqual(
    [version.state, version.destroyedAt, version.scheduledDestroyAt],
    ['DESTROYED', world.clock.now(), undefined],
  );
  assert.equal(version.fingerprint, undefined);
  await world.ask(accessVersion, { ...ref, selector: 2 }, owner);
  assert.equal((await eventsOf(world, 'secrets/delayed')).at(-1)?.type, 'SECRET_VERSION_DESTROY');
  assert.deepEqual(await done('delayed'), [['versions.destroyDue', 'allowed', 1]]);
});

test('a rotation is announced once at its time, and once for all that were missed', async () => {
  const nextRotationAt = world.clock.now() + hour;
  const ref = await newSecret(world, 'rotating', [], { topics: [TOPIC], nextRotationAt, rotationPeriodSeconds: 7200 });
  const before = (await world.ask(getSecret, ref, owner)).secret;
  const notices = async () =>
    (await eventsOf(world, 'secrets/rotating')).filter(({ type }) => type === 'SECRET_ROTATE');
  world.clock.advance(hour - 1);
  await world.sweep();
  assert.equal((await notices()).length, 0);
  world.clock.advance(1);
  await world.sweep();
  await world.sweep();
  assert.equal((await notices()).length, 1);
  const after = (await world.ask(getSecret, ref, owner)).secret;
  assert.equal(after.rotation?.nextAt, nextRotationAt + 2 * hour);
  assert.notEqual(after.etag, before.etag);
  assert.match((await notices())[0]?.data ?? '', new RegExp(`"nextAt":${nextRotationAt + 2 * hour}`));
  world.clock.advance(9 * hour);
  await world.sweep();
  assert.equal((await notices()).length, 2, 'four were missed');
  assert.equal((await world.ask(getSecret, ref, owner)).secret.rotation?.nextAt, nextRotationAt + 10 * hour);
});

test('a rotation without a period is announced and is gone', async () => {
  const ref = await newSecret(world, 'once', [], { topics: [TOPIC], nextRotationAt: world.clock.now() + hour });
  world.clock.advance(hour);
  await world.sweep();
  assert.equal((await world.ask(getSecret, ref, owner)).secret.rotation, undefined);
  assert.deepEqual(await done('once'), [['secrets.announceRotation', 'allowed', undefined]]);
});

test('a deleted secret is kept for its time, can be restored whole, and is purged after', async () => {
  const ref = await newSecret(world, 'recoverable', ['v'], {
    labels: { a: 'b' },
    expiration: { ttlSeconds: 876_000 * 3600 },
  });
  const remove = (recoverySeconds: number) => world.ask(deleteSecret, { ...ref, recoverySeconds }, owner);
  for (const bad of [-1, 90 * 86_400 + 1, Number.NaN]) await refused('RECOVERY_OUT_OF_RANGE', remove(bad));
  await remove(86_400);
  const purgeTime = new Date(world.clock.now() + 24 * hour).toISOString();
  await refused('SECRET_NOT_FOUND', world.ask(getSecret, ref, owner));
  await refused('SECRET_NOT_FOUND', world.ask(accessVersion, { ...ref, selector: 1 }, owner));
  await refused('SECRET_NOT_FOUND', remove(0));
  assert.equal((await refused('SECRET_DELETED', newSecret(world, 'recoverable'))).facts['purgeTime'], purgeTime);
  await world.ask(restoreSecret, ref, owner);
  const { secret } = await world.ask(getSecret, ref, owner);
  assert.deepEqual([secret.labels, secret.purgeAt, secret.currentVersion], [{ a: 'b' }, undefined, 1]);
  await world.ask(restoreSecret, ref, owner);
  assert.equal((await world.ask(getSecret, ref, owner)).secret.etag, secret.etag, 'nothing was deleted');
  await remove(86_400);
  world.clock.advance(24 * hour - 1);
  await world.sweep();
  await refused('SECRET_DELETED', newSecret(world, 'recoverable'));
  world.clock.advance(1);
  await refused('SECRET_NOT_FOUND', world.ask(restoreSecret, ref, owner));
  await world.sweep();
  assert.deepEqual(await done('recoverable'), [['secrets.purge', 'allowed', undefined]]);
  await refused('SECRET_NOT_FOUND', world.ask(restoreSecret, ref, owner));
  const deletions = (await eventsOf(world, 'secrets/recoverable')).filter(({ type }) => type === 'SECRET_DELETE');
  assert.deepEqual(
    deletions.map(({ attributes }) => attributes['deleteType']),
    ['REQUESTED', 'REQUESTED'],
  );
  await newSecret(world, 'recoverable');
});

test('a name is free at the moment of its purge, also where the sweep has not come by', async () => {
  const ref = await newSecret(world, 'overdue', ['old']);
  await world.ask(deleteSecret, { ...ref, recoverySeconds: 60 }, owner);
  world.clock.advance(60_000);
  await newSecret(world, 'overdue');
  await refused('VERSION_NOT_FOUND', world.ask(accessVersion, { ...ref, selector: 1 }, owner));
  await world.sweep();
  await world.ask(getSecret, ref, owner);
});

test('more than a batch is settled in one go', async () => {
  const names = Array.from({ length: 2 * SWEEP_BATCH_MAX + 1 }, (_, index) => `many-${index}`);
  for (const name of names) await newSecret(world, name, [], { expiration: { ttlSeconds: 60 } });
  world.clock.advance(60_000);
  await world.sweep();
  for (const name of names)
    await refused('SECRET_NOT_FOUND', world.ask(getSecret, { project, key: name as never }, owner));
});

test('what is the server’s own nobody else may ask for, and it does nothing before its time', async () => {
  const ref = await newSecret(world, 'guarded', [], { expiration: { ttlSeconds: 60 } });
  await refused('PERMISSION_DENIED', world.ask(expireSecret, ref, owner));
  await refused('PERMISSION_DENIED', world.ask(announceRotation, ref, owner));
  await refused('PERMISSION_DENIED', world.ask(expireSecret, ref));
  await world.ask(getSecret, ref, owner);
});
