// Vault's libraries and command line under `coffer run`, unmodified: by the address and the token that the environment
// has, and by a name that is in the program's source.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { apiOf, auditRecords, must } from '../support/api.ts';
import { scratch } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';
import { clientOf, type VaultClient } from '../vault/fixture.ts';
import { ACCOUNT, type Fixture, PROJECT, startFixture } from './fixture.ts';

const REQUIREMENTS = join(import.meta.dirname, '../vault/python/requirements.txt');
const HOST = 'vault.example.com';

let fixture: Fixture;
let python: string;
let vault: VaultClient;

before(async () => {
  [python, fixture] = await Promise.all([pythonVenv(REQUIREMENTS), startFixture()]);
  vault = clientOf(fixture.server, fixture.owner.token ?? '');
  const headers = { 'x-vault-namespace': PROJECT };
  await vault.must('POST', 'secret/data/myapp/database', { data: { password: 's3cret-of-db' } }, { headers });
  const member = `serviceAccount:${ACCOUNT}`;
  const bindings = [{ role: 'roles/secretmanager.secretAccessor', members: [member] }];
  await must(fixture.owner, 'POST', `/v1/projects/${PROJECT}/secrets/myapp--database:setIamPolicy`, {
    policy: { bindings },
  });
});

after(() => fixture.server.stop());

const env = { VAULT_TOKEN: "somebody else's", VAULT_ADDR: 'https://elsewhere.example', BAO_TOKEN: 'x' };

function script(text: string): string {
  const path = join(scratch(), 'program.py');
  writeFileSync(path, text);
  return path;
}

const READ = `secret = client.secrets.kv.v2.read_secret_version(path="myapp/database", mount_point="secret")
db_password = secret["data"]["data"]["password"]
print("read", db_password)
`;

test('hvac finds the server and the token in the environment', async () => {
  const program = script(`import hvac\nclient = hvac.Client()\n${READ}print(client.is_authenticated())\n`);
  const { stdout, stderr, code } = await fixture.run(['--', python, program], { env });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'read s3cret-of-db\nTrue\n');
});

test('--host leads a name in the source here, for Python, bao and Node, on that port alone', async () => {
  const url = `https://${HOST}`;
  const program = script(
    `import os, hvac\nVAULT_TOKEN = os.environ["VAULT_TOKEN"]\nclient = hvac.Client(url="${url}", token=VAULT_TOKEN)\n${READ}`,
  );
  const flags = ['--host', HOST, '--host', 'other.example.org:8200'];
  const byPython = await fixture.run([...flags, '--', python, program], { env });
  assert.deepEqual([byPython.stdout, byPython.code], ['read s3cret-of-db\n', 0], byPython.stderr);
  const bao = join(dirname(python), 'bao');
  const args = ['kv', 'get', '-field=password', '-mount=secret', 'myapp/database'];
  for (const address of [[], [`-address=${url}`], ['-address=https://other.example.org:8200']]) {
    const said = await fixture.run([...flags, '--', bao, ...args.slice(0, 2), ...address, ...args.slice(2)], { env });
    assert.deepEqual([said.stdout.trim(), said.code], ['s3cret-of-db', 0], said.stderr);
  }
  const node = `
    const https = require('node:https');
    const read = (host) => new Promise((resolve) => https.get(host + '/v1/secret/data/myapp/database',
      { headers: { 'x-vault-token': process.env.VAULT_TOKEN } },
      (response) => response.on('data', (data) => resolve(JSON.parse(data).data.data.password)))
      .on('error', (error) => resolve(error.code)));
    const fetched = (host) => fetch(host + '/v1/sys/health').then(({ status }) => status, () => 'refused');
    (async () => {
      console.log(await read('${url}'), await fetched('${url}'), await fetched('${url}:444'));
    })();`;
  const byNode = await fixture.run([...flags, '--', process.execPath, '-e', node], { env });
  assert.equal(byNode.stdout, 's3cret-of-db 200 refused\n', byNode.stderr);
});

test('a name that is none, or is led here anyway, is refused before anything runs', async () => {
  for (const host of [
    '127.0.0.1',
    'localhost',
    'a b',
    '*.example.com',
    'x.example:0',
    'secretmanager.googleapis.com',
  ]) {
    const { code, stderr, stdout } = await fixture.run(['--host', host, '--', 'echo', 'ran']);
    assert.deepEqual([code, stdout], [1, ''], host);
    assert.match(stderr, /--host: /, host);
  }
});

const lookup = async (token: string) => vault.ask('GET', 'auth/token/lookup-self', undefined, { token });

test('the token is the account and ends with the run, also one that is ended by a signal', async () => {
  const own = await fixture.run(['--', 'sh', '-c', 'echo "$VAULT_TOKEN"']);
  const token = own.stdout.trim();
  assert.match(token, /^hvs\.[A-Za-z0-9_-]{24,}$/);
  assert.equal((await lookup(token)).status, 403);
  const running = fixture.start(['--', 'sh', '-c', 'echo "token=$VAULT_TOKEN."; exec sleep 60']);
  await running.printed('token=');
  await running.printed('.');
  running.child.kill('SIGTERM');
  const { stdout } = await running.ended;
  const other = /token=(\S+)\./.exec(stdout)?.[1] ?? '';
  assert.notEqual(other, '');
  assert.equal((await lookup(other)).status, 403);
  const records = await auditRecords(fixture.owner);
  const reads = records.filter(
    ({ principal, operation, dialect }) =>
      principal === `serviceAccount:${ACCOUNT}` && operation === 'versions.access' && dialect === 'vault',
  );
  assert.ok(reads.length >= 5);
  assert.ok(![token, other].some((each) => JSON.stringify(records).includes(each)));
});

test('such a token cannot renew itself, is renewed by those alone who may act as the account, and goes with it', async () => {
  const path = '/coffer/v1/vaultTokens';
  const generate = (body: object) => must(fixture.owner, 'POST', `${path}:generate`, body);
  const account = { serviceAccount: ACCOUNT };
  const { token, accessor } = (await generate({ ...account, project: PROJECT })).json;
  const asked = { token };
  assert.equal((await vault.ask('POST', 'auth/token/renew-self', {}, asked)).status, 400);
  const { data } = (await lookup(token)).json;
  assert.deepEqual(
    [data.policies, data.renewable, data.orphan, data.ttl <= 3600],
    [['default', 'iam'], false, true, true],
  );
  assert.equal((await vault.ask('GET', 'secret/data/denied', undefined, asked)).status, 403);
  assert.equal((await vault.ask('GET', 'sys/auth', undefined, asked)).status, 403);
  const itself = apiOf(fixture.server, token);
  for (const api of [itself, apiOf(fixture.server, 'ya29.none')]) {
    assert.ok([401, 403].includes((await api('POST', `${path}:renew`, { ...account, accessor })).status));
    assert.ok([401, 403].includes((await api('POST', `${path}:generate`, { ...account, project: PROJECT })).status));
  }
  await must(fixture.owner, 'POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'second' });
  const second = { serviceAccount: ACCOUNT.replace('worker', 'second') };
  // By the accessor of another account's token, or of one that was made in another way, nothing is renewed.
  const foreign = await fixture.owner('POST', `${path}:renew`, { ...second, accessor });
  const mine = (await vault.must('POST', 'auth/token/create', { policies: ['default'] })).json.auth;
  const other = await fixture.owner('POST', `${path}:renew`, { ...account, accessor: mine.accessor });
  assert.deepEqual([foreign.status, other.status], [404, 404]);
  const unknown = await fixture.owner('POST', `${path}:generate`, { ...account, project: 'no-such-project' });
  assert.equal(unknown.status, 404);
  await must(fixture.owner, 'POST', `${path}:renew`, { ...account, accessor });
  const gone = (await generate({ ...second, project: PROJECT })).json.token;
  assert.equal((await lookup(gone)).status, 200);
  await must(fixture.owner, 'DELETE', `/v1/projects/${PROJECT}/serviceAccounts/${second.serviceAccount}`);
  assert.equal((await lookup(gone)).status, 403);
});
