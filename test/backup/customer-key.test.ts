// A secret under a customer's key through a backup: the restored server opens it as long as that key may be used, and
// not where the key was disabled before the backup or is after.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiOf, must, ownerToken } from '../support/api.ts';
import { type SigningKey, signed } from '../support/aws-sign.ts';
import { coffer } from '../support/coffer.ts';
import { type RunningServer, scratch, startServer } from '../support/start.ts';
import { ask } from '../support/wire.ts';

const EMAIL = 'wrapper@default.iam.gserviceaccount.com';
const token = (name: string) => name.padEnd(32, '0');

// biome-ignore lint/suspicious/noExplicitAny: JSON of any answer
async function aws(server: RunningServer, key: SigningKey, operation: string, input: object): Promise<any> {
  const { host, port } = new URL(server.address);
  const isKms = operation.startsWith('TrentService.');
  const target = isKms ? operation : `secretsmanager.${operation}`;
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
  const body = JSON.stringify(input);
  const service = isKms ? 'kms' : 'secretsmanager';
  const options = {
    method: 'POST',
    path: '/',
    headers: signed(key, { host, headers, body, service, time: Date.now() }),
  };
  return JSON.parse((await ask(Number(port), { ...options, body })).body || '{}');
}

/** An account that may use and manage keys, and its access key. */
async function makeKey(server: RunningServer): Promise<SigningKey> {
  const owner = apiOf(server, ownerToken(server));
  await must(owner, 'POST', '/v1/projects/default/serviceAccounts', { accountId: 'wrapper' });
  const members = [`serviceAccount:${EMAIL}`];
  const roles = ['roles/secretmanager.admin', 'roles/coffer.keyAdmin', 'roles/coffer.keyEncrypter'];
  const bindings = [
    { role: 'roles/owner', members: ['user:owner@coffer.internal'] },
    ...roles.map((role) => ({ role, members })),
  ];
  await must(owner, 'POST', '/v3/projects/default:setIamPolicy', { policy: { bindings } });
  const made = (await must(owner, 'POST', '/coffer/v1/accountKeys:createAws', { serviceAccount: EMAIL })).json;
  return { id: made.accessKeyId, secret: made.secretAccessKey };
}

test('what a customer key wraps is restored, and stays as closed as the key is', async (context) => {
  const server = await startServer({ args: ['--workers=0'] });
  context.after(() => server.kill());
  const key = await makeKey(server);
  const call = (operation: string, input: object) => aws(server, key, operation, input);
  for (const name of ['open', 'closed']) {
    const { KeyId } = (await call('TrentService.CreateKey', {})).KeyMetadata;
    await call('TrentService.CreateAlias', { AliasName: `alias/${name}`, TargetKeyId: KeyId });
    const value = { ClientRequestToken: token(name), SecretString: `canary-${name}`, KmsKeyId: `alias/${name}` };
    assert.ok((await call('CreateSecret', { Name: name, ...value })).ARN);
    if (name === 'closed') await call('TrentService.DisableKey', { KeyId });
  }
  const done = await coffer(['backup', 'create', '--out=b'], { env: server.env, cwd: server.root });
  assert.equal(done.code, 0, done.stderr);
  // What became of the key later is not what the copy says.
  await call('TrentService.DisableKey', { KeyId: (await describe(call, 'open')).KeyId });
  await server.stop();

  const root = mkdtempSync(join(scratch(), 'elsewhere-'));
  cpSync(`${server.data}.key`, join(root, 'data.key'));
  const from = join(server.root, 'b');
  const restored = await coffer(['backup', 'restore', `--from=${from}`, '--data=data'], { cwd: root });
  assert.equal(restored.code, 0, restored.stderr);
  const there = await startServer({ root, args: ['--workers=0'] });
  context.after(() => there.kill());
  const again = (operation: string, input: object) => aws(there, key, operation, input);
  const owner = apiOf(there, ownerToken(there));
  const google = (name: string) => owner('GET', `/v1/projects/default/secrets/${name}/versions/latest:access`);
  const read = async (name: string) => (await again('GetSecretValue', { SecretId: name })).SecretString;
  const fails = async (name: string) => {
    assert.equal((await again('GetSecretValue', { SecretId: name })).__type, 'DecryptionFailure');
    const answer = await google(name);
    assert.equal(answer.status, 400);
    assert.ok(!answer.text.includes('canary'));
  };

  assert.equal(await read('open'), 'canary-open');
  const { payload } = (await google('open')).json;
  assert.equal(Buffer.from(payload.data, 'base64').toString(), 'canary-open');
  await fails('closed');
  const { KeyId, KeyState } = await describe(again, 'closed');
  assert.equal(KeyState, 'Disabled');
  await again('TrentService.EnableKey', { KeyId });
  assert.equal(await read('closed'), 'canary-closed');
  await again('TrentService.DisableKey', { KeyId: (await describe(again, 'open')).KeyId });
  await fails('open');
  await there.stop();
});

// biome-ignore lint/suspicious/noExplicitAny: JSON of any answer
async function describe(call: (operation: string, input: object) => Promise<any>, name: string): Promise<any> {
  return (await call('TrentService.DescribeKey', { KeyId: `alias/${name}` })).KeyMetadata;
}
