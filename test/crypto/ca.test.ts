// The local CA's certificates in real TLS handshakes: Node's client, OpenSSL's verifier, and Python's at its strictest.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type ConnectionOptions, connect, createSecureContext, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { openAuthority } from '../../src/crypto/ca.ts';
import { systemClock } from '../../src/crypto/clock.ts';
import { newKey } from '../../src/crypto/envelope.ts';
import { Keyring } from '../../src/crypto/keyring.ts';

const REGIONAL = 'secretmanager.europe-west1.rep.googleapis.com';
const GLOBAL = 'secretmanager.googleapis.com';
const rows = new Map<string, Uint8Array>();
const options = {
  meta: {
    meta: (key: string) => rows.get(key),
    setMeta: (key: string, value: Uint8Array) => void rows.set(key, value),
  },
  keyring: new Keyring({ root: newKey(), fingerprintKey: newKey(), sealType: 'file', sealKeyId: '' }),
  clock: systemClock,
  hosts: ['coffer.example', '10.1.2.3', '0.0.0.0'],
  allows: (name: string) => name === GLOBAL || /^secretmanager\.[a-z0-9-]+\.rep\.googleapis\.com$/.test(name),
};
const made = await openAuthority(options);
// What serves is the CA as a second start opens it.
const authority = await openAuthority(options);
const ca = authority.certificatePem();
const directory = mkdtempSync(join(tmpdir(), 'coffer-ca-'));
const caFile = join(directory, 'ca.pem');
writeFileSync(caFile, made.certificatePem());

async function serve(socket: Socket): Promise<void> {
  const secured = new TLSSocket(socket, {
    isServer: true,
    secureContext: createSecureContext(await authority.certificateFor(undefined)),
    SNICallback: (name, done) => {
      authority.certificateFor(name).then((leaf) => done(null, createSecureContext(leaf)), done);
    },
  });
  secured.on('error', () => secured.destroy());
  secured.on('data', () => secured.end());
}

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  serve(socket).catch((error: Error) => socket.destroy(error));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

after(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

/** Shakes hands and gives back what the server showed; rejects where Node's client refuses it. */
async function shake(extra: ConnectionOptions): Promise<{ names: string; protocol: string; days: number }> {
  const socket = connect({ host: '127.0.0.1', port, ca, ...extra });
  await once(socket, 'secureConnect');
  assert.equal(socket.authorized, true);
  const { subjectaltname = '', valid_from, valid_to } = socket.getPeerCertificate();
  const days = (Date.parse(valid_to) - Date.parse(valid_from)) / 86_400_000;
  const protocol = String(socket.getProtocol());
  socket.destroy();
  return { names: subjectaltname, protocol, days };
}

const OWN = 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:coffer.example, IP Address:10.1.2.3';

describe('a TLS client that trusts the local CA', () => {
  it('accepts the names that a dialect owns, each in a certificate of its own', async () => {
    for (const servername of [GLOBAL, REGIONAL]) {
      assert.deepEqual(await shake({ servername }), { names: `DNS:${servername}`, protocol: 'TLSv1.3', days: 90 });
    }
    const shouted = await shake({ servername: REGIONAL.toUpperCase() });
    assert.equal(shouted.names, `DNS:${REGIONAL}`);
  });

  it('accepts loopback and the hosts served, with and without a server name', async () => {
    assert.equal((await shake({})).names, OWN);
    assert.equal((await shake({ servername: 'localhost' })).names, OWN);
    assert.equal((await shake({ servername: 'coffer.example' })).names, OWN);
    assert.equal((await shake({ maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
  });

  it('refuses every other name: it is shown the certificate of localhost', async () => {
    for (const servername of ['example.com', 'storage.googleapis.com', `${GLOBAL}.example.com`, `x.${REGIONAL}`]) {
      await assert.rejects(shake({ servername }), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
      const shown = await shake({ servername, checkServerIdentity: () => undefined });
      assert.equal(shown.names, OWN);
    }
  });

  it('refuses all of it when it trusts another CA', async () => {
    const other = await openAuthority({ ...options, meta: { meta: () => undefined, setMeta: () => undefined } });
    await assert.rejects(shake({ servername: GLOBAL, ca: other.certificatePem() }), /unable to verify|self-signed/);
  });
});

const run = promisify(execFile);

async function has(command: string, ...args: string[]): Promise<boolean> {
  return await run(command, args).then(
    () => true,
    () => false,
  );
}

const PYTHON = `
import socket, ssl, sys
for name in sys.argv[3:]:
    context = ssl.create_default_context(cafile=sys.argv[1])
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    with socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=10) as raw:
        with context.wrap_socket(raw, server_hostname=name) as secured:
            print(name, secured.version())
`;

describe('other verifiers', () => {
  const python = has('python3', '-c', 'import ssl');
  it('Python, strict, accepts a regional name, localhost and the address', async (t) => {
    if (!(await python)) return t.skip('no python3 here');
    const names = [REGIONAL, 'localhost', '127.0.0.1'];
    const { stdout } = await run('python3', ['-c', PYTHON, caFile, String(port), ...names], { timeout: 20_000 });
    assert.deepEqual(
      stdout.trim().split('\n'),
      names.map((name) => `${name} TLSv1.3`),
    );
    await assert.rejects(
      run('python3', ['-c', PYTHON, caFile, String(port), 'example.com'], { timeout: 20_000 }),
      /Hostname mismatch/,
    );
  });

  it('OpenSSL, strict, accepts the chain for a server', async (t) => {
    if (!(await has('openssl', 'version'))) return t.skip('no openssl here');
    const socket = connect({ host: '127.0.0.1', port, ca, servername: REGIONAL });
    await once(socket, 'secureConnect');
    const leaf = join(directory, 'leaf.pem');
    writeFileSync(leaf, socket.getPeerX509Certificate()?.toString() ?? '');
    socket.destroy();
    const strict = ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', REGIONAL, '-CAfile', caFile];
    assert.equal((await run('openssl', [...strict, leaf])).stdout, `${leaf}: OK\n`);
    await assert.rejects(run('openssl', ['verify', '-x509_strict', '-CAfile', leaf, leaf]));
  });
});
