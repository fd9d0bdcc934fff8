// Wrapped answers and cubbyholes: each opens for one holder, once or as long as he lives, and for nobody else.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;

before(async () => {
  vault = await openVault();
  await vault.must('POST', 'secret/data/w', { data: { a: 'wrapped-value' } });
});

after(() => vault.server.stop());

const wrap = (method: string, path: string, body?: object, ttl = '5m') =>
  vault.must(method, path, body, { headers: { 'x-vault-wrap-ttl': ttl } });
const GONE = ['wrapping token is not valid or does not exist'];

test('a wrapped answer opens once, to the whole answer', async () => {
  const { json } = await wrap('GET', 'secret/data/w');
  assert.equal(json.data, null);
  assert.equal(json.request_id, '');
  const { token, ttl, creation_path } = json.wrap_info;
  assert.deepEqual([ttl, creation_path], [300, 'secret/data/w']);
  const known = (await vault.must('POST', 'sys/wrapping/lookup', { token }, { token: '' })).json.data;
  assert.deepEqual([known.creation_path, known.creation_ttl], ['secret/data/w', 300]);
  const opened = (await vault.must('POST', 'sys/wrapping/unwrap', {}, { token })).json;
  assert.deepEqual(opened.data.data, { a: 'wrapped-value' });
  for (const again of [
    await vault.ask('POST', 'sys/wrapping/unwrap', { token }),
    await vault.ask('POST', 'sys/wrapping/lookup', { token }, { token: '' }),
    await vault.ask('POST', 'sys/wrapping/unwrap', {}, { token }),
  ]) {
    assert.deepEqual([again.status, again.json.errors], [400, GONE]);
  }
});

test('of many who unwrap at once, one gets it', async () => {
  const { token } = (await wrap('GET', 'secret/data/w')).json.wrap_info;
  const all = await Promise.all(Array.from({ length: 10 }, () => vault.ask('POST', 'sys/wrapping/unwrap', { token })));
  assert.equal(all.filter(({ status }) => status === 200).length, 1);
});

test('a wrapped token tells its accessor, and a rewrapped one the path and time of the first', async () => {
  const { wrap_info } = (await wrap('POST', 'auth/token/create', { policies: ['default'] }, '60')).json;
  assert.ok(wrap_info.wrapped_accessor.length > 20);
  const again = (await vault.must('POST', 'sys/wrapping/rewrap', { token: wrap_info.token })).json.wrap_info;
  assert.deepEqual([again.creation_path, again.ttl], ['auth/token/create', 60]);
  assert.equal((await vault.ask('POST', 'sys/wrapping/unwrap', { token: wrap_info.token })).status, 400);
  const { auth } = (await vault.must('POST', 'sys/wrapping/unwrap', { token: again.token })).json;
  assert.equal(auth.accessor, wrap_info.wrapped_accessor);
  assert.equal(
    (await vault.must('GET', 'auth/token/lookup-self', undefined, { token: auth.client_token })).status,
    200,
  );
});

test('what is sent to be wrapped comes back', async () => {
  const { token } = (await wrap('POST', 'sys/wrapping/wrap', { any: ['thing'] })).json.wrap_info;
  assert.deepEqual((await vault.must('POST', 'sys/wrapping/unwrap', { token })).json.data, { any: ['thing'] });
});

test('a wrapping token is good for nothing else', async () => {
  const { token } = (await wrap('GET', 'secret/data/w')).json.wrap_info;
  for (const [method, path] of [
    ['GET', 'secret/data/w'],
    ['GET', 'auth/token/lookup-self'],
    ['POST', 'auth/token/create'],
    ['POST', 'auth/token/renew-self'],
    ['GET', 'cubbyhole/response'],
  ] as const) {
    assert.equal((await vault.ask(method, path, {}, { token })).status, 403, path);
  }
  const ordinary = await vault.token(['default']);
  const unwrapped = await vault.ask('POST', 'sys/wrapping/unwrap', { token: ordinary });
  assert.deepEqual(unwrapped.json.errors, GONE);
  assert.equal((await vault.must('GET', 'auth/token/lookup-self', undefined, { token: ordinary })).status, 200);
});

test('a cubbyhole is its token’s alone', async () => {
  const [one, other] = [await vault.token(['default']), await vault.token(['default'])];
  await vault.must('PUT', 'cubbyhole/a/b', { s: 'cubby-value' }, { token: one });
  await vault.must('PUT', 'cubbyhole/a/c', { s: 2 }, { token: one });
  assert.deepEqual((await vault.must('GET', 'cubbyhole/a/b', undefined, { token: one })).json.data, {
    s: 'cubby-value',
  });
  assert.deepEqual((await vault.must('LIST', 'cubbyhole/', undefined, { token: one })).json.data.keys, ['a/']);
  assert.deepEqual((await vault.must('LIST', 'cubbyhole/a', undefined, { token: one })).json.data.keys, ['b', 'c']);
  assert.equal((await vault.ask('GET', 'cubbyhole/a/b', undefined, { token: other })).status, 404);
  assert.equal((await vault.ask('LIST', 'cubbyhole/', undefined, { token: other })).status, 404);
  await vault.must('DELETE', 'cubbyhole/a/b', undefined, { token: one });
  assert.equal((await vault.ask('GET', 'cubbyhole/a/b', undefined, { token: one })).status, 404);
});

test('nothing of it is plain on the disk, in the ledger or in the log', async () => {
  const token = await vault.token(['default']);
  await vault.must('PUT', 'cubbyhole/canary', { s: 'cubby-canary-7361' }, { token });
  await wrap('POST', 'sys/wrapping/wrap', { s: 'wrap-canary-7361' });
  await vault.must('POST', 'sys/mounts/kvc', { type: 'kv' });
  await vault.must('PUT', 'kvc/a', { s: 'kv-canary-7361' });
  const files = readdirSync(vault.server.data, { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  const all =
    files.map((each) => readFileSync(join(each.parentPath, each.name), 'latin1')).join('') + vault.server.logs();
  assert.ok(files.length > 3);
  assert.ok(!all.includes('canary-7361'));
  assert.ok(!all.includes(token.slice(4)));
});
