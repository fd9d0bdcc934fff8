// Logins by a token of GitHub's, against a GitHub of the test's: who gets in, with what, and all that must not.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { apiOf, auditRecords, must } from '../support/api.ts';
import { type FakeGithub, startGithub } from '../support/github.ts';
import { openVault, type VaultClient } from './fixture.ts';

const ACME = { login: 'Acme', id: 7 };
const OTHER = { login: 'other', id: 8 };
/** By their tokens. */
const PEOPLE: Readonly<Record<string, { readonly login: string; readonly orgs: object[]; readonly teams: object[] }>> =
  {
    'ghp_canary-ann': {
      login: 'Ann',
      orgs: [OTHER, ACME],
      teams: [{ slug: 'Ops-Team', name: 'Ops Team', organization: ACME }],
    },
    'ghp_canary-bob': { login: 'bob', orgs: [ACME], teams: [{ slug: 'ops-team', organization: OTHER }] },
    // What a team is shown as is its members' to choose: here as the slug of another, by a letter that folds to `k`.
    'ghp_canary-cy': { login: 'cy', orgs: [ACME], teams: [{ slug: 'elvin', name: '\u212aelvin', organization: ACME }] },
    'ghp_canary-eve': { login: 'eve', orgs: [OTHER], teams: [{ slug: 'ops-team', organization: ACME }] },
  };

let vault: VaultClient;
let github: FakeGithub;
let isDown = false;

before(async () => {
  github = await startGithub((path, { headers }, response) => {
    if (isDown) {
      response.writeHead(302, { location: '/user' }).end();
      return undefined;
    }
    if (path === '/orgs/acme') return ACME;
    const person = PEOPLE[/^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? ''];
    if (person === undefined) {
      response.statusCode = 401;
      return { message: 'Bad credentials' };
    }
    if (path === '/user') return { login: person.login, id: 1 };
    return path.startsWith('/user/orgs') ? person.orgs : person.teams;
  });
  vault = await openVault();
  await vault.must('POST', 'sys/auth/github', { type: 'github' });
  for (const name of ['ops', 'kelvin', 'ann', 'all', 'every'])
    await vault.policy(name, `path "cubbyhole/${name}" { capabilities = ["read"] }`);
  await configure();
  await vault.must('POST', 'auth/github/map/teams/OPS-TEAM', { value: 'ops' });
  await vault.must('POST', 'auth/github/map/teams/kelvin', { value: 'kelvin' });
  await vault.must('POST', 'auth/github/map/teams/default', { value: 'every' });
  await vault.must('POST', 'auth/github/map/users/ann', { value: 'ann,root,iam' });
});

after(async () => {
  await vault.server.stop();
  github.stop();
});

const configure = (fields: object = {}) =>
  vault.must('POST', 'auth/github/config', {
    organization: 'acme',
    base_url: github.url,
    token_policies: ['all'],
    ...fields,
  });
const login = (token: unknown, at = 'github') => vault.ask('POST', `auth/${at}/login`, { token }, { token: '' });

test('a member has the policies of the method, of his teams, of everybody and of himself, and never root', async () => {
  const { json, status } = await login('ghp_canary-ann');
  assert.equal(status, 200);
  const { auth } = json;
  assert.deepEqual(auth.token_policies, ['all', 'ann', 'default', 'every', 'ops']);
  assert.deepEqual([auth.metadata, auth.renewable], [{ username: 'ann', org: 'Acme' }, false]);
  const { data } = (await vault.must('GET', 'auth/token/lookup-self', undefined, { token: auth.client_token })).json;
  assert.deepEqual([data.display_name, data.path, data.entity_id], ['github-ann', 'auth/github/login', auth.entity_id]);
  assert.equal((await vault.ask('POST', 'auth/token/renew-self', {}, { token: auth.client_token })).status, 400);
  const entity = (await vault.must('GET', `identity/entity/id/${auth.entity_id}`)).json.data;
  assert.deepEqual(
    entity.aliases.map(({ name }: { name: string }) => name),
    ['ann'],
  );
  assert.equal((await login('ghp_canary-ann')).json.auth.entity_id, auth.entity_id);
});

test('a team of another organization, or of a like name, gives nothing', async () => {
  for (const token of ['ghp_canary-bob', 'ghp_canary-cy']) {
    assert.deepEqual((await login(token)).json.auth.token_policies, ['all', 'default', 'every'], token);
  }
  assert.equal((await vault.ask('POST', 'auth/github/map/teams/%E2%84%AAelvin', { value: 'ops' })).status, 400);
  assert.equal((await vault.ask('POST', 'auth/github/map/users/a%20b', { value: 'ops' })).status, 400);
});

test('who is not in the organization, and whose token is none, hear the same, and it is in the log', async () => {
  const answers = await Promise.all(
    ['ghp_canary-eve', 'ghp_canary-nobody', 'a\r\nb', 'x'.repeat(2000)].map((token) => login(token)),
  );
  for (const { status, json } of answers) {
    assert.deepEqual(
      [status, json],
      [500, { errors: ['user is not part of required org, or GitHub does not take the token'] }],
    );
  }
  assert.equal((await login(undefined)).status, 400);
  const records = await auditRecords(apiOf(vault.server, vault.root));
  assert.ok(
    records.some(
      ({ operation, outcome, code }) =>
        operation === 'vault.login' && outcome === 'denied' && code === 'GITHUB_MEMBER_UNKNOWN',
    ),
  );
});

test('only with a config, only from where it says, and by the organization it has now', async () => {
  await vault.must('POST', 'sys/auth/bare', { type: 'github' });
  assert.equal((await login('ghp_canary-ann', 'bare')).status, 400);
  assert.equal((await vault.ask('GET', 'auth/bare/config')).status, 404);
  await configure({ token_bound_cidrs: ['10.0.0.0/8'] });
  const asked = github.asked.length;
  assert.equal((await login('ghp_canary-ann')).status, 403);
  assert.equal(github.asked.length, asked);
  await configure({ token_bound_cidrs: [], organization_id: 8 });
  assert.equal((await login('ghp_canary-eve')).status, 200);
  await configure({ organization_id: 7 });
  assert.equal((await login('ghp_canary-eve')).status, 500);
});

test('GitHub that leads elsewhere is no answer, and lets nobody in', async () => {
  isDown = true;
  try {
    const { status, json } = await login('ghp_canary-ann');
    assert.deepEqual([status, json.auth], [503, undefined]);
    assert.equal((await vault.ask('POST', 'auth/github/config', { organization: 'another' })).status, 503);
  } finally {
    isDown = false;
  }
  assert.equal((await vault.must('GET', 'auth/github/config')).json.data.organization, 'acme');
});

test('no address of a cloud, none without TLS, and none of this machine for a tenant', async () => {
  for (const base_url of [
    'http://169.254.169.254/',
    'https://169.254.169.254/latest',
    'https://[::ffff:a9fe:a9fe]/',
    'http://ghe.example.com/',
    'file:///etc',
  ]) {
    const { status, json } = await vault.ask('POST', 'auth/github/config', {
      organization: 'acme',
      organization_id: 7,
      base_url,
    });
    assert.equal(status, 400, base_url);
    assert.match(json.errors[0], /^base_url /);
  }
  await must(apiOf(vault.server, vault.root), 'POST', '/v3/projects', { projectId: 'tenant-two' });
  const there = { headers: { 'x-vault-namespace': 'tenant-two' } };
  await vault.must('POST', 'sys/auth/github', { type: 'github' }, there);
  const asked = github.asked.length;
  const fields = { organization: 'acme', base_url: github.url };
  const { status, json } = await vault.ask('POST', 'auth/github/config', fields, there);
  assert.deepEqual([status, github.asked.length], [400, asked]);
  assert.match(json.errors[0], /root namespace/);
});

test('who may not configure the method has the server ask nobody', async () => {
  const token = await vault.token(['all']);
  const asked = github.asked.length;
  const fields = { organization: 'acme', base_url: github.url };
  assert.equal((await vault.ask('POST', 'auth/github/config', fields, { token })).status, 403);
  assert.equal((await vault.ask('POST', 'auth/github/map/users/eve', { value: 'ops' }, { token })).status, 403);
  assert.equal(github.asked.length, asked);
});

test('maps are listed, read as they were written, and taken away; with the method all of it goes', async () => {
  await vault.must('POST', 'sys/auth/gone', { type: 'github' });
  await vault.must('POST', 'auth/gone/map/teams/B', { value: 'default,root' });
  await vault.must('POST', 'auth/gone/map/teams/a', {});
  assert.deepEqual((await vault.must('LIST', 'auth/gone/map/teams')).json.data.keys, ['a', 'b']);
  assert.deepEqual((await vault.must('GET', 'auth/gone/map/teams/b')).json.data, { key: 'b', value: 'default,root' });
  await vault.must('DELETE', 'auth/gone/map/teams/B');
  assert.deepEqual((await vault.must('GET', 'auth/gone/map/teams/b')).json.data, {});
  await vault.must('DELETE', 'sys/auth/gone');
  await vault.must('POST', 'sys/auth/gone', { type: 'github' });
  assert.equal((await vault.ask('LIST', 'auth/gone/map/teams')).status, 404);
});

test('the token that was sent is nowhere: not in the data, the audit log, or what the server says', async () => {
  await login('ghp_canary-ann');
  const files = readdirSync(vault.server.data, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  assert.ok(files.length > 3);
  for (const { parentPath, name } of files) {
    assert.ok(!readFileSync(join(parentPath, name)).includes('ghp_canary'), name);
  }
  assert.ok(!vault.server.logs().includes('ghp_canary'));
});

test('teams are the members of external groups of the method, as of the last login and while the alias stands', async () => {
  const accessorOf = async (path: string) => (await vault.must('GET', 'sys/auth')).json.data[path].accessor;
  const accessor = await accessorOf('github/');
  await vault.must('POST', 'secret/data/of-ops', { data: { a: 'b' } });
  await vault.policy('of-ops', 'path "secret/data/of-ops" { capabilities = ["read"] }');
  const group = async (fields: object) => (await vault.must('POST', 'identity/group', fields)).json.data.id;
  const ops = await group({ name: 'ops-people', type: 'external' });
  const above = await group({ name: 'above', policies: ['of-ops'], member_group_ids: [ops] });
  const alias = (fields: object) =>
    vault.must('POST', 'identity/group-alias', { canonical_id: ops, mount_accessor: accessor, ...fields });
  const members = async () => (await vault.must('GET', `identity/group/id/${ops}`)).json.data.member_entity_ids ?? [];
  const read = async (token: string) => (await vault.ask('GET', 'secret/data/of-ops', undefined, { token })).status;
  const enter = async (token: string) => (await login(token)).json.auth;

  const made = (await alias({ name: 'OPS-team' })).json.data.id;
  const ann = await enter('ghp_canary-ann');
  assert.deepEqual([ann.identity_policies, await members()], [['of-ops'], [ann.entity_id]]);
  const bob = await enter('ghp_canary-bob');
  assert.deepEqual([await read(ann.client_token), await read(bob.client_token)], [200, 403]);
  const revision = (await vault.must('GET', `identity/group/id/${ops}`)).json.data.modify_index;
  await enter('ghp_canary-ann');
  assert.equal((await vault.must('GET', `identity/group/id/${ops}`)).json.data.modify_index, revision);

  // Who left the team is out of it at his next login, and so is his older token.
  const teams = PEOPLE['ghp_canary-ann']?.teams ?? [];
  const [team] = teams.splice(0);
  assert.equal((await enter('ghp_canary-ann')).identity_policies, undefined);
  assert.deepEqual([await members(), await read(ann.client_token)], [[], 403]);
  teams.push(team as object);
  const again = await enter('ghp_canary-ann');
  assert.equal(await read(again.client_token), 200);

  // Another method of the same kind names no member of this one's groups, and takes none out of them.
  await vault.must('POST', 'sys/auth/second', { type: 'github' });
  await vault.must('POST', 'auth/second/config', { organization: 'acme', base_url: github.url });
  const { auth: other } = (await login('ghp_canary-ann', 'second')).json;
  assert.deepEqual([other.identity_policies, await members()], [undefined, [again.entity_id]]);
  await vault.must('POST', 'identity/entity/merge', {
    ...{ from_entity_ids: [other.entity_id], to_entity_id: again.entity_id },
  });
  await login('ghp_canary-ann', 'second');
  assert.deepEqual(await members(), [again.entity_id]);

  // Whoever was a member by one name is none by another, nor without any.
  await vault.must('POST', `identity/group-alias/id/${made}`, { name: 'another-team', mount_accessor: accessor });
  assert.deepEqual([await members(), await read(again.client_token)], [[], 403]);
  await vault.must('POST', `identity/group-alias/id/${made}`, { name: 'ops-team', mount_accessor: accessor });
  await enter('ghp_canary-ann');
  assert.deepEqual(await members(), [again.entity_id]);
  await vault.must('POST', `identity/group-alias/id/${made}`, { name: 'Ops-Team', mount_accessor: accessor });
  assert.deepEqual(await members(), [again.entity_id]);
  await vault.must('DELETE', `identity/group-alias/id/${made}`);
  assert.deepEqual([await members(), await read(again.client_token)], [[], 403]);
  const set = await vault.ask('POST', `identity/group/id/${ops}`, {
    type: 'external',
    member_entity_ids: [bob.entity_id],
  });
  assert.equal(set.status, 400);

  // A service account that is the same entity has it too, by every API, and loses it with the team.
  await alias({ name: 'ops-team' });
  await enter('ghp_canary-ann');
  const google = apiOf(vault.server, vault.root);
  await must(google, 'POST', '/v1/projects/default/serviceAccounts', { accountId: 'ops-worker' });
  const serviceAccount = 'ops-worker@default.iam.gserviceaccount.com';
  await vault.must('POST', 'identity/entity-alias', {
    ...{ name: serviceAccount, canonical_id: again.entity_id, mount_accessor: 'auth_token_00000001' },
  });
  const { accessToken } = (await must(google, 'POST', '/coffer/v1/tokens:generate', { serviceAccount })).json;
  const worker = apiOf(vault.server, accessToken);
  const path = '/v1/projects/default/secrets/of-ops/versions/latest:access';
  assert.equal((await worker('GET', path)).status, 200);
  teams.splice(0);
  await enter('ghp_canary-ann');
  assert.equal((await worker('GET', path)).status, 403);
  for (const id of [ops, above]) await vault.must('DELETE', `identity/group/id/${id}`);
});
