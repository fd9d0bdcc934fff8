// Keys over the real store, keyring, engine and audit: who may do what, what the ledger says, what comes due, and that
// nothing opens that should not.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Fault } from '../../src/core/error.ts';
import type { KeyType } from '../../src/core/keys/type.ts';
import { parseProjectId, parseProjectRef } from '../../src/core/name.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { type CreateKey, createKey, deleteKey, getKey, listKeys, trimKey, updateKey } from '../../src/ops/keys.ts';
import { exportKey } from '../../src/ops/keys-export.ts';
import type { ItemResult } from '../../src/ops/keys-items.ts';
import { rotateDueKey, rotateKey } from '../../src/ops/keys-rotate.ts';
import { decrypt, encrypt, rewrap } from '../../src/ops/keys-seal.ts';
import { sign } from '../../src/ops/keys-sign.ts';
import type { Operation } from '../../src/ops/operation.ts';
import { setProjectPolicy } from '../../src/ops/policies.ts';
import { createProject } from '../../src/ops/projects.ts';
import { setQuotas } from '../../src/ops/quotas.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { bytes, project, refused, textOf } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
});

after(() => world.close());

const keyOf = (name: string) => ({ project, ring: 'transit', name });
const make = (name: string, type: KeyType = 'aes256-gcm96', settings: CreateKey['settings'] = {}) =>
  world.ask(createKey, { ...keyOf(name), type, settings }, owner);
const only = <T>(results: readonly ItemResult<T>[]): T => (results[0] as { readonly value: T }).value;
const item = (text: string, version = 0) => ({ plaintext: bytes(text), version });
const seal = async (name: string, text: string, version = 0) =>
  only(await world.ask(encrypt, { ...keyOf(name), items: [item(text, version)] }, owner));
const open = async (name: string, sealed: { version: number; ciphertext: Uint8Array }) =>
  textOf(only(await world.ask(decrypt, { ...keyOf(name), items: [sealed] }, owner)));
const options = { hash: 'sha2-256', prehashed: false, scheme: 'pss', salt: 'auto', encoding: 'der' } as const;

test('what a key of each type sealed opens again, also after rotations, and under its own version only', async () => {
  for (const type of ['aes128-gcm96', 'aes256-gcm96', 'chacha20-poly1305', 'rsa-2048'] as const) {
    const name = `type-${type}`;
    await make(name, type);
    const first = await seal(name, 'first');
    await world.ask(rotateKey, keyOf(name), owner);
    const second = await seal(name, 'second');
    assert.deepEqual([first.version, second.version], [1, 2]);
    assert.deepEqual([await open(name, first), await open(name, second)], ['first', 'second']);
    await refused('KEY_CIPHERTEXT_INVALID', open(name, { ...first, version: 2 }));
    const [moved] = await world.ask(rewrap, { ...keyOf(name), items: [{ ...first, to: 0 }] }, owner);
    assert.equal(only([moved as ItemResult<typeof first>]).version, 2);
  }
});

test('a key that is made anew under the name of a deleted one opens nothing of it', async () => {
  await make('reborn');
  const sealed = await seal('reborn', 'old');
  await refused('KEY_DELETION_FORBIDDEN', world.ask(deleteKey, keyOf('reborn'), owner));
  await world.ask(updateKey, { ...keyOf('reborn'), changes: { deletionAllowed: true } }, owner);
  await world.ask(deleteKey, keyOf('reborn'), owner);
  await refused('KEY_NOT_FOUND', open('reborn', sealed));
  await make('reborn');
  await refused('KEY_CIPHERTEXT_INVALID', open('reborn', sealed));
});

test('least versions bind at once, and destroyed ones are gone for good', async () => {
  await make('least');
  const first = await seal('least', 'one');
  await world.ask(rotateKey, keyOf('least'), owner);
  await world.ask(rotateKey, keyOf('least'), owner);
  await world.ask(updateKey, { ...keyOf('least'), changes: { minDecryptionVersion: 2 } }, owner);
  await refused('KEY_VERSION_TOO_OLD', open('least', first));
  await refused('KEY_VERSION_TOO_OLD', seal('least', 'x', 1));
  await world.ask(updateKey, { ...keyOf('least'), changes: { minDecryptionVersion: 1 } }, owner);
  assert.equal(await open('least', first), 'one');
  await world.ask(
    updateKey,
    { ...keyOf('least'), changes: { minDecryptionVersion: 3, minEncryptionVersion: 3 } },
    owner,
  );
  await world.ask(trimKey, { ...keyOf('least'), minAvailableVersion: 2 }, owner);
  await refused(
    'INVALID_FIELD',
    world.ask(updateKey, { ...keyOf('least'), changes: { minDecryptionVersion: 1 } }, owner),
  );
  const { versions } = await world.ask(getKey, keyOf('least'), owner);
  assert.deepEqual(
    versions.map(({ number }) => number),
    [2, 3],
  );
});

test('a key does only what its type can', async () => {
  await make('wrong-aes');
  await make('wrong-ec', 'ecdsa-p256');
  await refused('KEY_USE_UNSUPPORTED', seal('wrong-ec', 'x'));
  const command = { ...keyOf('wrong-aes'), items: [{ input: new Uint8Array(1) }], version: 0, options };
  await refused('KEY_USE_UNSUPPORTED', world.ask(sign, command, owner));
});

test('nothing of a key is shown that is sealed, and nothing leaves one that does not let it', async () => {
  await make('closed');
  const shown = await world.ask(getKey, keyOf('closed'), owner);
  assert.ok(shown.versions.every((version) => !('sealed' in version)));
  const taking = { ...keyOf('closed'), part: 'key', form: 'default' } as const;
  await refused('KEY_NOT_EXPORTABLE', world.ask(exportKey, taking, owner));
});

test('a name that is taken is refused, unless the key that is there will do', async () => {
  await make('taken');
  await refused('KEY_EXISTS', make('taken'));
  const again = { ...keyOf('taken'), type: 'rsa-4096', settings: {}, orExisting: true } as const;
  const { isNew, key } = await world.ask(createKey, again, owner);
  assert.deepEqual([isNew, key.type], [false, 'aes256-gcm96']);
  const made = await Promise.allSettled(Array.from({ length: 8 }, () => make('race')));
  assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('rotations at the same time give each a version of its own', async () => {
  await make('dense');
  const rotated = await Promise.allSettled(
    Array.from({ length: 4 }, () => world.ask(rotateKey, keyOf('dense'), owner)),
  );
  const done = rotated.filter(({ status }) => status === 'fulfilled').length;
  const { key, versions } = await world.ask(getKey, keyOf('dense'), owner);
  assert.deepEqual(
    versions.map(({ number }) => number),
    Array.from({ length: done + 1 }, (_, index) => index + 1),
  );
  assert.equal(key.latestVersion, done + 1);
});

/** A token of a new account with one role on the project. */
async function holder(accountId: string, role: string): Promise<string> {
  const { account } = await world.ask(createAccount, { project, accountId, displayName: '', description: '' }, owner);
  const bindings = [{ role, members: [`serviceAccount:${account.email}`] }];
  await world.ask(setProjectPolicy, { project, version: 1, bindings }, owner);
  return (await world.ask(generateToken, { account: account.email, lifetimeSeconds: 0 }, owner)).token.reveal();
}

test('each role does what it is for, and no more', async () => {
  await make('roles');
  const sealed = await seal('roles', 'x');
  const uses: Readonly<Record<string, readonly [Operation<never, unknown>, object]>> = {
    encrypt: [encrypt as never, { items: [item('x')] }],
    decrypt: [decrypt as never, { items: [sealed] }],
    rewrap: [rewrap as never, { items: [{ ...sealed, to: 0 }] }],
    get: [getKey as never, {}],
    list: [listKeys as never, { pageSize: 0, pageToken: '' }],
    update: [updateKey as never, { changes: {} }],
    rotate: [rotateKey as never, {}],
    trim: [trimKey as never, { minAvailableVersion: 1 }],
    export: [exportKey as never, { part: 'key', form: 'default' }],
    delete: [deleteKey as never, {}],
  };
  const roles = {
    'roles/viewer': ['get', 'list'],
    'roles/editor': ['get', 'list', 'rotate', 'update'],
    'roles/coffer.keyViewer': ['get', 'list'],
    'roles/coffer.keyAdmin': ['delete', 'get', 'list', 'rotate', 'trim', 'update'],
    'roles/coffer.keyEncrypter': ['encrypt', 'rewrap'],
    'roles/coffer.keyDecrypter': ['decrypt'],
    'roles/coffer.keyExporter': ['export'],
    'roles/secretmanager.admin': [],
  };
  let account = 0;
  for (const [role, expected] of Object.entries(roles)) {
    const token = await holder(`holder-${account++}`, role);
    const allowed: string[] = [];
    for (const [name, [use, command]] of Object.entries(uses)) {
      const asked = world.ask(use as Operation<object, unknown>, { ...keyOf('roles'), ...command }, token);
      const fault = await asked.then(
        () => undefined,
        (error: Fault) => error,
      );
      if (fault?.code !== 'PERMISSION_DENIED') allowed.push(name);
    }
    assert.deepEqual(allowed.sort(), expected, role);
  }
});

test('a condition narrows a role to one key', async () => {
  await make('narrow');
  await make('wide');
  const command = { project, accountId: 'narrowed', displayName: '', description: '' };
  const { account } = await world.ask(createAccount, command, owner);
  const expression = 'resource.name.endsWith("/locations/global/keyRings/transit/cryptoKeys/narrow")';
  const condition = { title: 'one key', description: '', expression };
  const binding = { role: 'roles/coffer.keyEncrypter', members: [`serviceAccount:${account.email}`], condition };
  await world.ask(setProjectPolicy, { project, version: 3, bindings: [binding] }, owner);
  const token = (await world.ask(generateToken, { account: account.email, lifetimeSeconds: 0 }, owner)).token.reveal();
  await world.ask(encrypt, { ...keyOf('narrow'), items: [item('x')] }, token);
  await refused('PERMISSION_DENIED', world.ask(encrypt, { ...keyOf('wide'), items: [item('x')] }, token));
});

test("another project's keys are not there", async () => {
  await world.ask(createProject, { id: parseProjectId('other-tenant'), displayName: '', labels: {} }, owner);
  await make('tenant');
  const elsewhere = { ...keyOf('tenant'), project: parseProjectRef('other-tenant') };
  await refused('KEY_NOT_FOUND', world.ask(getKey, elsewhere, owner));
  await refused('KEY_NOT_FOUND', world.ask(encrypt, { ...elsewhere, items: [item('x')] }, owner));
});

test('every use is in the ledger, with its version, and a failed one as failed', async () => {
  await make('ledger');
  const sealed = await seal('ledger', 'what nobody writes down');
  await refused('KEY_CIPHERTEXT_INVALID', open('ledger', { version: 1, ciphertext: sealed.ciphertext.slice(1) }));
  const both = { ...keyOf('ledger'), items: [item('a'), item('b', 9)] };
  const results = await world.ask(encrypt, both, owner);
  assert.deepEqual(
    results.map((result) => ('fault' in result ? result.fault.code : 'value')),
    ['value', 'KEY_VERSION_TOO_NEW'],
  );
  const resource = 'projects/default/keyRings/transit/cryptoKeys/ledger';
  const records = (await world.records()).filter((record) => record.resource === resource);
  assert.deepEqual(
    records.map(({ operation, outcome, code, version, details }) => [operation, outcome, code, version, details]),
    [
      ['keys.create', 'allowed', undefined, 1, { type: 'aes256-gcm96' }],
      ['keys.encrypt', 'allowed', undefined, 1, undefined],
      ['keys.decrypt', 'failed', 'KEY_CIPHERTEXT_INVALID', undefined, undefined],
      ['keys.encrypt', 'allowed', undefined, 1, { items: 2 }],
    ],
  );
  assert.ok(!JSON.stringify(await world.records()).includes('what nobody writes down'));
});

test('a key rotates by itself when it is due, once, and not before', async () => {
  await make('timed', 'ed25519', { autoRotateSeconds: 3600 });
  await world.sweep();
  const latest = async () => (await world.ask(getKey, keyOf('timed'), owner)).key.latestVersion;
  assert.equal(await latest(), 1);
  await refused('PERMISSION_DENIED', world.ask(rotateDueKey, keyOf('timed'), owner));
  world.clock.advance(3_600_000);
  await world.sweep();
  await world.sweep();
  assert.equal(await latest(), 2);
  world.clock.advance(10 * 3_600_000);
  await world.sweep();
  assert.equal(await latest(), 3);
});

test('uses count as accesses of the project, changes as changes', async () => {
  await make('counted');
  const quotas = { project: 'default', access: 1 };
  await world.ask(setQuotas, quotas, owner);
  await seal('counted', 'x');
  await refused('QUOTA_EXCEEDED', seal('counted', 'x'));
  await world.ask(getKey, keyOf('counted'), owner);
  await world.ask(setQuotas, { project: 'default' }, owner);
});

test('requests have bounds', async () => {
  await make('bounds', 'aes256-gcm96', { derived: true });
  const many = Array.from({ length: 10_001 }, () => item('x'));
  await refused('LIMIT_REACHED', world.ask(encrypt, { ...keyOf('bounds'), items: many }, owner));
  const versions = Array.from({ length: 101 }, (_, index) => item('x', index + 1));
  await refused('LIMIT_REACHED', world.ask(encrypt, { ...keyOf('bounds'), items: versions }, owner));
  const long = [{ ...item('x'), context: new Uint8Array(32 * 1024 + 1) }];
  await refused('INVALID_FIELD', world.ask(encrypt, { ...keyOf('bounds'), items: long }, owner));
  await refused('KEY_CONTEXT_MISSING', world.ask(encrypt, { ...keyOf('bounds'), items: [item('x')] }, owner));
  await make('bounds-sign', 'ed25519');
  const inputs = Array.from({ length: 1001 }, () => ({ input: new Uint8Array(1) }));
  const signing = { ...keyOf('bounds-sign'), items: inputs, version: 0, options };
  await refused('LIMIT_REACHED', world.ask(sign, signing, owner));
});
