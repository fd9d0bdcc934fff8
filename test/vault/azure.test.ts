// One secret through three APIs of one server: Vault's, Azure's and Google's read what each of the others wrote, and an
// account's one binding is what counts in all of them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Api, apiOf, must } from '../support/api.ts';
import { openVault, type VaultClient } from './fixture.ts';

const SECRETS = '/v1/projects/default/secrets';
const ACCOUNT = 'three-ways@default.iam.gserviceaccount.com';

let vault: VaultClient;
let google: Api;
/** The account by Azure's API, with a token for vaults alone, and by Google's. */
let azure: Api;
let account: Api;

before(async () => {
  vault = await openVault();
  google = apiOf(vault.server, vault.root);
  await must(google, 'POST', '/v1/projects/default/serviceAccounts', { accountId: 'three-ways' });
  const bindings = [{ role: 'Key Vault Secrets Officer', members: [`serviceAccount:${ACCOUNT}`] }];
  await must(google, 'POST', '/v3/projects/default:setIamPolicy', { policy: { bindings } });
  const made = await must(google, 'POST', '/coffer/v1/tokens:generate', { serviceAccount: ACCOUNT });
  account = apiOf(vault.server, made.json.accessToken);
  const narrowed = await must(account, 'POST', '/coffer/v1/tokens:narrow', { audience: 'https://vault.azure.net' });
  azure = apiOf(vault.server, narrowed.json.accessToken);
});

after(() => vault.server.stop());

const byGoogle = async (name: string, api = google): Promise<string> => {
  const answer = await must(api, 'GET', `${SECRETS}/${name}/versions/latest:access`);
  return Buffer.from(answer.json.payload.data, 'base64').toString();
};
const byAzure = async (name: string) => (await must(azure, 'GET', `/secrets/${name}?api-version=7.6`)).json;
const byVault = async (name: string) => (await vault.must('GET', `secret/data/${name}`)).json.data.data;

test('what Vault writes, Azure and Google read', async () => {
  await vault.must('POST', 'secret/data/DB_URL', { data: { user: 'a', port: 1 } });
  assert.equal((await byAzure('DB-URL')).value, '{"user":"a","port":1}');
  assert.equal(await byGoogle('DB_URL'), '{"user":"a","port":1}');
});

test('what Azure writes, Vault and Google read, also over what Vault wrote', async () => {
  const set = (name: string, value: string) => must(azure, 'PUT', `/secrets/${name}?api-version=7.6`, { value });
  await set('by-azure', 'plain');
  assert.deepEqual(await byVault('by-azure'), { value: 'plain' });
  assert.equal(await byGoogle('by-azure'), 'plain');
  await vault.must('POST', 'secret/data/MIXED_NAME', { data: { n: 1 } });
  await set('mixed-name', '{"n":2}');
  assert.deepEqual(await byVault('MIXED_NAME'), { n: 2 });
  assert.equal(await byGoogle('MIXED_NAME'), '{"n":2}');
});

test('what Google writes, both read, and what one disables no other gives out', async () => {
  await must(google, 'POST', `${SECRETS}?secretId=by_google`, { replication: { automatic: {} } });
  await must(google, 'POST', `${SECRETS}/by_google:addVersion`, { payload: { data: btoa('seen') } });
  assert.equal((await byAzure('by-google')).value, 'seen');
  assert.deepEqual(await byVault('by_google'), { value: 'seen' });
  await must(azure, 'PATCH', '/secrets/by-google?api-version=7.6', { attributes: { enabled: false } });
  assert.equal((await google('GET', `${SECRETS}/by_google/versions/1:access`)).status, 400);
  assert.equal((await vault.ask('GET', 'secret/data/by_google')).status, 404);
});

test('what one API gives out as a credential is none at another', async () => {
  const made = await vault.must('POST', 'auth/token/create', { policies: ['root'] });
  const root = apiOf(vault.server, made.json.auth.client_token);
  await vault.must('POST', 'secret/data/kept', { data: { a: 'b' } });
  const paths = [`${SECRETS}/kept/versions/1:access`, '/coffer/v1/audit', '/secrets/kept?api-version=7.6'];
  for (const path of paths) assert.equal((await root('GET', path)).status, 401, `Vault's at ${path}`);
  const narrowed = await root('POST', '/coffer/v1/tokens:narrow', { audience: 'https://vault.azure.net' });
  assert.equal(narrowed.status, 401);
  for (const path of paths.slice(0, 2)) assert.equal((await azure('GET', path)).status, 401, `Azure's at ${path}`);
  for (const path of ['secret/data/kept', 'auth/token/lookup-self']) {
    assert.equal((await vault.ask('GET', path, undefined, { token: azure.token })).status, 403, `Azure's at ${path}`);
  }
  // An account has Vault's default policy and what IAM grants it: no policy to write, no token of another.
  const asked = { token: account.token };
  for (const policies of [['root'], ['default']]) {
    assert.equal((await vault.ask('POST', 'auth/token/create', { policies }, asked)).status, 403, String(policies));
  }
  assert.equal((await vault.ask('PUT', 'sys/policies/acl/mine', { policy: 'path "*" {}' }, asked)).status, 403);
});

test('the binding that lets an account in by Azure counts by Google, and its end is the end of both', async () => {
  await vault.must('POST', 'secret/data/ends', { data: { a: 'b' } });
  assert.equal((await byAzure('ends')).value, '{"a":"b"}');
  assert.equal(await byGoogle('ends', account), '{"a":"b"}');
  await must(google, 'POST', '/v3/projects/default:setIamPolicy', { policy: { bindings: [] } });
  assert.equal((await azure('GET', '/secrets/ends?api-version=7.6')).status, 403);
  assert.equal((await account('GET', `${SECRETS}/ends/versions/latest:access`)).status, 403);
});
