import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import * as grpc from '@grpc/grpc-js';
import fc from 'fast-check';
import { ask, ask2, LOCALHOST, raw, session, start, until } from '../../test/support/wire.ts';
import { listen } from './listener.ts';
import type { WireResponse } from './types.ts';

const handler = {
  http: (): WireResponse => ({ status: 200 }),
  grpc: () => ({ ok: true, message: new Uint8Array(0) }) as const,
};

test('a port in use is one line that says where and what to do', async () => {
  const first = await listen({ host: '127.0.0.1', port: 0, ready: () => true, handler });
  const { port } = first.address;
  await assert.rejects(listen({ host: '127.0.0.1', port, ready: () => true, handler }), {
    code: 'EADDRINUSE',
    message: `address 127.0.0.1:${port} is already in use: stop what listens there, or listen on another port`,
  });
  await first.drain(0);
  const again = await listen({ host: '127.0.0.1', port, ready: () => true, handler });
  await again.drain(0);
});

test('an address that is not this machine is one line too', async () => {
  const bad = listen({ host: '192.0.2.1', port: 0, ready: () => true, handler });
  await assert.rejects(bad, {
    code: 'EADDRNOTAVAIL',
    message: /^address 192\.0\.2\.1:0 is not an address of this machine: [^\n]+$/,
  });
});

test('the first bytes may come one by one', async () => {
  const server = await start();
  for (const [bytes, expected] of [
    ['POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx', 'HTTP/1.1 200'],
    ['PUT / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx', 'HTTP/1.1 200'],
    ['PROPFIND / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 'HTTP/1.1 200'],
    // A preface and empty settings; the answer begins with the frame header of the server's own settings.
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', '\0\0'],
  ] as const) {
    const socket = net.connect({ port: server.port, host: '127.0.0.1', noDelay: true });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    for (const byte of bytes) {
      socket.write(byte, 'latin1');
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => text.length >= 12);
    assert.ok(text.startsWith(expected), JSON.stringify(text.slice(0, 20)));
    socket.destroy();
  }
  await server.listener.drain(100);
});

test('a connection that says nothing, or too little, is closed in time', async () => {
  const server = await start({ limits: { firstBytesMs: 100 } });
  for (const bytes of ['', 'P', 'PRI']) {
    const { text, closed } = await raw(server.port, bytes);
    assert.deepEqual([text, closed], ['', true]);
  }
  await until(() => server.listener.connections() === 0);
  // What has begun to speak is bounded otherwise, not by this wait.
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  await ask(server.port, { agent });
  const before = server.listener.connections();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual([before, server.listener.connections()], [1, 1]);
  agent.destroy();
  await server.listener.drain(100);
});

test('connections have a limit, and a free place is taken again', async () => {
  const server = await start({ limits: { connectionsMax: 2 } });
  const held = [0, 1].map(() => net.connect(server.port, '127.0.0.1'));
  await until(() => server.listener.connections() === 2);
  const { text, closed } = await raw(server.port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.deepEqual([text, closed], ['', true]);
  for (const socket of held) socket.destroy();
  await until(() => server.listener.connections() === 0);
  assert.equal((await ask(server.port)).status, 200);
  await server.listener.drain(100);
});

test('a hundred clients of every kind at once are served on the one port', async () => {
  const server = await start({ tls: { certificateFor: () => LOCALHOST } });
  const { port } = server;
  const h2c = session(port);
  const h2 = session(port, {
    createConnection: () => tls.connect({ port, host: '127.0.0.1', ca: LOCALHOST.cert, ALPNProtocols: ['h2'] }),
  });
  const rpc = new grpc.Client(`localhost:${port}`, grpc.credentials.createSsl(Buffer.from(LOCALHOST.cert)));
  const same = (message: Buffer): Buffer => message;
  const call = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      rpc.makeUnaryRequest('/a/b', same, same, Buffer.from(text), (error, answer) => {
        if (error) reject(error);
        else resolve(String(answer));
      });
    });
  const one = async (index: number): Promise<string> => {
    const body = `body ${index}`;
    const h2Headers = { ':method': 'POST', ':path': '/' };
    if (index % 4 === 0) return (await ask(port, { method: 'POST', body })).body;
    if (index % 4 === 1) return (await ask2(h2c, h2Headers, [Buffer.from(body)])).body;
    if (index % 4 === 2) return (await ask2(h2, h2Headers, [Buffer.from(body)])).body;
    return call(body);
  };
  const indexes = Array.from({ length: 100 }, (_, index) => index);
  assert.deepEqual(
    await Promise.all(indexes.map(one)),
    indexes.map((index) => `body ${index}`),
  );
  const ids = new Set(server.entries.map(({ id }) => id));
  assert.equal(ids.size, 100);
  h2c.close();
  h2.close();
  rpc.close();
  await server.listener.drain(100);
});

test('a log that fails is reported and breaks no answer', async () => {
  const server = await start({
    onRequest: () => {
      throw new Error('log');
    },
  });
  assert.equal((await ask(server.port)).status, 200);
  const client = session(server.port);
  assert.equal((await ask2(client, { ':path': '/x' })).status, 200);
  assert.equal(server.errors.length, 2);
  client.close();
  await server.listener.drain(100);
});

test('mutated bytes of every protocol break nothing for the others', async () => {
  const server = await start({ tls: { certificateFor: () => LOCALHOST } });
  const seeds = [
    'POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x05\x01\x05\0\0\0\x01\x82\x84\x86\x41\x01a\0\0\x08\x06\0\0\0\0\x0012345678',
    '\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03',
  ].map((seed) => Buffer.from(seed, 'latin1'));
  const mutated = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(150), fc.nat(255)), { maxLength: 4 }),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([seed, changes, tail]) => {
      const bytes = Buffer.concat([seed, tail]);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes;
    });
  const samples = fc.sample(mutated, { numRuns: 300 });
  await Promise.all(samples.map((bytes) => raw(server.port, bytes, 200)));
  await until(() => server.listener.connections() === 0);
  assert.equal(server.listener.connections(), 0);
  assert.deepEqual(server.errors, []);
  assert.equal((await ask(server.port)).status, 200);
  await server.listener.drain(100);
});
