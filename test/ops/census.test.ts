// The census over the real engine and store: what a read leaves behind, whom the guard protects and from whom, and what
// a stranger learns of it, which is nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { FaultCode } from '../../src/core/error.ts';
import { CENSUS_ROWS_MAX } from '../../src/core/limits.ts';
import type { AccountEmail } from '../../src/core/name.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { listConsumers } from '../../src/ops/consumers.ts';
import { promoteVersion, rollbackSecret } from '../../src/ops/current.ts';
import { setSecretPolicy } from '../../src/ops/policies.ts';
import type { Guarded } from '../../src/ops/reader-guard.ts';
import { getReaderGuard, setReaderGuard } from '../../src/ops/reader-settings.ts';
import { deleteSecret, getSecret, type SecretRef } from '../../src/ops/secrets.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import {
  accessVersion,
  addVersion,
  destroyVersion,
  disableVersion,
  enableVersion,
  type Selector,
} from '../../src/ops/versions.ts';
import { bytes, newSecret, project, refused } from './support.ts';
import { openWorld, type World } from './world.ts';

const ACCESSOR = 'roles/secretmanager.secretAccessor';
const MANAGER = 'roles/secretmanager.secretVersionManager';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
});
after(() => world.close());

let accounts = 0;

/** A new account with these roles on the secret, and a token of it. */
async function account(ref: SecretRef, roles: readonly string[], workload?: string) {
  accounts += 1;
  const command = { project, accountId: `account-${accounts}`, displayName: '', description: '' };
  const { email } = (await world.ask(createAccount, command, owner)).account;
  await grant(ref, email, roles);
  return { email, member: `serviceAccount:${email}`, token: await tokenOf(email, workload) };
}

async function grant(ref: SecretRef, email: AccountEmail, roles: readonly string[]) {
  const bindings = roles.map((role) => ({ role, members: [`serviceAccount:${email}`] }));
  await world.ask(setSecretPolicy, { ...ref, bindings }, owner);
}

async function tokenOf(email: AccountEmail, workload?: string): Promise<string> {
  const named = workload === undefined ? {} : { workload };
  return (await world.ask(generateToken, { account: email, lifetimeSeconds: 0, ...named }, owner)).token.reveal();
}

async function read(ref: SecretRef, selector: Selector, token: string, userAgent?: string) {
  world.clock.advance(10);
  return world.door.call(accessVersion, await world.as(token, userAgent), { ...ref, selector });
}

const take = (
  operation: typeof disableVersion,
  ref: SecretRef,
  number: number,
  guard: Guarded = { guard: 'refuse' },
  token: string = owner,
) => world.ask(operation, { ...ref, number, ...guard }, token);

const consumersOf = async (ref: SecretRef, windowSeconds?: number) =>
  (await world.ask(listConsumers, { ...ref, ...(windowSeconds === undefined ? {} : { windowSeconds }) }, owner))
    .consumers;

test('a read leaves who, what, by which dialect and as which workload; nothing else does', async () => {
  const ref = await newSecret(world, 'left', ['one', 'two']);
  const { member, token, email } = await account(ref, [ACCESSOR], 'web');
  const began = world.clock.now();
  await read(ref, 1, token, 'ignored/1');
  await read(ref, 'latest', token);
  await read(ref, 2, token);
  const unnamed = await tokenOf(email);
  await read(ref, 2, unnamed, 'grpc-python/1.6 x/y');
  await refused('VERSION_NOT_FOUND', read(ref, 9, token));
  await refused('CREDENTIAL_MISSING', world.ask(accessVersion, { ...ref, selector: 1 }));
  const found = await consumersOf(ref);
  assert.deepEqual(
    found.map((each) => [each.principal, each.workload, each.dialect, each.version, each.reads, each.isCurrent]),
    [
      [member, 'grpc-python', 'test', 2, 1, true],
      [member, 'web', 'test', 2, 3, true],
    ],
  );
  assert.equal(found[1]?.lastSeenAt, began + 30);
});

test('a read that was refused by the audit is no sighting', async () => {
  const full: { is: boolean } = { is: false };
  const broken = await openWorld({
    wrapAudit: (audit) => ({
      append: (record) => {
        if (full.is) throw new Error('the disk is full');
        return audit.append(record);
      },
      copy: (record) => audit.copy(record),
      query: (query) => audit.query(query),
      verify: () => audit.verify(),
      export: (request) => audit.export(request),
      prune: (before) => audit.prune(before),
    }),
  });
  try {
    const ref = await newSecret(broken, 'unaudited', ['one']);
    full.is = true;
    await assert.rejects(broken.ask(accessVersion, { ...ref, selector: 1 }, broken.ownerCredential));
    assert.equal(broken.census.size, 0);
  } finally {
    await broken.close();
  }
});

test('a version on which somebody stands is neither disabled nor destroyed, until the reader has moved', async () => {
  const ref = await newSecret(world, 'guarded', ['one']);
  const { member, token } = await account(ref, [ACCESSOR], 'web');
  await read(ref, 'latest', token);
  for (const operation of [disableVersion, destroyVersion]) {
    const { facts, message } = await refused('VERSION_IN_USE', take(operation, ref, 1));
    assert.match(
      message,
      new RegExp(
        `^version 1 of secret guarded is still in use: it was last read by ${member} \\(web\\) by test at 2027-`,
      ),
    );
    assert.equal(facts['version'], 1);
  }
  await world.ask(addVersion, { ...ref, payload: bytes('two') }, owner);
  await refused('VERSION_IN_USE', take(destroyVersion, ref, 1));
  await read(ref, 'latest', token);
  await take(disableVersion, ref, 1);
  await take(destroyVersion, ref, 1);
  await refused('VERSION_IN_USE', take(disableVersion, ref, 2));
});

test('of several readers one that stayed behind is enough, and the others are counted', async () => {
  const ref = await newSecret(world, 'several', ['one']);
  const { token, email } = await account(ref, [ACCESSOR], 'web');
  const batch = await tokenOf(email, 'batch');
  const third = await tokenOf(email, 'third');
  for (const each of [token, batch, third]) await read(ref, 1, each);
  const { message } = await refused('VERSION_IN_USE', take(disableVersion, ref, 1));
  assert.match(message, / \(third\) by test at \S+ and 2 more$/);
  await world.ask(addVersion, { ...ref, payload: bytes('two') }, owner);
  for (const each of [token, third]) await read(ref, 2, each);
  assert.match((await refused('VERSION_IN_USE', take(disableVersion, ref, 1))).message, / \(batch\) by test at \S+Z$/);
  await read(ref, 2, batch);
  await take(disableVersion, ref, 1);
});

test('after a rollback, the version that was rolled back is free once its readers are back', async () => {
  const ref = await newSecret(world, 'rolled', ['one', 'two']);
  const { token } = await account(ref, [ACCESSOR]);
  await read(ref, 'latest', token);
  await world.ask(rollbackSecret, ref, owner);
  await refused('VERSION_IN_USE', take(disableVersion, ref, 2));
  await read(ref, 'latest', token);
  await take(disableVersion, ref, 2);
  await take(enableVersion as typeof disableVersion, ref, 2);
  await world.ask(promoteVersion, { ...ref, number: 2 }, owner);
  await refused('VERSION_IN_USE', take(disableVersion, ref, 1));
});

test('who has not read for as long as the window is long does not count; who reads again does', async () => {
  const ref = await newSecret(world, 'window', ['one', 'two']);
  const { email } = await account(ref, [ACCESSOR]);
  await read(ref, 1, await tokenOf(email));
  world.clock.advance(7 * DAY);
  await refused('VERSION_IN_USE', take(disableVersion, ref, 1));
  world.clock.advance(1);
  await take(disableVersion, ref, 1);
  await take(enableVersion as typeof disableVersion, ref, 1);
  await read(ref, 1, await tokenOf(email));
  await refused('VERSION_IN_USE', take(disableVersion, ref, 1));
  await world.ask(setReaderGuard, { project, windowSeconds: 3600 }, owner);
  world.clock.advance(HOUR + 1);
  await take(disableVersion, ref, 1);
  assert.deepEqual(await consumersOf(ref), []);
  assert.equal((await consumersOf(ref, 7200)).length, 1, 'a question has a window of its own');
  await world.ask(setReaderGuard, { project, windowSeconds: 7 * 24 * 3600 }, owner);
});

test("a user's own reads keep nobody from anything; those of another user, and of an account, do", async () => {
  const ref = await newSecret(world, 'own', ['one', 'two', 'three']);
  await read(ref, 1, owner);
  await take(disableVersion, ref, 1);
  await take(destroyVersion, ref, 1);
  const { token } = await account(ref, [ACCESSOR, MANAGER]);
  await read(ref, 2, owner);
  const { message } = await refused('VERSION_IN_USE', take(disableVersion, ref, 2, { guard: 'refuse' }, token));
  assert.match(message, /last read by user:owner@coffer\.internal by test/);
  await read(ref, 3, token);
  await refused('VERSION_IN_USE', take(destroyVersion, ref, 3, { guard: 'refuse' }, token));
});

test('force does it, and the record says who was overruled', async () => {
  const ref = await newSecret(world, 'forced', ['one', 'two']);
  const { member, token } = await account(ref, [ACCESSOR]);
  await read(ref, 1, token);
  await take(disableVersion, ref, 1, { guard: 'force' });
  await refused('VERSION_NOT_ENABLED', read(ref, 1, token));
  const { version } = await take(disableVersion, ref, 1);
  assert.equal(version.state, 'DISABLED', 'disabling once more takes nothing away');
  await refused('VERSION_IN_USE', take(destroyVersion, ref, 1));
  await take(destroyVersion, ref, 1, { guard: 'force' });
  await refused('VERSION_DESTROYED', take(destroyVersion, ref, 1, { guard: 'force' }));
  await take(destroyVersion, ref, 2, { guard: 'force' });
  const records = (await world.records()).filter(({ resource }) => resource.endsWith('/forced'));
  const kept = records.flatMap(({ operation, outcome, details }) =>
    /destroy|disable/.test(operation) && outcome === 'allowed'
      ? [[operation, details?.['forced'], details?.['overruled']]]
      : [],
  );
  const overruled = new RegExp(`^${member} by test at `);
  assert.deepEqual(
    kept.map(([operation, forced]) => [operation, forced]),
    [
      ['versions.disable', 'true'],
      ['versions.disable', undefined],
      ['versions.destroy', 'true'],
      ['versions.destroy', undefined],
    ],
  );
  assert.match(String(kept[0]?.[2]), overruled);
});

test('a destruction that waits is judged when it is asked for, and then happens', async () => {
  const ref = await newSecret(world, 'waiting', ['one', 'two'], { versionDestroyTtlSeconds: 86_400 });
  const { token } = await account(ref, [ACCESSOR]);
  await read(ref, 1, token);
  await refused('VERSION_IN_USE', take(destroyVersion, ref, 1));
  const { version } = await take(destroyVersion, ref, 1, { guard: 'force' });
  assert.equal(version.state, 'DISABLED');
  world.clock.advance(DAY);
  await world.sweep();
  await refused('VERSION_DESTROYED', take(enableVersion as typeof disableVersion, ref, 1));
});

test('a secret that anybody reads is not deleted; what is destroyed keeps nobody', async () => {
  const ref = await newSecret(world, 'kept', ['one', 'two']);
  const { token } = await account(ref, [ACCESSOR]);
  await read(ref, 1, token);
  const remove = (guard: Guarded) => world.ask(deleteSecret, { ...ref, ...guard }, owner);
  assert.equal((await refused('VERSION_IN_USE', remove({ guard: 'refuse' }))).facts['version'], 1);
  await refused('VERSION_IN_USE', world.ask(deleteSecret, { ...ref, recoverySeconds: 60, guard: 'refuse' }, owner));
  await take(destroyVersion, ref, 1, { guard: 'force' });
  await remove({ guard: 'refuse' });
  const again = await newSecret(world, 'kept', ['one']);
  assert.deepEqual(await consumersOf(again), [], 'a new secret of the name has no readers');
});

test("a wire dialect does as its cloud, unless the project's setting says refuse", async () => {
  const ref = await newSecret(world, 'wire', ['one', 'two', 'three']);
  const { token } = await account(ref, [ACCESSOR]);
  for (const number of [1, 2, 3]) await read(ref, number, token);
  await read(ref, 1, token);
  const asGoogle = { ...ref, number: 1 };
  await world.ask(disableVersion, asGoogle, owner);
  await world.ask(enableVersion, asGoogle, owner);
  assert.equal((await world.ask(getReaderGuard, { project }, owner)).guard, 'off');
  await world.ask(setReaderGuard, { project, guard: 'refuse' }, owner);
  try {
    await refused('VERSION_IN_USE', world.ask(disableVersion, asGoogle, owner));
    await refused('VERSION_IN_USE', world.ask(destroyVersion, asGoogle, owner));
    await refused('VERSION_IN_USE', world.ask(deleteSecret, ref, owner));
    await take(disableVersion, ref, 1, { guard: 'force' });
  } finally {
    const set = await world.ask(setReaderGuard, { project, guard: 'off' }, owner);
    assert.deepEqual(set, { project: 'default', guard: 'off', windowSeconds: 7 * 24 * 3600 });
  }
  await world.ask(deleteSecret, ref, owner);
});

test('the guard speaks after permission, existence, etag and state', async () => {
  const ref = await newSecret(world, 'order', ['one']);
  const { token } = await account(ref, [ACCESSOR]);
  await read(ref, 1, token);
  const cases: [FaultCode, Promise<unknown>][] = [
    ['PERMISSION_DENIED', take(disableVersion, ref, 1, { guard: 'refuse' }, token)],
    ['VERSION_NOT_FOUND', take(disableVersion, ref, 2)],
    ['ETAG_MISMATCH', world.ask(disableVersion, { ...ref, number: 1, etag: 'no', guard: 'refuse' }, owner)],
    ['VERSION_IN_USE', take(disableVersion, ref, 1)],
  ];
  for (const [code, work] of cases) {
    const { message } = await refused(code, work);
    assert.equal(message.includes('account-'), code === 'VERSION_IN_USE', 'a reader is named to nobody else');
  }
});

test('a reader cannot pass for another: neither a header nor a token makes a principal', async () => {
  const ref = await newSecret(world, 'forged', ['one', 'two']);
  const victim = await account(ref, [ACCESSOR], 'web');
  await read(ref, 1, victim.token);
  const attacker = await account(ref, [ACCESSOR], 'web');
  for (const agent of [victim.member, `web\n${victim.member}`, `web ${victim.member}`]) {
    await read(ref, 2, attacker.token, agent);
  }
  const { message } = await refused('VERSION_IN_USE', take(destroyVersion, ref, 1));
  assert.ok(message.includes(victim.member));
  for (const { principal, workload } of await consumersOf(ref)) {
    assert.match(principal, /^serviceAccount:account-\d+@default\.iam\.gserviceaccount\.com$/);
    assert.equal(workload, 'web');
  }
});

test('a caller who invents names fills neither the memory nor the store', async () => {
  const ref = await newSecret(world, 'names', ['one']);
  const { email } = await account(ref, [ACCESSOR]);
  const token = await tokenOf(email);
  for (let index = 0; index < 300; index++) await read(ref, 1, token, `n${index}/1`);
  assert.ok(world.census.size <= 101, String(world.census.size));
  await consumersOf(ref);
  for (let index = 300; index < 600; index++) await read(ref, 1, token, `n${index}/1`);
  const found = await consumersOf(ref);
  assert.equal(found.length, 101);
  assert.equal(
    found.reduce((sum, { reads }) => sum + reads, 0),
    600,
  );
});

test('whoever may not list versions learns nothing of readers, whether the secret is there or not', async () => {
  const ref = await newSecret(world, 'private', ['one']);
  const { token } = await account(ref, [ACCESSOR]);
  await read(ref, 1, token);
  const missing = { ...ref, key: 'not-there' as SecretRef['key'] };
  const answers = [];
  for (const each of [ref, missing]) {
    const { message } = await refused('PERMISSION_DENIED', world.ask(listConsumers, each, token));
    answers.push(message.replace('not-there', 'private'));
    await refused('CREDENTIAL_MISSING', world.ask(listConsumers, each));
  }
  assert.equal(answers[0], answers[1]);
  await refused('PERMISSION_DENIED', world.ask(setReaderGuard, { project, guard: 'off' }, token));
  await refused('PERMISSION_DENIED', world.ask(getReaderGuard, { project }, token));
  const manager = await account(ref, [MANAGER]);
  assert.equal((await world.ask(listConsumers, ref, manager.token)).consumers.length, 1, 'who may disable may know');
});

test('a census that cannot be written stops the guard, and not the reading', async () => {
  const broken = await openWorld();
  try {
    const ref = await newSecret(broken, 'unwritten', ['one', 'two']);
    await broken.ask(accessVersion, { ...ref, selector: 1 }, broken.ownerCredential);
    const { recordCensus } = broken.store;
    broken.store.recordCensus = () => {
      throw new Error('the disk is full');
    };
    await assert.rejects(broken.ask(disableVersion, { ...ref, number: 1 }, broken.ownerCredential), /disk is full/);
    await broken.ask(accessVersion, { ...ref, selector: 1 }, broken.ownerCredential);
    broken.store.recordCensus = recordCensus;
    await broken.ask(disableVersion, { ...ref, number: 1 }, broken.ownerCredential);
    assert.equal(broken.census.size, 0);
  } finally {
    await broken.close();
  }
});

test('where more was read within the window than can be looked at, the guard refuses rather than guesses', async () => {
  const ref = await newSecret(world, 'crowd', ['one', 'two']);
  const { secret } = await world.ask(getSecret, ref, owner);
  const { uid: secretUid, projectUid } = secret;
  const now = world.clock.now();
  const crowd = Array.from({ length: CENSUS_ROWS_MAX + 1 }, (_, index) => ({
    ...{ projectUid, secretUid, version: 2, principal: `user:u${index}@x.org`, workload: '', dialect: 'gcp' },
    ...{ firstSeenAt: now, lastSeenAt: now, reads: 1 },
  }));
  await world.store.recordCensus(crowd);
  assert.match((await refused('VERSION_IN_USE', take(disableVersion, ref, 1))).message, /by more readers than can be/);
  assert.equal((await world.ask(listConsumers, ref, owner)).isComplete, false);
  world.clock.advance(7 * DAY + 1);
  await take(disableVersion, ref, 1);
});
