// Transit over the wire: mounts, policies of Vault's, wrapping, several threads. What its endpoints answer stands in
// test/transit, which asks the engine itself.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;

before(async () => {
  vault = await openVault();
  await vault.must('POST', 'sys/mounts/transit', { type: 'transit' });
});

after(() => vault.server.stop());

const plaintext = Buffer.from('a text').toString('base64');

test('a key is made in one thread and used in all of them at once', async () => {
  await vault.must('POST', 'transit/keys/threads');
  const sealed = await Promise.all(
    Array.from({ length: 20 }, () => vault.must('POST', 'transit/encrypt/threads', { plaintext })),
  );
  await vault.must('POST', 'transit/keys/threads/rotate');
  const again = await Promise.all(
    sealed.map(async ({ json }) => {
      const { ciphertext } = json.data;
      const opened = await vault.must('POST', 'transit/decrypt/threads', { ciphertext });
      const moved = await vault.must('POST', 'transit/rewrap/threads', { ciphertext });
      return [opened.json.data.plaintext, moved.json.data.key_version];
    }),
  );
  for (const each of again) assert.deepEqual(each, [plaintext, 2]);
  await vault.must('POST', 'transit/keys/threads/config', { min_decryption_version: 2 });
  const late = await Promise.all(
    sealed.map(({ json }) => vault.ask('POST', 'transit/decrypt/threads', { ciphertext: json.data.ciphertext })),
  );
  assert.ok(late.every(({ status, text }) => status === 400 && text.includes('too old')));
});

test('answers come in the envelope, and LIST, PUT and help as everywhere', async () => {
  await vault.must('PUT', 'transit/keys/envelope', { type: 'ed25519' });
  const read = await vault.must('GET', 'transit/keys/envelope');
  const members = ['auth', 'data', 'lease_duration', 'lease_id', 'renewable', 'request_id', 'warnings', 'wrap_info'];
  assert.deepEqual(Object.keys(read.json).sort(), members);
  assert.ok((await vault.must('LIST', 'transit/keys')).json.data.keys.includes('envelope'));
  const again = await vault.must('POST', 'transit/keys/envelope', { type: 'ed25519' });
  assert.deepEqual(again.json.warnings, ['key envelope already existed']);
  assert.equal((await vault.ask('GET', 'transit/keys/none')).status, 404);
  assert.equal((await vault.ask('PATCH', 'transit/keys/envelope', {})).status, 415);
  assert.equal((await vault.must('GET', 'transit/keys/envelope?help=1')).status, 200);
  const batch_input = [{ plaintext }, { plaintext: '%%' }];
  const mixed = await vault.ask('POST', 'transit/encrypt/batch', { batch_input });
  assert.deepEqual([mixed.status, mixed.json.data.batch_results.length, mixed.json.errors], [400, 2, undefined]);
});

test('a policy gives what its path and its capabilities say, and no more', async () => {
  await vault.must('POST', 'transit/keys/app', { exportable: true, allow_plaintext_backup: true });
  await vault.policy('app-encrypts', 'path "transit/encrypt/app" { capabilities = ["update"] }');
  const token = await vault.token(['app-encrypts']);
  const ask = (method: string, path: string, body?: object) => vault.ask(method, path, body, { token });
  const sealed = await ask('POST', 'transit/encrypt/app', { plaintext });
  assert.equal(sealed.status, 200);
  const { ciphertext } = sealed.json.data;
  const denied: [string, string, object?][] = [
    ['POST', 'transit/decrypt/app', { ciphertext }],
    ['POST', 'transit/rewrap/app', { ciphertext }],
    ['POST', 'transit/datakey/plaintext/app', {}],
    ['POST', 'transit/encrypt/other', { plaintext }],
    ['POST', 'transit/keys/app', {}],
    ['POST', 'transit/keys/app/rotate', {}],
    ['POST', 'transit/keys/app/config', { deletion_allowed: true }],
    ['DELETE', 'transit/keys/app'],
    ['GET', 'transit/keys/app'],
    ['LIST', 'transit/keys'],
    ['GET', 'transit/export/encryption-key/app'],
    ['GET', 'transit/backup/app'],
    ['GET', 'transit/wrapping_key'],
    ['POST', 'transit/hmac/app', { input: plaintext }],
    ['POST', 'transit/random', {}],
    // What is wrong with a request is told to those alone who may make it.
    ['POST', 'transit/decrypt/app', {}],
    ['POST', 'transit/decrypt/none', { ciphertext }],
    ['GET', 'transit/nothing'],
    ['POST', 'transit/encrypt/app/x', {}],
  ];
  for (const [method, path, body] of denied) {
    const answer = await ask(method, path, body);
    assert.equal(answer.status, 403, `${method} ${path}: ${answer.text}`);
  }
  assert.equal((await ask('POST', 'transit/encrypt/app', {})).status, 400);
  assert.equal((await ask('POST', 'transit/encrypt/app', { plaintext: '%%' })).status, 400);
  const nobody = await vault.ask('POST', 'transit/encrypt/app', { plaintext }, { token: '' });
  assert.equal(nobody.status, 403);
  const bad = await vault.ask('POST', 'transit/encrypt/app', {}, { token: `hvs.${'x'.repeat(24)}` });
  assert.equal(bad.status, 403);
});

test('no request has more random bytes made than the bound', async () => {
  for (const bytes of ['131073', '1000000000', '9'.repeat(400)]) {
    const { status, json } = await vault.ask('POST', `transit/random/${bytes}`);
    assert.deepEqual([status, /should be less than/.test(json.errors[0])], [400, true], JSON.stringify(json));
  }
});

test('to create a key by encrypting takes create, to use it update', async () => {
  await vault.policy('only-create', 'path "transit/encrypt/*" { capabilities = ["create"] }');
  await vault.policy('only-update', 'path "transit/encrypt/*" { capabilities = ["update"] }');
  const [creates, updates] = [await vault.token(['only-create']), await vault.token(['only-update'])];
  const encrypt = async (name: string, token: string) =>
    (await vault.ask('POST', `transit/encrypt/${name}`, { plaintext }, { token })).status;
  assert.equal(await encrypt('by-path', updates), 403);
  assert.equal((await vault.ask('GET', 'transit/keys/by-path')).status, 404);
  assert.equal(await encrypt('by-path', creates), 200);
  assert.equal(await encrypt('by-path', updates), 200);
  assert.equal(await encrypt('by-path', creates), 403);
});

test('parameters that a policy denies are denied', async () => {
  const rule = 'path "transit/keys/+" { capabilities = ["update"] denied_parameters = { "exportable" = [] } }';
  await vault.policy('no-export', rule);
  const token = await vault.token(['no-export']);
  const make = async (body: object) => (await vault.ask('POST', 'transit/keys/bound', body, { token })).status;
  assert.deepEqual([await make({ exportable: true }), await make({})], [403, 200]);
});

test('a plaintext can be wrapped for somebody else', async () => {
  const { ciphertext } = (await vault.must('POST', 'transit/encrypt/wrapped', { plaintext })).json.data;
  const headers = { 'x-vault-wrap-ttl': '60s' };
  const wrapped = await vault.must('POST', 'transit/decrypt/wrapped', { ciphertext }, { headers });
  assert.ok(!wrapped.text.includes(plaintext));
  const { token } = wrapped.json.wrap_info;
  const opened = await vault.must('POST', 'sys/wrapping/unwrap', undefined, { token });
  assert.equal(opened.json.data.plaintext, plaintext);
});

test('a mount that is moved keeps its keys, one that is taken away loses them', async () => {
  await vault.must('POST', 'sys/mounts/team/keys', { type: 'transit' });
  const { ciphertext } = (await vault.must('POST', 'team/keys/encrypt/k', { plaintext })).json.data;
  const wrapping = (await vault.must('GET', 'team/keys/wrapping_key')).json.data.public_key;
  const elsewhere = await vault.ask('POST', 'transit/decrypt/k', { ciphertext });
  assert.equal(elsewhere.status, 400, 'another ring');
  await vault.must('POST', 'sys/remount', { from: 'team/keys', to: 'moved' });
  assert.equal((await vault.ask('POST', 'team/keys/decrypt/k', { ciphertext })).status, 404);
  assert.equal((await vault.must('POST', 'moved/decrypt/k', { ciphertext })).json.data.plaintext, plaintext);
  assert.equal((await vault.must('GET', 'moved/wrapping_key')).json.data.public_key, wrapping);
  await vault.must('DELETE', 'sys/mounts/moved');
  await vault.must('POST', 'sys/mounts/moved', { type: 'transit' });
  assert.equal((await vault.ask('GET', 'moved/keys/k')).status, 404);
  assert.notEqual((await vault.must('GET', 'moved/wrapping_key')).json.data.public_key, wrapping);
});

test('no mount reaches the keys by which others are imported', async () => {
  await vault.must('GET', 'transit/wrapping_key');
  for (const path of ['*wrapping', '%2Awrapping']) {
    assert.equal((await vault.ask('POST', `sys/mounts/${path}`, { type: 'transit' })).status, 400, path);
  }
  assert.ok(!(await vault.must('LIST', 'transit/keys')).json.data.keys.includes('transit'));
});
