import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { discover } from './connection.ts';
import { ClientError } from './error.ts';

/** A home directory with, if asked, what a server left in it. */
function home(left: { address?: string; token?: string; tokenMode?: number; stateMode?: number; data?: string } = {}) {
  const root = mkdtempSync(join(tmpdir(), 'coffer-connection-'));
  const data = left.data ?? join(root, 'data');
  mkdirSync(join(root, '.local/state/coffer'), { recursive: true });
  mkdirSync(data, { recursive: true });
  const state = join(root, '.local/state/coffer/server.json');
  if (left.address !== undefined) {
    writeFileSync(state, JSON.stringify({ address: left.address, data, pid: 1, startedAt: '' }));
    chmodSync(state, left.stateMode ?? 0o600);
  }
  if (left.token !== undefined) {
    writeFileSync(join(data, 'owner.token'), `${left.token}\n`);
    chmodSync(join(data, 'owner.token'), left.tokenMode ?? 0o600);
  }
  return { root, data, state, env: { HOME: root }, remove: () => rmSync(root, { recursive: true }) };
}

test('without anything, the default address and no credential', () => {
  const { env, remove } = home();
  const connection = discover(env);
  assert.equal(connection.address, 'http://127.0.0.1:8200');
  assert.equal(connection.token, undefined);
  assert.equal(connection.owner, false);
  remove();
});

test('what the last server left is found', () => {
  const { env, data, remove } = home({ address: 'http://127.0.0.1:9000', token: 'owner-token' });
  assert.deepEqual(discover(env), { address: 'http://127.0.0.1:9000', data, token: 'owner-token', owner: true });
  remove();
});

test('COFFER_TOKEN wins over the owner token', () => {
  const { env, remove } = home({ address: 'http://127.0.0.1:9000', token: 'owner-token' });
  const connection = discover({ ...env, COFFER_TOKEN: 'mine' });
  assert.equal(connection.token, 'mine');
  assert.equal(connection.owner, false);
  remove();
});

test('the owner token does not go to an address it does not belong to', () => {
  const { env, data, remove } = home({ address: 'http://127.0.0.1:9000', token: 'owner-token' });
  const elsewhere = discover({ ...env, COFFER_ADDR: 'https://coffer.example.com' });
  assert.equal(elsewhere.token, undefined);
  assert.equal(elsewhere.owner, false);
  assert.equal(discover({ ...env, COFFER_ADDR: 'https://127.0.0.1.example.com' }).token, undefined);
  assert.equal(discover({ ...env, COFFER_ADDR: 'http://127.0.0.1:9001' }).token, 'owner-token');
  assert.equal(
    discover({ ...env, COFFER_ADDR: 'https://coffer.example.com', COFFER_DATA: data }).token,
    'owner-token',
    'an address given together with a data directory is a choice',
  );
  remove();
});

test('an owner token that others can read is refused', () => {
  for (const tokenMode of [0o640, 0o604]) {
    const { env, remove } = home({ address: 'http://127.0.0.1:9000', token: 'owner-token', tokenMode });
    assert.throws(() => discover(env), /owner\.token can be read by other users.*chmod 600/);
    remove();
  }
});

test('a state file that others can write is refused', () => {
  const { env, remove } = home({ address: 'http://127.0.0.1:9000', token: 'owner-token', stateMode: 0o666 });
  assert.throws(() => discover(env), ClientError);
  remove();
});

test('a state file that is a link, or no JSON, is refused, unless everything is given', () => {
  const { env, data, state, remove } = home({ token: 'owner-token' });
  writeFileSync(`${state}.real`, '{}');
  symlinkSync(`${state}.real`, state);
  assert.throws(() => discover(env), /symbolic link/);
  rmSync(state);
  writeFileSync(state, 'nonsense', { mode: 0o600 });
  assert.throws(() => discover(env), /is not JSON/);
  const explicit = { ...env, COFFER_ADDR: 'http://127.0.0.1:1', COFFER_DATA: data };
  assert.equal(discover(explicit).token, 'owner-token');
  remove();
});

test('an address is scheme, host and port only', () => {
  const { env, remove } = home();
  for (const address of ['127.0.0.1:8200', 'ftp://x', 'http://u:p@x', 'http://x/path', 'http://x/?q=1']) {
    assert.throws(() => discover({ ...env, COFFER_ADDR: address }), /COFFER_ADDR/, address);
  }
  assert.equal(discover({ ...env, COFFER_ADDR: 'http://x:80/' }).address, 'http://x');
  remove();
});

test('no error shows a token', () => {
  const { env, remove } = home();
  assert.throws(
    () => discover({ ...env, COFFER_TOKEN: 'se cret' }),
    (error: Error) => error instanceof ClientError && !error.message.includes('cret'),
  );
  remove();
});
