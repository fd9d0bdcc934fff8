// One secret through four APIs of one server: what AWS's writes, Vault's, Azure's and Google's read, and back; labels as
// roles, deletion as one state, tags as labels and annotations.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Api, apiOf, must } from '../support/api.ts';
import { type SigningKey, signed } from '../support/aws-sign.ts';
import { openVault, type VaultClient } from '../vault/fixture.ts';

const SECRETS = '/v1/projects/default/secrets';
const ACCOUNT = 'four-ways@default.iam.gserviceaccount.com';

// biome-ignore lint/suspicious/noExplicitAny: JSON of any answer
type Json = any;

let vault: VaultClient;
let google: Api;
let azure: Api;
let key: SigningKey;

before(async () => {
  vault = await openVault();
  google = apiOf(vault.server, vault.root);
  await must(google, 'POST', '/v1/projects/default/serviceAccounts', { accountId: 'four-ways' });
  const members = [`serviceAccount:${ACCOUNT}`];
  const roles = ['Key Vault Secrets Officer', 'roles/secretmanager.admin'];
  const bindings = roles.map((role) => ({ role, members }));
  await must(google, 'POST', '/v3/projects/default:setIamPolicy', { policy: { bindings } });
  const made = await must(google, 'POST', '/coffer/v1/tokens:generate', { serviceAccount: ACCOUNT });
  const account = apiOf(vault.server, made.json.accessToken);
  const narrowed = await must(account, 'POST', '/coffer/v1/tokens:narrow', { audience: 'https://vault.azure.net' });
  azure = apiOf(vault.server, narrowed.json.accessToken);
  const pair = await must(google, 'POST', '/coffer/v1/accountKeys:createAws', { serviceAccount: ACCOUNT });
  key = { id: pair.json.accessKeyId, secret: pair.json.secretAccessKey };
});

after(() => vault.server.stop());

async function aws(operation: string, input: object): Promise<Json> {
  const body = JSON.stringify(input);
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `secretsmanager.${operation}` };
  const { address } = vault.server;
  const all = signed(key, { host: new URL(address).host, headers, body, time: Date.now() });
  return (await fetch(address, { method: 'POST', headers: all, body })).json();
}

const put = (id: object, value: string, token: string) =>
  aws('Name' in id ? 'CreateSecret' : 'PutSecretValue', {
    ...id,
    SecretString: value,
    ClientRequestToken: token.padEnd(32, '0'),
  });
const byAws = async (SecretId: string, more: object = {}) =>
  (await aws('GetSecretValue', { SecretId, ...more })).SecretString;
const byGoogle = async (name: string, version = 'latest') => {
  const { json } = await must(google, 'GET', `${SECRETS}/${name}/versions/${version}:access`);
  return Buffer.from(json.payload.data, 'base64').toString();
};
const byAzure = async (name: string) => (await must(azure, 'GET', `/secrets/${name}?api-version=7.6`)).json;
const byVault = async (name: string) => (await vault.must('GET', `secret/data/${name}`)).json.data.data;

test('what AWS writes is fields for Vault and the same bytes for Google and Azure', async () => {
  await put({ Name: 'prod/db' }, '{"user":"a","port":1}', 'one');
  assert.deepEqual(await byVault('prod/db'), { user: 'a', port: 1 });
  assert.equal(await byGoogle('prod--db'), '{"user":"a","port":1}');
  assert.equal((await byAzure('prod--db')).value, '{"user":"a","port":1}');
  const SecretBinary = Buffer.of(0xff, 0).toString('base64');
  await aws('CreateSecret', { Name: 'bytes', SecretBinary, ClientRequestToken: 'b'.repeat(32) });
  assert.deepEqual(await byVault('bytes'), { value: SecretBinary, encoding: 'base64' });
  assert.deepEqual(
    [(await byAzure('bytes')).value, (await byAzure('bytes')).contentType],
    [SecretBinary, 'application/octet-stream'],
  );
});

test('what each of them writes over it, AWS reads, with a version of its own', async () => {
  await put({ Name: 'shared' }, 'one', 'one');
  await vault.must('POST', 'secret/data/shared', { data: { value: 'two' } });
  assert.equal(await byAws('shared'), 'two');
  await must(azure, 'PUT', '/secrets/shared?api-version=7.6', { value: 'three' });
  assert.equal(await byAws('shared'), 'three');
  await must(google, 'POST', `${SECRETS}/shared:addVersion`, { payload: { data: btoa('four') } });
  const { SecretString, VersionId, VersionStages } = await aws('GetSecretValue', { SecretId: 'shared' });
  assert.deepEqual([SecretString, VersionStages], ['four', ['AWSCURRENT']]);
  assert.match(VersionId, /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(await byAws('shared', { VersionId }), 'four');
  assert.equal(await byAws('shared', { VersionStage: 'AWSPREVIOUS' }), 'three');
  assert.equal(await byAws('shared', { VersionId: 'one'.padEnd(32, '0') }), 'one');
});

test('a label is a role or an alias, and moving it moves what the others read', async () => {
  await put({ Name: 'rolled' }, 'one', 'one');
  await put({ SecretId: 'rolled', VersionStages: ['AWSPENDING', 'blue'] }, 'two', 'two');
  assert.deepEqual(
    [await byGoogle('rolled'), await byGoogle('rolled', 'blue'), await byGoogle('rolled', '2')],
    ['one', 'two', 'two'],
  );
  const [RemoveFromVersionId, MoveToVersionId] = ['one', 'two'].map((name) => name.padEnd(32, '0'));
  await aws('UpdateSecretVersionStage', {
    SecretId: 'rolled',
    VersionStage: 'AWSCURRENT',
    RemoveFromVersionId,
    MoveToVersionId,
  });
  assert.deepEqual([await byGoogle('rolled'), await byVault('rolled')], ['two', { value: 'two' }]);
  assert.equal((await byAzure('rolled')).value, 'two');
  await must(google, 'POST', '/coffer/v1/secrets:rollback', { project: 'default', secret: 'rolled' });
  assert.deepEqual([await byAws('rolled'), await byAws('rolled', { VersionStage: 'AWSPREVIOUS' })], ['one', 'two']);
});

test('a deletion with a window is one state for all, and either undoes it', async () => {
  await put({ Name: 'leaving' }, 'one', 'one');
  await aws('DeleteSecret', { SecretId: 'leaving' });
  assert.equal((await google('GET', `${SECRETS}/leaving`)).status, 404);
  assert.equal((await vault.ask('GET', 'secret/data/leaving')).status, 404);
  assert.equal((await google('POST', `${SECRETS}?secretId=leaving`, { replication: { automatic: {} } })).status, 409);
  await must(azure, 'POST', '/deletedsecrets/leaving/recover?api-version=7.6');
  assert.equal(await byAws('leaving'), 'one');
  await must(azure, 'DELETE', '/secrets/leaving?api-version=7.6');
  assert.match((await aws('GetSecretValue', { SecretId: 'leaving' })).Message, /marked for deletion/);
  await aws('RestoreSecret', { SecretId: 'leaving' });
  assert.equal((await byAzure('leaving')).value, 'one');
});

test('tags are labels and annotations, and what another API reads and writes back it keeps', async () => {
  const Tags = [
    { Key: 'env', Value: 'prod' },
    { Key: 'cost center:main', Value: 'A 1' },
  ];
  await aws('CreateSecret', { Name: 'tagged', Tags, ClientRequestToken: 't'.repeat(32) });
  const { json } = await must(google, 'GET', `${SECRETS}/tagged`);
  assert.deepEqual([json.labels, json.annotations], [{ env: 'prod' }, { 'cost center:main': 'A 1' }]);
  const annotations = { ...json.annotations, more: 'x' };
  await must(google, 'PATCH', `${SECRETS}/tagged?updateMask=annotations`, { annotations });
  const told = (await aws('DescribeSecret', { SecretId: 'tagged' })).Tags;
  const pairs = told.map(({ Key, Value }: Json) => `${Key}=${Value}`).sort();
  assert.deepEqual(pairs, ['cost center:main=A 1', 'env=prod', 'more=x']);
  assert.deepEqual((await vault.must('GET', 'secret/metadata/tagged')).json.data.custom_metadata, {
    'cost center:main': 'A 1',
    env: 'prod',
    more: 'x',
  });
});

test('a name that a dialect cannot spell is left out of its lists', async () => {
  for (const name of ['/led', 'at@sign', 'x'.repeat(300)]) await put({ Name: name }, 'one', 'one');
  const { json } = await must(google, 'GET', `${SECRETS}?pageSize=1000`);
  const names = json.secrets.map(({ name }: Json) => name.slice(name.lastIndexOf('/') + 1));
  assert.deepEqual(
    names.filter((name: string) => /^at|^xxx/.test(name)),
    [],
  );
  const { keys } = (await vault.must('LIST', 'secret/metadata')).json.data;
  assert.deepEqual(
    keys.filter((each: string) => each.startsWith('/')),
    [],
  );
  assert.ok(keys.includes('at@sign'));
  assert.equal(await byAws('/led'), 'one');
});
