// What a secret can be set to, at creation and by an update: which values, in which order they are judged, what is told.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { FaultData } from '../../src/core/error.ts';
import { type Location, parseSecretName } from '../../src/core/name.ts';
import { createSecret, getSecret, type UpdateSecret, updateSecret } from '../../src/ops/secrets.ts';
import { createTopic } from '../../src/ops/topics.ts';
import { addVersion, destroyVersion } from '../../src/ops/versions.ts';
import { bytes, eventsOf, newSecret, project, refused } from './support.ts';
import { openWorld, type World } from './world.ts';

const TOPIC = 'projects/default/topics/changes';
const OTHER = 'projects/default/topics/others';

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
  for (const id of ['changes', 'others']) await world.ask(createTopic, { project, id, labels: {} }, owner);
});
after(() => world.close());

const update = (command: UpdateSecret) => world.ask(updateSecret, command, owner);
const hour = 3_600_000;

test('every field goes in and comes out', async () => {
  const fields = {
    labels: { env: 'prod' },
    annotations: { note: 'x' },
    expiration: { ttlSeconds: 3600 },
    versionDestroyTtlSeconds: 86_400,
    topics: [TOPIC],
    nextRotationAt: world.clock.now() + hour,
    rotationPeriodSeconds: 7200,
  };
  const ref = await newSecret(world, 'whole', [], fields);
  const { secret } = await world.ask(getSecret, ref, owner);
  assert.equal(secret.expiresAt, world.clock.now() + hour);
  assert.equal(secret.versionDestroyTtlSeconds, 86_400);
  assert.deepEqual(secret.rotation, { nextAt: world.clock.now() + hour, periodSeconds: 7200 });
  assert.deepEqual([secret.labels, secret.annotations], [fields.labels, fields.annotations]);
  assert.deepEqual(secret.topics, [TOPIC]);
});

test('absent stays, null and empty clear, present replaces; each moves the etag, also where nothing changes', async () => {
  const ref = await newSecret(world, 'changing', ['v'], {
    labels: { a: 'b' },
    annotations: { c: 'd' },
    expiration: { ttlSeconds: 3600 },
    versionDestroyTtlSeconds: 86_400,
    topics: [TOPIC],
    nextRotationAt: world.clock.now() + hour,
    rotationPeriodSeconds: 7200,
  });
  const first = (await world.ask(getSecret, ref, owner)).secret;
  const same = (await update(ref)).secret;
  assert.notEqual(same.etag, first.etag);
  assert.deepEqual({ ...same, etag: '' }, { ...first, etag: '' });
  const other = (await update({ ...ref, labels: { e: 'f' }, versionAliases: { live: 1 }, topics: [OTHER] })).secret;
  assert.deepEqual(other.labels, { e: 'f' });
  assert.deepEqual(other.annotations, { c: 'd' });
  assert.deepEqual(other.versionAliases, { live: 1 });
  assert.deepEqual(other.topics, [OTHER]);
  const bare = (
    await update({
      ...ref,
      labels: {},
      annotations: {},
      versionAliases: {},
      expiration: null,
      versionDestroyTtlSeconds: null,
      nextRotationAt: null,
      rotationPeriodSeconds: null,
      topics: [],
    })
  ).secret;
  for (const gone of ['expiresAt', 'versionDestroyTtlSeconds', 'rotation']) assert.ok(!(gone in bare), gone);
  assert.deepEqual([bare.labels, bare.annotations, bare.versionAliases, bare.topics], [{}, {}, {}, []]);
  assert.deepEqual((await world.ask(getSecret, ref, owner)).secret, bare);
});

test('versions leave the etag of their secret, and an update is whole or nothing', async () => {
  const ref = await newSecret(world, 'atomic', ['v']);
  const before = (await world.ask(getSecret, ref, owner)).secret;
  await world.ask(addVersion, { ...ref, payload: bytes('w') }, owner);
  await world.ask(destroyVersion, { ...ref, number: 1 }, owner);
  assert.equal((await world.ask(getSecret, ref, owner)).secret.etag, before.etag);
  await refused(
    'ROTATION_WITHOUT_TOPICS',
    update({ ...ref, labels: { a: 'b' }, nextRotationAt: world.clock.now() + hour }),
  );
  const after = (await world.ask(getSecret, ref, owner)).secret;
  assert.deepEqual([after.labels, after.etag], [{}, before.etag]);
});

test('what the decoder found is said after permission, existence and etag, and before the fields', async () => {
  const ref = await newSecret(world, 'ordered');
  const invalid: FaultData = { code: 'UPDATE_MASK_INVALID', facts: { path: 'x' } };
  const bad = { labels: { BAD: 'x' }, invalid };
  await refused('PROJECT_NOT_FOUND', update({ ...ref, project: 'no-such-project' as never, ...bad }));
  await refused('SECRET_NOT_FOUND', update({ ...ref, key: 'nothing' as never, ...bad }));
  await refused('ETAG_MISMATCH', update({ ...ref, ...bad, etag: 'stale' }));
  await refused('UPDATE_MASK_INVALID', update({ ...ref, ...bad }));
  await refused('INVALID_FIELD', update({ ...ref, labels: bad.labels }));
  await refused('SECRET_EXISTS', newSecret(world, 'ordered', [], bad));
  await refused('UPDATE_MASK_INVALID', newSecret(world, 'ordered-new', [], bad));
  await refused('CREDENTIAL_MISSING', world.ask(updateSecret, { ...ref, ...bad }));
});

test('topics must exist, are kept by their project id, and each hears that it was set', async () => {
  const { project: row } = await world.ask(getSecret, await newSecret(world, 'plain'), owner);
  const byNumber = `projects/${row.number}/topics/changes`;
  const missing = await refused(
    'TOPIC_NOT_FOUND',
    newSecret(world, 'topical', [], { topics: [TOPIC, `${TOPIC}-none`] }),
  );
  assert.equal(missing.facts['topic'], `${TOPIC}-none`);
  await refused('INVALID_FIELD', newSecret(world, 'topical', [], { topics: ['changes'] }));
  await refused('INVALID_FIELD', newSecret(world, 'topical', [], { topics: [TOPIC, byNumber] }));
  assert.deepEqual(await eventsOf(world, 'secrets/topical'), [], 'nothing is told of what was refused');
  const ref = await newSecret(world, 'topical', [], { topics: [byNumber] });
  assert.deepEqual((await world.ask(getSecret, ref, owner)).secret.topics, [TOPIC]);
  await update({ ...ref, labels: { a: 'b' } });
  await update({ ...ref, topics: [OTHER, TOPIC] });
  const told = (await eventsOf(world, 'secrets/topical')).map(({ type, topics }) => [type, topics]);
  assert.deepEqual(told, [
    ['TOPIC_CONFIGURED', [TOPIC]],
    ['SECRET_CREATE', [TOPIC]],
    ['SECRET_UPDATE', [TOPIC]],
    ['TOPIC_CONFIGURED', [OTHER, TOPIC]],
    ['SECRET_UPDATE', [OTHER, TOPIC]],
  ]);
});

test('the last topic cannot go while a rotation needs it; a time that came near stays', async () => {
  const nextRotationAt = world.clock.now() + hour;
  const ref = await newSecret(world, 'rotating', [], { topics: [TOPIC], nextRotationAt, rotationPeriodSeconds: 3600 });
  await refused('ROTATION_WITHOUT_TOPICS', update({ ...ref, topics: [] }));
  await refused('ROTATION_TIME_MISSING', update({ ...ref, nextRotationAt: null }));
  await refused('ROTATION_TIME_OUT_OF_RANGE', update({ ...ref, nextRotationAt: world.clock.now() + 299_999 }));
  world.clock.advance(hour - 1000);
  const { secret } = await update({ ...ref, nextRotationAt, rotationPeriodSeconds: 7200 });
  assert.deepEqual(secret.rotation, { nextAt: nextRotationAt, periodSeconds: 7200 });
});

test('aliases name versions that exist, destroyed ones too, and none at creation', async () => {
  await refused('ALIAS_VERSION_MISSING', newSecret(world, 'aliased', [], { versionAliases: { live: 1 } }));
  const ref = await newSecret(world, 'aliased', ['a', 'b']);
  await refused('ALIAS_VERSION_MISSING', update({ ...ref, versionAliases: { live: 3 } }));
  await refused('INVALID_FIELD', update({ ...ref, versionAliases: { latest: 1 } }));
  await update({ ...ref, versionAliases: { live: 2 } });
  await world.ask(destroyVersion, { ...ref, number: 2 }, owner);
  assert.deepEqual((await world.ask(getSecret, ref, owner)).secret.versionAliases, { live: 2 });
  await update({ ...ref, versionAliases: { live: 2, old: 1 } });
});

test('replication is there for a global secret alone, and only its keys change', async () => {
  const name = parseSecretName('replicated');
  const region = 'europe-west1' as Location;
  const kmsKey = `projects/p/locations/${region}/keyRings/r/cryptoKeys/k`;
  await refused('REPLICATION_MISSING', world.ask(createSecret, { project, name }, owner));
  const wrong = { project, name, location: region, replication: { locations: [] } };
  await refused('REPLICATION_FORBIDDEN', world.ask(createSecret, wrong, owner));
  const { secret } = await world.ask(createSecret, { project, name, location: region, kmsKey }, owner);
  assert.equal(secret.replication.kmsKey, kmsKey);
  const regional = { project, location: region, key: 'replicated' as never };
  assert.equal((await update({ ...regional, kmsKey: null })).secret.replication.kmsKey, undefined);
  const ref = await newSecret(world, 'replicated', [], { replication: { locations: [{ location: region }] } });
  const keyed = { locations: [{ location: region, kmsKey }] };
  assert.deepEqual((await update({ ...ref, replication: keyed })).secret.replication, keyed);
  await refused('FIELD_IMMUTABLE', update({ ...ref, replication: { locations: [] } }));
});
