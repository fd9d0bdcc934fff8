// How Vault's API is spoken: who may ask without a token, what bodies and paths are taken, and that no trick with either
// leads anywhere else.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;

before(async () => {
  vault = await openVault();
  await vault.must('POST', 'secret/data/app/a', { data: { a: 1 } });
  await vault.policy(
    'app',
    'path "secret/data/app/*" { capabilities = ["read"] }\npath "secret/metadata/app/*" { capabilities = ["list"] }',
  );
});

after(() => vault.server.stop());

const ENVELOPE = ['request_id', 'lease_id', 'renewable', 'lease_duration', 'data', 'wrap_info', 'warnings', 'auth'];

test('whoever has no token learns that the server is there', async () => {
  const open = { token: '' };
  const health = await vault.must('GET', 'sys/health?standbyok=true', undefined, open);
  assert.deepEqual(
    [health.json.initialized, health.json.sealed, health.json.performance_standby],
    [true, false, false],
  );
  assert.equal((await vault.must('HEAD', 'sys/health', undefined, open)).text, '');
  assert.equal((await vault.ask('GET', 'sys/health?activecode=299', undefined, open)).status, 299);
  assert.equal((await vault.ask('GET', 'sys/health?activecode=99', undefined, open)).status, 400);
  assert.equal((await vault.must('GET', 'sys/seal-status', undefined, open)).json.sealed, false);
  assert.equal((await vault.must('GET', 'sys/leader', undefined, open)).json.ha_enabled, false);
  assert.deepEqual((await vault.must('GET', 'sys/init', undefined, open)).json, { initialized: true });
  assert.equal((await vault.ask('PUT', 'sys/init', { secret_shares: 1, secret_threshold: 1 }, open)).status, 400);
  assert.equal((await vault.must('PUT', 'sys/unseal', { key: 'x' }, open)).json.sealed, false);
  assert.equal((await vault.ask('PUT', 'sys/unseal', { reset: true }, open)).status, 400);
  const shown = await vault.must('GET', 'sys/internal/ui/mounts', undefined, open);
  assert.deepEqual(shown.json.data, { auth: {}, secret: {} });
});

test('an answer has all members of the envelope, and its headers', async () => {
  const answer = await vault.must('GET', 'secret/data/app/a');
  assert.deepEqual(Object.keys(answer.json).sort(), [...ENVELOPE].sort());
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['content-type'], 'application/json');
  const mounts = (await vault.must('GET', 'sys/mounts')).json;
  assert.deepEqual(mounts['secret/'], mounts.data['secret/']);
  assert.equal((await vault.must('PUT', 'sys/policy/x', { policy: 'path "x" { policy = "read" }' })).status, 204);
});

test('the body is JSON whatever its type, or a form; what is neither is refused without being quoted', async () => {
  const type = (value: string) => ({ headers: { 'content-type': value } });
  const put = (body: string, value = 'text/plain') => vault.ask('POST', 'secret/data/body', body, type(value));
  assert.equal((await put('{"data":{"a":1}}', 'application/x-www-form-urlencoded')).status, 200);
  assert.equal(
    (await vault.ask('POST', 'auth/token/create', 'ttl=1h', type('application/x-www-form-urlencoded'))).status,
    200,
  );
  for (const body of ['{"data":', '[1]', '"canary-text"', '{"data":{}}x']) {
    const answer = await put(body);
    assert.equal(answer.status, 400, body);
    assert.match(answer.json.errors[0], /failed to decode JSON input/);
    assert.ok(!answer.text.includes('canary'));
  }
  assert.equal((await vault.ask('POST', 'secret/data/body', '')).status, 400);
});

test('JSON bombs are refused before anything is built of them', async () => {
  const deep = `{"data":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`;
  const wide = `{"data":{${Array.from({ length: 30_000 }, (_, n) => `"k${n}":1`).join()}}}`;
  const list = `{"data":{"a":[${'1,'.repeat(30_000)}1]}}`;
  for (const body of [deep, wide, list]) assert.equal((await vault.ask('POST', 'secret/data/bomb', body)).status, 400);
  assert.equal((await vault.ask('POST', 'secret/data/large', { data: { a: 'x'.repeat(70_000) } })).status, 400);
  assert.equal((await vault.ask('GET', 'secret/data/bomb')).status, 404);
});

test('no spelling of a path gets around a policy', async () => {
  const token = await vault.token(['app']);
  await vault.must('POST', 'secret/data/other', { data: { secret: 'not-yours' } });
  const paths = [
    ...[
      'secret/data/app/../other',
      'secret/data/app/%2e%2e/other',
      'secret/data/app/..%2fother',
      'secret/data/app/./../other',
    ],
    ...[
      'secret/data/app%2f..%2fother',
      'secret/data//other',
      '/secret/data/other',
      'secret/data/other/',
      'secret/data/other;x',
    ],
    ...[
      'SECRET/data/other',
      'secret/DATA/other',
      'secret/data/app\\..\\other',
      'secret/data/app/%00/other',
      'secret/data/%6fther',
    ],
    ...['secret/data/other.', 'secret/data/other%20', 'secret/data/app--a/../../other'],
  ];
  for (const path of paths) {
    const answer = await vault.ask('GET', path, undefined, { token });
    assert.ok(answer.status === 403 || answer.status === 400 || answer.status === 404, `${path}: ${answer.status}`);
    assert.ok(!answer.text.includes('not-yours'), path);
  }
  for (const path of ['secret/data/other?x=/v1/secret/data/app/a', 'secret/data/other?list=auth/token/lookup-self']) {
    assert.equal((await vault.ask('GET', path, undefined, { token })).status, 403, path);
  }
});

test('a list is a list however it is asked for', async () => {
  const token = await vault.token(['app']);
  for (const value of ['true', 'True', 'TRUE', 't', 'T', '1']) {
    const answer = await vault.must('GET', `secret/metadata/app?list=${value}`, undefined, { token });
    assert.deepEqual(answer.json.data.keys, ['a'], value);
  }
  for (const more of ['limit=0', 'limit=-1', 'after=', 'depth=9']) {
    assert.equal(
      (await vault.ask('GET', `secret/metadata/?list=true&${more}`, undefined, { token })).status,
      403,
      more,
    );
  }
  const raw = await new Promise<string>((resolve) => {
    const { hostname, port } = new URL(vault.server.address);
    const socket = net.connect(Number(port), hostname);
    let got = '';
    socket.on('data', (chunk) => {
      got += String(chunk);
    });
    socket.on('close', () => resolve(got));
    socket.end(
      `LIST /v1/secret/metadata/app HTTP/1.1\r\nhost: x\r\nx-vault-token: ${token}\r\nconnection: close\r\n\r\n`,
    );
  });
  assert.match(raw, /"keys":\["a"\]/);
});

test('methods and types that a path does not take', async () => {
  assert.equal((await vault.ask('OPTIONS', 'sys/mounts')).status, 405);
  assert.equal((await vault.ask('HEAD', 'secret/data/app/a')).status, 405);
  assert.equal((await vault.ask('DELETE', 'sys/capabilities-self')).status, 405);
  assert.equal((await vault.ask('PATCH', 'secret/data/app/a', '{}')).status, 415);
  assert.equal((await vault.ask('PUT', 'sys/health')).status, 405);
});

test('help tells what a path is for, to whoever has a token', async () => {
  assert.match((await vault.must('GET', 'sys/mounts?help=1')).json.help, /List/);
  assert.equal((await vault.ask('GET', 'sys/mounts?help=1', undefined, { token: '' })).status, 403);
});

test('mounts: busy, reserved and climbing paths, unknown engines', async () => {
  const mount = async (path: string, type = 'kv') =>
    (await vault.ask('POST', `sys/mounts/${path}`, { type })).json?.errors?.[0];
  assert.equal(await mount('secret'), 'path is already in use at secret/');
  assert.equal(await mount('secret/deeper'), 'path is already in use at secret/');
  assert.equal(await mount('fresh', 'no-such'), 'plugin not found in the catalog: no-such');
  for (const path of ['sys', 'auth/x', 'cubbyhole', 'identity', 'sys/x', 'a/%2e%2e/b', 'a%20b', '+', 'a*']) {
    assert.ok((await mount(path)) !== undefined, path);
  }
  assert.equal((await vault.ask('DELETE', 'sys/mounts/none')).status, 204);
  assert.equal((await vault.ask('DELETE', 'sys/mounts/sys')).status, 400);
  const token = await vault.token(['app']);
  const preflight = await vault.must('GET', 'sys/internal/ui/mounts/secret/app/deep', undefined, { token });
  assert.deepEqual([preflight.json.data.path, preflight.json.data.options], ['secret/', { version: '2' }]);
  const denied = await vault.token(['x']);
  assert.equal((await vault.ask('GET', 'sys/internal/ui/mounts/secret/app', undefined, { token: denied })).status, 403);
  assert.equal((await vault.ask('GET', 'sys/internal/ui/mounts/nowhere')).status, 403);
});
