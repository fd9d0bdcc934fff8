// Versions by number, by name and as the current one: what a selector means, delayed destruction, candidates, rollback,
// and where else a value is kept.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Location } from '../../src/core/name.ts';
import { encodeResult } from '../../src/dialects/native/encode.ts';
import { findRoute } from '../../src/dialects/native/routes.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { promoteVersion, rollbackSecret } from '../../src/ops/current.ts';
import { parseFields } from '../../src/ops/fields.ts';
import { setProjectPolicy, setSecretPolicy } from '../../src/ops/policies.ts';
import { sameValue } from '../../src/ops/same-value.ts';
import { getSecret, type SecretRef, updateSecret } from '../../src/ops/secrets.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import {
  accessVersion,
  addVersion,
  destroyVersion,
  disableVersion,
  enableVersion,
  getVersion,
  type Selector,
} from '../../src/ops/versions.ts';
import { bytes, eventsOf, newSecret, project, refused, textOf } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
});
after(() => world.close());

const day = 86_400_000;
const read = async (ref: SecretRef, selector: Selector = 'latest') =>
  textOf((await world.ask(accessVersion, { ...ref, selector }, owner)).payload);

/** A route of Coffer's own API, without its wire. */
async function native(method: string, path: string, given: Record<string, unknown>): Promise<unknown> {
  const route = findRoute(method, `/coffer/v1${path}`);
  assert.ok(route?.api.command, path);
  const command = route.api.command(parseFields(route.api.fields, given)) as object;
  return encodeResult(route.operation.name, await world.ask(route.operation, command, owner));
}

test('a number is a number: 0 and what can be none are not found, and never mean the current version', async () => {
  const ref = await newSecret(world, 'numbers', ['one', 'two']);
  assert.equal(await read(ref, 2), 'two');
  for (const none of [0, -0, -1, 1.5, Number.NaN, 3, 100_001, Number.MAX_SAFE_INTEGER, 1e20]) {
    await refused('VERSION_NOT_FOUND', read(ref, none));
    await refused('VERSION_NOT_FOUND', world.ask(destroyVersion, { ...ref, number: none }, owner));
    await refused('VERSION_NOT_FOUND', world.ask(promoteVersion, { ...ref, number: none }, owner));
  }
});

test('an alias is read as the version it names, by case, and after permission and existence', async () => {
  const ref = await newSecret(world, 'aliases', ['one', 'two']);
  await world.ask(updateSecret, { ...ref, versionAliases: { live: 1, Live: 2 } }, owner);
  assert.equal(await read(ref, { alias: 'live' }), 'one');
  assert.equal(await read(ref, { alias: 'Live' }), 'two');
  const got = await world.ask(getVersion, { ...ref, selector: { alias: 'live' } }, owner);
  assert.equal(got.version.number, 1);
  for (const alias of ['LIVE', 'constructor', '__proto__', '0', '1']) {
    assert.equal((await refused('ALIAS_NOT_FOUND', read(ref, { alias }))).facts['alias'], alias);
  }
  await refused('SECRET_NOT_FOUND', read({ ...ref, key: 'none' as never }, { alias: 'live' }));
  await refused('CREDENTIAL_MISSING', world.ask(accessVersion, { ...ref, selector: { alias: 'none' } }));
  await world.ask(destroyVersion, { ...ref, number: 1 }, owner);
  await refused('VERSION_NOT_ENABLED', read(ref, { alias: 'live' }));
});

test('with a delay, destroy waits: disabled, refused a second time, ended by enable and by disable alike', async () => {
  const ref = await newSecret(world, 'delayed', ['one', 'two', 'three'], { versionDestroyTtlSeconds: 86_400 });
  const destroy = (number: number) => world.ask(destroyVersion, { ...ref, number }, owner);
  const { version } = await destroy(1);
  assert.deepEqual([version.state, version.scheduledDestroyAt], ['DISABLED', world.clock.now() + day]);
  await refused('VERSION_NOT_ENABLED', read(ref, 1));
  await refused('VERSION_SCHEDULED', destroy(1));
  for (const [move, state] of [
    [enableVersion, 'ENABLED'],
    [disableVersion, 'DISABLED'],
  ] as const) {
    const moved = (await world.ask(move, { ...ref, number: 1 }, owner)).version;
    assert.deepEqual([moved.state, moved.scheduledDestroyAt], [state, undefined]);
    await destroy(1);
  }
  await world.ask(updateSecret, { ...ref, versionDestroyTtlSeconds: null }, owner);
  const waiting = (await world.ask(getVersion, { ...ref, selector: 1 }, owner)).version;
  assert.equal(waiting.scheduledDestroyAt, world.clock.now() + day, 'what is scheduled stays so');
  await refused('VERSION_SCHEDULED', destroy(1));
  assert.equal((await destroy(2)).version.state, 'DESTROYED');
  await refused('VERSION_DESTROYED', destroy(2));
  const told = (await eventsOf(world, 'secrets/delayed')).flatMap((event) => (event.version === 1 ? [event.type] : []));
  assert.deepEqual(told, [
    'SECRET_VERSION_ADD',
    'SECRET_VERSION_DESTROY_SCHEDULED',
    'SECRET_VERSION_ENABLE',
    'SECRET_VERSION_DESTROY_SCHEDULED',
    'SECRET_VERSION_DISABLE',
    'SECRET_VERSION_DESTROY_SCHEDULED',
  ]);
});

test('a candidate is read by number and is not current until it is promoted; a rollback goes back, and back again', async () => {
  const ref = await newSecret(world, 'staged', ['one']);
  await refused('ROLLBACK_NOWHERE', world.ask(rollbackSecret, ref, owner));
  await world.ask(addVersion, { ...ref, payload: bytes('two'), candidate: true }, owner);
  assert.equal(await read(ref), 'one');
  assert.equal(await read(ref, 2), 'two');
  const before = (await world.ask(getSecret, ref, owner)).secret;
  const promoted = await world.ask(promoteVersion, { ...ref, number: 2 }, owner);
  assert.deepEqual([promoted.secret.currentVersion, promoted.secret.previousVersion], [2, 1]);
  assert.notEqual(promoted.secret.etag, before.etag);
  assert.equal(await read(ref), 'two');
  await world.ask(promoteVersion, { ...ref, number: 2 }, owner);
  assert.equal(
    (await world.ask(getSecret, ref, owner)).secret.previousVersion,
    1,
    'promoting the current changes nothing',
  );
  assert.equal((await world.ask(rollbackSecret, ref, owner)).version.number, 1);
  assert.equal(await read(ref), 'one');
  assert.equal((await world.ask(rollbackSecret, ref, owner)).version.number, 2);
  await world.ask(addVersion, { ...ref, payload: bytes('three') }, owner);
  assert.equal(await read(ref), 'three', 'a version that is no candidate is current at once');
  assert.equal((await world.ask(rollbackSecret, ref, owner)).version.number, 2);
});

test('only a version that can be read becomes current', async () => {
  const ref = await newSecret(world, 'unreadable', ['one', 'two']);
  await world.ask(disableVersion, { ...ref, number: 1 }, owner);
  await refused('VERSION_NOT_ENABLED', world.ask(promoteVersion, { ...ref, number: 1 }, owner));
  await refused('VERSION_NOT_ENABLED', world.ask(rollbackSecret, ref, owner));
  await world.ask(destroyVersion, { ...ref, number: 1 }, owner);
  await refused('VERSION_NOT_ENABLED', world.ask(rollbackSecret, ref, owner));
  assert.equal(await read(ref), 'two');
  const none = await newSecret(world, 'only-candidate');
  await world.ask(addVersion, { ...none, payload: bytes('x'), candidate: true }, owner);
  await refused('VERSION_NOT_FOUND', read(none));
  await world.ask(promoteVersion, { ...none, number: 1 }, owner);
  assert.equal(await read(none), 'x');
  await refused('ROLLBACK_NOWHERE', world.ask(rollbackSecret, none, owner));
});

test('the same over the routes of our own API', async () => {
  const secret = 'routed';
  const ref = await newSecret(world, secret, ['one']);
  const data = Buffer.from('two').toString('base64');
  const added = await native('POST', '/versions:addCandidate', { project, secret, data });
  assert.deepEqual(added, { project, secret, version: 2, state: 'ENABLED', current: 1, previous: 0 });
  const promoted = await native('POST', '/secrets:promote', { project, secret, version: 2 });
  assert.deepEqual(promoted, { project, secret, version: 2, state: 'ENABLED', current: 2, previous: 1 });
  assert.equal(await read(ref), 'two');
  await native('POST', '/secrets:rollback', { project, secret });
  assert.equal(await read(ref), 'one');
  await refused('INVALID_FIELD', native('POST', '/versions:addCandidate', { project, secret, data: 'not base64!' }));
  await refused('PAYLOAD_CHECKSUM', native('POST', '/versions:addCandidate', { project, secret, data, crc32c: 1 }));
  const full = Buffer.alloc(65_536, 1).toString('base64');
  await native('POST', '/versions:addCandidate', { project, secret, data: full });
  const over = Buffer.alloc(65_537, 1).toString('base64');
  await refused('INVALID_FIELD', native('POST', '/versions:addCandidate', { project, secret, data: over }));
});

test('equal values are found across projects and places, of those that the caller may list; destroyed ones are not', async () => {
  const first = await newSecret(world, 'same-a', ['shared value', 'other']);
  world.clock.advance(1);
  await newSecret(world, 'same-b', ['shared value']);
  world.clock.advance(1);
  await newSecret(world, 'same-c', ['shared value'], {
    location: 'europe-west1' as Location,
    replication: undefined as never,
  });
  const gone = await newSecret(world, 'same-d', ['shared value']);
  await world.ask(destroyVersion, { ...gone, number: 1 }, owner);
  const found = (await native('GET', '/versions:sameValue', { project, secret: 'same-a', version: '1' })) as {
    versions: { secret: string; location?: string; version: number }[];
  };
  assert.deepEqual(
    found.versions.map(({ secret, location, version }) => [secret, location, version]),
    [
      ['same-b', undefined, 1],
      ['same-c', 'europe-west1', 1],
    ],
  );
  const alone = await world.ask(sameValue, { ...first, selector: 2 }, owner);
  assert.deepEqual(alone.versions, []);
  await refused('VERSION_NOT_FOUND', world.ask(sameValue, { ...first, selector: 3 }, owner));
  const account = { project, accountId: 'same-reader', displayName: '', description: '' };
  const { email } = (await world.ask(createAccount, account, owner)).account;
  const { token } = await world.ask(generateToken, { account: email, lifetimeSeconds: 0 }, owner);
  const ask = () => world.ask(sameValue, { ...first, selector: 1 }, token.reveal());
  const members = [`serviceAccount:${email}`];
  await refused('PERMISSION_DENIED', ask());
  await world.ask(setProjectPolicy, { project, bindings: [{ role: 'roles/viewer', members }] }, owner);
  await refused('PERMISSION_DENIED', ask());
  await world.ask(setProjectPolicy, { project, bindings: [] }, owner);
  const bindings = [{ role: 'roles/secretmanager.secretAccessor', members }];
  await world.ask(setSecretPolicy, { ...first, bindings }, owner);
  assert.deepEqual((await ask()).versions, [], 'who may list nothing learns nothing');
  await world.ask(setProjectPolicy, { project, bindings: [{ role: 'roles/viewer', members }] }, owner);
  assert.equal((await ask()).versions.length, 2);
});
