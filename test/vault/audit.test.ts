// Audit devices: a line for each request and each answer, whole and private, without a secret; a request that no device
// takes is refused; and a file that could be read as a program, or that somebody else has a hand in, is none.

import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { apiOf, must } from '../support/api.ts';
import { scratch } from '../support/start.ts';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;
let folder: string;
let file: string;
const SECRET = 'canary-3f9a1c';

before(async () => {
  vault = await openVault({ args: ['--workers=2'] });
  folder = scratch();
  file = join(folder, 'vault.log');
});

after(() => vault.server.stop());

const enable = (path: string, options: object, asked = {}, type = 'file') =>
  vault.ask('PUT', `sys/audit/${path}`, { type, description: 'd', options }, asked);
// biome-ignore lint/suspicious/noExplicitAny: lines of any shape, asserted on by the test
const lines = (of = file): any[] =>
  readFileSync(of, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const hashOf = async (input: string) => (await vault.must('POST', 'sys/audit-hash/main', { input })).json.hash;

test('a device is enabled, listed and private', async () => {
  assert.deepEqual((await vault.must('GET', 'sys/audit')).json.data, {});
  assert.equal((await enable('main', { file_path: file })).status, 204);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const listed = (await vault.must('GET', 'sys/audit')).json;
  assert.deepEqual(listed['main/'], {
    ...{ path: 'main/', type: 'file', description: 'd', local: false, options: { file_path: file } },
  });
  assert.deepEqual(listed.data['main/'], listed['main/']);
});

test('each request and each answer is a line, with every text hashed as the device says', async () => {
  const from = lines().length;
  await vault.must('POST', 'secret/data/app', { data: { password: SECRET, n: 7, list: [SECRET] } });
  await vault.must('GET', 'secret/data/app');
  const [wrote, answered, asked, read] = lines().slice(from);
  assert.deepEqual([wrote.type, answered.type, asked.type, read.type], ['request', 'response', 'request', 'response']);
  const hash = await hashOf(SECRET);
  assert.match(hash, /^hmac-sha256:[0-9a-f]{64}$/);
  assert.deepEqual(wrote.request.data, { data: { password: hash, n: 7, list: [hash] } });
  assert.deepEqual(read.response.data.data, { password: hash, n: 7, list: [hash] });
  assert.deepEqual([wrote.request.path, wrote.request.operation], ['secret/data/app', 'update']);
  assert.deepEqual([read.request.mount_point, read.request.mount_type], ['secret/', 'kv']);
  assert.equal(wrote.request.client_token, await hashOf(vault.root));
  assert.deepEqual([wrote.auth.policies, wrote.request.remote_address], [['root'], '127.0.0.1']);
  assert.equal(wrote.request.id, answered.request.id);
});

test('no token, password or wrapped answer stands in it, and a refusal says so', async () => {
  await vault.must('POST', 'sys/auth/userpass', { type: 'userpass' });
  await vault.must('POST', 'auth/userpass/users/ann', { password: SECRET });
  const { auth } = (await vault.must('POST', 'auth/userpass/login/ann', { password: SECRET }, { token: '' })).json;
  const wrapped = await vault.must('GET', 'secret/data/app', undefined, { headers: { 'x-vault-wrap-ttl': '60' } });
  const { token } = wrapped.json.wrap_info;
  await vault.must('POST', 'sys/wrapping/unwrap', { token });
  assert.equal((await vault.ask('GET', 'secret/data/app', undefined, { token: auth.client_token })).status, 403);
  await vault.ask('GET', `secret/data/app?x=${SECRET}`, undefined, { token: 'hvs.bad' });
  const text = readFileSync(file, 'utf8');
  for (const hidden of [SECRET, auth.client_token, auth.accessor, token, vault.root, 'hvs.bad']) {
    assert.ok(!text.includes(hidden), hidden);
  }
  const login = lines().find(
    ({ type, request }) => type === 'response' && request.path.startsWith('auth/userpass/login'),
  );
  assert.deepEqual(
    [login.response.auth.client_token, login.response.auth.policies],
    [await hashOf(auth.client_token), ['default']],
  );
  assert.equal(login.request.mount_type, 'userpass');
  const denied = lines().filter(({ type, error }) => type === 'response' && error?.includes('permission denied'));
  assert.equal(denied.length, 2);
});

test('threads write whole lines of one file', async () => {
  const from = lines().length;
  await Promise.all(
    Array.from({ length: 100 }, (_, n) => vault.must('POST', `secret/data/many-${n % 9}`, { data: { n } })),
  );
  const ids = lines()
    .slice(from)
    .map(({ type, request }) => `${request.id} ${type}`);
  assert.deepEqual([ids.length, new Set(ids).size], [200, 200]);
});

test('a file that could be anything but a log is refused', async () => {
  const plain = join(folder, 'plain.log');
  writeFileSync(plain, 'key = value\n', { mode: 0o600 });
  const open = join(folder, 'open.log');
  writeFileSync(open, '', { mode: 0o666 });
  const target = join(folder, 'target.log');
  writeFileSync(target, '', { mode: 0o600 });
  symlinkSync(target, join(folder, 'link.log'));
  linkSync(target, join(folder, 'hard.log'));
  mkdirSync(join(folder, 'folder.log'));
  symlinkSync(vault.server.data, join(folder, 'inside'));
  const names = [
    ...[
      'vault.log',
      'stdout',
      'stderr',
      'discard',
      '',
      '/dev/full',
      '/dev/stderr',
      '/proc/self/fd/1',
      '/no/such/a.log',
    ],
    ...[`${folder}/../x.log`, `${folder}//x.log`, `${folder}/.bashrc`, `${folder}/.log`, `${folder}/job.sh`],
    ...[plain, join(folder, 'link.log'), join(folder, 'hard.log'), join(folder, 'folder.log')],
    ...[join(vault.server.data, 'a.log'), join(folder, 'inside/a.log'), `${folder}/a\n.log`, file],
  ];
  for (const name of names) assert.equal((await enable('bad', { file_path: name })).status, 400, name);
  for (const options of [
    { log_raw: 'true' },
    { prefix: '#!/bin/sh' },
    { mode: '0666' },
    { format: 'jsonx' },
    { x: '1' },
  ]) {
    assert.equal((await enable('bad', { file_path: join(folder, 'b.log'), ...options })).status, 400);
  }
  for (const type of ['socket', 'syslog', 'http']) assert.equal((await enable('bad', {}, {}, type)).status, 400);
  assert.equal((await enable('main', { file_path: join(folder, 'other.log') })).status, 400, 'the path is taken');
  assert.deepEqual(Object.keys((await vault.must('GET', 'sys/audit')).json.data), ['main/']);
});

test('who is not the administrator of the server has no say in it', async () => {
  await must(apiOf(vault.server, vault.root), 'POST', '/v3/projects', { projectId: 'tenant-two' });
  await vault.policy('nearly', 'path "sys/audit*" { capabilities = ["create", "update", "read", "delete", "list"] }');
  const options = { file_path: join(folder, 'evil.log') };
  const nearly = { token: await vault.token(['nearly']) };
  assert.equal((await enable('evil', options, nearly)).status, 403);
  assert.equal((await vault.ask('GET', 'sys/audit', undefined, nearly)).status, 403);
  assert.equal((await vault.ask('DELETE', 'sys/audit/main', undefined, nearly)).status, 403);
  const there = { 'x-vault-namespace': 'tenant-two' };
  const tenant = (await vault.must('POST', 'auth/token/create', { policies: ['root'] }, { headers: there })).json.auth;
  const asTenant = { token: tenant.client_token };
  assert.equal((await enable('evil', options, asTenant)).status, 400);
  assert.equal((await vault.ask('DELETE', 'sys/audit/main', undefined, asTenant)).status, 400);
  assert.equal((await vault.ask('PUT', 'sys/seal', {}, asTenant)).status, 400);
  assert.equal((await vault.ask('POST', 'sys/audit-hash/main', { input: SECRET }, asTenant)).status, 400);
  assert.throws(() => statSync(options.file_path));
});

test('while no device takes lines nothing is answered; one that does is enough', async () => {
  const kept = join(folder, 'kept.log');
  const status = async () => (await vault.ask('GET', 'secret/data/app')).status;
  // Each thread looks after its file a second later at most; a connection each, so that both are asked.
  const until = async (holds: () => Promise<boolean>) => {
    for (let inRow = 0, tries = 0; inRow < 20; tries++) {
      inRow = (await holds()) ? inRow + 1 : 0;
      assert.ok(tries < 2000);
      if (inRow === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const answers = (wanted: number) => until(async () => (await status()) === wanted);
  renameSync(file, kept);
  // A file that was moved is made anew. What one thread has noticed, the other still writes to the moved one for a while.
  await until(async () => {
    const keptBytes = statSync(kept).size;
    return (await status()) === 200 && existsSync(file) && statSync(kept).size === keptBytes;
  });
  rmSync(file);
  symlinkSync(kept, file);
  const before = lines(kept).length;
  await answers(500);
  const refused = await vault.ask('POST', 'secret/data/app', { data: { password: 'never kept' } });
  assert.deepEqual([refused.status, /no audit device/.test(refused.text)], [500, true]);
  assert.equal(lines(kept).length, before);
  const google = apiOf(vault.server, vault.root);
  const access = await must(google, 'GET', '/v1/projects/default/secrets/app/versions/latest:access');
  assert.ok(!Buffer.from(access.json.payload.data, 'base64').toString().includes('never kept'));
  rmSync(file);
  await answers(200);
  await vault.must('PUT', 'sys/audit/second', { type: 'file', options: { path: join(folder, 'second.log') } });
  rmSync(file);
  symlinkSync(kept, file);
  await answers(200);
  const [first] = lines(join(folder, 'second.log')).slice(-1);
  assert.equal(first.response.data.data.n, 7);
});

test('a device that was disabled writes nothing more', async () => {
  await vault.must('DELETE', 'sys/audit/main');
  await vault.must('DELETE', 'sys/audit/second');
  assert.equal((await vault.ask('DELETE', 'sys/audit/never')).status, 204);
  const before = lines(join(folder, 'second.log')).length;
  await vault.must('GET', 'secret/data/app');
  assert.equal(lines(join(folder, 'second.log')).length, before);
  const unknown = await vault.ask('POST', 'sys/audit-hash/main', { input: 'x' });
  assert.deepEqual([unknown.status, unknown.json.errors], [400, ['unknown audit backend']]);
});
