import assert from 'node:assert/strict';
import { test } from 'node:test';
import tls from 'node:tls';
import { frameOf, GET, PREFACE, RawH2, settingsOf, uint32 } from '../../../test/support/h2.ts';
import { ask2, LOCALHOST, session, start, until } from '../../../test/support/wire.ts';
import { CANCEL, DATA, RST_STREAM, SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_UPDATE } from './protocol.ts';

const MIB = 1024 * 1024;
const small = 'a few bytes';
const body = Buffer.alloc(MIB, 'abcdefghijklmnopqrstuvwxyz0123456789');
const http = ({ path }: { readonly path: string }) => ({ status: 200, body: path === '/small' ? small : body });

const widen = (stream: number, bytes: number): Buffer => frameOf(WINDOW_UPDATE, 0, stream, uint32(bytes));
/** What a client says that wants everything at once. */
const GREEDY = Buffer.concat([
  PREFACE,
  settingsOf([SETTINGS_INITIAL_WINDOW_SIZE, 2 ** 31 - 1]),
  widen(0, 2 ** 31 - 1 - 65_535),
]);

test('a large answer passes through small windows, several at a time', async () => {
  const server = await start({ http });
  for (const initialWindowSize of [1, 1000, 65_535, MIB * 4]) {
    const client = session(server.port, { settings: { initialWindowSize } });
    const isSmall = initialWindowSize === 1;
    const ask = () => ask2(client, { ':path': isSmall ? '/small' : '/large' });
    const answers = await Promise.all(Array.from({ length: 4 }, ask));
    for (const answer of answers) assert.equal(answer.body, isSmall ? small : body.toString());
    client.close();
  }
  await server.listener.drain(100);
});

test('no byte leaves that the windows do not allow', async () => {
  const server = await start({ http });
  const client = new RawH2(server.port, Buffer.concat([PREFACE, settingsOf([SETTINGS_INITIAL_WINDOW_SIZE, 10])]));
  client.get(1);
  await client.settled();
  assert.equal(client.body(1).length, 10);
  client.send(widen(1, 5));
  await client.settled();
  assert.equal(client.body(1).length, 15);
  // Taken back: 15 are sent of 3, so 12 more are owed before anything may leave again.
  client.send(settingsOf([SETTINGS_INITIAL_WINDOW_SIZE, 3]), widen(1, 7));
  await client.settled();
  assert.equal(client.body(1).length, 15);
  client.send(widen(1, 1));
  await client.settled();
  assert.equal(client.body(1).length, 16);
  // The window of the connection is what is left of its first 65,535.
  client.send(widen(1, 2 * MIB));
  await client.settled();
  assert.equal(client.body(1).length, 65_535);
  client.get(3);
  await client.settled();
  assert.equal(client.body(3).length, 0);
  client.send(widen(0, MIB), widen(3, MIB));
  await until(() => client.isDone(1));
  await client.settled();
  assert.ok(client.body(1).equals(body));
  assert.equal(client.body(3).length, 65_535);
  client.send(frameOf(RST_STREAM, 0, 3, uint32(CANCEL)), widen(0, MIB));
  await client.settled();
  assert.equal(client.body(3).length, 65_535);
  assert.ok(client.of(DATA).every(({ payload }) => payload.length <= 16_384));
  client.close();
  await server.listener.drain(100);
});

test('a peer that does not read costs a bounded backlog, and gets all once it does', async () => {
  const server = await start({ http, limits: { sessionBytesMax: 1024 * MIB } });
  const client = new RawH2(server.port, GREEDY);
  await client.settled();
  client.socket.pause();
  const { arrayBuffers } = process.memoryUsage();
  for (let stream = 1; stream < 400; stream += 2) client.get(stream);
  await until(() => server.requests.length === 200);
  assert.equal(server.requests.length, 200);
  const heldBytes = process.memoryUsage().arrayBuffers - arrayBuffers;
  assert.ok(heldBytes < 24 * MIB, `${heldBytes} bytes are held for answers of ${200 * MIB}`);
  client.socket.resume();
  await until(() => client.isDone(399));
  for (let stream = 1; stream < 400; stream += 2) assert.ok(client.isDone(stream));
  client.close();
  await server.listener.drain(100);
});

test('requests of a peer that holds too many answers back are refused', async () => {
  const server = await start({ http, limits: { sessionBytesMax: 3.5 * MIB } });
  const client = new RawH2(server.port);
  for (const stream of [1, 3, 5, 7, 9]) client.get(stream);
  assert.equal(await client.reset(9), 11);
  // Nothing was read of four answers of 1 MiB but the first 64 KiB.
  assert.deepEqual([client.of(RST_STREAM).length, server.requests.length], [1, 4]);
  client.close();
  await server.listener.drain(100);
});

test('answers of streams that were reset are held no longer', async () => {
  const server = await start({ http, limits: { sessionBytesMax: 3.5 * MIB } });
  const client = new RawH2(server.port);
  for (let stream = 1; stream < 60; stream += 2) {
    client.get(stream);
    await client.settled();
    client.send(frameOf(RST_STREAM, 0, stream, uint32(CANCEL)));
  }
  await client.settled();
  assert.deepEqual([server.requests.length, client.of(RST_STREAM).length], [30, 0]);
  client.close();
  await server.listener.drain(100);
});

test('large answers pass through TLS', async () => {
  const server = await start({ http, tls: { certificateFor: () => LOCALHOST } });
  const { port } = server;
  const connectTls = () => tls.connect({ port, host: '127.0.0.1', ca: LOCALHOST.cert, ALPNProtocols: ['h2'] });
  const client = session(port, { createConnection: connectTls, settings: { initialWindowSize: 4 * MIB } });
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask2(client, { ':path': '/large' })));
  for (const answer of answers) assert.equal(answer.body, body.toString());
  client.close();
  await server.listener.drain(100);
});

test('a peer that takes nothing at all loses its connection', async () => {
  const server = await start({ http, limits: { stalledMs: 200 } });
  const client = new RawH2(server.port, GREEDY);
  await client.settled();
  client.socket.pause();
  for (let stream = 1; stream < 100; stream += 2) client.get(stream);
  await until(() => server.requests.length > 0 && server.listener.connections() === 0);
  assert.equal(server.listener.connections(), 0);
  client.close();
  await server.listener.drain(100);
});

test('small answers that nobody reads stop the reading of requests', async () => {
  const server = await start({ http: () => ({ status: 204, headers: { 'x-large': 'y'.repeat(8000) } }) });
  const client = new RawH2(server.port, GREEDY);
  await client.settled();
  client.socket.pause();
  let stream = 1;
  for (; stream < 10_000; stream += 2) client.get(stream, GET);
  // 5,000 answers are 40 MB: more than the kernel holds of them for both sides.
  await until(() => client.socket.writableLength === 0);
  let served = -1;
  while (served !== server.requests.length) {
    served = server.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(served < 5000, `${served} were served`);
  client.socket.resume();
  await until(() => client.isDone(stream - 2));
  assert.equal(server.requests.length, 5000);
  client.close();
  await server.listener.drain(100);
});
