// Namespaces: made and described as Vault's clients do it, entered by header and by path, and never left by whoever has no
// business elsewhere.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiOf, auditRecords, must } from '../support/api.ts';
import { type Asked, inside, openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;
const SUDO = 'path "sys/namespaces/*" { capabilities = ["create", "read", "update", "patch", "delete", "sudo"] }';

before(async () => {
  vault = await openVault();
});

after(() => vault.server.stop());

const patch = (name: string, custom_metadata: unknown, asked: Asked = {}) =>
  vault.ask(
    'PATCH',
    `sys/namespaces/${name}`,
    { custom_metadata },
    {
      ...asked,
      headers: { ...asked.headers, 'content-type': 'application/merge-patch+json' },
    },
  );

test('a namespace is made, described, listed, looked at: it is a project', async () => {
  const body = { custom_metadata: { team: 'pay', Contact: 'Ann <ann@example.com>' } };
  const made = (await vault.must('POST', 'sys/namespaces/team-pay', body)).json.data;
  assert.deepEqual(
    [made.path, made.tainted, made.locked, made.custom_metadata],
    ['team-pay/', false, false, body.custom_metadata],
  );
  assert.match(made.uuid, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const google = apiOf(vault.server, vault.root);
  const project = (await must(google, 'GET', '/v3/projects/team-pay')).json;
  assert.deepEqual([project.projectId, project.labels], ['team-pay', { team: 'pay' }]);
  const { bindings } = (await must(google, 'POST', '/v3/projects/team-pay:getIamPolicy', {})).json;
  assert.deepEqual(bindings.find((each: { role: string }) => each.role === 'roles/owner')?.members, [
    'user:owner@coffer.internal',
  ]);
  for (const path of ['sys/namespaces', 'sys/namespaces/', 'sys/namespaces?list=true', 'sys/namespaces?scan=true']) {
    const { data } = (await vault.must(path.includes('?') ? 'GET' : 'LIST', path)).json;
    assert.deepEqual([data.keys, data.key_info['team-pay/']], [['team-pay/'], made], path);
  }
  assert.deepEqual((await vault.must('GET', 'sys/namespaces/team-pay')).json.data, made);
  assert.equal((await vault.ask('GET', 'sys/namespaces/default')).status, 404);
  // Made again it is the same, said of otherwise where something is said.
  assert.deepEqual((await vault.must('PUT', 'sys/namespaces/team-pay')).json.data, made);
  const again = await vault.must('PUT', 'sys/namespaces/team-pay/', { custom_metadata: { a: '1' } });
  assert.deepEqual([again.json.data.uuid, again.json.data.custom_metadata], [made.uuid, { a: '1' }]);
  const patched = await patch('team-pay', { B: 'two', a: null });
  assert.deepEqual([patched.status, patched.json.data.custom_metadata], [200, { B: 'two' }]);
  assert.deepEqual((await patch('team-pay', null)).json.data.custom_metadata, {});
  assert.equal((await patch('no-such', { a: '1' })).status, 404);
  assert.equal((await patch('team-pay', { a: { b: 1 } })).status, 400);
  assert.equal((await patch('team-pay', undefined)).status, 400);
  const operations = (await auditRecords(google)).filter(({ resource }) => resource === 'projects/team-pay');
  assert.ok(operations.some((each) => each.operation === 'projects.create' && each.dialect === 'vault'));
  assert.ok(operations.some((each) => each.operation === 'projects.describe' && each.dialect === 'vault'));
});

test('what cannot be a namespace is refused with why, and nothing is made', async () => {
  const tooMany = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`k${n}`, 'v']));
  for (const [name, body, why] of [
    ['ns1', {}, /6 to 30 lower-case letters/],
    ['Team-Pay', {}, /6 to 30 lower-case/],
    ['team_pay', {}, /6 to 30 lower-case/],
    ['a'.repeat(31), {}, /6 to 30 lower-case/],
    ['team-pay/child', {}, /cannot contain \//],
    ['team-pay//', {}, /cannot contain \//],
    ['team-pay%2fchild', {}, /cannot contain \//],
    ['../default', {}, /relative paths/],
    ['%2e%2e%2fdefault', {}, /relative paths/],
    ['default', {}, /root namespace/],
    ['secret', {}, /is a mount/],
    ['cubbyhole', {}, /is a mount/],
    ['identity', {}, /is a mount/],
    ['with-seal', { seal: 'seal "shamir" {}' }, /no seal of its own/],
    ['with-text', { custom_metadata: 'x' }, /custom_metadata/],
    ['with-many', { custom_metadata: tooMany }, /at most 64/],
    ['with-long', { custom_metadata: { k: 'v'.repeat(513) } }, /at most/],
    ['no-key-at', { custom_metadata: { '': 'v' } }, /1 to 128 bytes/],
  ] as const) {
    const answer = await vault.ask('POST', `sys/namespaces/${name}`, body);
    assert.equal(answer.status, 400, name);
    assert.match(answer.json.errors[0], why, name);
  }
  assert.deepEqual((await vault.must('LIST', 'sys/namespaces')).json.data.keys, ['team-pay/']);
});

test('it takes sudo in the root namespace, or the right to make projects', async () => {
  await vault.policy('makes', SUDO);
  await vault.policy('plain', SUDO.replace(', "sudo"', ''));
  const [makes, plain] = [await vault.token(['makes']), await vault.token(['plain'])];
  const make = async (name: string, asked: Asked) =>
    (await vault.ask('POST', `sys/namespaces/${name}`, {}, asked)).status;
  assert.equal(await make('made-by-plain', { token: plain }), 403);
  assert.equal(await make('bad_name', { token: await vault.token(['default']) }), 403);
  assert.equal(await make('made-by-none', { token: '' }), 403);
  const bad = { custom_metadata: 'x' };
  assert.equal((await vault.ask('POST', 'sys/namespaces/made-bad', bad, { token: '' })).status, 403);
  assert.equal(await make('made-by-sudo', { token: makes }), 200);
  const google = apiOf(vault.server, vault.root);
  const { bindings } = (await must(google, 'POST', '/v3/projects/made-by-sudo:getIamPolicy', {})).json;
  assert.ok(!JSON.stringify(bindings).includes('vaultToken'), 'a token is nobody to bind a role to');
  // A namespace's own policies, root's among them, make nothing of the server.
  await vault.must('PUT', 'sys/policies/acl/makes', { policy: SUDO }, inside('team-pay'));
  for (const policies of [['makes'], ['root']]) {
    const local = (await vault.must('POST', 'auth/token/create', { policies }, inside('team-pay'))).json.auth;
    assert.equal(await make('made-inside', { token: local.client_token }), 400);
    assert.equal(await make('made-inside', inside('default', local.client_token)), 404);
    assert.equal(await make('made-inside', inside('team-pay', local.client_token)), 400);
    assert.equal((await patch('made-by-sudo', { x: 'y' }, { token: local.client_token })).status, 400);
  }
  // IAM: of the server, and of no project.
  const account = { accountId: 'maker-one', serviceAccount: {} };
  await must(google, 'POST', '/v1/projects/default/serviceAccounts', account);
  const email = 'maker-one@default.iam.gserviceaccount.com';
  const token = (await must(google, 'POST', '/coffer/v1/tokens:generate', { serviceAccount: email })).json.accessToken;
  const member = `serviceAccount:${email}`;
  const policy = (await must(google, 'POST', '/v3/projects/default:getIamPolicy', {})).json;
  policy.bindings.push({ role: 'roles/owner', members: [member] });
  await must(google, 'POST', '/v3/projects/default:setIamPolicy', { policy });
  assert.equal(await make('made-by-owner', { token }), 403);
  assert.deepEqual((await vault.must('LIST', 'sys/namespaces')).json.data.keys, ['made-by-sudo/', 'team-pay/']);
});

test('a path may begin with a namespace; a mount of that name comes first', async () => {
  await vault.must('POST', 'team-pay/secret/data/db', { data: { in: 'pay' } });
  await vault.must('POST', 'secret/data/db', { data: { in: 'root' } });
  const at = async (path: string, asked: Asked = {}) => {
    const { status, json } = await vault.ask('GET', path, undefined, asked);
    return status === 200 ? json.data.data.in : status;
  };
  assert.equal(await at('team-pay/secret/data/db'), 'pay');
  assert.equal(await at('%74eam-pay/secret/data/db'), 'pay');
  assert.equal(await at('secret/data/db', inside('team-pay')), 'pay');
  assert.equal(await at('secret/data/db', inside('/team-pay/')), 'pay');
  assert.equal(await at('team-pay/secret/data/db', inside('root')), 'pay');
  assert.deepEqual(
    (await vault.must('GET', 'team-pay/sys/mounts')).json.data['secret/'].accessor,
    (await vault.must('GET', 'sys/mounts', undefined, inside('team-pay'))).json.data['secret/'].accessor,
  );
  // Neither nested, nor another spelling, nor the root by its project's name.
  for (const path of [
    'team-pay/team-pay/secret/data/db',
    'team-pay/made-by-sudo/secret/data/db',
    'TEAM-PAY/secret/data/db',
    'team-pay//secret/data/db',
    '/team-pay/secret/data/db',
    'default/secret/data/db',
    'root/secret/data/db',
    'team-pay%00/secret/data/db',
    'team-pay/../secret/data/db',
    'team-pay/%2e%2e/secret/data/db',
    'no-such-one/secret/data/db',
    'team-pay',
    'team-pay/',
  ]) {
    const got = await at(path);
    assert.ok(got === 404 || got === 400, `${path}: ${got}`);
  }
  for (const namespace of [
    'Team-Pay',
    'team-pay/child',
    'team-pay/../default',
    '..',
    'team-pay%2f..',
    'team pay',
    '%',
  ]) {
    assert.equal(await at('secret/data/db', inside(namespace)), 404, namespace);
  }
  assert.equal(await at('made-by-sudo/secret/data/db', inside('team-pay')), 404);
  // The server's own paths stay the root's, however they are reached.
  assert.equal((await vault.ask('PUT', 'team-pay/sys/seal')).status, 400);
  assert.equal((await vault.ask('PUT', 'default/sys/seal')).status, 404);
  assert.equal(await at('secret/data/db'), 'root');
  await vault.must('POST', 'sys/mounts/made-by-sudo', { type: 'kv' });
  await vault.must('POST', 'made-by-sudo/secret/data/db', { in: 'a mount' });
  assert.equal((await vault.must('GET', 'made-by-sudo/secret/data/db')).json.data.in, 'a mount');
  assert.equal(await at('secret/data/db', inside('made-by-sudo')), 404);
  await vault.must('DELETE', 'sys/mounts/made-by-sudo');
});

test('a token of one namespace is no good in another, by header or by path', async () => {
  const all = 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }';
  for (const namespace of ['team-pay', 'made-by-sudo']) {
    await vault.must('PUT', 'sys/policies/acl/all', { policy: all }, inside(namespace));
    await vault.must('POST', 'secret/data/own', { data: { in: namespace } }, inside(namespace));
  }
  const fields = { policies: ['all'], ttl: '1h' };
  const service = (await vault.must('POST', 'auth/token/create', fields, inside('team-pay'))).json.auth.client_token;
  const batch = (await vault.must('POST', 'auth/token/create', { ...fields, type: 'batch' }, inside('team-pay'))).json
    .auth.client_token;
  await vault.must('PUT', 'sys/policies/acl/all', { policy: all });
  for (const token of [service, batch]) {
    assert.equal((await vault.ask('GET', 'secret/data/own', undefined, { token })).json.data.data.in, 'team-pay');
    const prefixed = await vault.ask('GET', 'team-pay/secret/data/own', undefined, { token });
    assert.equal(prefixed.json.data.data.in, 'team-pay');
    for (const namespace of ['made-by-sudo', 'default']) {
      assert.equal((await vault.ask('GET', 'secret/data/own', undefined, inside(namespace, token))).status, 404);
      const path = `${namespace}/secret/data/own`;
      const answer = await vault.ask('GET', path, undefined, { token });
      assert.notEqual(answer.status, 200, path);
      // As for one that is not there.
      const none = await vault.ask('GET', 'no-such-one/secret/data/own', undefined, { token });
      assert.equal(answer.text.replaceAll(namespace, ''), none.text.replaceAll('no-such-one', ''), path);
    }
  }
  // A token of the root namespace takes its policies nowhere else.
  const rooted = await vault.token(['all']);
  assert.equal((await vault.ask('GET', 'secret/data/own', undefined, inside('team-pay', rooted))).status, 404);
  assert.equal((await vault.ask('GET', 'team-pay/secret/data/own', undefined, { token: rooted })).status, 404);
  // Nor does looking one up from elsewhere find it, or revoking it.
  assert.equal((await vault.ask('POST', 'auth/token/lookup', { token: service })).status, 403);
  await vault.ask('POST', 'auth/token/revoke', { token: service });
  assert.equal((await vault.ask('GET', 'secret/data/own', undefined, { token: service })).status, 200);
});

test('one logs in inside a namespace without being in it; nobody learns which there are', async () => {
  await vault.must('POST', 'sys/auth/userpass', { type: 'userpass' }, inside('team-pay'));
  await vault.must('POST', 'auth/userpass/users/ann', { password: 'correct-horse' }, inside('team-pay'));
  const body = { password: 'correct-horse' };
  const foreign = await vault.token(['default']);
  for (const [path, asked] of [
    ['auth/userpass/login/ann', inside('team-pay', '')],
    ['team-pay/auth/userpass/login/ann', { token: '' }],
    ['auth/userpass/login/ann', inside('team-pay', 'hvs.bad')],
    ['team-pay/auth/userpass/login/ann', { token: 'hvs.bad' }],
    ['auth/userpass/login/ann', inside('team-pay', foreign)],
    ['team-pay/auth/userpass/login/ann', { token: foreign }],
  ] as const) {
    const { auth } = (await vault.must('POST', path, body, asked)).json;
    const token = auth.client_token;
    assert.equal((await vault.ask('GET', 'auth/token/lookup-self', undefined, { token })).status, 200);
    assert.equal((await vault.ask('GET', 'auth/token/lookup-self', undefined, inside('default', token))).status, 404);
  }
  const wrong = await vault.ask('POST', 'auth/userpass/login/ann', { password: 'x' }, inside('team-pay', ''));
  assert.equal(wrong.status, 400);
  for (const token of ['', 'hvs.bad']) {
    for (const [method, path] of [
      ['GET', 'secret/data/db'],
      ['LIST', 'sys/namespaces'],
      ['POST', 'sys/namespaces/by-nobody'],
      ['POST', 'auth/userpass/login/ann'],
      ['GET', 'sys/mounts'],
    ] as const) {
      const ask = (namespace: string) =>
        vault.ask(method, path, method === 'POST' ? {} : undefined, inside(namespace, token));
      const [there, none] = [await ask('made-by-sudo'), await ask('no-such-one')];
      assert.deepEqual([there.status, there.text], [none.status, none.text], `${token} ${method} ${path}`);
      assert.equal(there.status, 403);
    }
  }
});
