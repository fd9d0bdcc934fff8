// Identity: whom a login is, what that brings, and that nothing of it can be widened, passed on, or used elsewhere.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiOf, must } from '../support/api.ts';
import { openVault, type VaultAnswer, type VaultClient } from './fixture.ts';

let vault: VaultClient;
let accessor: string;

before(async () => {
  vault = await openVault();
  await vault.must('POST', 'sys/auth/people', { type: 'userpass' });
  accessor = (await vault.must('GET', 'sys/auth')).json.data['people/'].accessor;
  for (const name of ['a', 'b', 'own-ann', 'own-eve', 'all/deep']) {
    await vault.must('POST', `secret/data/${name}`, { data: { name } });
  }
  await vault.policy('read-a', 'path "secret/data/a" { capabilities = ["read"] }');
  await vault.policy('read-b', 'path "secret/data/b" { capabilities = ["read", "update"] }');
});

after(() => vault.server.stop());

const user = (name: string, fields: object = {}) =>
  vault.must('POST', `auth/people/users/${name}`, { password: 'right', ...fields });
const enter = (name: string): Promise<VaultAnswer> =>
  vault.ask('POST', `auth/people/login/${name}`, { password: 'right' }, { token: '' });
const login = async (name: string) => (await enter(name)).json.auth;
const status = async (path: string, token: string) => (await vault.ask('GET', path, undefined, { token })).status;
const read = (name: string, token: string) => status(`secret/data/${name}`, token);

test('a login is one entity, which brings its policies from the next request on', async () => {
  await user('ann', { token_policies: ['read-a'] });
  const first = await login('ann');
  const again = await login('ANN');
  assert.match(first.entity_id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(again.entity_id, first.entity_id);
  const path = `identity/entity/id/${first.entity_id}`;
  const { data } = (await vault.must('GET', path)).json;
  assert.deepEqual([data.aliases[0].name, data.aliases[0].mount_accessor, data.policies], ['ann', accessor, []]);
  assert.deepEqual([await read('a', first.client_token), await read('b', first.client_token)], [200, 403]);
  await vault.must('POST', path, { policies: ['read-b'] });
  assert.equal(await read('b', first.client_token), 200);
  const seen = (await vault.must('GET', 'auth/token/lookup-self', undefined, { token: first.client_token })).json.data;
  assert.deepEqual(
    [seen.entity_id, seen.policies, seen.identity_policies],
    [first.entity_id, ['default', 'read-a'], ['read-b']],
  );
  const { policies, token_policies, identity_policies } = await login('ann');
  assert.deepEqual(
    [policies, token_policies, identity_policies],
    [['default', 'read-a', 'read-b'], ['default', 'read-a'], ['read-b']],
  );
  const may = await vault.must('POST', 'sys/capabilities', { paths: ['secret/data/b'], token: first.client_token });
  assert.deepEqual(may.json.data.capabilities, ['read', 'update']);
  await vault.must('POST', path, { policies: [] });
  assert.equal(await read('b', first.client_token), 403);
});

test('a disabled entity has no living token and gets none; a deleted one never again', async () => {
  await user('dan', { token_policies: ['read-a'] });
  const { client_token: token, entity_id } = await login('dan');
  const child = (await vault.must('POST', 'auth/token/create', {}, { token: await creator(entity_id, token) })).json;
  const path = `identity/entity/id/${entity_id}`;
  await vault.must('POST', path, { disabled: true });
  assert.deepEqual([await read('a', token), (await enter('dan')).status, (await enter('DAN')).status], [403, 403, 403]);
  assert.equal(await status('auth/token/lookup-self', child.auth.client_token), 403);
  await vault.must('POST', path, { disabled: false });
  assert.deepEqual([await read('a', token), (await enter('dan')).status], [200, 200]);
  await vault.must('DELETE', path);
  assert.equal(await read('a', token), 403);
  const anew = await login('dan');
  assert.notEqual(anew.entity_id, entity_id);
  assert.equal(await read('a', token), 403);
});

/** Lets the entity make tokens. */
async function creator(entity: string, token: string): Promise<string> {
  await vault.policy('create', 'path "auth/token/create" { capabilities = ["update"] }');
  await vault.must('POST', `identity/entity/id/${entity}`, { policies: ['create'] });
  return token;
}

test('groups bring theirs, also from above, until they are left; none is in itself', async () => {
  await user('gus');
  const { client_token: token, entity_id } = await login('gus');
  const group = async (fields: object) => (await vault.must('POST', 'identity/group', fields)).json.data.id;
  const inner = await group({ name: 'inner', policies: ['read-a'], member_entity_ids: [entity_id] });
  const outer = await group({ name: 'outer', policies: ['read-b'], member_group_ids: [inner] });
  assert.deepEqual([await read('a', token), await read('b', token)], [200, 200]);
  const { data } = (await vault.must('GET', `identity/entity/id/${entity_id}`)).json;
  assert.deepEqual([data.direct_group_ids, data.inherited_group_ids], [[inner], [outer]]);
  for (const id of [inner, outer]) {
    const answer = await vault.ask('POST', `identity/group/id/${inner}`, { member_group_ids: [id] });
    assert.deepEqual([answer.status, /cyclic/.test(answer.text)], [400, true]);
  }
  await vault.must('POST', `identity/group/id/${outer}`, { member_group_ids: [] });
  assert.deepEqual([await read('a', token), await read('b', token)], [200, 403]);
  await vault.must('DELETE', `identity/group/id/${inner}`);
  assert.equal(await read('a', token), 403);
  const left = (await vault.must('GET', `identity/entity/id/${entity_id}`)).json.data;
  assert.deepEqual(left.group_ids, []);
});

test('nobody has root or the grants of a principal by an entity or a group', async () => {
  for (const policies of [['root'], ['iam'], ['ROOT'], 'read-a,Iam']) {
    for (const path of [
      'identity/entity',
      'identity/group',
      'identity/entity/name/rooted',
      'identity/group/name/rooted',
    ]) {
      assert.equal((await vault.ask('POST', path, { name: 'rooted', policies })).status, 400, `${path} ${policies}`);
    }
  }
});

test('what an entity brings is not passed on: a child has its own by the entity, an orphan has none', async () => {
  await user('kim', { token_policies: ['read-a'] });
  const { client_token: token, entity_id } = await login('kim');
  await creator(entity_id, token);
  await vault.must('POST', `identity/entity/id/${entity_id}`, { policies: ['create', 'read-b'] });
  const make = (fields: object) => vault.ask('POST', 'auth/token/create', fields, { token });
  assert.equal((await make({ policies: ['read-b'] })).status, 400);
  assert.equal((await make({ entity_alias: 'root' })).status, 400);
  const child = (await make({ policies: ['read-a'] })).json.auth;
  assert.deepEqual([child.entity_id, await read('b', child.client_token)], [entity_id, 200]);
  const orphan = (await vault.must('POST', 'auth/token/create-orphan', { policies: ['read-a'] })).json.auth;
  assert.equal(orphan.entity_id, '');
  const weak = await vault.token(['read-a']);
  for (const path of [
    'identity/entity',
    `identity/entity/id/${entity_id}`,
    'identity/entity-alias',
    'identity/group',
  ]) {
    assert.equal((await vault.ask('POST', path, { name: 'x' }, { token: weak })).status, 403, path);
    assert.equal((await vault.ask('GET', path, undefined, { token: weak })).status, 403, path);
  }
  assert.equal((await vault.ask('POST', 'identity/lookup/entity', { id: entity_id }, { token: weak })).status, 403);
});

test('templates grant what they name, and no value of an identity widens one', async () => {
  await vault.policy(
    'own',
    `path "secret/data/own-{{identity.entity.name}}" { capabilities = ["read"] }
     path "secret/data/{{ identity.entity.metadata.team }}/*" { capabilities = ["read"] }
     path "secret/data/{{identity.entity.aliases.${accessor}.name}}" { capabilities = ["read"] }
     path "secret/data/{{identity.groups.names.readers.metadata.of}}" { capabilities = ["read"] }`,
  );
  await user('tom', { token_policies: ['own'] });
  const { client_token: token, entity_id } = await login('tom');
  const path = `identity/entity/id/${entity_id}`;
  assert.deepEqual(
    [await read('own-ann', token), await read('all/deep', token), await read('b', token)],
    [403, 403, 403],
  );
  await vault.must('POST', path, { name: 'ann', metadata: { team: 'all' } });
  assert.deepEqual(
    [await read('own-ann', token), await read('own-eve', token), await read('all/deep', token)],
    [200, 403, 200],
  );
  await vault.must('POST', 'identity/group', {
    name: 'readers',
    metadata: { of: 'b' },
    member_entity_ids: [entity_id],
  });
  assert.deepEqual([await read('b', token), await read('a', token)], [200, 403]);
  for (const value of [
    '*',
    '+',
    'own-*',
    'all/deep',
    'a,b',
    '',
    '{{identity.entity.id}}',
    'own-{{identity.entity.name}}',
  ]) {
    const named = value === '' ? 'none' : value;
    await vault.must('POST', path, { name: named, metadata: { team: value } });
    const found = [
      await read('own-ann', token),
      await read('own-eve', token),
      await read('all/deep', token),
      await read('a', token),
    ];
    assert.deepEqual(found, [403, 403, 403, 403], value);
  }
  assert.equal(await status(path, token), 200);
  assert.equal(await status('identity/entity/name/ann', token), 403);
  await vault.policy(
    'not-own',
    `path "secret/data/*" { capabilities = ["read"] }
    path "secret/data/{{identity.entity.metadata.team}}*" { capabilities = ["deny"] }`,
  );
  await user('tim', { token_policies: ['not-own'] });
  const tim = await login('tim');
  await vault.must('POST', `identity/entity/id/${tim.entity_id}`, { metadata: { team: 'own-' } });
  assert.deepEqual([await read('own-ann', tim.client_token), await read('a', tim.client_token)], [403, 200]);
  await vault.must('POST', `identity/entity/id/${tim.entity_id}`, { metadata: { team: '*' } });
  assert.equal(await read('own-ann', tim.client_token), 200);
});

test('a role says whose entity a token may be, whatever the case, and what its path ends in', async () => {
  await vault.must('POST', 'auth/token/roles/jobs', {
    ...{
      allowed_policies: ['read-a'],
      allowed_entity_aliases: ['Nightly', 'ci-*'],
      path_suffix: 'jobs-1',
      orphan: true,
    },
  });
  const make = (entity_alias: string) => vault.ask('POST', 'auth/token/create/jobs', { entity_alias });
  const { auth } = (await make('nightly')).json;
  const other = (await make('NIGHTLY')).json.auth;
  assert.equal(auth.entity_id, other.entity_id);
  assert.equal((await make('daily')).status, 400);
  assert.notEqual((await make('ci-7')).json.auth.entity_id, auth.entity_id);
  const { data } = (await vault.must('POST', 'auth/token/lookup', { token: auth.client_token })).json;
  assert.equal(data.path, 'auth/token/create/jobs/jobs-1');
  await vault.must('POST', `identity/entity/id/${auth.entity_id}`, { disabled: true });
  for (const alias of ['nightly', 'NIGHTLY', 'Nightly']) assert.equal((await make(alias)).status, 403);
  assert.equal(await read('a', other.client_token), 403);
  for (const path_suffix of ['../x', 'a/b', '-', 'x y']) {
    assert.equal((await vault.ask('POST', 'auth/token/roles/jobs', { path_suffix })).status, 400, path_suffix);
  }
});

test('aliases: one a method and entity, of living methods, moved and merged without a second owner', async () => {
  await user('mia', { token_policies: ['read-a'] });
  await user('max');
  const [mia, max] = [await login('mia'), await login('max')];
  const alias = (fields: object) => vault.ask('POST', 'identity/entity-alias', { mount_accessor: accessor, ...fields });
  assert.equal((await alias({ name: 'second', canonical_id: mia.entity_id })).status, 400);
  assert.equal((await alias({ name: 'MIA', canonical_id: max.entity_id })).status, 400);
  assert.equal((await alias({ name: 'x', mount_accessor: 'auth_userpass_none' })).status, 400);
  assert.equal((await alias({ name: 'x', canonical_id: 'none' })).status, 400);
  const merge = (fields: object = {}) =>
    vault.ask('POST', 'identity/entity/merge', {
      from_entity_ids: [mia.entity_id],
      to_entity_id: max.entity_id,
      ...fields,
    });
  assert.equal((await merge()).status, 400);
  const kept = (await vault.must('GET', `identity/entity/id/${mia.entity_id}`)).json.data.aliases[0].id;
  await vault.must('POST', `identity/entity/id/${mia.entity_id}`, { policies: ['read-b'] });
  assert.equal((await merge({ conflicting_alias_ids_to_keep: [kept] })).status, 204);
  assert.equal((await login('mia')).entity_id, max.entity_id);
  assert.equal((await vault.ask('GET', `identity/entity/id/${mia.entity_id}`)).status, 404);
  // A token of the one that is no more is the other's, and has no policy of the first.
  assert.deepEqual([await read('a', mia.client_token), await read('b', mia.client_token)], [200, 403]);
  await vault.must('POST', `identity/entity/id/${max.entity_id}`, { disabled: true });
  assert.equal(await read('a', mia.client_token), 403);
});

test('a locked user stays locked, by whatever spelling, path, namespace or host it is tried', async () => {
  await user('lou');
  for (let tries = 0; tries < 5; tries++) {
    await vault.ask('POST', 'auth/people/login/lou', { password: 'wrong' }, { token: '' });
  }
  const paths = ['lou', 'LOU', 'Lou', '%6cou', 'lou/', 'lou%2f', 'lou%20', ' lou', 'lou.', '//lou', 'lou%00', 'ｌou'];
  for (const name of paths) {
    const path = `auth/people/login/${encodeURI(decodeURI(name)) === name ? name : encodeURI(name)}`;
    const answer = await vault.ask('POST', path, { password: 'right' }, { token: '' });
    assert.ok(answer.status >= 400 && answer.json?.auth === undefined, `${name}: ${answer.status}`);
  }
  for (const headers of [
    { host: 'secretmanager.googleapis.com' },
    { host: 'default.vault.azure.net' },
    { 'x-vault-namespace': 'root' },
    { 'x-vault-namespace': 'default' },
    { 'x-forwarded-for': '10.1.2.3' },
    { 'content-type': 'application/x-www-form-urlencoded' },
  ]) {
    const answer = await vault.ask('POST', 'auth/people/login/lou', { password: 'right' }, { token: '', headers });
    assert.ok(answer.status >= 400, JSON.stringify(headers));
  }
  assert.equal((await vault.ask('PUT', 'auth/people/login/lou', { password: 'right' }, { token: '' })).status, 403);
});

test('another namespace knows neither the entity nor, by their names, the policies of a token', async () => {
  const google = apiOf(vault.server, vault.root);
  await must(google, 'POST', '/v3/projects', { projectId: 'other-project' });
  const headers = { 'x-vault-namespace': 'other-project' };
  const { data } = (await vault.must('POST', 'identity/entity', { name: 'here' })).json;
  const away = { headers };
  assert.equal((await vault.ask('GET', `identity/entity/id/${data.id}`, undefined, away)).status, 404);
  await vault.must('POST', 'identity/entity', { name: 'here' }, away);
  await vault.must(
    'PUT',
    'sys/policies/acl/admin',
    { policy: 'path "*" { capabilities = ["read", "list", "sudo"] }' },
    away,
  );
  const account = 'traveller@default.iam.gserviceaccount.com';
  await must(google, 'POST', '/v1/projects/default/serviceAccounts', { accountId: 'traveller' });
  const made = await must(google, 'POST', '/coffer/v1/tokens:generate', { serviceAccount: account });
  await vault.must('POST', 'auth/token/roles/free', { orphan: true });
  await vault.policy('default', 'path "auth/token/create/free" { capabilities = ["update"] }');
  const token = made.json.accessToken;
  const both = await vault.ask('POST', 'auth/token/create/free', { policies: ['iam', 'admin'] }, { token });
  assert.deepEqual(both.json.auth?.policies, ['admin', 'default', 'iam']);
  const asked = { token: both.json.auth.client_token, headers };
  assert.equal((await vault.ask('GET', 'sys/auth', undefined, asked)).status, 403);
  assert.equal((await vault.ask('GET', 'identity/entity/name/here', undefined, asked)).status, 403);
});

test('many at once: members, deletions and merges of more than one look finds', async () => {
  const made: string[] = [];
  for (let at = 0; at < 90; at++) made.push((await vault.must('POST', 'identity/entity', {})).json.data.id);
  const groups: string[] = [];
  for (let at = 0; at < 80; at++) {
    const fields = { member_entity_ids: [made[at], made[at + 1]] };
    groups.push((await vault.must('POST', 'identity/group', fields)).json.data.id);
  }
  const all = (await vault.must('POST', 'identity/group', { name: 'all', member_entity_ids: made })).json.data.id;
  const [to, ...from] = made.slice(0, 80);
  await vault.must('POST', 'identity/entity/merge', { from_entity_ids: from, to_entity_id: to });
  const { data } = (await vault.must('GET', `identity/entity/id/${to}`)).json;
  assert.deepEqual([...data.group_ids].sort(), [...groups, all].sort());
  await vault.must('POST', 'identity/entity/batch-delete', { entity_ids: made });
  const left = (await vault.must('GET', `identity/group/id/${all}`)).json.data;
  assert.deepEqual(left.member_entity_ids, []);
  const ids = (await vault.must('LIST', 'identity/entity/id')).json.data.keys;
  assert.ok(!made.some((id) => ids.includes(id)));
});
