// `coffer server --tls-cert --tls-key`: the operator's certificate for its names, the local CA's for all others, read
// again on SIGHUP; and one line for every way in which the files can be wrong.

import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { coffer } from '../support/coffer.ts';
import { scratch, startServer } from '../support/start.ts';
import { until } from '../support/wire.ts';

const fixture = (name: string) => join(import.meta.dirname, '../fixtures/tls', name);

/** The common name of what answers for `servername`. */
function answering(port: number, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject['CN']));
      socket.end();
    });
    socket.on('error', reject);
  });
}

test('answers for the names in it, is read again on SIGHUP, and stays where the new one is no good', async () => {
  const root = scratch();
  const [cert, key] = [join(root, 'cert.pem'), join(root, 'key.pem')];
  copyFileSync(fixture('second.cert.pem'), cert);
  copyFileSync(fixture('second.key.pem'), key);
  const server = await startServer({ args: ['--tls-cert', cert, '--tls-key', key] });
  const port = Number(new URL(server.address).port);
  const all = async () => {
    const names = ['second.test', 'localhost', 'secretmanager.googleapis.com'];
    return Promise.all(names.map((name) => answering(port, name)));
  };
  assert.deepEqual(await all(), ['second coffer test', 'Coffer server', 'Coffer server']);
  const discovery = await fetch(`${server.address}/.well-known/openid-configuration`);
  assert.equal(((await discovery.json()) as { issuer: string }).issuer, `https://second.test:${port}`);

  copyFileSync(fixture('localhost.cert.pem'), cert);
  server.process.kill('SIGHUP');
  await until(() => server.logs().includes('the old one stays'));
  assert.match(server.logs(), /does not belong to the first certificate/);
  assert.deepEqual(await all(), ['second coffer test', 'Coffer server', 'Coffer server']);

  copyFileSync(fixture('localhost.key.pem'), key);
  server.process.kill('SIGHUP');
  await until(() => server.logs().includes('was read again'));
  const names = await all();
  assert.equal(names[0], 'Coffer server', 'a name that is no longer in it is the local CA’s');
  assert.notEqual(names[1], 'Coffer server');
  assert.equal(await server.stop(), 0);
});

test('files that cannot be served stop the server with one line', async () => {
  const root = scratch();
  const broken = join(root, 'broken.pem');
  writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  const [cert, key] = [fixture('second.cert.pem'), fixture('second.key.pem')];
  const cases: [certFile: string, keyFile: string, line: RegExp][] = [
    [join(root, 'none.pem'), key, /--tls-cert \S+none\.pem: cannot be read: ENOENT/],
    [cert, root, /--tls-key \S+: is no file/],
    [broken, key, /--tls-cert \S+broken\.pem: begins with no certificate in PEM/],
    [cert, broken, /--tls-key \S+broken\.pem: holds no private key in PEM/],
    [cert, fixture('localhost.key.pem'), /--tls-key \S+: does not belong to the first certificate of \S+/],
  ];
  const start = (args: string[]) => coffer(['server', '--listen=127.0.0.1:0', `--data=${join(root, 'data')}`, ...args]);
  const results = await Promise.all(
    cases.map(([certFile, keyFile]) => start(['--tls-cert', certFile, '--tls-key', keyFile])),
  );
  for (const [index, { code, stderr }] of results.entries()) {
    assert.equal(code, 1);
    assert.match(stderr, cases[index]?.[2] as RegExp);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  }
  const half = await start(['--tls-cert', cert]);
  assert.deepEqual([half.code, /go together/.test(half.stderr)], [2, true]);
});
