import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { frameOf, GET, headersOf, PREFACE, postOn, RawH2, settingsOf, uint32 } from '../../../test/support/h2.ts';
import { type Started, start, until } from '../../../test/support/wire.ts';
import {
  CONTINUATION,
  DATA,
  ENHANCE_YOUR_CALM,
  PING,
  PRIORITY,
  RST_STREAM,
  SETTINGS,
  SETTINGS_INITIAL_WINDOW_SIZE,
  WINDOW_UPDATE,
} from './protocol.ts';

let server: Started;
before(async () => {
  server = await start({ limits: { lingerMs: 100, headerBytesMax: 4096 } });
});
after(() => server.listener.drain(100));

const FLOODS: readonly [what: string, bytes: (index: number) => Buffer][] = [
  ['pings', () => frameOf(PING, 0, 0, '12345678')],
  ['settings', () => settingsOf([4, 65_535])],
  ['acknowledgements', () => frameOf(SETTINGS, 1, 0)],
  ['priorities', (index) => frameOf(PRIORITY, 0, 2 * index + 1, Buffer.of(0, 0, 0, 0, 1))],
  ['windows that nobody waits for', () => frameOf(WINDOW_UPDATE, 0, 0, uint32(1))],
  ['unknown frames', () => frameOf(0xfe, 0, 0)],
  [
    'requests that are reset at once',
    (index) => Buffer.concat([postOn(2 * index + 1), frameOf(RST_STREAM, 0, 2 * index + 1, uint32(8))]),
  ],
  [
    'requests that have to be reset',
    (index) => Buffer.concat([postOn(2 * index + 1), frameOf(WINDOW_UPDATE, 0, 2 * index + 1, uint32(0))]),
  ],
  ['malformed requests', (index) => headersOf(2 * index + 1, [['a', 'b']], 5)],
];

for (const [what, bytes] of FLOODS) {
  test(`a flood of ${what} ends its connection and no other`, async () => {
    const flooded = await start({ limits: { lingerMs: 100 } });
    const client = new RawH2(flooded.port);
    client.send(...Array.from({ length: 1200 }, (_, index) => bytes(index)));
    assert.equal(await client.closed(), ENHANCE_YOUR_CALM);
    const other = new RawH2(flooded.port);
    other.get(1);
    await until(() => other.isDone(1));
    assert.ok(other.isDone(1));
    other.close();
    await flooded.listener.drain(100);
  });
}

test('a peer may open its windows for each frame that it has read, however late', async () => {
  const large = await start({ http: () => ({ status: 200, body: Buffer.alloc(1024 * 1024) }) });
  const wide = Buffer.concat([PREFACE, settingsOf([SETTINGS_INITIAL_WINDOW_SIZE, 2 ** 30])]);
  const client = new RawH2(large.port, wide);
  client.send(frameOf(WINDOW_UPDATE, 0, 0, uint32(2 ** 30)));
  const streams = Array.from({ length: 10 }, (_, index) => 2 * index + 1);
  for (const stream of streams) client.get(stream);
  await until(() => streams.every((stream) => client.isDone(stream)));
  const frames = client.of(DATA).length;
  client.send(...Array.from({ length: 2 * frames }, () => frameOf(WINDOW_UPDATE, 0, 0, uint32(1))));
  await client.settled();
  assert.equal(client.isClosed, false);
  client.send(...Array.from({ length: 1200 }, () => frameOf(WINDOW_UPDATE, 0, 0, uint32(1))));
  assert.equal(await client.closed(), ENHANCE_YOUR_CALM);
  await large.listener.drain(100);
});

test('data without content is a flood, but not among data', async () => {
  const client = new RawH2(server.port);
  const empty = frameOf(DATA, 0, 1);
  client.send(
    postOn(),
    ...Array.from({ length: 6000 }, (_, index) => (index % 3 === 0 ? frameOf(DATA, 0, 1, 'x') : empty)),
  );
  await client.settled();
  assert.equal(client.isClosed, false);
  client.send(...Array.from({ length: 1200 }, () => empty));
  assert.equal(await client.closed(), ENHANCE_YOUR_CALM);
});

test('a header block without end is not kept (CVE-2024-27316)', async () => {
  const byCount = new RawH2(server.port);
  byCount.send(headersOf(1, GET, 1), ...Array.from({ length: 20 }, () => frameOf(CONTINUATION, 0, 1, '')));
  assert.equal(await byCount.closed(), ENHANCE_YOUR_CALM);
  const bySize = new RawH2(server.port);
  bySize.send(
    headersOf(1, GET, 1),
    ...Array.from({ length: 3 }, () => frameOf(CONTINUATION, 0, 1, Buffer.alloc(8192))),
  );
  assert.equal(await bySize.closed(), ENHANCE_YOUR_CALM);
});
