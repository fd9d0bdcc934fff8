import assert from 'node:assert/strict';
import https from 'node:https';
import net from 'node:net';
import { after, before, test } from 'node:test';
import tls, { type TLSSocket } from 'node:tls';
import { ask2, LOCALHOST, raw, SECOND, type Started, session, start, until } from '../../test/support/wire.ts';
import type { Certificate } from './tls.ts';

const CA = [LOCALHOST.cert, SECOND.cert];

let server: Started;
let asked: (string | undefined)[] = [];
let certificateFor: (servername: string | undefined) => Certificate | Promise<Certificate>;
const byName = (servername: string | undefined): Certificate => (servername === 'second.test' ? SECOND : LOCALHOST);

before(async () => {
  certificateFor = byName;
  server = await start({
    limits: { handshakeMs: 200 },
    tls: {
      certificateFor: (servername) => {
        asked.push(servername);
        return certificateFor(servername);
      },
    },
  });
});

after(() => server.listener.drain(100));

/** A handshake; the common name of the certificate that was shown, or the error's code. */
function shake(
  options: tls.ConnectionOptions,
): Promise<{ name: string; protocol: string | null; alpn: string | false }> {
  return new Promise((resolve) => {
    const socket: TLSSocket = tls.connect({ port: server.port, host: '127.0.0.1', ca: CA, ...options }, () => {
      const name = String(socket.getPeerCertificate().subject.CN);
      resolve({ name, protocol: socket.getProtocol(), alpn: socket.alpnProtocol ?? false });
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ name: error.code ?? error.message, protocol: null, alpn: false });
    });
  });
}

test('HTTP/1.1 and HTTP/2 are both served, chosen by ALPN', async () => {
  const body = await new Promise((resolve, reject) => {
    const request = https.get(
      { port: server.port, host: '127.0.0.1', ca: CA, agent: false, path: '/1' },
      (response) => {
        response.on('data', (chunk: Buffer) => resolve(chunk.toString()));
      },
    );
    request.on('error', reject);
  });
  assert.equal(body, 'GET /1');
  const client = session(server.port, { createConnection: () => connectH2() });
  assert.equal((await ask2(client, { ':path': '/2' })).body, 'GET /2');
  client.close();
  assert.deepEqual(
    server.requests.slice(-2).map(({ protocol, secure, peer }) => [protocol, secure, peer.address]),
    [
      ['http/1.1', true, '127.0.0.1'],
      ['h2', true, '127.0.0.1'],
    ],
  );
});

function connectH2(): TLSSocket {
  return tls.connect({ port: server.port, host: '127.0.0.1', ca: CA, ALPNProtocols: ['h2'] });
}

test('the certificate is chosen by name, and clients without a name get one too', async () => {
  asked = [];
  assert.equal((await shake({ servername: 'Second.Test' })).name, 'second coffer test');
  assert.equal((await shake({ servername: 'localhost' })).name, 'coffer test, not a secret');
  assert.equal((await shake({})).name, 'coffer test, not a secret');
  assert.deepEqual(asked, [undefined, 'second.test', undefined, 'localhost', undefined]);
});

test('a certificate may come later, and another one when it was renewed', async () => {
  certificateFor = (servername) => new Promise((resolve) => setImmediate(() => resolve(byName(servername))));
  assert.equal((await shake({ servername: 'second.test' })).name, 'second coffer test');
  certificateFor = () => SECOND;
  assert.equal((await shake({ checkServerIdentity: () => undefined })).name, 'second coffer test');
  certificateFor = byName;
  assert.equal((await shake({})).name, 'coffer test, not a secret');
});

test('a name that has no certificate ends its handshake and is reported once', async () => {
  const before = server.errors.length;
  certificateFor = (servername) => {
    if (servername === 'none.test') throw new Error('no such name');
    return byName(servername);
  };
  assert.equal((await shake({ servername: 'none.test' })).protocol, null);
  certificateFor = (servername) => (servername === 'later.test' ? Promise.reject(new Error('no')) : byName(servername));
  assert.equal((await shake({ servername: 'later.test' })).protocol, null);
  assert.equal(server.errors.length, before + 2);
  certificateFor = () => {
    throw new Error('none at all');
  };
  assert.equal((await shake({})).protocol, null);
  certificateFor = byName;
  assert.equal((await shake({})).name, 'coffer test, not a secret');
});

test('a name that is no host name is not asked for', async () => {
  asked = [];
  const { name } = await shake({ servername: '../etc/passwd', checkServerIdentity: () => undefined });
  assert.equal(name, 'coffer test, not a secret');
  assert.deepEqual(asked, [undefined]);
});

test('TLS 1.2 and 1.3 pass, 1.1 does not, nor a protocol that is not ours', async () => {
  assert.equal((await shake({ maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
  assert.equal((await shake({})).protocol, 'TLSv1.3');
  const old = await shake({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  assert.equal(old.protocol, null);
  assert.equal((await shake({ ALPNProtocols: ['spdy/1'] })).protocol, null);
  assert.equal((await shake({ ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'h2');
});

test('a handshake that does not end is ended', async () => {
  const before = server.listener.connections();
  const clientHelloBegin = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
  const { closed } = await raw(server.port, clientHelloBegin);
  assert.equal(closed, true);
  await until(() => server.listener.connections() === before);
  assert.equal(server.listener.connections(), before);
});

test('bytes that are no handshake end the connection and leave the server well', async () => {
  const { closed } = await raw(server.port, Buffer.concat([Buffer.from([0x16, 3, 1, 0, 5]), Buffer.from('hello')]));
  assert.equal(closed, true);
  const bare = net.connect(server.port, '127.0.0.1');
  const socket = tls.connect({ socket: bare, ca: CA, ALPNProtocols: ['h2'] });
  socket.on('error', () => {});
  socket.on('secureConnect', () => bare.resetAndDestroy());
  await new Promise((resolve) => socket.on('close', resolve));
  assert.equal((await shake({})).protocol, 'TLSv1.3');
});

test('a listener without certificates says that the handshake failed', async () => {
  const plain = await start();
  const code = await new Promise((resolve) => {
    const socket = tls.connect({ port: plain.port, host: '127.0.0.1' });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  assert.equal(code, 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE');
  await plain.listener.drain(100);
});

test('a socket that left while its certificate was made is no error', async () => {
  let give: (() => void) | undefined;
  certificateFor = () => new Promise((resolve) => (give = () => resolve(LOCALHOST)));
  const before = server.errors.length;
  const connections = server.listener.connections();
  const socket = net.connect(server.port, '127.0.0.1');
  socket.write(Buffer.from([0x16, 3, 1, 0, 5]));
  await until(() => give !== undefined);
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  give?.();
  await until(() => server.listener.connections() === connections);
  assert.equal(server.errors.length, before);
  certificateFor = byName;
});
