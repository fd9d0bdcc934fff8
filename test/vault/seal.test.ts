// A server that is sealed by shares: it begins uninitialised, opens when enough of its shares came, and sealed nothing of
// it answers, in any dialect.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiOf, ownerToken } from '../support/api.ts';
import { coffer } from '../support/coffer.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { clientOf, type VaultClient } from './fixture.ts';

const ARGS = ['--seal=shamir', '--workers=1'];
let server: RunningServer;
let vault: VaultClient;
let keys: string[];
let root: string;
const open = { token: '' };

before(async () => {
  server = await startServer({ args: ARGS });
  vault = clientOf(server, '');
});

after(() => server.stop());

const status = async () => (await vault.must('GET', 'sys/seal-status', undefined, open)).json;
const unseal = (key: string) => vault.ask('PUT', 'sys/unseal', { key }, open);
const isSealed = async () => {
  assert.equal((await vault.ask('GET', 'secret/data/x', undefined, { token: root })).status, 503);
  const google = await apiOf(server, root)('GET', '/v1/projects/default/secrets');
  assert.equal(google.status, 503);
  assert.equal((await fetch(`${server.address}/coffer/v1/seal`)).status, 503);
};

test('it begins uninitialised, and says so', async () => {
  assert.deepEqual((await vault.must('GET', 'sys/init', undefined, open)).json, { initialized: false });
  assert.equal((await vault.ask('GET', 'sys/health', undefined, open)).status, 501);
  assert.equal((await vault.ask('GET', 'sys/health?uninitcode=204', undefined, open)).status, 204);
  assert.equal((await unseal('00')).status, 400);
  for (const body of [
    {},
    { secret_shares: 2, secret_threshold: 3 },
    { secret_shares: 3, secret_threshold: 1 },
    { secret_shares: 256, secret_threshold: 2 },
  ]) {
    assert.equal((await vault.ask('PUT', 'sys/init', body, open)).status, 400, JSON.stringify(body));
  }
});

test('it is initialised once, and stays sealed until enough shares came, in any order', async () => {
  const made = (await vault.must('PUT', 'sys/init', { secret_shares: 5, secret_threshold: 3 }, open)).json;
  ({ keys, root_token: root } = made);
  assert.deepEqual([keys.length, keys[0]?.length, root.length], [5, 66, 28]);
  assert.equal(Buffer.from(made.keys_base64[1], 'base64').toString('hex'), keys[1]);
  assert.equal((await vault.ask('PUT', 'sys/init', { secret_shares: 1, secret_threshold: 1 }, open)).status, 400);
  assert.equal((await vault.ask('GET', 'sys/health', undefined, open)).status, 503);
  await isSealed();
  assert.equal((await unseal(keys[4] as string)).json.progress, 1);
  assert.equal((await unseal(keys[4] as string)).json.progress, 1, 'the same share counts once');
  assert.equal((await vault.must('PUT', 'sys/unseal', { reset: true }, open)).json.progress, 0);
  await unseal(made.keys_base64[4]);
  await unseal(keys[0] as string);
  assert.equal((await unseal(keys[2] as string)).json.sealed, false);
  const { sealed, t, n } = await status();
  assert.deepEqual([sealed, t, n], [false, 3, 5]);
});

test('open, it is a whole server: no kv until it is asked for', async () => {
  const asked = { token: root };
  assert.equal((await vault.ask('GET', 'secret/data/x', undefined, asked)).status, 404);
  await vault.must('POST', 'sys/mounts/secret', { type: 'kv-v2' }, asked);
  await vault.must('POST', 'secret/data/x', { data: { a: 'kept' } }, asked);
  const google = apiOf(server, ownerToken(server));
  assert.equal((await google('GET', '/v1/projects/default/secrets/x/versions/latest:access')).status, 200);
  const weak = (await vault.must('POST', 'auth/token/create', { policies: ['default'] }, asked)).json.auth.client_token;
  assert.equal((await vault.ask('PUT', 'sys/seal', {}, { token: weak })).status, 403);
});

test('sealed again nothing answers, and its shares open it', async () => {
  assert.equal((await vault.ask('PUT', 'sys/seal', {}, { token: root })).status, 204);
  await isSealed();
  for (const key of keys.slice(0, 3)) await unseal(key);
  const read = await vault.must('GET', 'secret/data/x', undefined, { token: root });
  assert.deepEqual(read.json.data.data, { a: 'kept' });
});

test('shares of another store, damaged ones and junk open nothing, and the right ones still do', async () => {
  server = await server.restart({ args: ARGS });
  vault = clientOf(server, '');
  await isSealed();
  const wrong = [`${keys[0]?.slice(0, -2)}09`, `ff${keys[1]?.slice(2)}`, 'ab'.repeat(33)];
  for (const key of wrong.slice(0, 2)) assert.equal((await unseal(key)).status, 200);
  assert.equal((await unseal(wrong[2] as string)).status, 400);
  assert.equal((await status()).progress, 0);
  for (const key of ['', 'zz', '00', 'ab'.repeat(3000)]) {
    assert.ok([200, 400, 413].includes((await unseal(key)).status));
    await vault.ask('PUT', 'sys/unseal', { reset: true }, open);
  }
  for (const key of keys.slice(2)) await unseal(key);
  assert.equal((await status()).sealed, false);
  assert.ok(!server.logs().includes(keys[0]?.slice(0, 20) as string));
});

test('a store with one seal is not opened by the other', async () => {
  await server.stop();
  const started = await coffer(['server', '--listen=127.0.0.1:0', `--data=${server.data}`], { env: server.env });
  assert.notEqual(started.code, 0);
  assert.match(started.stderr, /--seal=shamir/);
  const other = await startServer();
  await other.stop();
  const shared = await coffer(['server', '--seal=shamir', '--listen=127.0.0.1:0', `--data=${other.data}`], {
    env: other.env,
  });
  assert.match(shared.stderr, /sealed by a key file/);
});
