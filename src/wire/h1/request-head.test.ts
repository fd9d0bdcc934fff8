import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestHead } from './request-head.ts';

const FIELDS_MAX = 10;

function read(...lines: readonly string[]) {
  // What lies around it is none of it.
  const bytes = Buffer.from(`\n${lines.join('\r\n')}\r\n`, 'latin1');
  return requestHead(bytes, 1, bytes.length - 2, FIELDS_MAX);
}

test('a head is taken apart, and fields of one name are joined', () => {
  const head = read('PUT /a?b HTTP/1.1', 'Host: x:1', 'X-A: 1', 'x-a:\t2 ', 'Cookie: a', 'cookie: b', 'x-empty:');
  assert.ok(typeof head === 'object');
  const { headers, ...rest } = head;
  assert.deepEqual(rest, { method: 'PUT', target: '/a?b', isCurrent: true, body: 0, isKept: true });
  assert.deepEqual({ ...headers }, { host: 'x:1', 'x-a': '1, 2', cookie: 'a; b', 'x-empty': '' });
});

test('a field may have any name without being more than a field', () => {
  const head = read('GET / HTTP/1.1', '__proto__: a', 'constructor: b');
  assert.ok(typeof head === 'object');
  assert.deepEqual(Object.keys(head.headers), ['__proto__', 'constructor']);
  assert.equal(head.headers['hasOwnProperty'], undefined);
});

test('a connection is kept as the versions have it', () => {
  const kept = (version: string, ...lines: readonly string[]) => {
    const head = read(`GET / HTTP/${version}`, ...lines);
    assert.ok(typeof head === 'object');
    return head.isKept;
  };
  assert.equal(kept('1.1'), true);
  assert.equal(kept('1.1', 'connection: te, Close'), false);
  assert.equal(kept('1.1', 'connection: keep-alive'), true);
  assert.equal(kept('1.0'), false);
  assert.equal(kept('1.0', 'connection: Keep-Alive'), true);
});

test('a body has the length that was said, or chunks', () => {
  const body = (...lines: readonly string[]) => {
    const head = read('POST / HTTP/1.1', ...lines);
    return typeof head === 'object' ? head.body : head;
  };
  assert.equal(body(), 0);
  assert.equal(body('content-length: 0'), 0);
  assert.equal(body('content-length: 0012'), 12);
  assert.equal(body('Transfer-Encoding: Chunked'), 'chunked');
  for (const length of ['', '+3', '-3', '0x3', '3 4', '3,3', '3.0', '1e3', '٣', '9'.repeat(16)]) {
    assert.equal(body(`content-length: ${length}`), 'malformed', length);
  }
  assert.equal(body('content-length: 3', 'content-length: 3'), 'malformed');
  assert.equal(body('content-length: 3', 'transfer-encoding: chunked'), 'malformed');
  for (const coding of ['gzip, chunked', 'chunked, chunked', 'identity', '"chunked"', 'chunked;a', '']) {
    assert.equal(body(`transfer-encoding: ${coding}`), 'coding', coding);
  }
  assert.equal(read('POST / HTTP/1.0', 'transfer-encoding: chunked'), 'malformed');
});

const MALFORMED: readonly (readonly string[])[] = [
  [''],
  ['GET /'],
  ['GET  / HTTP/1.1'],
  ['GET / HTTP/1.1 '],
  [' GET / HTTP/1.1'],
  ['GET\t/ HTTP/1.1'],
  ['GET / a HTTP/1.1'],
  ['GET / HTTP/1.2'],
  ['GET / HTTP/2.0'],
  ['GET / http/1.1'],
  ['get / HTTP/1.1'],
  ['BREW / HTTP/1.1'],
  ['GET / HTTP/1.1', ''],
  ['GET / HTTP/1.1', 'no colon'],
  ['GET / HTTP/1.1', ': no name'],
  ['GET / HTTP/1.1', ' x: a space before'],
  ['GET / HTTP/1.1', 'x: a', ' folded'],
  ['GET / HTTP/1.1', 'x : a'],
  ['GET / HTTP/1.1', 'x\u00e9: a'],
  ['GET / HTTP/1.1', 'x: a\nb: c'],
  ['GET / HTTP/1.1', 'x: a\rb: c'],
  ['GET / HTTP/1.1', 'x: a\0'],
  ['GET / HTTP/1.1', 'x: a\x7f'],
  ['GET / HTTP/1.1\nhost: a'],
];

test('what could be read in two ways is malformed', () => {
  for (const lines of MALFORMED) assert.equal(read(...lines), 'malformed', JSON.stringify(lines));
});

test('fields are counted', () => {
  const fields = Array.from({ length: FIELDS_MAX }, () => 'x: y');
  assert.equal(typeof read('GET / HTTP/1.1', ...fields), 'object');
  assert.equal(read('GET / HTTP/1.1', ...fields, 'x: y'), 'large');
});
