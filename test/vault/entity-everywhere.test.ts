// A service account that is an entity: the policies of the entity, and of its groups, hold by Google's, AWS's and Azure's
// API, by /coffer/v1 and by Vault's; what they deny is denied; and nobody else gets anything by them.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type Api, auditRecords, must } from '../support/api.ts';
import { APIS, type Entities, emailOf, openEntities, type Person, SECRETS, TOKEN_ACCESSOR } from './entity-fixture.ts';
import type { VaultClient } from './fixture.ts';

let vault: VaultClient;
let owner: Api;
let ann: Person;
let ben: Person;
let all: Entities;

before(async () => {
  all = await openEntities();
  ({ vault, owner } = all);
  ann = await all.person('ann-worker');
  ben = await all.person('ben-worker');
  await must(owner, 'POST', '/v3/projects', { projectId: 'other-project' });
});
beforeEach(() => all.clear());
after(() => vault.server.stop());

test('what a policy of the entity allows, every API does, from the next request on and no longer', async () => {
  assert.deepEqual(await all.readers(ann, 'app/db'), []);
  const id = await all.entity(ann.email, { name: 'ann', policies: ['read-app'] });
  assert.deepEqual(await all.readers(ann, 'app/db'), APIS);
  assert.deepEqual(await all.readers(ann, 'plain'), []);
  assert.deepEqual(await all.readers(ben, 'app/db'), []);
  // Another name that Google spells alike is another secret.
  assert.deepEqual(await all.readers(ann, 'app--key'), []);
  const reads = (await auditRecords(owner)).filter(
    ({ operation, outcome, principal }) =>
      operation === 'versions.access' && outcome === 'allowed' && principal === `serviceAccount:${ann.email}`,
  );
  assert.equal(
    reads.find(({ dialect }) => dialect === 'azure')?.details.grantedBy,
    'vault policy read-app of entity ann',
  );
  await all.change(id, { policies: [] });
  assert.deepEqual(await all.readers(ann, 'app/db'), []);
  await all.change(id, { policies: ['read-app'] });
  await vault.policy('read-app', 'path "secret/data/none" { capabilities = ["read"] }');
  assert.deepEqual(await all.readers(ann, 'app/db'), []);
  await vault.policy('read-app', 'path "secret/data/app/*" { capabilities = ["read"] }');
  assert.deepEqual(await all.readers(ann, 'app/db'), APIS);
  await vault.must('DELETE', `identity/entity/id/${id}`);
  assert.deepEqual(await all.readers(ann, 'app/db'), []);
});

test('what it denies, no API does, whatever IAM grants; a disabled one may nothing', async () => {
  await all.bind(`serviceAccount:${ann.email}`);
  assert.deepEqual(await all.readers(ann, 'app/db'), APIS);
  const id = await all.entity(ann.email, { name: 'ann', policies: ['no-app'] });
  assert.deepEqual(await all.readers(ann, 'app/db'), []);
  assert.deepEqual(await all.readers(ann, 'plain'), APIS);
  const denied = (await auditRecords(owner)).filter(({ outcome, details }) => outcome === 'denied' && details);
  assert.ok(
    denied.some(
      ({ dialect, details }) => dialect === 'aws' && details.deniedBy === 'vault policy no-app of entity ann',
    ),
  );
  // Without its mount nothing else is allowed either.
  await vault.must('DELETE', 'sys/mounts/secret');
  assert.deepEqual(await all.readers(ann, 'app/db'), []);
  await vault.must('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } });
  await all.change(id, { disabled: true });
  assert.deepEqual(await all.readers(ann, 'plain'), []);
  for (const path of ['/coffer/v1/tokens:narrow']) {
    assert.equal((await ann.google('POST', path, { audience: 'https://vault.azure.net' })).status, 403, path);
  }
  await all.change(id, { disabled: false });
  assert.deepEqual(await all.readers(ann, 'plain'), APIS);
  await vault.must('DELETE', `identity/entity/id/${id}`);
  assert.deepEqual(await all.readers(ann, 'app/db'), APIS);
});

test('groups bring theirs, also from above, until they are left', async () => {
  const id = await all.entity(ann.email, { name: 'ann' });
  const group = async (fields: object) => (await vault.must('POST', 'identity/group', fields)).json.data.id;
  const inner = await group({ name: 'inner', member_entity_ids: [id] });
  const outer = await group({ name: 'outer', policies: ['read-plain'], member_group_ids: [inner] });
  assert.deepEqual(await all.readers(ann, 'plain'), APIS);
  const last = (await auditRecords(owner)).findLast(({ details }) => details?.grantedBy !== undefined);
  assert.equal(last.details.grantedBy, 'vault policy read-plain of group outer');
  await vault.must('POST', `identity/group/id/${outer}`, { member_group_ids: [] });
  assert.deepEqual(await all.readers(ann, 'plain'), []);
  await vault.must('POST', `identity/group/id/${inner}`, { policies: ['read-plain'] });
  assert.deepEqual(await all.readers(ann, 'plain'), APIS);
  await vault.must('DELETE', `identity/group/id/${inner}`);
  assert.deepEqual(await all.readers(ann, 'plain'), []);
  await vault.must('DELETE', `identity/group/id/${outer}`);
});

test('templates are filled in from the entity', async () => {
  await vault.policy('own', 'path "secret/data/{{identity.entity.name}}/*" { capabilities = ["read"] }');
  const id = await all.entity(ann.email, { name: 'app', policies: ['own'] });
  assert.deepEqual(await all.readers(ann, 'app/db'), APIS);
  await all.change(id, { name: 'ann' });
  assert.deepEqual(await all.readers(ann, 'app/db'), []);
  await all.change(id, { name: '*' });
  assert.deepEqual(await all.readers(ann, 'plain'), []);
});

test('an alias of another mount, of another case, moved, taken away or made too early is nobody else', async () => {
  await vault.must('POST', 'sys/auth/people', { type: 'userpass' });
  const people = (await vault.must('GET', 'sys/auth')).json.data['people/'].accessor;
  const made = (await vault.must('POST', 'identity/entity', { name: 'one', policies: ['read-app'] })).json.data.id;
  await all.alias(ann.email, made, { mount_accessor: people });
  assert.deepEqual(await all.readers(ann, 'app/db'), []);
  const { id: aliasId } = (await all.alias(ann.email.toUpperCase(), made)).json.data;
  assert.deepEqual(await all.readers(ann, 'app/db'), APIS);
  const other = (await vault.must('POST', 'identity/entity', { name: 'two', policies: ['read-plain'] })).json.data.id;
  await vault.must('POST', `identity/entity-alias/id/${aliasId}`, { name: ann.email, canonical_id: other });
  assert.deepEqual([await all.readers(ann, 'app/db'), await all.readers(ann, 'plain')], [[], APIS]);
  await vault.must('POST', `identity/entity-alias/id/${aliasId}`, { name: ben.email, canonical_id: other });
  assert.deepEqual([await all.readers(ann, 'plain'), await all.readers(ben, 'plain')], [[], APIS]);
  await vault.must('POST', 'identity/entity/merge', { from_entity_ids: [other], to_entity_id: made, force: true });
  assert.deepEqual([await all.readers(ben, 'plain'), await all.readers(ben, 'app/db')], [[], APIS]);
  await vault.must('DELETE', `identity/entity-alias/id/${aliasId}`);
  assert.deepEqual(await all.readers(ben, 'app/db'), []);
  // Whoever gets the address of an account that is gone, or that was not there yet, is somebody else.
  await all.alias(emailOf('cyd-worker'), made);
  const cyd = await all.person('cyd-worker');
  assert.deepEqual(await all.readers(cyd, 'app/db'), []);
  await all.alias(cyd.email, made);
  assert.deepEqual(await all.readers(cyd, 'app/db'), APIS);
  await must(owner, 'DELETE', `/v1/projects/default/serviceAccounts/${cyd.email}`);
  const later = await all.person('cyd-worker');
  assert.deepEqual(await all.readers(later, 'app/db'), []);
  const kept = (await vault.must('POST', 'identity/entity', { name: 'three', policies: ['read-app'] })).json.data.id;
  await vault.must('POST', 'identity/entity/merge', { from_entity_ids: [made], to_entity_id: kept });
  assert.deepEqual(await all.readers(later, 'app/db'), []);
});

test('an entity is of its own project alone, and names accounts of it alone', async () => {
  const far = await all.person('far-worker', 'other-project');
  const headers = { 'x-vault-namespace': 'other-project' };
  await vault.must(
    'PUT',
    'sys/policies/acl/read-app',
    { policy: 'path "secret/*" { capabilities = ["read"] }' },
    { headers },
  );
  const { id } = (await vault.must('POST', 'identity/entity', { name: 'far', policies: ['read-app'] }, { headers }))
    .json.data;
  const tie = { canonical_id: id, mount_accessor: TOKEN_ACCESSOR };
  await vault.must('POST', 'identity/entity-alias', { ...tie, name: far.email }, { headers });
  await vault.must('POST', 'secret/data/app/db', { data: { a: 'b' } }, { headers });
  assert.equal(
    (await far.google('GET', '/v1/projects/other-project/secrets/app--db/versions/latest:access')).status,
    200,
  );
  // Nor does it open what is ours, by its id or its number.
  const { name } = (await must(owner, 'GET', `${SECRETS}/plain`)).json;
  const number = String(name).split('/')[1];
  const ourPaths = ['default', number].map((id) => `/v1/projects/${id}/secrets/app--db/versions/latest:access`);
  for (const path of ourPaths) assert.equal((await far.google('GET', path)).status, 403, path);
  const ours = await all.entity(far.email, { name: 'ours', policies: ['read-app'] });
  for (const path of ourPaths) assert.equal((await far.google('GET', path)).status, 403, path);
  await vault.must('DELETE', `identity/entity/id/${ours}`);
  assert.equal(
    (await far.google('GET', '/v1/projects/other-project/secrets/app--db/versions/latest:access')).status,
    200,
  );
});

test('each capability is what it is by the API of Vault: create, update, delete, destroy, list', async () => {
  const of = (rules: Record<string, readonly string[]>) =>
    vault.policy(
      'all-ways',
      Object.entries(rules)
        .map(([path, capabilities]) => `path "secret/${path}" { capabilities = ${JSON.stringify(capabilities)} }`)
        .join('\n'),
    );
  await all.entity(ann.email, { name: 'ann', policies: ['all-ways'] });
  const { google } = ann;
  const make = (name: string) => google('POST', `${SECRETS}?secretId=${name}`, { replication: { automatic: {} } });
  const add = (name: string) => google('POST', `${SECRETS}/${name}:addVersion`, { payload: { data: btoa('v') } });
  const state = (name: string, verb: string, at = 1) => google('POST', `${SECRETS}/${name}/versions/${at}:${verb}`, {});
  const list = () => google('GET', SECRETS);
  const azureSet = (name: string) => ann.azure('PUT', `/secrets/${name}?api-version=7.6`, { value: 'v' });
  await of({ 'data/made-*': ['create'] });
  assert.equal((await make('made-a')).status, 200);
  assert.deepEqual([(await add('made-a')).status, (await make('other-a')).status], [403, 403]);
  assert.deepEqual([(await azureSet('made-b')).status, (await azureSet('made-b')).status], [200, 403]);
  assert.equal(
    await all.byAws(ann.aws, 'CreateSecret', { Name: 'made-c', SecretString: 'v', ClientRequestToken: 'c'.repeat(32) }),
    200,
  );
  await of({ 'data/made-*': ['create', 'update'] });
  assert.deepEqual([(await add('made-a')).status, (await azureSet('made-b')).status], [200, 200]);
  assert.deepEqual(
    [(await state('made-a', 'disable')).status, (await google('GET', `${SECRETS}/made-a`)).status],
    [403, 403],
  );
  await of({ 'delete/made-a': ['update'] });
  assert.deepEqual([(await state('made-a', 'disable')).status, (await state('made-a', 'enable')).status], [200, 403]);
  await of({ 'undelete/made-a': ['update'], 'metadata/made-a': ['read'] });
  assert.deepEqual(
    [(await state('made-a', 'enable')).status, (await google('GET', `${SECRETS}/made-a`)).status],
    [200, 200],
  );
  await of({ 'data/made-b': ['delete'] });
  assert.deepEqual(
    [(await state('made-b', 'disable', 1)).status, (await state('made-b', 'disable', 2)).status],
    [403, 200],
  );
  await of({ 'destroy/made-a': ['update'] });
  assert.deepEqual(
    [(await state('made-a', 'destroy')).status, (await google('DELETE', `${SECRETS}/made-a`)).status],
    [200, 403],
  );
  await of({ 'metadata/made-a': ['delete'] });
  assert.equal((await google('DELETE', `${SECRETS}/made-a`)).status, 200);
  for (const [rules, status] of [
    [{ 'metadata/*': ['list'] }, 403],
    [{ 'metadata/': ['list', 'read'] }, 403],
    [{ 'metadata/*': ['list', 'read'] }, 200],
    [{ 'metadata/*': ['list', 'read'], 'metadata/app/*': ['deny'] }, 403],
    [{ 'metadata/*': ['list', 'read'], 'data/app/*': ['deny'] }, 200],
  ] as const) {
    await of(rules);
    assert.equal((await list()).status, status, JSON.stringify(rules));
  }
  // What Vault's API has no path for is never granted: neither a policy of IAM's, nor the project.
  await vault.policy('all-ways', 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }');
  for (const path of [`${SECRETS}/plain:getIamPolicy`, '/v1/projects/default/serviceAccounts', '/coffer/v1/audit']) {
    assert.equal((await google('GET', path)).status, 403, path);
  }
  await all.bind(`serviceAccount:${ann.email}`);
  await vault.policy('all-ways', 'path "*" { capabilities = ["deny"] }');
  assert.equal((await google('GET', `${SECRETS}/plain:getIamPolicy`)).status, 403);
});

test('a rule that asks for fields or for wrapping allows another API nothing', async () => {
  await all.entity(ann.email, { name: 'ann', policies: ['bounded'] });
  await vault.policy(
    'bounded',
    `path "secret/data/plain" { capabilities = ["read", "update"], min_wrapping_ttl = "1m" }
     path "secret/data/app/db" { capabilities = ["update"], allowed_parameters = { "data" = [] } }`,
  );
  assert.deepEqual(await all.readers(ann, 'plain'), []);
  const add = await ann.google('POST', `${SECRETS}/app--db:addVersion`, { payload: { data: btoa('v') } });
  assert.equal(add.status, 403);
});

test('policies on a token bind that token; a child of an account has its entity, an orphan has none', async () => {
  const id = await all.entity(ann.email, { name: 'ann', policies: ['read-app'] });
  await vault.policy('make', 'path "auth/token/*" { capabilities = ["create", "update", "sudo"] }');
  await all.change(id, { policies: ['read-app', 'make'] });
  const self = (await vault.must('GET', 'auth/token/lookup-self', undefined, { token: ann.google.token })).json.data;
  assert.deepEqual(
    [self.entity_id, self.identity_policies, self.policies],
    [id, ['make', 'read-app'], ['default', 'iam']],
  );
  const make = async (path: string, fields: object) =>
    (await vault.must('POST', path, fields, { token: ann.google.token })).json.auth;
  const read = async (token: string) => (await vault.ask('GET', 'secret/data/app/db', undefined, { token })).status;
  const child = await make('auth/token/create', { policies: ['read-plain'] });
  assert.deepEqual([child.entity_id, await read(child.client_token)], [id, 200]);
  const orphan = await make('auth/token/create-orphan', { policies: ['read-plain'] });
  assert.deepEqual([orphan.entity_id, await read(orphan.client_token)], ['', 403]);
  // What the token may, the account may not: it is bound by the entity alone.
  assert.deepEqual(await all.readers(ann, 'plain'), []);
  const run = (
    await must(owner, 'POST', '/coffer/v1/vaultTokens:generate', { serviceAccount: ann.email, project: 'default' })
  ).json;
  assert.equal(await read(run.token), 200);
  await all.change(id, { disabled: true });
  assert.deepEqual([await read(run.token), await read(child.client_token)], [403, 403]);
});
