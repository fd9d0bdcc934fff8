import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import fc from 'fast-check';
import {
  blockOf,
  CALL,
  frameOf,
  GET,
  getOn,
  headersOf,
  POST,
  PREFACE,
  postOn,
  RawH2,
  settingsOf,
  uint32,
} from '../../../test/support/h2.ts';
import { LOCALHOST, type Started, start, until } from '../../../test/support/wire.ts';
import { frame as message } from '../grpc-codec.ts';
import {
  CANCEL,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  GOAWAY,
  HEADERS,
  NO_ERROR,
  PADDED,
  PING,
  PRIORITIZED,
  PRIORITY,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './protocol.ts';

let server: Started;
before(async () => {
  server = await start({ limits: { lingerMs: 100, headerBytesMax: 4096 } });
});
after(() => server.listener.drain(100));

test('what is unknown, padded, prioritised or in pieces is read', async () => {
  const client = new RawH2(server.port);
  const block = blockOf(POST);
  client.send(
    frameOf(0xaa, 0xff, 0, 'unknown'),
    settingsOf([0xee, 7], [3, 0]),
    frameOf(PRIORITY, 0, 7, Buffer.of(0, 0, 0, 7, 1)),
    frameOf(
      HEADERS,
      PADDED | PRIORITIZED,
      1,
      Buffer.concat([Buffer.of(2, 0, 0, 0, 0, 9), block.subarray(0, 9), uint32(0).subarray(2)]),
    ),
    frameOf(CONTINUATION, 0, 1, block.subarray(9, 20)),
    frameOf(CONTINUATION, 0, 1),
    frameOf(CONTINUATION, END_HEADERS, 1, block.subarray(20)),
    frameOf(DATA, PADDED, 1, '\x03abc\0\0\0'),
    frameOf(DATA, 0, 1),
    frameOf(DATA, PADDED, 1, '\0de'),
    headersOf(1, [['x-checksum', 'f']], END_HEADERS | END_STREAM),
  );
  await until(() => client.isDone(1));
  assert.equal(client.body(1).toString(), 'abcde');
  client.close();
});

test('one answer, headers and trailers with it, is one write', async () => {
  const client = new RawH2(server.port);
  await client.settled();
  let chunks = 0;
  client.socket.on('data', () => chunks++);
  client.send(headersOf(1, CALL), frameOf(DATA, END_STREAM, 1, message(Buffer.from('hello'))));
  await until(() => client.isDone(1));
  assert.deepEqual(
    client.frames.filter(({ stream }) => stream === 1).map(({ type, flags }) => [type, flags]),
    [
      [HEADERS, END_HEADERS],
      [DATA, 0],
      [HEADERS, END_HEADERS | END_STREAM],
    ],
  );
  assert.equal(chunks, 1);
  client.close();
});

test('answers of one turn leave in the order in which they were given', async () => {
  const waits: (() => void)[] = [];
  const later = await start({
    http: (request) => new Promise((resolve) => waits.push(() => resolve({ status: 200, body: request.query }))),
  });
  const client = new RawH2(later.port);
  for (const stream of [1, 3, 5])
    client.get(stream, [...GET.slice(0, 2), [':path', `/?${stream}`], [':authority', 'a']]);
  await until(() => waits.length === 3);
  for (const wait of waits.reverse()) wait();
  await until(() => [1, 3, 5].every((stream) => client.isDone(stream)));
  assert.deepEqual(
    client.of(DATA).map(({ payload }) => payload.toString()),
    ['5', '3', '1'],
  );
  client.close();
  await later.listener.drain(100);
});

test('the peer is told the bounds, and that its table is not used', async () => {
  const client = new RawH2(server.port);
  client.get(1);
  await until(() => client.isDone(1));
  const [settings] = client.of(SETTINGS);
  const pairs = Array.from({ length: 3 }, (_, index) => settings?.payload.subarray(6 * index, 6 * index + 6));
  assert.deepEqual(
    pairs.map((pair) => [pair?.readUInt16BE(0), pair?.readUInt32BE(2)]),
    [
      [3, 256],
      [4, 256 * 1024],
      [6, 4096],
    ],
  );
  assert.equal(client.of(HEADERS)[0]?.payload[0], 0x20);
  client.close();
});

test('streams above the limit are refused, and a free place is taken', async () => {
  const waits: (() => void)[] = [];
  const small = await start({
    limits: { streamsMax: 2 },
    http: () => new Promise((resolve) => waits.push(() => resolve({ status: 200 }))),
  });
  const client = new RawH2(small.port);
  for (const stream of [1, 3, 5]) client.get(stream);
  assert.equal(await client.reset(5), REFUSED_STREAM);
  for (const wait of waits.splice(0)) wait();
  await until(() => client.isDone(1) && client.isDone(3));
  client.get(7);
  await until(() => waits.length === 1);
  assert.equal(waits.length, 1);
  client.close();
  for (const wait of waits) wait();
  await small.listener.drain(100);
});

test('what was sent before our reset was read is let pass', async () => {
  const client = new RawH2(server.port);
  client.send(
    postOn(),
    frameOf(WINDOW_UPDATE, 0, 1, uint32(0)),
    frameOf(DATA, 0, 1, 'late'),
    headersOf(1, [['a', 'b']], 5),
    getOn(3),
  );
  await until(() => client.isDone(3));
  assert.equal(await client.reset(1), PROTOCOL_ERROR);
  assert.equal(client.of(RST_STREAM).length, 1);
  client.close();
});

test('a goaway of the peer, and ours, let what is under way end', async () => {
  let answer: (() => void) | undefined;
  const waiting = await start({
    http: () => new Promise((resolve) => (answer = () => resolve({ status: 200, body: 'y' }))),
  });
  for (const begin of [
    (client: RawH2) => client.send(frameOf(GOAWAY, 0, 0, uint32(0, 0))),
    () => void waiting.listener.drain(5000),
  ]) {
    const client = new RawH2(waiting.port);
    answer = undefined;
    client.get(1);
    await until(() => answer !== undefined);
    begin(client);
    await until(() => client.of(GOAWAY).length > 0);
    assert.deepEqual([...(client.of(GOAWAY)[0]?.payload ?? [])], [...uint32(1, NO_ERROR)]);
    // Asked behind the GOAWAY: neither an answer nor an error.
    client.get(3);
    await client.settled();
    assert.deepEqual([client.of(RST_STREAM).length, waiting.requests.length], [0, begin.length === 1 ? 1 : 2]);
    (answer as (() => void) | undefined)?.();
    assert.equal(await client.closed(), NO_ERROR);
    assert.equal(client.body(1).toString(), 'y');
  }
});

test('a small block that means a large list ends its stream, and the table stays whole (HPACK bomb)', async () => {
  const client = new RawH2(server.port);
  // One field of 3 KB into the table, then a thousand times its index.
  const large = Buffer.concat([Buffer.of(0x40, 1, 0x61, 127, 0xb9, 0x16), Buffer.alloc(2873 + 127, 'b')]);
  client.send(
    frameOf(HEADERS, 5, 1, Buffer.concat([blockOf(GET), large])),
    frameOf(HEADERS, 5, 3, Buffer.concat([blockOf(GET), Buffer.alloc(1000, 0x80 | 62)])),
    frameOf(HEADERS, 5, 5, Buffer.concat([blockOf(GET), Buffer.of(0x80 | 62)])),
  );
  await until(() => client.isDone(5));
  assert.equal(await client.reset(3), ENHANCE_YOUR_CALM);
  assert.equal(server.requests.at(-1)?.headers['a']?.length, 3000);
  client.close();
});

test('a head that comes again is understood again, also when the table has changed', async () => {
  const client = new RawH2(server.port);
  const enter = (value: string): Buffer => Buffer.concat([Buffer.of(0x40, 1, 0x61, value.length), Buffer.from(value)]);
  const ask = Buffer.concat([blockOf(GET), Buffer.of(0x80 | 62)]);
  const seen: (string | undefined)[] = [];
  let stream = 1;
  for (const block of [
    Buffer.concat([blockOf(GET), enter('one')]),
    ask,
    ask,
    Buffer.concat([blockOf(GET), enter('two')]),
    ask,
    ask,
  ]) {
    client.send(frameOf(HEADERS, 5, stream, block));
    const asked = stream;
    await until(() => client.isDone(asked));
    seen.push(server.requests.at(-1)?.headers['a']);
    stream += 2;
  }
  assert.deepEqual(seen, ['one', 'one', 'one', 'two', 'two', 'two']);
  const ids = new Set(server.requests.slice(-6).map(({ id }) => id));
  assert.equal(ids.size, 6);
  client.close();
});

test('bytes in any pieces mean the same', async () => {
  const said = Buffer.concat([
    PREFACE,
    settingsOf([4, 70_000]),
    headersOf(1, CALL),
    frameOf(DATA, 0, 1, message(Buffer.from('hello')).subarray(0, 4)),
    frameOf(WINDOW_UPDATE, 0, 0, uint32(9)),
    frameOf(
      DATA,
      PADDED | END_STREAM,
      1,
      Buffer.concat([Buffer.of(1), message(Buffer.from('hello')).subarray(4), Buffer.of(0)]),
    ),
    headersOf(3, POST, 0),
    frameOf(CONTINUATION, END_HEADERS, 3, blockOf([['x-a', 'b']])),
    frameOf(DATA, END_STREAM, 3, Buffer.alloc(9000, 'z')),
    frameOf(PING, 0, 0, 'the last'),
  ]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(said.length), { maxLength: 12 }), async (cuts) => {
      const client = new RawH2(server.port, Buffer.alloc(0));
      let from = 0;
      for (const to of [...cuts.sort((a, b) => a - b), said.length]) {
        client.send(said.subarray(from, to));
        from = to;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until(() => client.isDone(1) && client.isDone(3) && client.of(PING).length === 1);
      assert.equal(client.body(1).subarray(5).toString(), 'hello');
      assert.equal(client.body(3).toString(), 'z'.repeat(9000));
      assert.equal(server.requests.at(-1)?.headers['x-a'], 'b');
      client.close();
    }),
    { numRuns: 40 },
  );
});

test('frames of any kind and content throw nothing and stop nobody', async () => {
  const frame = fc
    .tuple(fc.nat(10), fc.nat(255), fc.constantFrom(0, 1, 2, 3, 5, 7, 2 ** 31 - 1), fc.uint8Array({ maxLength: 30 }))
    .map(([type, flags, stream, payload]) => frameOf(type, flags, stream, payload));
  const valid = fc.constantFrom(
    getOn(1),
    postOn(1),
    postOn(3),
    headersOf(5, CALL),
    frameOf(DATA, 1, 1, 'x'),
    frameOf(DATA, 0, 3, 'y'),
  );
  const samples = fc.sample(fc.array(fc.oneof(frame, valid), { maxLength: 12 }), { numRuns: 300 });
  const clients = samples.map((frames) => new RawH2(server.port, Buffer.concat([PREFACE, settingsOf(), ...frames])));
  await Promise.all(clients.map((client) => client.settled()));
  for (const client of clients) client.close();
  await until(() => server.listener.connections() === 0);
  assert.equal(server.listener.connections(), 0);
  assert.deepEqual(server.errors, []);
});

test('a peer that says no settings, or leaves a block open, is ended in time', async () => {
  const strict = await start({ limits: { firstBytesMs: 50, idleMs: 50, lingerMs: 40 } });
  const silent = new RawH2(strict.port, PREFACE);
  const open = new RawH2(strict.port);
  open.send(headersOf(1, GET, 1));
  assert.equal(await silent.closed(), undefined);
  assert.equal(await open.closed(), NO_ERROR);
  await until(() => strict.listener.connections() === 0);
  assert.equal(strict.listener.connections(), 0);
  await strict.listener.drain(100);
});

test('a peer that breaks its TLS connection off is no error', async () => {
  const secure = await start({ tls: { certificateFor: () => LOCALHOST } });
  const bare = net.connect(secure.port, '127.0.0.1');
  const socket = tls.connect({ socket: bare, ca: LOCALHOST.cert, servername: 'localhost', ALPNProtocols: ['h2'] });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.on('secureConnect', resolve));
  socket.write(Buffer.concat([PREFACE, settingsOf(), headersOf(1, GET, 5)]));
  await new Promise((resolve) => socket.once('data', resolve));
  bare.resetAndDestroy();
  await until(() => secure.listener.connections() === 0);
  assert.equal(secure.listener.connections(), 0);
  assert.deepEqual(secure.errors, []);
  await secure.listener.drain(100);
});

test('a stream that the peer resets is given up, whatever its handler does', async () => {
  let answer: (() => void) | undefined;
  const waiting = await start({
    grpc: (call) => new Promise((resolve) => (answer = () => resolve({ ok: true, message: call.message }))),
  });
  const client = new RawH2(waiting.port);
  client.send(headersOf(1, CALL), frameOf(DATA, END_STREAM, 1, message(Buffer.from('x'))));
  await until(() => answer !== undefined);
  client.send(frameOf(RST_STREAM, 0, 1, uint32(CANCEL)));
  await until(() => waiting.entries.length === 1);
  assert.equal(waiting.entries[0]?.grpcCode, 1);
  answer?.();
  await client.settled();
  assert.deepEqual(
    client.frames.filter(({ stream }) => stream === 1),
    [],
  );
  client.close();
  await waiting.listener.drain(100);
});
