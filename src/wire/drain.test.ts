import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { ask, ask2, type Started, session, start, until } from '../../test/support/wire.ts';
import { frame } from './grpc-codec.ts';

/** A server whose handler waits until it is told. */
async function waiting(): Promise<{ server: Started; answer: () => void }> {
  const waits: (() => void)[] = [];
  const server = await start({
    http: () => new Promise((resolve) => waits.push(() => resolve({ status: 200, body: 'done' }))),
    grpc: (call) => new Promise((resolve) => waits.push(() => resolve({ ok: true, message: call.message }))),
  });
  const answer = (): void => {
    for (const wait of waits.splice(0)) wait();
  };
  return { server, answer };
}

test('idle connections of every kind are closed at once', async () => {
  const server = await start();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  await ask(server.port, { agent });
  const h2 = session(server.port);
  await ask2(h2, { ':path': '/' });
  const silent = net.connect(server.port, '127.0.0.1');
  silent.on('error', () => {});
  await until(() => server.listener.connections() === 3);
  const startedMs = performance.now();
  await server.listener.drain(60_000);
  assert.ok(performance.now() - startedMs < 60_000);
  assert.equal(server.listener.connections(), 0);
  await until(() => h2.destroyed);
  assert.ok(h2.destroyed);
  await assert.rejects(ask(server.port), { code: 'ECONNREFUSED' });
  agent.destroy();
});

test('requests under way are answered, and their connections then close', async () => {
  const { server, answer } = await waiting();
  const agent = new http.Agent({ keepAlive: true });
  const h1 = ask(server.port, { agent });
  const client = session(server.port);
  const goaway = new Promise((resolve) => client.on('goaway', resolve));
  const h2 = ask2(client, { ':path': '/' });
  const headers = { ':method': 'POST', ':path': '/a/b', 'content-type': 'application/grpc' };
  const call = ask2(client, headers, [frame(Buffer.from('call'))]);
  await until(() => server.requests.length === 2 && server.calls.length === 1);
  let drained = false;
  const draining = server.listener.drain(10_000).then(() => {
    drained = true;
  });
  assert.equal(await goaway, 0);
  assert.equal(drained, false);
  answer();
  const answered = await h1;
  assert.deepEqual([answered.status, answered.body, answered.headers['connection']], [200, 'done', 'close']);
  assert.equal((await h2).body, 'done');
  assert.deepEqual([(await call).trailers['grpc-status'], (await call).body.slice(5)], ['0', 'call']);
  await draining;
  assert.equal(server.listener.connections(), 0);
  agent.destroy();
});

test('a request whose body is still coming when the drain begins is served', async () => {
  const server = await start();
  const socket = net.connect(server.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab');
  await new Promise((resolve) => setTimeout(resolve, 30));
  const draining = server.listener.drain(10_000);
  socket.write('cd');
  await draining;
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*connection: close[\s\S]*\r\n\r\nabcd$/);
});

test('what does not end is ended when the grace is over, and both calls wait for the same drain', async () => {
  const { server, answer } = await waiting();
  const h1 = ask(server.port);
  const client = session(server.port);
  const h2 = ask2(client, { ':path': '/' });
  const refused = assert.rejects(h1, { code: 'ECONNRESET' });
  await until(() => server.requests.length === 2);
  const startedMs = performance.now();
  const first = server.listener.drain(100);
  assert.equal(server.listener.drain(60_000), first);
  await first;
  assert.ok(performance.now() - startedMs >= 95);
  assert.ok(performance.now() - startedMs < 60_000);
  assert.equal(server.listener.connections(), 0);
  await refused;
  assert.equal((await h2).status, 0);
  assert.deepEqual(
    server.entries.map(({ status }) => status),
    [499, 499],
  );
  answer();
});

test('a handler whose client has left is still waited for', async () => {
  const { server, answer } = await waiting();
  const socket = net.connect(server.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await until(() => server.requests.length === 1);
  socket.destroy();
  await until(() => server.listener.connections() === 0);
  let drained = false;
  const draining = server.listener.drain(10_000).then(() => {
    drained = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(drained, false);
  answer();
  await draining;
});

test('a gRPC client is told, and its next call fails as unavailable', async () => {
  const server = await start();
  const client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure());
  const same = (message: Buffer): Buffer => message;
  const call = (): Promise<number> =>
    new Promise((resolve) => {
      client.makeUnaryRequest('/a/b', same, same, Buffer.from('x'), (error) => resolve(error?.code ?? 0));
    });
  assert.equal(await call(), 0);
  await server.listener.drain(1000);
  assert.equal(await call(), grpc.status.UNAVAILABLE);
  client.close();
});
