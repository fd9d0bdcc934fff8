import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
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
import { type Started, start, until } from '../../../test/support/wire.ts';
import {
  COMPRESSION_ERROR,
  CONTINUATION,
  DATA,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADERS,
  PADDED,
  PING,
  PRIORITIZED,
  PRIORITY,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  STREAM_CLOSED,
  WINDOW_UPDATE,
} from './protocol.ts';

let server: Started;
before(async () => {
  server = await start({ limits: { lingerMs: 100, headerBytesMax: 4096 } });
});
after(() => server.listener.drain(100));

const withField = (name: string, value: string): Buffer => headersOf(1, [...GET, [name, value]], 5);

const OF_CONNECTION: readonly [rule: string, code: number, ...bytes: Buffer[]][] = [
  ['3.4 no settings first', PROTOCOL_ERROR, frameOf(PING, 0, 0, '12345678')],
  ['3.4 an acknowledgement first', PROTOCOL_ERROR, frameOf(SETTINGS, 1, 0)],
  ['4.2 a frame above 16 KiB', FRAME_SIZE_ERROR, settingsOf(), frameOf(DATA, 0, 1, '', 16_385)],
  [
    '4.3 a block that cannot be read',
    COMPRESSION_ERROR,
    settingsOf(),
    frameOf(HEADERS, 5, 1, Buffer.of(0xff, 0xff, 0xff)),
  ],
  ['5.1 data on an idle stream', PROTOCOL_ERROR, settingsOf(), frameOf(DATA, 0, 1, 'x')],
  ['5.1 a reset of an idle stream', PROTOCOL_ERROR, settingsOf(), frameOf(RST_STREAM, 0, 1, uint32(8))],
  ['5.1 a window of an idle stream', PROTOCOL_ERROR, settingsOf(), frameOf(WINDOW_UPDATE, 0, 1, uint32(8))],
  ['5.1 headers on a closed stream', STREAM_CLOSED, settingsOf(), getOn(), getOn()],
  ['5.1 trailers on a closed stream', STREAM_CLOSED, settingsOf(), getOn(), headersOf(1, [['a', 'b']], 5)],
  ['5.1.1 an even stream', PROTOCOL_ERROR, settingsOf(), getOn(2)],
  ['5.1.1 a lower stream', PROTOCOL_ERROR, settingsOf(), getOn(5), getOn(3)],
  ['5.5 a foreign frame within a block', PROTOCOL_ERROR, settingsOf(), headersOf(1, GET, 1), frameOf(0xfe, 0, 1, 'x')],
  ['6.1 data on stream 0', PROTOCOL_ERROR, settingsOf(), frameOf(DATA, 0, 0, 'x')],
  ['6.1 more padding than data', PROTOCOL_ERROR, settingsOf(), postOn(), frameOf(DATA, PADDED, 1, '\x02a')],
  ['6.1 padding without its length', PROTOCOL_ERROR, settingsOf(), postOn(), frameOf(DATA, PADDED, 1)],
  ['6.2 headers on stream 0', PROTOCOL_ERROR, settingsOf(), headersOf(0, GET, 5)],
  ['6.2 more padding than headers', PROTOCOL_ERROR, settingsOf(), frameOf(HEADERS, 5 | PADDED, 1, '\x05abc')],
  ['6.2 no room for the priority', PROTOCOL_ERROR, settingsOf(), frameOf(HEADERS, 5 | PRIORITIZED, 1, 'abc')],
  ['6.3 a priority on stream 0', PROTOCOL_ERROR, settingsOf(), frameOf(PRIORITY, 0, 0, '12345')],
  ['6.4 a reset of stream 0', PROTOCOL_ERROR, settingsOf(), frameOf(RST_STREAM, 0, 0, uint32(8))],
  ['6.4 a reset of another size', FRAME_SIZE_ERROR, settingsOf(), postOn(), frameOf(RST_STREAM, 0, 1, 'abc')],
  ['6.5 settings on a stream', PROTOCOL_ERROR, settingsOf(), frameOf(SETTINGS, 0, 1)],
  ['6.5 settings of another size', FRAME_SIZE_ERROR, settingsOf(), frameOf(SETTINGS, 0, 0, 'abc')],
  ['6.5 an acknowledgement with content', FRAME_SIZE_ERROR, settingsOf(), frameOf(SETTINGS, 1, 0, '123456')],
  ['6.5.2 ENABLE_PUSH 2', PROTOCOL_ERROR, settingsOf([2, 2])],
  ['6.5.2 INITIAL_WINDOW_SIZE 2^31', FLOW_CONTROL_ERROR, settingsOf([4, 2 ** 31])],
  ['6.5.2 MAX_FRAME_SIZE too small', PROTOCOL_ERROR, settingsOf([5, 16_383])],
  ['6.5.2 MAX_FRAME_SIZE too large', PROTOCOL_ERROR, settingsOf([5, 2 ** 24])],
  ['6.6 a push', PROTOCOL_ERROR, settingsOf(), frameOf(PUSH_PROMISE, 4, 1, uint32(2))],
  ['6.7 a ping on a stream', PROTOCOL_ERROR, settingsOf(), frameOf(PING, 0, 1, '12345678')],
  ['6.7 a ping of another size', FRAME_SIZE_ERROR, settingsOf(), frameOf(PING, 0, 0, '1234567')],
  ['6.8 a goaway on a stream', PROTOCOL_ERROR, settingsOf(), frameOf(GOAWAY, 0, 1, uint32(0, 0))],
  ['6.8 a goaway of another size', FRAME_SIZE_ERROR, settingsOf(), frameOf(GOAWAY, 0, 0, uint32(0))],
  ['6.9 a window of another size', FRAME_SIZE_ERROR, settingsOf(), frameOf(WINDOW_UPDATE, 0, 0, 'abc')],
  ['6.9 a window that opens by nothing', PROTOCOL_ERROR, settingsOf(), frameOf(WINDOW_UPDATE, 0, 0, uint32(0))],
  ['6.9.1 a window above 2^31-1', FLOW_CONTROL_ERROR, settingsOf(), frameOf(WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1))],
  [
    '6.9.2 settings that make a window too large',
    FLOW_CONTROL_ERROR,
    settingsOf(),
    postOn(),
    frameOf(WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1 - 65_535)),
    settingsOf([4, 65_536]),
  ],
  ['6.10 a continuation of nothing', PROTOCOL_ERROR, settingsOf(), frameOf(CONTINUATION, 4, 1, 'x')],
  ['6.10 of another stream', PROTOCOL_ERROR, settingsOf(), headersOf(1, GET, 1), frameOf(CONTINUATION, 4, 3, 'x')],
  ['6.10 data within a block', PROTOCOL_ERROR, settingsOf(), headersOf(1, GET, 0), frameOf(DATA, 0, 1, 'x')],
];

for (const [rule, code, ...bytes] of OF_CONNECTION) {
  test(`RFC 9113 ${rule}: error ${code} ends the connection`, async () => {
    const client = new RawH2(server.port, Buffer.concat([PREFACE, ...bytes]));
    assert.equal(await client.closed(), code);
  });
}

const OF_STREAM: readonly [rule: string, code: number, ...bytes: Buffer[]][] = [
  ['5.1 data after the end', STREAM_CLOSED, headersOf(1, CALL, 5), frameOf(DATA, 0, 1, 'x')],
  ['6.3 a priority of another size', FRAME_SIZE_ERROR, postOn(), frameOf(PRIORITY, 0, 1, '1234')],
  ['6.9 a window that opens by nothing', PROTOCOL_ERROR, postOn(), frameOf(WINDOW_UPDATE, 0, 1, uint32(0))],
  ['6.9.1 a window above 2^31-1', FLOW_CONTROL_ERROR, postOn(), frameOf(WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1))],
  ['8.1 trailers that end nothing', PROTOCOL_ERROR, postOn(), headersOf(1, [['a', 'b']])],
  ['8.1 trailers with a field of HTTP/2', PROTOCOL_ERROR, postOn(), headersOf(1, [[':path', '/']], 5)],
  ['8.1.1 more than the announced length', PROTOCOL_ERROR, withLength('1'), frameOf(DATA, 0, 1, 'ab')],
  ['8.1.1 less than the announced length', PROTOCOL_ERROR, withLength('3'), frameOf(DATA, END_STREAM, 1, 'ab')],
  ['8.1.1 less, and trailers', PROTOCOL_ERROR, withLength('3'), headersOf(1, [['a', 'b']], 5)],
  ['8.1.1 a length without a body', PROTOCOL_ERROR, withField('content-length', '3')],
  ['8.1.1 two lengths', PROTOCOL_ERROR, headersOf(1, [...POST, ['content-length', '3'], ['content-length', '3']])],
  ['8.1.1 a length that is no number', PROTOCOL_ERROR, withField('content-length', '-0')],
  ['8.2 capitals', PROTOCOL_ERROR, withField('X-A', 'b')],
  ['8.2.1 a line break in a value', PROTOCOL_ERROR, withField('x-a', 'b\r\nc: d')],
  ['8.2.1 a zero byte in a value', PROTOCOL_ERROR, withField('x-a', 'b\0')],
  ['8.2.1 a space before a value', PROTOCOL_ERROR, withField('x-a', ' b')],
  ['8.2.1 a colon in a name', PROTOCOL_ERROR, withField('x:a', 'b')],
  ['8.2.1 a name without characters', PROTOCOL_ERROR, withField('', 'b')],
  ['8.2.2 connection', PROTOCOL_ERROR, withField('connection', 'close')],
  ['8.2.2 transfer-encoding', PROTOCOL_ERROR, withField('transfer-encoding', 'chunked')],
  ['8.2.2 te other than trailers', PROTOCOL_ERROR, withField('te', 'gzip')],
  ['8.3 a field of HTTP/2 behind another', PROTOCOL_ERROR, headersOf(1, [['a', 'b'], ...GET], 5)],
  ['8.3 an unknown field of HTTP/2', PROTOCOL_ERROR, headersOf(1, [...GET, [':a', 'b']], 5)],
  ['8.3 a status in a request', PROTOCOL_ERROR, headersOf(1, [...GET, [':status', '200']], 5)],
  ['8.3 a field of HTTP/2 twice', PROTOCOL_ERROR, headersOf(1, [...GET, [':path', '/x']], 5)],
  ['8.3.1 no method', PROTOCOL_ERROR, headersOf(1, GET.slice(1), 5)],
  ['8.3.1 a method that is no token', PROTOCOL_ERROR, headersOf(1, [[':method', 'G T'], ...GET.slice(1)], 5)],
  ['8.3.1 no scheme', PROTOCOL_ERROR, headersOf(1, [GET[0], ...GET.slice(2)] as typeof GET, 5)],
  ['8.3.1 no path', PROTOCOL_ERROR, headersOf(1, [...GET.slice(0, 2), [':authority', 'a']], 5)],
  ['8.3.1 an empty path', PROTOCOL_ERROR, headersOf(1, [...GET.slice(0, 2), [':path', '']], 5)],
  ['8.5 CONNECT with a path', PROTOCOL_ERROR, headersOf(1, [[':method', 'CONNECT'], ...GET.slice(1)], 5)],
  ['10.5.1 too many headers', ENHANCE_YOUR_CALM, headersOf(1, [...GET, ...Array(100).fill(['a', 'b'])], 5)],
  ['10.5.1 too large headers', ENHANCE_YOUR_CALM, headersOf(1, [...GET, ['a', 'b'.repeat(4096)]], 5)],
];

function withLength(length: string): Buffer {
  return headersOf(1, [...POST, ['content-length', length]]);
}

for (const [rule, code, ...bytes] of OF_STREAM) {
  test(`RFC 9113 ${rule}: error ${code} ends the stream and nothing else`, async () => {
    const served = server.requests.length;
    const client = new RawH2(server.port);
    client.send(...bytes);
    assert.equal(await client.reset(1), code);
    assert.equal(server.requests.length, served);
    client.get(3);
    await until(() => client.isDone(3));
    assert.equal(client.body(3).toString(), 'GET /x');
    client.close();
  });
}
