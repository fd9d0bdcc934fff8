import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkedBody } from './chunked.ts';

const TRAILER_BYTES_MAX = 40;

/** What a body says, read in pieces of so many bytes, and what was left behind it. */
function read(text: string, pieceBytes: number): { data: string; rest: string } | 'malformed' | 'not whole' {
  const bytes = Buffer.from(text, 'latin1');
  let data = '';
  const body = new ChunkedBody(TRAILER_BYTES_MAX, (part) => {
    data += part.toString('latin1');
  });
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    const end = body.read(piece, 0);
    if (end < 0) return 'malformed';
    if (body.isWhole) return { data, rest: bytes.toString('latin1', at + end) };
    assert.equal(end, piece.length);
  }
  return 'not whole';
}

test('chunks are read alike however they are cut', () => {
  const text = '3\r\nabc\r\nA;x="y;z"\r\n0123456789\r\n01\r\n!\r\n000\r\nx-trailer: a\r\n\r\nGET';
  for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes++) {
    assert.deepEqual(read(text, pieceBytes), { data: 'abc0123456789!', rest: 'GET' });
  }
});

const MALFORMED = [
  '\r\n',
  '+3\r\nabc\r\n',
  '-1\r\nabc\r\n',
  '0x3\r\nabc\r\n',
  ' 3\r\nabc\r\n',
  '3 \r\nabc\r\n',
  '3 4\r\nabc\r\n',
  'g\r\n',
  '123456789\r\n',
  '3\nabc\r\n',
  '3\r\nabcd\r\n',
  '3\r\nabc\n',
  '3\r\nabc0\r\n',
  '3;\0\r\nabc\r\n',
  `3;${'x'.repeat(2000)}`,
  `0\r\n${'x: y\r\n'.repeat(10)}`,
  '0\r\nx: \x01\r\n\r\n',
  '0\r\n+3\r\n\r\n',
  '0\r\n x: y\r\n\r\n',
  '0\r\nContent-Length: 3\r\n\r\n',
  '0\r\ntransfer-encoding: chunked\r\n\r\n',
];

test('what is no chunk is malformed, however it is cut', () => {
  for (const text of MALFORMED) {
    for (const pieceBytes of [1, 2, 3, text.length]) {
      assert.equal(read(text, pieceBytes), 'malformed', JSON.stringify(text));
    }
  }
});
