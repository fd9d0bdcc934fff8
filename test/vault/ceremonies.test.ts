// What holders of shares do together on an open server, and the rotation of keys: no share of elsewhere, none too few and
// no stranger changes anything, and the shares before open nothing any more.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiOf, auditRecords, must, ownerToken } from '../support/api.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { clientOf, openVault, type VaultClient } from './fixture.ts';

const ARGS = ['--seal=shamir', '--workers=1'];
let server: RunningServer;
let vault: VaultClient;
let keys: string[];
let strange: string[];
const open = { token: '' };

const initialise = async (client: VaultClient, secret_shares: number, secret_threshold: number) => {
  const made = (await client.must('PUT', 'sys/init', { secret_shares, secret_threshold }, open)).json;
  for (const key of made.keys) await client.must('PUT', 'sys/unseal', { key }, open);
  return made as { keys: string[]; root_token: string };
};

before(async () => {
  server = await startServer({ args: ARGS });
  const made = await initialise(clientOf(server, ''), 3, 2);
  ({ keys } = made);
  vault = clientOf(server, made.root_token);
  const other = await startServer({ args: ARGS });
  strange = (await initialise(clientOf(other, ''), 3, 2)).keys;
  await other.stop();
});

after(() => server.stop());

const give = (path: string, nonce: string, key: string | undefined, asked = {}) =>
  vault.ask('PUT', path, { nonce, key }, asked);
const status = async (path: string) => (await vault.must('GET', path)).json;
const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, at) => byte ^ (b[at] as number))).toString();

test('a root token is made by enough shares, for whoever has the one-time password', async () => {
  const path = 'sys/generate-root';
  assert.equal((await status(`${path}/attempt`)).started, false);
  for (const otp of ['short', 'x'.repeat(29), 'ü'.repeat(28)]) {
    assert.equal((await vault.ask('PUT', `${path}/attempt`, { otp }, open)).status, 400);
  }
  assert.equal((await vault.ask('PUT', `${path}/attempt`, { pgp_key: 'abc' }, open)).status, 400);
  assert.equal((await give(`${path}/update`, '', keys[0], open)).status, 400, 'nothing was begun');
  const begun = (await vault.must('PUT', `${path}/attempt`, {}, open)).json;
  assert.deepEqual([begun.otp.length, begun.required, begun.otp_length], [28, 2, 28]);
  assert.equal((await status(`${path}/attempt`)).otp, '');
  assert.equal((await vault.ask('PUT', `${path}/attempt`, {}, open)).status, 400, 'one at a time');
  assert.equal((await give(`${path}/update`, 'another', keys[0], open)).status, 400);
  for (const key of [undefined, '', 'zz', 'ab'.repeat(500)]) {
    assert.equal((await give(`${path}/update`, begun.nonce, key, open)).status, 400);
  }
  assert.equal((await give(`${path}/update`, begun.nonce, keys[0], open)).json.progress, 1);
  assert.equal(
    (await give(`${path}/update`, begun.nonce, keys[0], open)).json.progress,
    1,
    'the same share counts once',
  );
  assert.equal((await give(`${path}/update`, begun.nonce, strange[1], open)).status, 400, 'of another store');
  assert.equal((await status(`${path}/attempt`)).progress, 0);
  await give(`${path}/update`, begun.nonce, keys[2], open);
  const done = (await give(`${path}/update`, begun.nonce, keys[0], open)).json;
  assert.equal(done.complete, true);
  const token = xor(Buffer.from(done.encoded_token, 'base64'), Buffer.from(begun.otp));
  assert.match(token, /^hvs\.[\w-]{24}$/);
  assert.deepEqual((await vault.must('GET', 'auth/token/lookup-self', undefined, { token })).json.data.policies, [
    'root',
  ]);
  const records = await auditRecords(apiOf(server, ownerToken(server)));
  assert.ok(records.some(({ operation }) => operation === 'vault.generateRoot'));
  assert.ok(![server.logs(), JSON.stringify(records)].some((text) => text.includes(begun.otp) || text.includes(token)));
});

test('an attempt is given up by one with a token alone', async () => {
  await vault.must('PUT', 'sys/generate-root-token/attempt', {}, open);
  assert.equal((await vault.must('GET', 'sys/generate-root-token/attempt', undefined, open)).json.data.started, true);
  assert.equal((await vault.ask('DELETE', 'sys/generate-root/attempt', undefined, open)).status, 403);
  const weak = { token: await vault.token(['default']) };
  assert.equal((await vault.ask('DELETE', 'sys/generate-root/attempt', undefined, weak)).status, 403);
  await vault.must('DELETE', 'sys/generate-root/attempt');
  assert.equal((await status('sys/generate-root/attempt')).started, false);
});

test('the key is shared out anew by whoever may, and nobody else', async () => {
  await vault.policy('nearly', 'path "sys/rekey/*" { capabilities = ["create", "read", "update", "delete"] }');
  await must(apiOf(server, ownerToken(server)), 'POST', '/v3/projects', { projectId: 'tenant-two' });
  const there = { headers: { 'x-vault-namespace': 'tenant-two' } };
  const counts = { secret_shares: 2, secret_threshold: 2 };
  for (const asked of [open, { token: await vault.token(['default']) }, { token: await vault.token(['nearly']) }]) {
    assert.equal((await vault.ask('PUT', 'sys/rekey/init', counts, asked)).status, 403);
    assert.equal((await vault.ask('DELETE', 'sys/rekey/init', undefined, asked)).status, 403);
  }
  assert.equal((await vault.ask('PUT', 'sys/rekey/init', counts, there)).status, 400);
  for (const wrong of [
    {},
    { secret_shares: 1, secret_threshold: 2 },
    { ...counts, pgp_keys: ['x'] },
    { ...counts, backup: true },
  ]) {
    assert.equal((await vault.ask('PUT', 'sys/rekey/init', wrong)).status, 400);
  }
  assert.deepEqual((await vault.ask('GET', 'sys/rekey/backup')).json.errors, ['no backed-up keys found']);
  assert.equal((await vault.ask('PUT', 'sys/rekey/update', { key: keys[0], nonce: '' })).status, 400);
});

test('without verification the new shares count at once, and the old ones open nothing', async () => {
  const { nonce } = (await vault.must('PUT', 'sys/rekey/init', { secret_shares: 4, secret_threshold: 3 })).json;
  await give('sys/rekey/update', nonce, strange[0]);
  assert.equal((await give('sys/rekey/update', nonce, strange[1])).status, 400);
  await give('sys/rekey/update', nonce, keys[0]);
  const done = (await give('sys/rekey/update', nonce, keys[1])).json;
  assert.deepEqual([done.complete, done.keys.length, done.keys_base64.length], [true, 4, 4]);
  assert.equal((await status('sys/rekey/init')).started, false);
  const { t, n } = (await vault.must('GET', 'sys/seal-status', undefined, open)).json;
  assert.deepEqual([t, n], [3, 4]);
  await vault.must('PUT', 'sys/seal');
  for (const key of keys.slice(0, 2)) await vault.must('PUT', 'sys/unseal', { key }, open);
  assert.equal((await vault.ask('PUT', 'sys/unseal', { key: keys[2] }, open)).status, 400);
  keys = done.keys;
  for (const key of keys.slice(1)) await vault.must('PUT', 'sys/unseal', { key }, open);
  assert.equal((await vault.must('GET', 'sys/seal-status', undefined, open)).json.sealed, false);
});

test('with verification the old shares count until the new ones were shown', async () => {
  const counts = { secret_shares: 2, secret_threshold: 2, require_verification: true };
  const { nonce } = (await vault.must('PUT', 'sys/rekey/init', counts)).json;
  for (const key of keys.slice(0, 2)) await give('sys/rekey/update', nonce, key);
  const made = (await give('sys/rekey/update', nonce, keys[3])).json;
  assert.deepEqual([made.complete, made.verification_required], [true, true]);
  assert.equal((await vault.must('GET', 'sys/seal-status', undefined, open)).json.n, 4);
  const first = (await status('sys/rekey/verify')).nonce;
  const second = (await vault.must('DELETE', 'sys/rekey/verify')).json.nonce;
  assert.notEqual(first, second);
  assert.equal((await give('sys/rekey/verify', first, made.keys[0])).status, 400);
  await give('sys/rekey/verify', second, made.keys[0]);
  assert.equal((await give('sys/rekey/verify', second, keys[0])).status, 400);
  await give('sys/rekey/verify', second, made.keys[0]);
  assert.equal((await give('sys/rekey/verify', second, made.keys[1])).json.complete, true);
  assert.equal((await vault.ask('GET', 'sys/rekey/verify')).status, 400);
  server = await server.restart({ args: ARGS });
  vault = clientOf(server, vault.root);
  for (const key of made.keys) await vault.must('PUT', 'sys/unseal', { key }, open);
  assert.equal((await vault.must('GET', 'sys/seal-status', undefined, open)).json.sealed, false);
});

test('a server with a key file has no shares, and says so; its projects have keys that rotate', async () => {
  const file = await openVault({ args: ['--workers=1'] });
  try {
    for (const [method, path] of [
      ['PUT', 'sys/rekey/init'],
      ['PUT', 'sys/generate-root/attempt'],
    ] as const) {
      const answer = await file.ask(method, path, { secret_shares: 1, secret_threshold: 1 });
      assert.deepEqual([answer.status, /key file \(auto-unseal\)/.test(answer.text)], [400, true]);
    }
    await must(apiOf(file.server, file.root), 'POST', '/v3/projects', { projectId: 'tenant-two' });
    const there = { headers: { 'x-vault-namespace': 'tenant-two' } };
    const term = async (asked = {}) => (await file.must('GET', 'sys/key-status', undefined, asked)).json.term;
    await file.must('POST', 'secret/data/old', { data: { a: 1 } });
    await file.must('POST', 'sys/mounts/transit', { type: 'transit' });
    const sealed = (await file.must('POST', 'transit/encrypt/k', { plaintext: 'aGk=' })).json.data.ciphertext;
    assert.equal(await term(), 1);
    await file.policy('nearly', 'path "sys/rotate" { capabilities = ["update"] }');
    const nearly = { token: await file.token(['nearly']) };
    assert.equal((await file.ask('PUT', 'sys/rotate', {}, nearly)).status, 403);
    await file.must('PUT', 'sys/rotate');
    assert.deepEqual([await term(), await term(there)], [2, 1]);
    await file.must('POST', 'secret/data/new', { data: { a: 2 } });
    const again = clientOf(await file.server.restart({ args: ['--workers=1'] }), file.root);
    for (const [name, a] of [
      ['old', 1],
      ['new', 2],
    ] as const) {
      assert.deepEqual((await again.must('GET', `secret/data/${name}`)).json.data.data, { a });
    }
    const opened = await again.must('POST', 'transit/decrypt/k', { ciphertext: sealed });
    assert.equal(opened.json.data.plaintext, 'aGk=');
    for (let n = 2; n < 64; n++) await again.must('PUT', 'sys/rotate');
    assert.equal((await again.ask('PUT', 'sys/rotate')).status, 400);
    assert.deepEqual((await again.must('GET', 'secret/data/old')).json.data.data, { a: 1 });
    await again.server.stop();
  } finally {
    await file.server.stop();
  }
});
