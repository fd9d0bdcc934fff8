import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBinary, encodeStatusMessage, frame, timeoutMs } from './grpc-codec.ts';

test('a timeout is up to eight digits and one unit', () => {
  const valid: [string, number][] = [
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['30S', 30_000],
    ['59999m', 59_999],
    ['1500u', 1.5],
    ['2000000n', 2],
    ['0m', 0],
    ['99999999S', 99_999_999_000],
  ];
  for (const [value, expectedMs] of valid) assert.equal(timeoutMs(value), expectedMs, value);
  for (const value of ['', '1', 'S', '-1S', '1.5S', '123456789S', '1s', ' 1S', '1S, 2S', '1x']) {
    assert.ok(Number.isNaN(timeoutMs(value)), value);
  }
});

test('only the percent sign and bytes outside printable ASCII are percent-encoded', () => {
  const plain = `Secret [projects/p/secrets/a] "x" / ? & = + ~ { }`;
  assert.equal(encodeStatusMessage(plain), plain);
  assert.equal(encodeStatusMessage('100%\n'), '100%25%0A');
  assert.equal(encodeStatusMessage('é€'), '%C3%A9%E2%82%AC');
  assert.equal(encodeStatusMessage('\x7f\0'), '%7F%00');
});

test('a binary value is base64 without padding', () => {
  assert.equal(encodeBinary(Uint8Array.of(1)), 'AQ');
  assert.equal(encodeBinary(Uint8Array.of(0xff, 0xfe)), '//4');
  assert.equal(encodeBinary(Uint8Array.of(0, 1, 2, 3).subarray(1, 4)), 'AQID');
});

test('a frame is the flag, four bytes of length and the message', () => {
  assert.deepEqual([...frame(Uint8Array.of(7, 8))], [0, 0, 0, 0, 2, 7, 8]);
  assert.deepEqual([...frame(new Uint8Array(0))], [0, 0, 0, 0, 0]);
  assert.deepEqual([...frame(new Uint8Array(65_536)).subarray(0, 5)], [0, 0, 1, 0, 0]);
});
