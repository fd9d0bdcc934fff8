// `coffer env`: programs that read their secrets with nothing but the variables that it prints, in a shell of their own,
// and that no longer can once it is revoked. Names that are not ours pass through the server's proxy untouched.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { coffer, execute } from '../support/coffer.ts';
import { entry, type RunningServer, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';

const ACCOUNT = 'my-service@my-project.iam.gserviceaccount.com';
const NAME = 'projects/my-project/secrets/greeting/versions/latest';
const COFFER = `'${process.execPath}' --disable-warning=ExperimentalWarning '${entry}'`;
const ENV = `eval "$(${COFFER} env --service-account ${ACCOUNT} --project my-project)"`;

let server: RunningServer;

async function must(args: readonly string[], input?: string): Promise<string> {
  const result = await coffer(args, { env: server.env, ...(input === undefined ? {} : { input }) });
  assert.equal(result.code, 0, `coffer ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

/** A script of the shell, as this user with this server. */
function shell(script: string) {
  return execute('sh', ['-euc', script], { env: { ...server.env, PYTHONDONTWRITEBYTECODE: '1' } });
}

const printed = async (...more: string[]): Promise<Record<string, string>> =>
  JSON.parse(await must(['env', '--service-account', ACCOUNT, '--format=json', ...more]));

before(async () => {
  server = await startServer();
  await must(['iam', 'service-accounts', 'create', 'my-service', '--project', 'my-project']);
  await must(['secrets', 'create', 'greeting', '--replication-policy=automatic', '--project', 'my-project']);
  await must(['secrets', 'versions', 'add', 'greeting', '--data-file=-', '--project', 'my-project'], 'good morning');
  const role = '--role=roles/secretmanager.secretAccessor';
  await must(['projects', 'add-iam-policy-binding', 'my-project', `--member=serviceAccount:${ACCOUNT}`, role]);
});

after(() => server?.stop());

test('a Python program reads with only the variables, over gRPC and REST', async () => {
  const python = await pythonVenv(join(import.meta.dirname, 'python/requirements.txt'));
  const program = [
    'from google.cloud import secretmanager',
    'for transport in ("grpc", "rest"):',
    '    client = secretmanager.SecretManagerServiceClient(transport=transport)',
    `    print(client.access_secret_version(name="${NAME}").payload.data.decode())`,
  ].join('\n');
  const result = await shell(`${ENV}; exec '${python}' -c '${program}'`);
  assert.equal(result.stdout, 'good morning\ngood morning\n', result.stderr);
});

test('a Node program too: over gRPC, and with --node over REST', async () => {
  const program = join(import.meta.dirname, 'node/read.mjs');
  const result = await shell(
    `eval "$(${COFFER} env --node --service-account ${ACCOUNT})"; exec '${process.execPath}' '${program}' ${NAME}`,
  );
  assert.equal(result.stdout, 'good morning my-project\ngood morning my-project\n', result.stderr);
});

test('it is the same each time, its files are private, and the port survives a restart', async () => {
  const first = await printed();
  assert.deepEqual(await printed(), first);
  const keyFile = first['GOOGLE_APPLICATION_CREDENTIALS'] ?? '';
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(keyFile)).mode & 0o777, 0o700);
  const { private_key_id: id } = JSON.parse(readFileSync(keyFile, 'utf8'));
  const list = [
    'iam',
    'service-accounts',
    'keys',
    'list',
    `--iam-account=${ACCOUNT}`,
    '--format=value(name.basename())',
  ];
  const keys = (await must(list)).trim().split('\n');
  assert.deepEqual([keys.length, keys.includes(id)], [2, true], 'one key, and one client secret');
  const proxy = new URL(first['https_proxy'] ?? '');
  assert.equal(proxy.username, id);
  assert.match(proxy.password, /^cof_proxy_[A-Za-z0-9_-]{43}$/);
  server = await server.restart();
  // The server's own port is another one now.
  const { AZURE_AUTHORITY_HOST: host, AZURE_KEYVAULT_URL: vault, VAULT_ADDR: plain, ...again } = await printed();
  assert.equal(host, server.address.replace('http:', 'https:'));
  assert.deepEqual({ ...first, ...again }, first);
  assert.deepEqual([vault, plain], [host, server.address]);
});

test('strangers are refused, and foreign names pass through', async () => {
  const proxy = new URL((await printed())['https_proxy'] ?? '');
  const elsewhere = createServer((_request, response) => response.end('elsewhere')).listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const { port } = elsewhere.address() as AddressInfo;
  const curl = (userinfo: string) =>
    shell(`curl -sS --max-time 10 -p -x 'http://${userinfo}${proxy.host}' --noproxy '' http://127.0.0.1:${port}/`);
  try {
    assert.equal((await curl(`${proxy.username}:${proxy.password}@`)).stdout, 'elsewhere');
    const wrong = `${proxy.password.slice(0, -2)}${proxy.password.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const userinfo of ['', `${proxy.username}:${wrong}@`, `${'0'.repeat(40)}:${proxy.password}@`, 'a:b@']) {
      const refused = await curl(userinfo);
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /407/);
    }
  } finally {
    elsewhere.close();
    elsewhere.closeAllConnections();
  }
});

test('what it cannot do it says, and makes no key for it', async () => {
  const cases: [string[], RegExp][] = [
    [['--service-account=me@example.com'], /is no service account/],
    [['--service-account=nobody@my-project.iam.gserviceaccount.com'], /NOT_FOUND/],
    [['--service-account', ACCOUNT, '--format=xml'], /must be one of shell, powershell, dotenv, json, github/],
    [['--service-account=other@my-project.iam.gserviceaccount.com', '--revoke'], /there is no environment/],
  ];
  for (const [args, message] of cases) {
    const result = await coffer(['env', ...args], { env: server.env });
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, message);
    assert.equal(result.stdout, '');
  }
  const far = { ...server.env, COFFER_ADDR: 'http://192.0.2.1:8200' };
  assert.match(
    (await coffer(['env', '--service-account', ACCOUNT], { env: far })).stderr,
    /works on the server's own machine/,
  );
});

test('revoked, everything of it is gone', async () => {
  const before = await printed();
  const directory = dirname(before['GOOGLE_APPLICATION_CREDENTIALS'] ?? '');
  const proxy = before['https_proxy'] ?? '';
  await must(['env', '--revoke', '--service-account', ACCOUNT]);
  assert.equal(existsSync(directory), false);
  const list = ['iam', 'service-accounts', 'keys', 'list', `--iam-account=${ACCOUNT}`, '--format=value(name)'];
  assert.equal(await must(list), '');
  const refused = await shell(
    `curl -sS --max-time 10 -x '${proxy}' --noproxy '' https://secretmanager.googleapis.com/ || true`,
  );
  assert.match(refused.stderr, /407/);
  assert.notDeepEqual(await printed(), before, 'asked again, it is another');
});
