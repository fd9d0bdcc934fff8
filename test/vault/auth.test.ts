// Ways to a token: roles with secret ids, users with passwords. Each tells a wrong half from no half in nothing, and who
// fails too often waits.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiOf, auditRecords } from '../support/api.ts';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;
const open = { token: '' };

before(async () => {
  vault = await openVault();
  await vault.policy('app', 'path "secret/data/app" { capabilities = ["read"] }');
  await vault.must('POST', 'secret/data/app', { data: { a: 1 } });
  await vault.must('POST', 'sys/auth/approle', { type: 'approle' });
  await vault.must('POST', 'sys/auth/people', { type: 'userpass', description: 'people' });
});

after(() => vault.server.stop());

const read = async (token: string) => (await vault.ask('GET', 'secret/data/app', undefined, { token })).status;

async function role(name: string, fields: object = {}): Promise<string> {
  await vault.must('POST', `auth/approle/role/${name}`, { token_policies: ['app'], ...fields });
  return (await vault.must('GET', `auth/approle/role/${name}/role-id`)).json.data.role_id;
}
const secretId = async (name: string, fields: object = {}) =>
  (await vault.must('POST', `auth/approle/role/${name}/secret-id`, fields)).json.data;
const login = (role_id: string, secret_id: string) =>
  vault.ask('POST', 'auth/approle/login', { role_id, secret_id }, open);

test('methods are enabled, listed, tuned and disabled with all they hold', async () => {
  const methods = (await vault.must('GET', 'sys/auth')).json;
  assert.deepEqual([methods['people/'].type, methods.data['token/'].type], ['userpass', 'token']);
  await vault.must('POST', 'sys/auth/people/tune', { default_lease_ttl: 1800, description: 'all' });
  assert.equal((await vault.must('GET', 'sys/auth/people/tune')).json.data.default_lease_ttl, 1800);
  assert.equal((await vault.must('GET', 'sys/mounts/auth/people/tune')).json.data.description, 'all');
  assert.equal((await vault.ask('POST', 'sys/auth/people', { type: 'userpass' })).status, 400);
  assert.equal((await vault.ask('POST', 'sys/auth/x', { type: 'no-such' })).status, 400);
  assert.equal((await vault.ask('DELETE', 'sys/auth/token')).status, 400);
  await vault.must('POST', 'sys/mounts/after', { type: 'kv' });
  await vault.must('POST', 'sys/auth/gone', { type: 'userpass' });
  await vault.must('POST', 'auth/gone/users/a', { password: 'x' });
  await vault.must('DELETE', 'sys/auth/gone');
  assert.equal((await vault.ask('POST', 'auth/gone/login/a', { password: 'x' }, open)).status, 403);
  await vault.must('POST', 'sys/auth/gone', { type: 'userpass' });
  assert.equal((await vault.ask('GET', 'auth/gone/users/a')).status, 404);
  const weak = await vault.token(['app']);
  assert.equal((await vault.ask('GET', 'sys/auth', undefined, { token: weak })).status, 403);
  for (const path of ['approle!login', 'userpass!users', 'internal:wrap', 'internal:userpass-failed']) {
    assert.equal((await vault.ask('POST', path, { a: 1 })).status, 404, path);
  }
});

test('a role and its secret id make a token; either alone does not', async () => {
  const id = await role('web', { token_ttl: '20m', token_max_ttl: '1h' });
  const made = await secretId('web', { metadata: '{"team":"a"}' });
  const { auth } = (await login(id, made.secret_id)).json;
  assert.deepEqual(
    [auth.policies, auth.lease_duration, auth.metadata],
    [['app', 'default'], 1200, { role_name: 'web', team: 'a' }],
  );
  assert.equal(await read(auth.client_token), 200);
  await role('other');
  const other = await secretId('other');
  for (const [role_id, secret_id] of [
    [id, 'wrong'],
    ['wrong', made.secret_id],
    [id, other.secret_id],
    [id, made.secret_id_accessor],
  ] as const) {
    const answer = await login(role_id, secret_id);
    assert.deepEqual([answer.status, answer.json.errors], [400, ['invalid role or secret ID']]);
  }
  assert.ok(!vault.server.logs().includes(made.secret_id));
});

test('secret ids end by use, by time, by hand, and with their role', async () => {
  const id = await role('ends', { secret_id_num_uses: 2 });
  const twice = await secretId('ends');
  for (const status of [200, 200, 400]) assert.equal((await login(id, twice.secret_id)).status, status);
  const short = await secretId('ends', { ttl: '1s' });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal((await login(id, short.secret_id)).status, 400);
  const handed = await secretId('ends');
  const path = 'auth/approle/role/ends/secret-id';
  assert.equal(
    (await vault.must('POST', `${path}/lookup`, { secret_id: handed.secret_id })).json.data.secret_id_num_uses,
    2,
  );
  assert.ok((await vault.must('LIST', path)).json.data.keys.includes(handed.secret_id_accessor));
  await vault.must('POST', `${path}-accessor/destroy`, { secret_id_accessor: handed.secret_id_accessor });
  assert.equal((await vault.must('POST', `${path}/lookup`, { secret_id: handed.secret_id })).status, 204);
  await vault.must('POST', 'auth/approle/role/ends/custom-secret-id', { secret_id: 'my-own' });
  await vault.must('DELETE', 'auth/approle/role/ends');
  await vault.must('POST', 'auth/approle/role/ends', { role_id: id, token_policies: 'app' });
  assert.equal((await login(id, 'my-own')).status, 400);
});

test('bounds to addresses hold at the login and at each use', async () => {
  const id = await role('bound', { secret_id_bound_cidrs: '10.0.0.0/8' });
  assert.equal((await login(id, (await secretId('bound')).secret_id)).status, 400);
  await role('bound', { secret_id_bound_cidrs: ['127.0.0.0/8'] });
  assert.equal((await login(id, (await secretId('bound', { cidr_list: ['10.0.0.0/8'] })).secret_id)).status, 400);
  const far = await secretId('bound', { token_bound_cidrs: ['10.0.0.0/8'] });
  assert.equal(await read((await login(id, far.secret_id)).json.auth.client_token), 403);
  const near = await secretId('bound', { token_bound_cidrs: ['127.0.0.1/32'] });
  const token = (await login(id, near.secret_id)).json.auth.client_token;
  assert.equal(await read(token), 200);
  const headers = { 'x-forwarded-for': '127.0.0.1' };
  const forged = await vault.ask('GET', 'secret/data/app', undefined, { token: far.secret_id, headers });
  assert.equal(forged.status, 403);
});

test('what would let everybody in, or would bind to nothing, is refused', async () => {
  for (const fields of [
    { bind_secret_id: false },
    { secret_id_bound_cidrs: ['10.0.0.0/33'] },
    { token_bound_cidrs: 'here' },
    { token_type: 'batch' },
  ]) {
    assert.equal((await vault.ask('POST', 'auth/approle/role/loose', fields)).status, 400, JSON.stringify(fields));
  }
  const id = await role('rooted', { token_policies: ['root', 'iam', 'app'] });
  const { auth } = (await login(id, (await secretId('rooted')).secret_id)).json;
  assert.deepEqual(auth.policies, ['app', 'default']);
  assert.equal((await vault.ask('POST', 'auth/approle/role/thief', { role_id: id })).status, 400);
});

const enter = (user: string, password: string, at = 'people') =>
  vault.ask('POST', `auth/${at}/login/${user}`, { password }, open);

test('a user logs in with the password and no other, whatever the case of the name', async () => {
  await vault.must('POST', 'auth/people/users/Ann', { password: 'right', policies: 'app', ttl: '1h' });
  const { auth } = (await enter('aNN', 'right')).json;
  assert.deepEqual(
    [auth.policies, auth.metadata, auth.lease_duration],
    [['app', 'default'], { username: 'ann' }, 3600],
  );
  assert.equal(await read(auth.client_token), 200);
  const { data } = (await vault.must('GET', 'auth/people/users/ann')).json;
  assert.deepEqual([data.token_policies, data.password], [['app'], undefined]);
  await vault.must('POST', 'auth/people/users/ann/password', { password: 'newer' });
  assert.deepEqual([(await enter('ann', 'right')).status, (await enter('ann', 'newer')).status], [400, 200]);
  await vault.must('POST', 'auth/people/users/ann/policies', { token_policies: [] });
  assert.deepEqual((await enter('ann', 'newer')).json.auth.policies, ['default']);
  assert.deepEqual((await vault.must('LIST', 'auth/people/users')).json.data.keys, ['ann']);
  const unknown = await enter('nobody', 'right');
  assert.deepEqual([unknown.status, unknown.json.errors], [400, ['invalid username or password']]);
});

test('five failures lock a user, by whatever spelling and in a burst, and no other user', async () => {
  await vault.must('POST', 'auth/people/users/eve', { password: 'right' });
  await vault.must('POST', 'auth/people/users/dan', { password: 'right' });
  const spellings = ['eve', 'EVE', 'Eve', 'eVe', 'eve', 'evE', 'eve', 'EVe'];
  const burst = await Promise.all(spellings.map((name) => enter(name, 'wrong')));
  assert.ok(burst.every(({ status }) => status === 400 || status === 403));
  assert.ok(burst.filter(({ status }) => status === 400).length <= 9);
  const locked = await enter('eve', 'right');
  assert.deepEqual([locked.status, locked.json.errors[0].includes('permission denied')], [403, true]);
  assert.equal((await enter('dan', 'right')).status, 200);
  const records = await auditRecords(apiOf(vault.server, vault.root));
  const logins = records.filter(({ operation }) => operation === 'vault.login');
  assert.ok(logins.some(({ outcome }) => outcome === 'denied') && logins.some(({ outcome }) => outcome === 'failed'));
  assert.ok(!JSON.stringify(records).includes('wrong'));
});

test('a method that moves takes its users and their locks along, and leaves nobody logged in', async () => {
  await vault.must('POST', 'auth/people/users/tom', { password: 'right', policies: 'app' });
  const { auth } = (await enter('tom', 'right')).json;
  const move = (from: string, to: string) => vault.ask('POST', 'sys/remount', { from, to });
  assert.equal((await move('auth/people', 'auth/staff')).status, 200);
  assert.equal(await read(auth.client_token), 403);
  assert.equal(await read((await enter('tom', 'right', 'staff')).json.auth.client_token), 200);
  assert.deepEqual([(await enter('eve', 'right', 'staff')).status, (await enter('tom', 'right')).status], [403, 403]);
  const refused = [
    ['auth/people', 'auth/else'],
    ['auth/staff', 'auth/approle'],
    ['auth/staff', 'auth/token/below'],
    ['auth/token', 'auth/else'],
    ['auth/staff', 'staff'],
    ['secret', 'auth/secret'],
    ['auth/__proto__', 'auth/else'],
    ['__proto__', 'else'],
  ] as const;
  for (const [from, to] of refused) assert.equal((await move(from, to)).status, 400, `${from} to ${to}`);
  const weak = await vault.token(['app']);
  const asked = { token: weak };
  assert.equal((await vault.ask('POST', 'sys/remount', { from: 'auth/staff', to: 'auth/mine' }, asked)).status, 403);
});
