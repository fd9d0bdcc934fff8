// One server from sources, and a real request to each API it speaks, all of the same secret: what a change to a part that
// they share has broken is seen by `make check`, before anything that takes minutes.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import {
  AccessSecretVersionRequestSchema,
  AccessSecretVersionResponseSchema,
} from '../gen/google/cloud/secretmanager/v1/service_pb.js';
import { type Api, apiOf, auditRecords, must, ownerToken } from './support/api.ts';
import { signed } from './support/aws-sign.ts';
import { type RunningServer, startServer } from './support/start.ts';
import { ask } from './support/wire.ts';

const VALUE = '{"user":"app","password":"smoke-4f1c"}';
const EMAIL = 'smoke-app@default.iam.gserviceaccount.com';
const METHOD = '/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion';
const VERSION = 'projects/default/secrets/smoke/versions/1';

let server: RunningServer;
let port: number;
let owner: Api;

before(async () => {
  server = await startServer({ args: ['--workers=1'] });
  port = Number(new URL(server.address).port);
  owner = apiOf(server, ownerToken(server));
  await must(owner, 'POST', '/v1/projects/default/secrets?secretId=smoke', { replication: { automatic: {} } });
  const data = Buffer.from(VALUE).toString('base64');
  await must(owner, 'POST', '/v1/projects/default/secrets/smoke:addVersion', { payload: { data } });
  await must(owner, 'POST', '/v1/projects/default/serviceAccounts', { accountId: 'smoke-app' });
  const bindings = [
    { role: 'roles/owner', members: ['user:owner@coffer.internal'] },
    { role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${EMAIL}`] },
  ];
  await must(owner, 'POST', '/v3/projects/default:setIamPolicy', { policy: { bindings } });
});

after(() => server.stop());

test('Google over REST', async () => {
  const { payload } = (await must(owner, 'GET', `/v1/${VERSION}:access`)).json;
  assert.equal(Buffer.from(payload.data, 'base64').toString(), VALUE);
});

test('Google over gRPC', async () => {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${owner.token}`);
  const request = Buffer.from(
    toBinary(AccessSecretVersionRequestSchema, create(AccessSecretVersionRequestSchema, { name: VERSION })),
  );
  const same = (bytes: Buffer) => bytes;
  const answer = await new Promise<Buffer>((resolve, reject) => {
    client.makeUnaryRequest(METHOD, same, same, request, metadata, { deadline: Date.now() + 20_000 }, (error, bytes) =>
      error === null && bytes !== undefined ? resolve(bytes) : reject(error),
    );
  }).finally(() => client.close());
  const { payload } = fromBinary(AccessSecretVersionResponseSchema, answer);
  assert.equal(Buffer.from(payload?.data ?? []).toString(), VALUE);
});

test('AWS, signed', async () => {
  await must(owner, 'POST', '/coffer/v1/projects:setAwsAccount', { project: 'default', awsAccountId: '123456789012' });
  const made = (await must(owner, 'POST', '/coffer/v1/accountKeys:createAws', { serviceAccount: EMAIL })).json;
  const body = JSON.stringify({ SecretId: 'smoke' });
  const headers = signed(
    { id: made.accessKeyId, secret: made.secretAccessKey },
    {
      host: `127.0.0.1:${port}`,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' },
      body,
      time: Date.now(),
    },
  );
  const answer = await ask(port, { method: 'POST', path: '/', headers, body });
  assert.equal(answer.status, 200, answer.body);
  assert.equal(JSON.parse(answer.body).SecretString, VALUE);
});

test('Azure, with a token of the authority', async () => {
  const host = 'default.vault.azure.net';
  const path = '/secrets/smoke?api-version=2026-04-01';
  const challenge = await ask(port, { path, headers: { host } });
  assert.equal(challenge.status, 401, challenge.body);
  const [, tenant] =
    /authorization="https:\/\/[^/]+\/([^"/]+)/.exec(String(challenge.headers['www-authenticate'])) ?? [];
  const { accessToken } = (await must(owner, 'POST', '/coffer/v1/tokens:generate', { serviceAccount: EMAIL })).json;
  const audience = { audience: 'https://vault.azure.net' };
  const narrow = await must(apiOf(server, accessToken), 'POST', '/coffer/v1/tokens:narrow', audience);
  const headers = { host, authorization: `Bearer ${narrow.json.accessToken}` };
  const answer = await ask(port, { path, headers });
  assert.equal(answer.status, 200, answer.body);
  assert.equal(JSON.parse(answer.body).value, VALUE);
  const known = await ask(port, { path: `/${tenant}/v2.0/.well-known/openid-configuration` });
  assert.ok(JSON.parse(known.body).issuer.includes(tenant), known.body);
});

async function vault(method: string, path: string, body?: object) {
  const sent = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'x-vault-token': owner.token, 'content-length': Buffer.byteLength(sent) };
  const answer = await ask(port, { method, path: `/v1/${path}`, headers, body: sent });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.body}`);
  return answer.body === '' ? undefined : JSON.parse(answer.body).data;
}

test('Vault: kv', async () => {
  assert.deepEqual((await vault('GET', 'secret/data/smoke')).data, JSON.parse(VALUE));
});

test('Vault: transit', async () => {
  await vault('POST', 'sys/mounts/transit', { type: 'transit' });
  await vault('POST', 'transit/keys/smoke');
  const plaintext = Buffer.from(VALUE).toString('base64');
  const { ciphertext } = await vault('POST', 'transit/encrypt/smoke', { plaintext });
  assert.match(ciphertext, /^vault:v1:/);
  assert.equal((await vault('POST', 'transit/decrypt/smoke', { ciphertext })).plaintext, plaintext);
});

test('Coffer, whose audit log has a read by each of them', async () => {
  const records = (await auditRecords(owner)).filter(({ operation }) => operation === 'versions.access');
  const dialects = records.filter(({ outcome }) => outcome === 'allowed').map(({ dialect }) => dialect);
  assert.deepEqual(dialects, ['gcp', 'gcp', 'aws', 'azure', 'vault']);
});
