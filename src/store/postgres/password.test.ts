import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseDsn } from './dsn.ts';
import { withPassword } from './password.ts';

const root = mkdtempSync(join(tmpdir(), 'coffer-password-'));
after(() => rmSync(root, { recursive: true }));

function file(name: string, text: string, mode = 0o600): string {
  const path = join(root, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const address = parseDsn('postgres://user@db1:6000,db2/name');
const found = (sources: Parameters<typeof withPassword>[1]) => withPassword(address, sources).password;

test('the first of the places that has a password counts', () => {
  const passFile = file('pass', 'db1:6000:name:user:from-pgpass\n');
  const own = file('own', 'from-file\n');
  const env = { PGPASSWORD: 'from-env', PGPASSFILE: passFile, HOME: root };
  const given = parseDsn('postgres://user:from-address@db1/name');
  assert.equal(withPassword(given, { file: own, env }).password, 'from-address');
  assert.equal(found({ file: own, env }), 'from-file');
  assert.equal(found({ env }), 'from-env');
  assert.equal(found({ env: { PGPASSFILE: passFile } }), 'from-pgpass');
  assert.equal(found({ env: { HOME: root } }), undefined);
  file('.pgpass', 'db2:5432:*:*:from-home\n');
  assert.equal(found({ env: { HOME: root } }), 'from-home');
});

test('a password file is read as libpq reads it', () => {
  const lines = [
    '# db1:6000:name:user:comment',
    'other:*:*:*:no',
    'db1:6000:name:us\\:er:no',
    'not a line',
    '*:*:name:user:a\\:b\\\\c',
  ];
  assert.equal(found({ env: { PGPASSFILE: file('lines', lines.join('\n')) } }), 'a:b\\c');
});

test('a file that others can read, or that is not there, is an error that names it', () => {
  const open = file('open', 'secret-text\n', 0o640);
  assert.throws(() => found({ file: open, env: {} }), {
    message: `others can read the password in ${open}: run chmod 600 ${open}`,
  });
  assert.throws(() => found({ env: { PGPASSFILE: open } }), /others can read the password/);
  assert.throws(() => found({ file: join(root, 'gone'), env: {} }), /cannot read the password in .*gone \(ENOENT\)/);
});
