// The same secrets by Vault's kv and by Google's API, in each shape; and what kv has beside: check-and-set, versions that
// come and go, metadata, mounts of their own.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Api, apiOf, auditRecords, must } from '../support/api.ts';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;
let google: Api;

before(async () => {
  vault = await openVault();
  google = apiOf(vault.server, vault.root);
});

after(() => vault.server.stop());

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64');
const SECRETS = '/v1/projects/default/secrets';

async function byGoogle(name: string): Promise<Buffer> {
  const answer = await must(google, 'GET', `${SECRETS}/${name}/versions/latest:access`);
  return Buffer.from(answer.json.payload.data, 'base64');
}

async function newByGoogle(name: string, value: string | Uint8Array): Promise<void> {
  await must(google, 'POST', `${SECRETS}?secretId=${name}`, { replication: { automatic: {} } });
  await must(google, 'POST', `${SECRETS}/${name}:addVersion`, { payload: { data: base64(value) } });
}

const dataOf = async (path: string) => (await vault.must('GET', `secret/data/${path}`)).json.data.data;

test('a secret written by Vault is read by Google, with its folders as two hyphens', async () => {
  const { json } = await vault.must('POST', 'secret/data/prod/db', { data: { user: 'a', n: 1 } });
  assert.equal(json.data.version, 1);
  assert.equal(json.data.deletion_time, '');
  assert.equal(String(await byGoogle('prod--db')), '{"user":"a","n":1}');
  const records = (await auditRecords(google)).filter((each) => each.dialect === 'vault' && each.version === 1);
  assert.deepEqual(
    records.map(({ operation, resource, outcome }) => [operation, resource, outcome]),
    [['versions.add', 'projects/default/secrets/prod/db', 'allowed']],
  );
});

test('every shape that Google wrote comes back as it was, read and written again by Vault', async () => {
  const values = { plain: 'hunter2', list: '[1,2]', object: '{"a": 1}', bytes: Uint8Array.of(0, 255, 7), empty: '""' };
  const seen: Record<string, unknown> = {
    ...{ plain: { value: 'hunter2' }, list: { value: '[1,2]' }, object: { a: 1 }, empty: { value: '""' } },
    bytes: { value: 'AP8H', encoding: 'base64' },
  };
  for (const [name, value] of Object.entries(values)) {
    await newByGoogle(`shape-${name}`, value);
    const data = await dataOf(`shape-${name}`);
    assert.deepEqual(data, seen[name], name);
    await vault.must('POST', `secret/data/shape-${name}`, { data });
    const kept = name === 'object' ? '{"a":1}' : value;
    assert.deepEqual(await byGoogle(`shape-${name}`), Buffer.from(kept), name);
  }
});

test('Vault knows the stored name and no other spelling of it', async () => {
  await vault.must('POST', 'secret/data/one/two', { data: { a: 1 } });
  assert.equal((await vault.ask('GET', 'secret/data/one--two')).status, 404);
  const clash = await vault.ask('POST', 'secret/data/one--two', { data: { a: 2 } });
  assert.equal(clash.status, 400);
  assert.match(clash.json.errors[0], /two hyphens/);
  assert.deepEqual(await dataOf('one/two'), { a: 1 });
  await vault.policy('spelled', 'path "secret/data/one--two" { capabilities = ["read", "create", "update"] }');
  const token = await vault.token(['spelled']);
  for (const path of ['secret/data/one/two', 'secret/data/one--two']) {
    assert.ok((await vault.ask('GET', path, undefined, { token })).status >= 403, path);
  }
});

test('check-and-set', async () => {
  const put = (cas: number | undefined, value: number) =>
    vault.ask('POST', 'secret/data/cas', { data: { value }, ...(cas === undefined ? {} : { options: { cas } }) });
  const mismatch = 'check-and-set parameter did not match the current version';
  assert.deepEqual((await put(1, 1)).json, { errors: [mismatch] });
  assert.equal((await put(0, 1)).status, 200);
  assert.deepEqual((await put(0, 2)).json, { errors: [mismatch] });
  assert.equal((await put(1, 2)).status, 200);
  await vault.must('POST', 'secret/metadata/cas', { cas_required: true });
  assert.deepEqual((await put(undefined, 3)).json, { errors: ['check-and-set parameter required for this call'] });
  assert.equal((await put(2, 3)).status, 200);
  const race = await Promise.all(Array.from({ length: 8 }, (_, n) => put(3, n)));
  assert.equal(race.filter(({ status }) => status === 200).length, 1);
});

test('versions are deleted, brought back and destroyed, and Google sees the same states', async () => {
  for (const n of [1, 2, 3]) await vault.must('POST', 'secret/data/life', { data: { n } });
  const states = async () =>
    (await must(google, 'GET', `${SECRETS}/life/versions`)).json.versions.map((each: { state: string }) => each.state);
  await vault.must('DELETE', 'secret/data/life');
  const gone = await vault.ask('GET', 'secret/data/life');
  assert.equal(gone.status, 404);
  assert.equal(gone.json.data.data, null);
  assert.match(gone.json.data.metadata.deletion_time, /^20/);
  assert.deepEqual(await states(), ['DISABLED', 'ENABLED', 'ENABLED']);
  await vault.must('POST', 'secret/undelete/life', { versions: [3] });
  assert.deepEqual(await dataOf('life'), { n: 3 });
  await vault.must('POST', 'secret/delete/life', { versions: [1, '2', 9] });
  await vault.must('PUT', 'secret/destroy/life', { versions: [1] });
  await vault.must('POST', 'secret/undelete/life', { versions: [1, 2] });
  assert.deepEqual(await states(), ['ENABLED', 'ENABLED', 'DESTROYED']);
  const destroyed = await vault.ask('GET', 'secret/data/life?version=1');
  assert.equal(destroyed.status, 404);
  assert.equal(destroyed.json.data.metadata.destroyed, true);
  assert.deepEqual((await vault.must('GET', 'secret/data/life?version=2')).json.data.data, { n: 2 });
  assert.deepEqual((await vault.ask('GET', 'secret/data/life?version=7')).json, { errors: [] });
  await vault.must('DELETE', 'secret/metadata/life');
  assert.equal((await google('GET', `${SECRETS}/life`)).status, 404);
});

test('a patch merges, and needs a live version', async () => {
  const headers = { 'content-type': 'application/merge-patch+json' };
  const patch = (path: string, data: object, more: object = {}) =>
    vault.ask('PATCH', `secret/data/${path}`, { data, ...more }, { headers });
  assert.equal((await patch('patched', { a: 1 })).status, 404);
  await vault.must('POST', 'secret/data/patched', { data: { a: 1, b: { c: 2 } } });
  assert.equal((await patch('patched', { a: null, b: { d: 3 } })).json.data.version, 2);
  assert.deepEqual(await dataOf('patched'), { b: { c: 2, d: 3 } });
  assert.equal((await patch('patched', { x: 1 }, { options: { cas: 1 } })).status, 400);
  assert.deepEqual((await vault.must('GET', 'secret/subkeys/patched')).json.data.subkeys, { b: { c: null, d: null } });
  const plain = await vault.ask(
    'PATCH',
    'secret/data/patched',
    { data: {} },
    { headers: { 'content-type': 'text/plain' } },
  );
  assert.equal(plain.status, 415);
  await vault.must('DELETE', 'secret/data/patched');
  assert.equal((await patch('patched', { a: 1 })).status, 404);
});

test('metadata: pairs are labels and annotations, settings hide and delete', async () => {
  for (const n of [1, 2, 3]) await vault.must('POST', 'secret/data/meta', { data: { n } });
  const custom_metadata = { owner: 'team-a', 'Free.Text': 'Some Words' };
  await vault.must('POST', 'secret/metadata/meta', { custom_metadata, max_versions: 2, delete_version_after: '1h30m' });
  const secret = (await must(google, 'GET', `${SECRETS}/meta`)).json;
  assert.deepEqual([secret.labels, secret.annotations], [{ owner: 'team-a' }, { 'Free.Text': 'Some Words' }]);
  const { data } = (await vault.must('GET', 'secret/metadata/meta')).json;
  assert.deepEqual(data.custom_metadata, custom_metadata);
  assert.equal(data.delete_version_after, '1h30m0s');
  assert.equal(data.oldest_version, 2);
  assert.deepEqual(Object.keys(data.versions), ['2', '3']);
  assert.equal((await vault.ask('GET', 'secret/data/meta?version=1')).status, 404);
  assert.equal(String(await byGoogle('meta')), '{"n":3}');
  assert.equal((await must(google, 'GET', `${SECRETS}/meta/versions/1:access`)).status, 200, 'hidden, not destroyed');
  const { metadata } = (await vault.must('POST', 'secret/data/meta', { data: {} })).json.data ?? {};
  assert.equal(metadata, undefined);
  const due = (await vault.must('GET', 'secret/metadata/meta')).json.data.versions['4'];
  assert.equal(Date.parse(due.deletion_time) - Date.parse(due.created_time), 5_400_000);
  const headers = { 'content-type': 'application/merge-patch+json' };
  await vault.must('PATCH', 'secret/metadata/meta', { custom_metadata: { owner: null, x: 'y' } }, { headers });
  const after = (await vault.must('GET', 'secret/metadata/meta')).json.data.custom_metadata;
  assert.deepEqual(after, { 'Free.Text': 'Some Words', x: 'y' });
});

test('lists show folders, sorted, and nothing is a 404', async () => {
  for (const path of ['ls/b', 'ls/a/x', 'ls/a/y', 'ls/a', 'ls--c']) {
    await vault.must('POST', `secret/data/${path}`, { data: {} });
  }
  assert.deepEqual((await vault.must('LIST', 'secret/metadata/ls')).json.data.keys, ['a', 'a/', 'b']);
  assert.deepEqual((await vault.must('LIST', 'secret/metadata/ls/a/')).json.data.keys, ['x', 'y']);
  assert.deepEqual((await vault.ask('LIST', 'secret/metadata/none')).json, { errors: [] });
  const wrong = await vault.ask('GET', 'secret/ls/b');
  assert.equal(wrong.status, 404);
  assert.match(wrong.json.warnings[0], /vault kv get/);
});

test('a mount of version 1 keeps one value, its digits and any path; no other dialect sees it', async () => {
  await vault.must('POST', 'sys/mounts/kv1', { type: 'kv' });
  const body = '{"n":12345678901234567890,"ttl":"1h"}';
  const paths = ['a', 'http:/test.com', 'a--b', 'a/b', 'sp ace', 'x//y'];
  for (const path of paths) await vault.ask('PUT', `kv1/${encodeURI(path)}`, body);
  const read = await vault.must('GET', 'kv1/a');
  assert.match(read.text, /12345678901234567890/);
  assert.equal(read.json.lease_duration, 3600);
  assert.equal(read.json.lease_id, '');
  assert.deepEqual((await vault.must('LIST', 'kv1/')).json.data.keys, ['a', 'a--b', 'a/', 'http:/', 'sp ace', 'x/']);
  await vault.ask('PUT', 'kv1/a', { only: 'this' });
  const again = (await vault.must('GET', 'kv1/a')).json;
  assert.deepEqual([again.data, again.lease_duration], [{ only: 'this' }, 2_764_800]);
  const names = (await must(google, 'GET', SECRETS)).json.secrets.map((each: { name: string }) => each.name);
  assert.ok(!names.some((name: string) => /kv1|sp/.test(name)));
  await vault.must('DELETE', 'kv1/a');
  assert.equal((await vault.ask('GET', 'kv1/a')).status, 404);
  assert.equal((await vault.ask('PUT', 'kv1/empty', {})).status, 400);
});

test('a mount of version 1 becomes one of version 2, moves, and is gone with all it held', async () => {
  await vault.must('POST', 'sys/mounts/grow', { type: 'kv', options: { version: '1' } });
  await vault.must('PUT', 'grow/a', { x: 1 });
  const tuned = await vault.must('POST', 'sys/mounts/grow/tune', { options: { version: '2' } });
  assert.match(tuned.json.warnings[0], /Upgrading/);
  assert.deepEqual((await vault.must('GET', 'grow/data/a')).json.data.data, { x: 1 });
  await vault.must('POST', 'sys/remount', { from: 'grow', to: 'deep/er' });
  assert.deepEqual((await vault.must('GET', 'deep/er/data/a')).json.data.data, { x: 1 });
  assert.equal((await vault.ask('GET', 'grow/data/a')).status, 404);
  await vault.must('DELETE', 'sys/mounts/deep/er');
  await vault.must('POST', 'sys/mounts/deep/er', { type: 'kv-v2' });
  assert.equal((await vault.ask('GET', 'deep/er/data/a')).status, 404);
});

test('taking secret/ away deletes no secret of the project', async () => {
  await vault.must('POST', 'secret/data/stays', { data: { a: 1 } });
  await vault.must('DELETE', 'sys/mounts/secret');
  assert.equal((await vault.ask('GET', 'secret/data/stays')).status, 404);
  assert.equal(String(await byGoogle('stays')), '{"a":1}');
  await vault.must('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } });
  assert.deepEqual(await dataOf('stays'), { a: 1 });
});

test('the settings of a mount hold for its secrets', async () => {
  await vault.must('POST', 'sys/mounts/set', { type: 'kv-v2' });
  await vault.must('POST', 'set/config', { max_versions: 1, cas_required: true, delete_version_after: '90s' });
  assert.deepEqual((await vault.must('GET', 'set/config')).json.data, {
    cas_required: true,
    delete_version_after: '1m30s',
    max_versions: 1,
  });
  assert.equal((await vault.ask('POST', 'set/data/a', { data: {} })).status, 400);
  await vault.must('POST', 'set/data/a', { data: { a: 1 }, options: { cas: 0 } });
  await vault.must('POST', 'set/data/a', { data: { a: 2 }, options: { cas: 1 } });
  assert.equal((await vault.ask('GET', 'set/data/a?version=1')).status, 404);
});
