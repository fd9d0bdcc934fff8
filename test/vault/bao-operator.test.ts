// OpenBao's command line, unmodified, on what an operator does: a server sealed by shares, leases, audit devices, auth
// methods that come, move and go, and the answers by which its scripts know how it went.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { execute } from '../support/coffer.ts';
import { type RunningServer, scratch, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';

const isFull = process.env['COFFER_TEST_SIZE'] === 'full';
const more = { skip: isFull ? false : 'only by make test-peers' };

let program: string;
let server: RunningServer;
let folder: string;
let token = '';
let keys: readonly string[];

before(async () => {
  program = join(dirname(await pythonVenv(join(import.meta.dirname, 'python/requirements.txt'))), 'bao');
  folder = scratch();
  server = await startServer({ args: ['--seal=shamir', '--workers=1'] });
});

after(() => server.stop());

async function tried(...args: readonly string[]) {
  const env = { PATH: process.env['PATH'], VAULT_ADDR: server.address, VAULT_TOKEN: token, HOME: folder };
  const { code, stdout, stderr } = await execute(program, args, { env });
  return { code, out: stdout.trim(), said: stdout + stderr };
}

async function bao(...args: readonly string[]): Promise<string> {
  const { code, out, said } = await tried(...args);
  assert.equal(code, 0, `bao ${args.join(' ')}: ${said}`);
  return out;
}
const json = async (...args: readonly [string, ...string[]]) => JSON.parse(await bao(...args));
const refused = async (what: RegExp, ...args: readonly string[]) => {
  const { code, said } = await tried(...args);
  assert.notEqual(code, 0, said);
  assert.match(said, what);
};

test('init, unseal, seal and what status says of it', async () => {
  assert.equal((await tried('status')).code, 2);
  const made = JSON.parse(await bao('operator', 'init', '-format=json', '-key-shares=3', '-key-threshold=2'));
  keys = made.unseal_keys_hex;
  await refused(/already initialized/, 'operator', 'init');
  await bao('operator', 'unseal', keys[0] as string);
  assert.match((await tried('status')).out, /Unseal Progress\s+1\/2/);
  await bao('operator', 'unseal', '-reset');
  await bao('operator', 'unseal', keys[1] as string);
  assert.match(await bao('operator', 'unseal', keys[2] as string), /Sealed\s+false/);
  token = made.root_token;
  await bao('operator', 'seal');
  assert.equal((await tried('status')).code, 2);
  for (const key of keys.slice(0, 2)) await bao('operator', 'unseal', key);
  assert.match(await bao('status'), /Sealed\s+false/);
  await bao('operator', 'members');
  await bao('operator', 'step-down');
});

test('audit', more, async () => {
  const file = join(folder, 'audit.log');
  assert.equal((await tried('audit', 'list')).code, 2);
  await bao('audit', 'enable', '-path=one', 'file', `file_path=${file}`);
  await refused(/already in use/, 'audit', 'enable', '-path=one', 'file', `file_path=${file}`);
  assert.equal((await json('audit', 'list', '-detailed', '-format=json'))['one/'].options.file_path, file);
  const { hash } = (await json('write', '-format=json', 'sys/audit-hash/one', 'input=known')).data;
  await bao('secrets', 'enable', '-path=kv', '-version=1', '-description=known', 'kv');
  assert.ok(readFileSync(file, 'utf8').includes(hash));
  assert.ok(!readFileSync(file, 'utf8').includes(token));
  await bao('audit', 'disable', 'one');
});

test('secrets and auth', more, async () => {
  assert.equal((await json('secrets', 'list', '-detailed', '-format=json'))['kv/'].description, 'known');
  await bao('secrets', 'tune', '-max-lease-ttl=48h', 'kv');
  await bao('secrets', 'move', 'kv', 'moved');
  await bao('secrets', 'disable', 'moved');
  await bao('auth', 'enable', '-path=people', 'userpass');
  await bao('auth', 'tune', '-default-lease-ttl=2h', 'people');
  await bao('write', 'auth/people/users/ann', 'password=right', 'policies=default');
  const login = [
    '-method=userpass',
    '-path=people',
    '-no-store',
    '-format=json',
    'username=ann',
    'password=right',
  ] as const;
  const { auth } = await json('login', ...login);
  await bao('auth', 'move', 'auth/people', 'auth/users');
  // Who logged in by the old path is logged out; the users are there still.
  await refused(/bad token/, 'token', 'lookup', auth.client_token);
  const again = await json('login', ...login.map((each) => (each === '-path=people' ? '-path=users' : each)));
  assert.deepEqual(again.auth.policies, ['default']);
  await refused(/no matching mount/, 'auth', 'move', 'auth/people', 'auth/elsewhere');
  await refused(/already in use/, 'auth', 'move', 'auth/users', 'auth/token');
  await refused(/cannot remount/, 'auth', 'move', 'auth/token', 'auth/else');
  await refused(/between a secret engine and an auth method/, 'write', 'sys/remount', 'from=auth/users', 'to=users');
  await refused(/no matching mount/, 'auth', 'move', 'auth/__proto__', 'auth/else');
});

test('lease', more, async () => {
  const login = [
    '-method=userpass',
    '-path=users',
    '-no-store',
    '-format=json',
    'username=ann',
    'password=right',
  ] as const;
  const { auth } = await json('login', ...login);
  const below = 'auth/users/login/ann';
  const leases = await json('list', '-format=json', `sys/leases/lookup/${below}`);
  assert.equal(leases.length, 2);
  assert.match(await bao('lease', 'lookup', `${below}/${leases[0]}`), /renewable\s+true/);
  await refused(/tokens cannot be renewed/, 'lease', 'renew', `${below}/${leases[0]}`);
  await bao('lease', 'revoke', `${below}/${leases[0]}`);
  await bao('lease', 'revoke', '-prefix', below);
  await refused(/bad token/, 'token', 'lookup', auth.client_token);
  await bao('auth', 'disable', 'users');
});

test('token and wrapping', more, async () => {
  await bao('write', 'auth/token/roles/role', 'allowed_policies=default', 'period=1h');
  const made = (await json('token', 'create', '-role=role', '-format=json')).auth;
  assert.equal((await json('token', 'lookup', '-accessor', '-format=json', made.accessor)).data.period, 3600);
  await bao('token', 'renew', '-accessor', made.accessor);
  const batch = await bao('token', 'create', '-type=batch', '-policy=default', '-field=token');
  assert.match(await bao('token', 'lookup', batch), /type\s+batch/);
  await refused(/batch tokens cannot be revoked/, 'token', 'revoke', batch);
  await bao('token', 'create', '-orphan', '-use-limit=2');
  await bao('token', 'revoke', '-mode=orphan', made.client_token);
  const wrapping = await bao('write', '-wrap-ttl=60s', '-field=wrapping_token', 'sys/wrapping/wrap', 'a=b');
  assert.match(await bao('write', 'sys/wrapping/lookup', `token=${wrapping}`), /creation_path\s+sys\/wrapping\/wrap/);
  assert.equal(await bao('unwrap', '-field=a', wrapping), 'b');
  await refused(/wrapping token is not valid/, 'unwrap', wrapping);
});

test('keys of the server: rotated, made anew under a share, and a root token by shares', more, async () => {
  assert.match(await bao('operator', 'key-status'), /Key Term\s+\d+/);
  await bao('operator', 'rotate');
  const otp = await bao('operator', 'generate-root', '-generate-otp');
  const { nonce } = await json('operator', 'generate-root', '-init', `-otp=${otp}`, '-format=json');
  await bao('operator', 'generate-root', `-nonce=${nonce}`, keys[0] as string);
  const share = ['operator', 'generate-root', `-nonce=${nonce}`, '-format=json', keys[2] as string] as const;
  const encoded = (await json(...share)).encoded_root_token;
  const root = await bao('operator', 'generate-root', `-decode=${encoded}`, `-otp=${otp}`);
  const lookup = await json('token', 'lookup', '-format=json', root);
  assert.deepEqual(lookup.data.policies, ['root']);
  const begun = await json('operator', 'rekey', '-init', '-key-shares=2', '-key-threshold=2', '-format=json');
  await bao('operator', 'rekey', `-nonce=${begun.nonce}`, keys[0] as string);
  const made = await json('operator', 'rekey', `-nonce=${begun.nonce}`, '-format=json', keys[1] as string);
  await bao('operator', 'seal');
  for (const key of made.keys) await bao('operator', 'unseal', key);
  assert.match(await bao('status'), /Total Shares\s+2/);
});
