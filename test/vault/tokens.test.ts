// Vault's tokens and policies: nobody gets more than he has, what is revoked is gone at once with all below it, and every
// refusal is in the ledger.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiOf, auditRecords, must } from '../support/api.ts';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;

before(async () => {
  vault = await openVault();
  await vault.must('POST', 'secret/data/app/a', { data: { a: 1 } });
  await vault.policy('app', 'path "secret/data/app/*" { capabilities = ["read"] }');
  await vault.policy(
    'maker',
    'path "auth/token/*" { capabilities = ["create", "read", "update", "list"] }\npath "secret/data/app/*" { capabilities = ["read"] }',
  );
});

after(() => vault.server.stop());

const read = async (token: string, path = 'secret/data/app/a') =>
  (await vault.ask('GET', path, undefined, { token })).status;
const lookup = async (token: string) =>
  (await vault.must('GET', 'auth/token/lookup-self', undefined, { token })).json.data;
const create = (fields: object, token?: string, path = 'create') =>
  vault.ask('POST', `auth/token/${path}`, fields, token === undefined ? {} : { token });

test('a token may what its policies say, and no more', async () => {
  const token = await vault.token(['app']);
  assert.equal(await read(token), 200);
  assert.equal(await read(token, 'secret/data/other'), 403);
  for (const [method, path] of [
    ['POST', 'secret/data/app/a'],
    ['DELETE', 'secret/metadata/app/a'],
    ['LIST', 'secret/metadata/app/'],
    ['GET', 'sys/mounts'],
    ['GET', 'auth/token/lookup-self'],
    ['PUT', 'sys/policies/acl/app'],
    ['GET', 'no/such/mount'],
  ] as const) {
    assert.equal((await vault.ask(method, path, {}, { token })).status, 403, path);
  }
  assert.equal((await vault.ask('GET', 'no/such/mount')).status, 404);
});

test('a bad, missing or dead token is 403, and audited', async () => {
  const token = await vault.token(['app'], { ttl: '1s' });
  const bad = ['', 'hvs.aaaaaaaaaaaaaaaaaaaaaaaa', 'x', `ya29.${'x'.repeat(43)}`, 'hvb.AQ', `${token} `];
  for (const text of bad.slice(0, 5)) {
    const answer = await vault.ask('GET', 'secret/data/app/a', undefined, { token: text });
    assert.deepEqual([answer.status, answer.json], [403, { errors: ['permission denied'] }], text);
  }
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal(await read(token), 403);
  const records = await auditRecords(apiOf(vault.server, vault.root));
  const denied = records.filter((each) => each.dialect === 'vault' && each.outcome === 'denied');
  assert.ok(denied.length >= 6);
  assert.ok(!JSON.stringify(records).includes(token.slice(4)));
});

test('a policy that is changed or deleted counts from the next request on', async () => {
  await vault.policy('fleeting', 'path "secret/data/app/a" { capabilities = ["read"] }');
  const token = await vault.token(['fleeting']);
  assert.equal(await read(token), 200);
  await vault.policy('fleeting', 'path "secret/data/app/b" { capabilities = ["read"] }');
  assert.equal(await read(token), 403);
  await vault.policy('fleeting', 'path "secret/data/app/a" { capabilities = ["read"] }');
  assert.equal(await read(token), 200);
  await vault.must('DELETE', 'sys/policy/FLEETING');
  assert.equal(await read(token), 403);
});

test('create and update are told apart by what is there', async () => {
  await vault.policy('creates', 'path "secret/data/new/*" { capabilities = ["create"] }');
  await vault.policy('updates', 'path "secret/data/new/*" { capabilities = ["update"] }');
  const [creates, updates] = [await vault.token(['creates']), await vault.token(['updates'])];
  const put = async (token: string, path: string) =>
    (await vault.ask('POST', `secret/data/new/${path}`, { data: { x: 1 } }, { token })).status;
  assert.equal(await put(updates, 'a'), 403);
  assert.equal(await put(creates, 'a'), 200);
  assert.equal(await put(creates, 'a'), 403);
  assert.equal(await put(updates, 'a'), 200);
});

test('a child has no more than its parent', async () => {
  const maker = await vault.token(['maker']);
  assert.equal((await create({ policies: ['maker'] }, maker)).status, 200);
  for (const fields of [
    { policies: ['app'] },
    { policies: ['root'] },
    { policies: ['ROOT'] },
    { policies: ['iam'] },
    { no_parent: true },
    { period: '1h' },
    { id: 'chosen' },
  ]) {
    assert.equal((await create(fields, maker)).status, 400, JSON.stringify(fields));
  }
  assert.equal((await create({}, maker, 'create-orphan')).status, 403);
  const inherited = (await create({}, maker)).json.auth;
  assert.deepEqual(inherited.policies, ['default', 'maker']);
  assert.equal(inherited.orphan, false);
});

test('revoking a token takes its children and their cubbyholes; orphans stay', async () => {
  const parent = await vault.token(['maker', 'default', 'app']);
  const child = (await create({ policies: ['maker', 'app'] }, parent)).json.auth.client_token;
  const grandchild = (await create({ policies: ['app'] }, child)).json.auth.client_token;
  await vault.must('PUT', 'cubbyhole/x', { s: 1 }, { token: child });
  await vault.must('POST', 'auth/token/revoke-orphan', { token: parent });
  assert.deepEqual([await read(parent), await read(child), await read(grandchild)], [403, 200, 200]);
  assert.equal((await lookup(child)).orphan, true);
  assert.deepEqual((await vault.must('GET', 'cubbyhole/x', undefined, { token: child })).json.data, { s: 1 });
  await vault.must('POST', 'auth/token/revoke', { token: child });
  assert.deepEqual([await read(child), await read(grandchild)], [403, 403]);
  await vault.must('POST', 'auth/token/revoke', { token: child });
});

test('times: renewals never pass the maximum, periods begin anew, the explicit end is hard', async () => {
  const token = await vault.token(['default', 'app'], { ttl: '1h', explicit_max_ttl: '2h' });
  const renew = (increment: string, of = token) =>
    vault.must('POST', 'auth/token/renew-self', { increment }, { token: of });
  assert.equal((await renew('30m')).json.auth.lease_duration, 1800);
  const capped = (await renew('5h')).json;
  assert.ok(capped.auth.lease_duration <= 7200);
  assert.match(capped.warnings[0], /capped/);
  assert.equal(capped.auth.client_token, token);
  const periodic = await vault.token(['default'], { period: '10m' });
  assert.equal((await renew('5h', periodic)).json.auth.lease_duration, 600);
  assert.equal((await lookup(periodic)).period, 600);
  const fixed = await vault.token(['default'], { renewable: false, ttl: '1h' });
  assert.equal((await vault.ask('POST', 'auth/token/renew-self', {}, { token: fixed })).status, 400);
  const root = await vault.token(['root']);
  const { ttl, expire_time, renewable, policies } = await lookup(root);
  assert.deepEqual([ttl, expire_time, renewable, policies], [0, null, false, ['root']]);
});

test('a token of so many uses ends with the last, and makes no others', async () => {
  const token = await vault.token(['app', 'maker'], { num_uses: 3 });
  assert.equal((await create({}, token)).status, 400);
  assert.deepEqual([await read(token), await read(token), await read(token)], [200, 200, 403]);
});

test('accessors find tokens without telling them, and only living ones', async () => {
  const made = (await create({ policies: ['app'], meta: { team: 'a' }, display_name: 'my app!' })).json.auth;
  const { data } = (await vault.must('POST', 'auth/token/lookup-accessor', { accessor: made.accessor })).json;
  assert.deepEqual([data.id, data.display_name, data.meta], ['', 'token-my-app', { team: 'a' }]);
  const { keys } = (await vault.must('LIST', 'auth/token/accessors')).json.data;
  assert.ok(keys.includes(made.accessor));
  await vault.must('POST', 'auth/token/renew-accessor', { accessor: made.accessor });
  await vault.must('POST', 'auth/token/revoke-accessor', { accessor: made.accessor });
  const gone = await vault.ask('POST', 'auth/token/lookup-accessor', { accessor: made.accessor });
  assert.deepEqual([gone.status, gone.json.errors], [400, ['invalid accessor']]);
  const dead = await vault.ask('POST', 'auth/token/lookup', { token: made.client_token });
  assert.deepEqual([dead.status, dead.json.errors], [403, ['bad token']]);
});

test('many tokens and many policies are one list', async () => {
  const policies = Array.from({ length: 90 }, (_, n) => `many-${n}`);
  const made = await create({ policies });
  assert.equal(made.json.warnings.length, 90);
  await Promise.all(Array.from({ length: 80 }, () => vault.token(['app'])));
  assert.ok((await vault.must('LIST', 'auth/token/accessors')).json.data.keys.length > 80);
  const asked = await vault.must('POST', 'sys/capabilities', { paths: ['x'], token: made.json.auth.client_token });
  assert.deepEqual(asked.json.capabilities, ['deny']);
});

test('batch tokens are sealed and kept nowhere', async () => {
  const made = (await create({ type: 'batch', policies: ['app'], ttl: '1h' })).json.auth;
  assert.match(made.client_token, /^hvb\./);
  assert.deepEqual([made.token_type, made.accessor, made.renewable], ['batch', '', false]);
  assert.equal(await read(made.client_token), 200);
  const sealed = Buffer.from(made.client_token.slice(4), 'base64url');
  for (const word of ['app', 'default', 'policies', 'project', '"id"']) {
    assert.ok(!sealed.includes(word), `${word} can be read in a batch token`);
  }
  const forged = (at: number) => {
    const bytes = Buffer.from(sealed);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return `hvb.${bytes.toString('base64url')}`;
  };
  for (const at of [0, 16, 20, 40, sealed.length - 1]) assert.equal(await read(forged(at)), 403, `byte ${at}`);
  // As they once were: signed, and legible.
  const legible = Buffer.concat([Buffer.of(1), Buffer.alloc(16), Buffer.from('{"id":"batch"}')]).toString('base64url');
  for (const text of [`hvb.${legible}`, `${made.client_token}=`, `${made.client_token}AAAA`, 'hvb.']) {
    assert.equal(await read(text), 403, text.slice(0, 20));
  }
  assert.equal(await read(made.client_token), 200);
  // What was allowed is what can be used.
  const metaOf = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${n}`, 'x'.repeat(400)]));
  const meta = metaOf(8);
  const long = (await create({ type: 'batch', policies: ['app'], meta })).json.auth.client_token;
  assert.equal(await read(long), 200);
  const longer = await create({ type: 'batch', policies: ['app'], meta: metaOf(12) });
  assert.deepEqual([longer.status, /fewer policies or less metadata/.test(longer.text)], [400, true]);
  assert.equal((await vault.ask('POST', 'auth/token/revoke', { token: made.client_token })).status, 400);
  assert.equal((await create({ type: 'batch', policies: ['app'], num_uses: 2 })).status, 400);
  assert.equal((await create({ type: 'batch', policies: ['root'] })).status, 400);
});

test('roles say what may be made', async () => {
  await vault.must('POST', 'auth/token/roles/web', {
    ...{ allowed_policies: 'app,web-*', allowed_policies_glob: ['web-*'], orphan: true, token_period: '1h' },
  });
  const maker = await vault.token(['maker']);
  const made = (await create({ policies: ['app', 'web-1'] }, maker, 'create/web')).json;
  assert.deepEqual([made.auth.orphan, made.auth.lease_duration], [true, 3600]);
  assert.match(made.warnings.join(), /web-1/);
  assert.equal((await create({ policies: ['maker'] }, maker, 'create/web')).status, 400);
  assert.equal((await create({ policies: ['root'] }, undefined, 'create/web')).status, 400);
  assert.deepEqual((await vault.must('LIST', 'auth/token/roles')).json.data.keys, ['web']);
  const role = (await vault.must('GET', 'auth/token/roles/web')).json.data;
  assert.deepEqual([role.orphan, role.token_period, role.allowed_policies], [true, 3600, ['app', 'web-*']]);
  await vault.must('DELETE', 'auth/token/roles/web');
  assert.equal((await vault.ask('GET', 'auth/token/roles/web')).status, 404);
});

test('capabilities, as root, as oneself, of another, by accessor', async () => {
  const made = (await create({ policies: ['app'] })).json.auth;
  const paths = ['secret/data/app/a', 'x'];
  const asked = (path: string, more: object, token?: string) =>
    vault.must('POST', path, { paths, ...more }, token === undefined ? {} : { token });
  const expected = { 'secret/data/app/a': ['read'], x: ['deny'] };
  for (const answer of [
    await asked('sys/capabilities', { token: made.client_token }),
    await asked('sys/capabilities-accessor', { accessor: made.accessor }),
    await asked('sys/capabilities-self', {}, made.client_token),
  ]) {
    assert.deepEqual(answer.json.data, expected);
    assert.deepEqual(answer.json.x, ['deny'], 'and at the top');
  }
  assert.deepEqual((await asked('sys/capabilities-self', { paths: ['any'] })).json.capabilities, ['root']);
});

test('policies: names are one whatever their case, root and iam cannot be written, texts stay as they are', async () => {
  const text = '# kept\npath "a" {\tcapabilities = ["read"] }\n\n';
  await vault.policy('Mixed-Case', text);
  assert.equal((await vault.must('GET', 'sys/policies/acl/mixed-CASE')).json.data.policy, text);
  assert.equal((await vault.must('GET', 'sys/policy/mixed-case')).json.rules, text);
  const { keys } = (await vault.must('GET', 'sys/policy')).json;
  assert.ok(keys.includes('mixed-case') && keys.includes('default') && keys.includes('root'));
  for (const name of ['root', 'ROOT', 'Root', 'iam', 'response-wrapping', 'a%2fb', '%20root']) {
    const answer = await vault.ask('PUT', `sys/policies/acl/${name}`, { policy: text });
    assert.ok(answer.status >= 400, name);
  }
  for (const policy of ['path "a" { capabilities = ["all"] }', 'nonsense', '']) {
    const answer = await vault.ask('PUT', 'sys/policies/acl/bad', { policy });
    assert.equal(answer.status, 400, policy);
  }
  assert.equal((await vault.ask('DELETE', 'sys/policy/default')).status, 400);
  assert.equal((await vault.ask('GET', 'sys/policy/none')).status, 404);
});

test('a service account is one more principal: what IAM grants it, by a token of either kind', async () => {
  const google = apiOf(vault.server, vault.root);
  const account = { accountId: 'reader', serviceAccount: {} };
  await must(google, 'POST', '/v1/projects/default/serviceAccounts', account);
  const email = 'reader@default.iam.gserviceaccount.com';
  const token = (await must(google, 'POST', '/coffer/v1/tokens:generate', { serviceAccount: email })).json.accessToken;
  assert.equal(await read(token), 403);
  const bindings = [{ role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${email}`] }];
  await must(google, 'POST', '/v1/projects/default/secrets/app--a:setIamPolicy', { policy: { bindings } });
  assert.equal(await read(token), 200);
  assert.equal((await vault.ask('POST', 'secret/data/app/a', { data: {} }, { token })).status, 403);
  assert.equal((await vault.ask('GET', 'sys/mounts', undefined, { token })).status, 403);
  const asIam = { token };
  assert.equal(
    (await vault.ask('POST', 'auth/token/create', { policies: ['iam'] }, asIam)).status,
    403,
    'default has no create',
  );
  await vault.policy('default', 'path "secret/data/app/*" { capabilities = ["deny"] }');
  assert.equal(await read(token), 403, 'what a policy denies, IAM does not give');
  await vault.policy('default', 'path "auth/token/lookup-self" { capabilities = ["read"] }');
  assert.equal(await read(token), 200);
  const records = await auditRecords(google);
  const seen = records.find(
    (each) => each.dialect === 'vault' && each.principal === `serviceAccount:${email}` && each.version === 1,
  );
  assert.equal(seen?.operation, 'versions.access');
});

test('a project with the name of a kind of entry is a project and no more', async () => {
  await must(apiOf(vault.server, vault.root), 'POST', '/v3/projects', { projectId: 'accessor' });
  const there = { headers: { 'x-vault-namespace': 'accessor' } };
  await vault.must('PUT', 'sys/policies/acl/trap', { policy: 'path "a" { policy = "read" }' }, there);
  const { keys } = (await vault.must('LIST', 'auth/token/accessors')).json.data;
  assert.ok(keys.every((each: string) => /^[A-Za-z0-9]{24}$/.test(each)));
  for (const accessor of ['policy/trap', '../accessor/policy/trap', 'project/accessor/policy/trap']) {
    assert.equal((await vault.ask('POST', 'auth/token/revoke-accessor', { accessor })).status, 400, accessor);
  }
  assert.equal((await vault.must('GET', 'sys/policy/trap', undefined, there)).status, 200);
});

test('another project is another namespace; one that is none, or may not be entered, is a 404', async () => {
  await must(apiOf(vault.server, vault.root), 'POST', '/v3/projects', { projectId: 'second-one' });
  const there = { headers: { 'x-vault-namespace': 'second-one' } };
  await vault.must('POST', 'secret/data/x', { data: { in: 'second' } }, there);
  assert.equal((await vault.ask('GET', 'secret/data/x')).status, 404);
  const local = (await vault.must('POST', 'auth/token/create', { policies: ['root'] }, there)).json.auth.client_token;
  assert.equal(await read(local, 'secret/data/x'), 200);
  const token = await vault.token(['app']);
  for (const [text, namespace] of [
    [token, 'second-one'],
    [local, 'default'],
    [vault.root, 'no-such-one'],
    [vault.root, 'default/child'],
    [vault.root, '../default'],
  ] as const) {
    const answer = await vault.ask('GET', 'secret/data/app/a', undefined, {
      token: text,
      headers: { 'x-vault-namespace': namespace },
    });
    assert.equal(answer.status, 404, namespace);
  }
  for (const namespace of ['', 'root', '/']) {
    const answer = await vault.ask('GET', 'secret/data/app/a', undefined, {
      headers: { 'x-vault-namespace': namespace },
    });
    assert.equal(answer.status, 200, namespace);
  }
});
