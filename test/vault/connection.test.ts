// Many requests on one connection, which remembers what its last token came to: whatever is changed from elsewhere holds
// for the very next request, and no token gets what another one had.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiOf, auditRecords, must } from '../support/api.ts';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

before(async () => {
  vault = await openVault();
  await vault.must('POST', 'secret/data/app/a', { data: { a: 1 } });
  await vault.policy('app', 'path "secret/data/app/*" { capabilities = ["read"] }');
  await vault.policy('other', 'path "secret/data/other/*" { capabilities = ["read"] }');
});

after(async () => {
  agent.destroy();
  await vault.server.stop();
});

/** By the one connection. */
const read = async (token: string, headers: http.OutgoingHttpHeaders = {}) =>
  (await vault.ask('GET', 'secret/data/app/a', undefined, { token, headers, agent })).status;

test('each token of a connection is itself', async () => {
  const [may, mayNot] = [await vault.token(['app']), await vault.token(['other'])];
  const nearly = `${may.slice(0, -1)}${may.endsWith('x') ? 'y' : 'x'}`;
  for (const [token, status] of [
    [may, 200],
    [may, 200],
    [mayNot, 403],
    [nearly, 403],
    [may.slice(0, -1), 403],
    ['', 403],
    [may, 200],
    [nearly, 403],
    [vault.root, 200],
    [may, 200],
  ] as const) {
    assert.equal(await read(token), status);
  }
});

test('a token that is revoked from elsewhere, or above which one is, is refused at once', async () => {
  const parent = await vault.token(['app', 'root']);
  const made = await vault.must('POST', 'auth/token/create', { policies: ['app'] }, { token: parent });
  const child = made.json.auth.client_token as string;
  assert.equal(await read(child), 200);
  assert.equal(await read(child), 200);
  await vault.must('POST', 'auth/token/revoke', { token: parent });
  assert.equal(await read(child), 403);
});

test('a policy that is changed from elsewhere holds at once', async () => {
  await vault.policy('passing', 'path "secret/data/app/*" { capabilities = ["read"] }');
  const token = await vault.token(['passing']);
  assert.equal(await read(token), 200);
  await vault.policy('passing', 'path "secret/data/app/*" { capabilities = ["deny"] }');
  assert.equal(await read(token), 403);
  await vault.policy('passing', 'path "secret/data/app/*" { capabilities = ["read"] }');
  assert.equal(await read(token), 200);
});

test('a token ends when it ends, a signed one and what hangs on another too', async () => {
  const short = await vault.token(['app', 'root'], { ttl: '2s' });
  const below = (await vault.must('POST', 'auth/token/create', { policies: ['app'], ttl: '1h' }, { token: short })).json
    .auth.client_token as string;
  const batch = await vault.token(['app'], { ttl: '2s', type: 'batch' });
  for (const token of [short, below, batch]) {
    assert.equal(await read(token), 200);
    assert.equal(await read(token), 200);
  }
  await sleep(2100);
  for (const token of [below, short, batch]) assert.equal(await read(token), 403);
});

test('the last use of a token is its last', async () => {
  const token = await vault.token(['app'], { num_uses: 2 });
  assert.equal(await read(token), 200);
  assert.equal(await read(token), 200);
  assert.equal(await read(token), 403);
});

test('a namespace is asked for anew with each request', async () => {
  await must(apiOf(vault.server, vault.root), 'POST', '/v3/projects', { projectId: 'connected' });
  const token = await vault.token(['root']);
  assert.equal(await read(token), 200);
  assert.equal(await read(token, { 'x-vault-namespace': 'connected' }), 404);
  assert.equal(await read(token, { 'x-vault-namespace': 'nowhere' }), 404);
  assert.equal(await read(token), 200);
});

test('each request is in the ledger as itself', async () => {
  const token = await vault.token(['app']);
  const agents = ['first/1', undefined, 'third/1'];
  for (const sent of agents) await read(token, sent === undefined ? {} : { 'user-agent': sent });
  const records = (await auditRecords(apiOf(vault.server, vault.root))).filter(
    ({ operation }) => operation === 'versions.access',
  );
  const last = records.slice(-agents.length);
  assert.deepEqual(
    last.map(({ userAgent }) => userAgent),
    agents,
  );
  assert.equal(new Set(last.map(({ requestId }) => requestId)).size, agents.length);
});
