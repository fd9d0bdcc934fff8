// The command line of OpenBao, unmodified, as a client: kv, policies, tokens, mounts, auth methods, wrapping. And hvac's
// client, by what its own users write.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { apiOf, must } from '../support/api.ts';
import { execute } from '../support/coffer.ts';
import { scratch } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;
let python: string;

before(async () => {
  python = await pythonVenv(join(import.meta.dirname, 'python/requirements.txt'));
  vault = await openVault();
});

after(() => vault.server.stop());

async function run(program: string, args: readonly string[], { token = vault.root, input = '' } = {}) {
  const env = { ...process.env, VAULT_ADDR: vault.server.address, VAULT_TOKEN: token, HOME: scratch() };
  const result = await execute(program, args, { env, input });
  return { code: result.code, said: `${result.stdout}${result.stderr}`, out: result.stdout };
}

async function bao(...args: readonly string[]): Promise<string> {
  const { code, said, out } = await run(join(dirname(python), 'bao'), args);
  assert.equal(code, 0, `bao ${args.join(' ')}: ${said}`);
  return out;
}
const json = async (...args: readonly string[]) => JSON.parse(await bao(...args));

test('bao kv: written here, read by Google, and back', async () => {
  await bao('kv', 'put', '-mount=secret', 'team/db', 'user=app', 'password=s3cret');
  const google = apiOf(vault.server, vault.root);
  const path = '/v1/projects/default/secrets/team--db';
  const read = await must(google, 'GET', `${path}/versions/latest:access`);
  const kept = JSON.parse(Buffer.from(read.json.payload.data, 'base64').toString());
  assert.deepEqual(kept, { user: 'app', password: 's3cret' });
  await must(google, 'POST', `${path}:addVersion`, { payload: { data: Buffer.from('plain').toString('base64') } });
  assert.equal((await bao('kv', 'get', '-field=value', 'secret/team/db')).trim(), 'plain');
  assert.equal((await bao('kv', 'get', '-version=1', '-field=user', 'secret/team/db')).trim(), 'app');
  await bao('kv', 'patch', 'secret/team/db', 'more=1');
  await bao('kv', 'metadata', 'put', '-custom-metadata=owner=me', '-max-versions=5', 'secret/team/db');
  assert.equal(
    (await json('kv', 'metadata', 'get', '-format=json', 'secret/team/db')).data.custom_metadata.owner,
    'me',
  );
  await bao('kv', 'delete', 'secret/team/db');
  await bao('kv', 'undelete', '-versions=3', 'secret/team/db');
  await bao('kv', 'rollback', '-version=1', 'secret/team/db');
  await bao('kv', 'destroy', '-versions=2', 'secret/team/db');
  assert.deepEqual(await json('kv', 'list', '-format=json', 'secret/'), ['team/']);
  await bao('kv', 'metadata', 'delete', 'secret/team/db');
});

test('bao policy, token, secrets, auth, unwrap', async () => {
  const { code } = await run(join(dirname(python), 'bao'), ['policy', 'write', 'p', '-'], {
    input: 'path "kv/*" { capabilities = ["read"] }',
  });
  assert.equal(code, 0);
  assert.match(await bao('policy', 'read', 'p'), /kv\/\*/);
  await bao('secrets', 'enable', '-path=kv', '-version=1', 'kv');
  await bao('kv', 'put', 'kv/a', 'x=1');
  const { auth } = await json('token', 'create', '-policy=p', '-ttl=1h', '-format=json');
  assert.equal((await bao('token', 'capabilities', auth.client_token, 'kv/a')).trim(), 'read');
  await bao('token', 'renew', auth.client_token);
  await bao('token', 'revoke', '-accessor', auth.accessor);
  await bao('secrets', 'tune', '-description=ours', 'kv');
  await bao('secrets', 'move', 'kv', 'kv-two');
  assert.ok('kv-two/' in (await json('secrets', 'list', '-format=json')));
  await bao('auth', 'enable', 'userpass');
  await bao('write', 'auth/userpass/users/ann', 'password=right', 'policies=p');
  const login = await json('login', '-method=userpass', '-format=json', 'username=ann', 'password=right');
  assert.deepEqual(login.auth.policies, ['default', 'p']);
  const wrapped = await json('kv', 'get', '-wrap-ttl=60s', '-format=json', 'kv-two/a');
  assert.deepEqual((await json('unwrap', '-format=json', wrapped.wrap_info.token)).data, { x: '1' });
  assert.match(await bao('status'), /Sealed\s+false/);
});

test('hvac', async () => {
  const program = `
import hvac, os
client = hvac.Client()
assert client.is_authenticated() and client.sys.is_initialized() and not client.sys.is_sealed()
kv = client.secrets.kv.v2
kv.create_or_update_secret('py/a', secret={'n': 1, 's': 'x'}, cas=0)
kv.patch('py/a', secret={'s': 'y'})
read = kv.read_secret_version('py/a', raise_on_deleted_version=True)
assert read['data']['data'] == {'n': 1, 's': 'y'}, read
assert kv.list_secrets('py')['data']['keys'] == ['a']
try:
    kv.create_or_update_secret('py/a', secret={}, cas=7)
    raise SystemExit('no check-and-set')
except hvac.exceptions.InvalidRequest as error:
    assert 'did not match' in str(error)
client.sys.create_or_update_policy('py', 'path "secret/data/py/*" { capabilities = ["read"] }')
token = client.auth.token.create(policies=['py'], ttl='1h')['auth']['client_token']
reader = hvac.Client(token=token)
assert reader.secrets.kv.v2.read_secret_version('py/a', raise_on_deleted_version=True)['data']['metadata']['version'] == 2
try:
    reader.secrets.kv.v2.delete_metadata_and_all_versions('py/a')
    raise SystemExit('no policy')
except hvac.exceptions.Forbidden:
    pass
`;
  const { code, said } = await run(python, ['-c', program]);
  assert.equal(code, 0, said);
});

test('bao namespace: made, described, listed, used, and deleted', async () => {
  const made = await json('namespace', 'create', '-format=json', '-custom-metadata=Owner=Ann', 'team-one');
  assert.deepEqual([made.path, made.custom_metadata], ['team-one/', { Owner: 'Ann' }]);
  await bao('namespace', 'patch', '-custom-metadata=stage=prod', '-remove-custom-metadata=Owner', 'team-one');
  assert.match(await bao('namespace', 'lookup', 'team-one'), /stage:prod/);
  assert.deepEqual(await json('namespace', 'list', '-format=json'), ['team-one/']);
  assert.match(await bao('namespace', 'scan'), /team-one\//);
  await bao('kv', 'put', '-namespace=team-one', 'secret/db', 'in=one');
  assert.equal((await bao('kv', 'get', '-ns=team-one/', '-field=in', 'secret/db')).trim(), 'one');
  assert.equal((await bao('read', '-field=data', 'team-one/secret/data/db')).trim(), 'map[in:one]');
  assert.match(await bao('namespace', 'delete', 'team-one'), /Success! Namespace deletion scheduled: team-one/);
  assert.match((await run(join(dirname(python), 'bao'), ['namespace', 'delete', 'team-one'])).said, /does not exist/);
  const { code, said } = await run(join(dirname(python), 'bao'), ['namespace', 'create', 'ns1']);
  assert.deepEqual([code, /6 to 30 lower-case letters/.test(said)], [2, true]);
});

test('hvac: namespaces', async () => {
  const script = `
import hvac
root = hvac.Client()
root.sys.create_namespace("team-hvac")
assert "team-hvac/" in root.sys.list_namespaces()["data"]["keys"]
inside = hvac.Client(namespace="team-hvac")
inside.secrets.kv.v2.create_or_update_secret("db", secret=dict(a="b"))
assert inside.secrets.kv.v2.read_secret_version("db", raise_on_deleted_version=True)["data"]["data"] == dict(a="b")
try:
    root.secrets.kv.v2.read_secret_version("db", raise_on_deleted_version=True)
    raise SystemExit("read in the root namespace")
except hvac.exceptions.InvalidPath:
    pass
root.sys.delete_namespace("team-hvac")
try:
    inside.secrets.kv.v2.read_secret_version("db", raise_on_deleted_version=True)
    raise SystemExit("read in a namespace that is gone")
except hvac.exceptions.InvalidPath:
    pass
`;
  const { code, said } = await run(python, ['-c', script]);
  assert.equal(code, 0, said);
});
