import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { makeRunDirectory } from './run-directory.ts';
import { trustBundle } from './trust-bundle.ts';

test('the run directory is private, in memory where the system has that, and goes', () => {
  const directory = makeRunDirectory({});
  try {
    assert.equal(statSync(directory.path).mode & 0o777, 0o700);
    const file = directory.write('ca.pem', 'text');
    assert.equal(statSync(file).mode & 0o777, 0o400);
    assert.equal(readFileSync(file, 'utf8'), 'text');
    assert.equal(directory.inMemory, directory.path.startsWith('/dev/shm/'));
    assert.throws(() => directory.write('ca.pem', 'again'), { code: 'EEXIST' });
  } finally {
    directory.remove();
  }
  assert.ok(!existsSync(directory.path));
});

test("the bundle holds the system's authorities, the user's and Coffer's; the addition only what is not the system's", () => {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-bundle-'));
  try {
    const [one, two, coffer] = rootCertificates as [string, string, string];
    writeFileSync(join(folder, 'ssl.pem'), `# a comment\n${one}\n`);
    writeFileSync(join(folder, 'node.pem'), two);
    const env = {
      SSL_CERT_FILE: join(folder, 'ssl.pem'),
      NODE_EXTRA_CA_CERTS: join(folder, 'node.pem'),
      CURL_CA_BUNDLE: join(folder, 'none'),
    };
    const { all, extra } = trustBundle(env, coffer);
    assert.equal(extra, `${two.trim()}\n${coffer.trim()}\n`);
    for (const certificate of [one, two, coffer]) assert.equal(all.split(certificate.trim()).length, 2);
    assert.ok(all.split('BEGIN CERTIFICATE').length > 50);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
