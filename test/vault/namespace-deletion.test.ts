// Deleting namespaces: what is gone is gone at once, for everybody, by every API, and who may do it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { apiOf, auditRecords, must } from '../support/api.ts';
import { type Asked, inside, openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;

before(async () => {
  vault = await openVault();
});

after(() => vault.server.stop());

/** As many readers as connections, which go on until they are told to stop: the statuses of what was asked after `since`. */
function readers(count: number, ask: (index: number) => Promise<number>) {
  let stopped = false;
  let after = false;
  const late: number[] = [];
  const work = Promise.all(
    Array.from({ length: count }, async (_, index) => {
      while (!stopped) {
        const counts = after;
        const status = await ask(index);
        if (counts) late.push(status);
      }
    }),
  );
  return {
    since: () => {
      after = true;
    },
    stop: async () => {
      while (late.length < count * 5) await new Promise((resolve) => setTimeout(resolve, 5));
      stopped = true;
      await work;
      return late;
    },
  };
}

test('a namespace that is deleted is gone at once, with all that was in it, for everybody, for ever', async () => {
  const google = apiOf(vault.server, vault.root);
  await vault.must('POST', 'sys/namespaces/to-be-gone');
  const there = inside('to-be-gone');
  await vault.must('POST', 'secret/data/db', { data: { password: 'x' } }, there);
  await vault.must('POST', 'sys/mounts/transit', { type: 'transit' }, there);
  await vault.must('POST', 'transit/keys/k', {}, there);
  await vault.must('POST', 'sys/mounts/other', { type: 'kv' }, there);
  await vault.must('POST', 'other/one', { a: 'b' }, there);
  await vault.must('POST', 'sys/auth/userpass', { type: 'userpass' }, there);
  await vault.must('PUT', 'sys/policies/acl/all', { policy: 'path "*" { capabilities = ["read", "list"] }' }, there);
  await vault.must('POST', 'auth/userpass/users/ann', { password: 'correct-horse', token_policies: 'all' }, there);
  const login = (await vault.must('POST', 'auth/userpass/login/ann', { password: 'correct-horse' }, there)).json.auth;
  const make = async (fields: object) =>
    (await vault.must('POST', 'auth/token/create', fields, there)).json.auth.client_token as string;
  const tokens = [
    login.client_token as string,
    await make({ policies: ['root'] }),
    await make({ policies: ['all'], ttl: '1h' }),
    await make({ policies: ['all', 'iam'], ttl: '1h', type: 'batch' }),
  ];
  const account = { accountId: 'worker', serviceAccount: {} };
  await must(google, 'POST', '/v1/projects/to-be-gone/serviceAccounts', account);
  const email = 'worker@to-be-gone.iam.gserviceaccount.com';
  const policy = (await must(google, 'POST', '/v3/projects/to-be-gone:getIamPolicy', {})).json;
  policy.bindings.push({ role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${email}`] });
  await must(google, 'POST', '/v3/projects/to-be-gone:setIamPolicy', { policy });
  const access = (await must(google, 'POST', '/coffer/v1/tokens:generate', { serviceAccount: email })).json.accessToken;
  const worker = apiOf(vault.server, access);
  const path = '/v1/projects/to-be-gone/secrets/db/versions/latest:access';
  await must(worker, 'GET', path);
  const read = async (token: string) =>
    (await fetch(`${vault.server.address}/v1/secret/data/db`, { headers: { 'x-vault-token': token } })).status;
  for (const token of tokens) assert.equal(await read(token), 200);

  // Kept connections in all threads, which have rows and callers of the namespace at hand.
  const running = readers(12, async (index) => {
    const token = tokens[index % 5];
    return token === undefined ? (await worker('GET', path)).status : read(token);
  });
  const deleted = await vault.must('DELETE', 'sys/namespaces/to-be-gone');
  running.since();
  assert.equal(deleted.json.data.status, 'deleted');
  const late = await running.stop();
  assert.deepEqual(
    late.filter((status) => status < 400),
    [],
    'an answer was older than the deletion',
  );

  for (const token of tokens) {
    assert.equal(await read(token), 403);
    assert.ok((await vault.ask('GET', 'secret/data/db', undefined, inside('default', token))).status >= 403);
    assert.ok((await vault.ask('POST', 'auth/token/lookup', { token })).status >= 400);
  }
  assert.equal((await vault.ask('GET', 'secret/data/db', undefined, there)).status, 404);
  assert.equal((await vault.ask('GET', 'to-be-gone/secret/data/db')).status, 404);
  assert.equal(
    (await vault.ask('POST', 'auth/userpass/login/ann', { password: 'correct-horse' }, inside('to-be-gone', '')))
      .status,
    403,
  );
  assert.ok([401, 403].includes((await worker('GET', path)).status));
  assert.equal((await google('GET', path)).status, 404);
  assert.equal((await vault.ask('GET', 'sys/namespaces/to-be-gone')).status, 404);
  assert.equal((await vault.ask('LIST', 'sys/namespaces')).status, 404);
  const again = await vault.ask('DELETE', 'sys/namespaces/to-be-gone');
  assert.deepEqual(
    [again.status, again.json.data, again.json.warnings],
    [200, null, ['requested namespace does not exist']],
  );
  // Whoever had something there has nothing where somebody would make it anew.
  const remade = await vault.ask('POST', 'sys/namespaces/to-be-gone');
  assert.deepEqual([remade.status, /not given again/.test(remade.text)], [400, true]);
  assert.equal((await google('POST', '/v3/projects', { projectId: 'to-be-gone' })).status, 409);

  const [record] = (await auditRecords(google)).filter(({ operation }) => operation === 'projects.delete');
  assert.deepEqual([record.outcome, record.resource, record.dialect], ['allowed', 'projects/to-be-gone', 'vault']);
  const { events } = (await must(google, 'GET', '/coffer/v1/events')).json;
  assert.ok(
    events.some(
      (each: { type: string; resource: string }) =>
        each.type === 'PROJECT_DELETE' && each.resource === 'projects/to-be-gone',
    ),
  );
});

test('to delete takes sudo in the root namespace, or the right to delete that project; readers may stand in the way', async () => {
  const google = apiOf(vault.server, vault.root);
  const account = { accountId: 'maker-one', serviceAccount: {} };
  await must(google, 'POST', '/v1/projects/default/serviceAccounts', account);
  await vault.policy('plain', 'path "sys/namespaces/*" { capabilities = ["create", "update", "delete"] }');
  await vault.must('POST', 'sys/namespaces/still-here');
  const remove = async (name: string, asked: Asked) =>
    (await vault.ask('DELETE', `sys/namespaces/${name}`, undefined, asked)).status;
  assert.equal(await remove('still-here', { token: '' }), 403);
  assert.equal(await remove('still-here', { token: await vault.token(['plain']) }), 403);
  assert.equal(await remove('no-such-one', { token: await vault.token(['plain']) }), 403);
  const local = (await vault.must('POST', 'auth/token/create', { policies: ['root'] }, inside('still-here'))).json.auth;
  assert.equal(await remove('still-here', { token: local.client_token }), 400);
  for (const name of ['default', 'root', 'still-here/child', 'Still-Here'])
    assert.equal(await remove(name, {}), 400, name);

  const email = 'maker-one@default.iam.gserviceaccount.com';
  const token = (await must(google, 'POST', '/coffer/v1/tokens:generate', { serviceAccount: email })).json.accessToken;
  assert.equal(await remove('still-here', { token }), 403);
  const policy = (await must(google, 'POST', '/v3/projects/still-here:getIamPolicy', {})).json;
  for (const role of ['roles/resourcemanager.projectDeleter', 'roles/secretmanager.secretAccessor'])
    policy.bindings.push({ role, members: [`serviceAccount:${email}`] });
  await must(google, 'POST', '/v3/projects/still-here:setIamPolicy', { policy });

  // Coffer's own API asks first; a wire dialect where the project says so.
  await vault.must('POST', 'secret/data/db', { data: { a: 'b' } }, inside('still-here'));
  await must(apiOf(vault.server, token), 'GET', '/v1/projects/still-here/secrets/db/versions/latest:access');
  const own = await google('POST', '/coffer/v1/projects:delete', { project: 'still-here' });
  assert.deepEqual([own.status, /last read by/.test(own.text)], [412, true]);
  await must(google, 'POST', '/coffer/v1/projects:setReaderGuard', { project: 'still-here', guard: 'refuse' });
  assert.equal(await remove('still-here', { token }), 400);
  assert.equal((await vault.ask('GET', 'secret/data/db', undefined, inside('still-here'))).status, 200);
  const forced = await must(google, 'POST', '/coffer/v1/projects:delete', { project: 'still-here', force: true });
  assert.equal(forced.json.project, 'still-here');
  await vault.must('POST', 'sys/namespaces/by-its-owner');
  await must(google, 'POST', '/v3/projects/by-its-owner:setIamPolicy', { policy: { bindings: policy.bindings } });
  assert.equal(await remove('by-its-owner', { token }), 200);
  const first = await google('POST', '/coffer/v1/projects:delete', { project: 'default', force: true });
  assert.deepEqual([first.status, /stays/.test(first.text)], [412, true]);
  assert.equal((await vault.ask('GET', 'sys/mounts')).status, 200);
});
