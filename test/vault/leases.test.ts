// Leases, and what else of sys/ there is: the tokens of logins are leases, found and revoked by where they were made, by
// those alone who may, and in no project but their own.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiOf, must } from '../support/api.ts';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;

before(async () => {
  vault = await openVault();
  await vault.must('POST', 'sys/auth/userpass', { type: 'userpass' });
  for (const name of ['ann', 'bob']) {
    await vault.must('POST', `auth/userpass/users/${name}`, { password: 'correct horse', token_policies: 'default' });
  }
});

after(() => vault.server.stop());

const open = { token: '' };
const login = async (name: string) =>
  (await vault.must('POST', `auth/userpass/login/${name}`, { password: 'correct horse' }, open)).json.auth;
const lives = async (token: string) =>
  (await vault.ask('GET', 'auth/token/lookup-self', undefined, { token })).status === 200;
const lookup = (lease_id: string, asked = {}) => vault.ask('PUT', 'sys/leases/lookup', { lease_id }, asked);

test('the token of a login is a lease, named by where it was made', async () => {
  const { client_token: token, accessor } = await login('ann');
  const listed = await vault.must('LIST', 'sys/leases/lookup/auth/userpass/login');
  assert.deepEqual(listed.json.data.keys, ['ann/']);
  const { keys } = (await vault.must('LIST', 'sys/leases/lookup/auth/userpass/login/ann/')).json.data;
  assert.deepEqual(keys, [accessor]);
  const id = `auth/userpass/login/ann/${accessor}`;
  const { data } = (await lookup(id)).json;
  assert.deepEqual([data.id, data.renewable, data.last_renewal], [id, true, null]);
  assert.ok(
    data.ttl > 2_760_000 && data.ttl <= 2_764_800 && Date.parse(data.expire_time) > Date.parse(data.issue_time),
  );
  const renewed = await vault.ask('PUT', 'sys/leases/renew', { lease_id: id });
  assert.deepEqual([renewed.status, renewed.json.errors], [400, ['tokens cannot be renewed through this endpoint']]);
  assert.equal((await vault.ask('PUT', 'sys/leases/revoke', { lease_id: id })).status, 204);
  assert.equal(await lives(token), false);
  assert.deepEqual((await lookup(id)).json.errors, ['invalid lease']);
  assert.equal((await vault.ask('PUT', `sys/revoke/${id}`)).status, 204, 'to revoke what ended is no failure');
  assert.equal((await vault.ask('LIST', 'sys/leases/lookup/auth/userpass/login')).status, 404);
});

test('unknown leases are answered as Vault does', async () => {
  assert.deepEqual((await vault.ask('PUT', 'sys/leases/renew', { lease_id: 'no/such' })).json.errors, [
    'lease not found',
  ]);
  assert.equal((await vault.ask('PUT', 'sys/renew/no/such')).status, 400);
  assert.equal((await vault.ask('PUT', 'sys/leases/revoke', {})).status, 400);
  assert.equal((await lookup('x'.repeat(5000))).status, 400);
  assert.equal((await lookup('../policy/default')).status, 400);
  assert.equal((await vault.ask('GET', 'sys/leases/count?type=irrevocable')).json.data.lease_count, 0);
  assert.equal((await vault.ask('GET', 'sys/leases/count')).status, 400);
  assert.equal((await vault.ask('POST', 'sys/leases/tidy')).status, 200);
});

test('a prefix takes all below it, with what they made, and nothing beside it', async () => {
  const [ann, other, bob] = [await login('ann'), await login('ann'), await login('bob')];
  await vault.policy('child', 'path "auth/token/create" { capabilities = ["update"] }');
  await vault.must('POST', 'auth/userpass/users/ann/policies', { token_policies: 'child' });
  const parent = await login('ann');
  const child = (await vault.must('POST', 'auth/token/create', {}, { token: parent.client_token })).json.auth;
  await vault.must('PUT', 'sys/leases/revoke-prefix/auth/userpass/login/ann');
  for (const { client_token: token } of [ann, other, parent, child]) assert.equal(await lives(token), false);
  assert.equal(await lives(bob.client_token), true);
  await vault.must('PUT', `sys/revoke-force/auth/userpass/login/bob/${bob.accessor}`);
  assert.equal(await lives(bob.client_token), false);
});

test('who may not, revokes and lists nothing', async () => {
  const { client_token: token, accessor } = await login('bob');
  await vault.policy('nearly', 'path "sys/leases/*" { capabilities = ["create", "update", "list", "read"] }');
  const nearly = { token: await vault.token(['nearly']) };
  const weak = { token: await vault.token(['default']) };
  const id = `auth/userpass/login/bob/${accessor}`;
  for (const asked of [nearly, weak]) {
    assert.equal((await vault.ask('PUT', 'sys/leases/revoke-prefix/auth/userpass', {}, asked)).status, 403);
    assert.equal((await vault.ask('PUT', 'sys/leases/revoke-force/auth/userpass', {}, asked)).status, 403);
    assert.equal((await vault.ask('LIST', 'sys/leases/lookup', undefined, asked)).status, 403);
    assert.equal((await vault.ask('LIST', 'sys/leases/lookup/auth/', undefined, asked)).status, 403);
    assert.equal((await vault.ask('GET', 'sys/leases/lookup/auth?list=true', undefined, asked)).status, 403);
  }
  assert.equal((await vault.ask('PUT', 'sys/leases/revoke', { lease_id: id }, weak)).status, 403);
  assert.equal((await lookup(id, open)).status, 403);
  assert.equal(await lives(token), true);
});

test('a lease of another project is as one that does not exist', async () => {
  await must(apiOf(vault.server, vault.root), 'POST', '/v3/projects', { projectId: 'tenant-two' });
  const { client_token: token, accessor } = await login('ann');
  const id = `auth/userpass/login/ann/${accessor}`;
  const there = { headers: { 'x-vault-namespace': 'tenant-two' } };
  assert.deepEqual((await lookup(id, there)).json.errors, ['invalid lease']);
  assert.equal((await vault.ask('PUT', 'sys/leases/revoke', { lease_id: id }, there)).status, 204);
  assert.equal((await vault.ask('PUT', 'sys/leases/revoke-prefix/auth', {}, there)).status, 204);
  assert.equal((await vault.ask('LIST', 'sys/leases/lookup', undefined, there)).status, 404);
  assert.equal(await lives(token), true);
});

test('who logged in by a method is logged out when it is disabled', async () => {
  await vault.must('POST', 'sys/auth/more', { type: 'userpass' });
  await vault.must('POST', 'auth/more/users/eve', { password: 'correct horse' });
  const { auth } = (await vault.must('POST', 'auth/more/login/eve', { password: 'correct horse' }, open)).json;
  const other = await login('bob');
  await vault.must('DELETE', 'sys/auth/more');
  assert.deepEqual([await lives(auth.client_token), await lives(other.client_token)], [false, true]);
});

test('the server says what it is, and what a token may', async () => {
  const { data } = (await vault.must('LIST', 'sys/version-history')).json;
  assert.deepEqual(Object.keys(data.key_info), data.keys);
  assert.equal((await vault.must('GET', 'sys/ha-status')).json.nodes.length, 1);
  assert.ok((await vault.must('GET', 'sys/plugins/catalog')).json.data.auth.includes('userpass'));
  assert.equal((await vault.ask('LIST', 'sys/plugins/catalog/__proto__')).status, 400);
  const spec = (await vault.must('GET', 'sys/internal/specs/openapi')).json;
  assert.deepEqual(Object.keys(spec.paths['/sys/leases/lookup/{path}']), [
    'description',
    'parameters',
    'x-vault-sudo',
    'get',
  ]);
  assert.ok(!Object.keys(spec.paths).some((path) => path.includes('internal:') || path.includes('!')));
  await vault.policy(
    'some',
    'path "a/b" { capabilities = ["read"] }\npath "c/+/d*" { capabilities = ["list", "deny"] }',
  );
  const token = await vault.token(['some', 'default']);
  const acl = (await vault.must('GET', 'sys/internal/ui/resultant-acl', undefined, { token })).json.data;
  assert.deepEqual([acl.root, acl.exact_paths['a/b'].capabilities], [false, ['read']]);
  assert.deepEqual(acl.glob_paths['c/+/d'].capabilities, ['deny', 'list']);
  assert.equal((await vault.must('GET', 'sys/internal/ui/resultant-acl')).json.data.root, true);
  for (const path of ['sys/internal/specs/openapi', 'sys/version-history', 'sys/plugins/catalog', 'sys/config/cors']) {
    assert.equal((await vault.ask('GET', path, undefined, { token })).status, 403, path);
  }
});

test('namespaces are the projects of the server, told by the root namespace to who may know', async () => {
  const { keys, key_info } = (await vault.must('LIST', 'sys/namespaces')).json.data;
  assert.deepEqual(keys, ['tenant-two/']);
  const { data } = (await vault.must('GET', 'sys/namespaces/tenant-two')).json;
  assert.deepEqual([data.path, data], ['tenant-two/', key_info['tenant-two/']]);
  assert.equal((await vault.ask('GET', 'sys/namespaces/none')).status, 404);
  const there = { headers: { 'x-vault-namespace': 'tenant-two' } };
  assert.equal((await vault.ask('LIST', 'sys/namespaces', undefined, there)).status, 400);
  assert.equal(
    (await vault.ask('LIST', 'sys/namespaces', undefined, { token: await vault.token(['default']) })).status,
    403,
  );
});

test('a value that is too large is refused in words of the form of Vault\u2019s, and not quoted', async () => {
  await vault.must('POST', 'sys/mounts/one', { type: 'kv' });
  for (const [path, body] of [
    ['secret/data/big', { data: { v: 'x'.repeat(65_600) } }],
    ['one/big', { v: 'x'.repeat(65_600) }],
  ] as const) {
    const { status, json } = await vault.ask('POST', path, body);
    assert.deepEqual([status, json.errors.length, json.errors[0].includes('at most 65536')], [400, 1, true]);
  }
});

test('tools make random bytes and hashes, and are no way to a key', async () => {
  const random = async (path: string, fields = {}) =>
    (await vault.must('POST', `sys/tools/random${path}`, fields)).json.data.random_bytes;
  assert.equal(Buffer.from(await random(''), 'base64').length, 32);
  assert.equal((await random('/8', { format: 'hex' })).length, 16);
  const sum = await vault.must('POST', 'sys/tools/hash/sha2-512', { input: 'aGk=' });
  assert.equal(sum.json.data.sum.length, 128);
  assert.equal((await vault.ask('POST', 'sys/tools/hash', { input: '%' })).status, 400);
  assert.equal((await vault.ask('POST', 'sys/tools/keys/x', {})).status, 404);
  const token = await vault.token(['default']);
  assert.equal((await vault.ask('POST', 'sys/tools/hash', { input: 'aGk=' }, { token })).status, 200);
  assert.equal((await vault.ask('POST', 'sys/tools/random', {}, { token })).status, 403);
});
