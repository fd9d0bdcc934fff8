import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, formatTime, parseDuration } from './duration.ts';
import { dataOf, mergePatch, parseExact, pathOfName, payloadOf, shapeOf, spelledName, subkeysOf } from './kv.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (payload: Uint8Array) => new TextDecoder().decode(payload);

test('a value is shown by its shape, and written back it is the same bytes', () => {
  const binary = Uint8Array.of(0, 255, 1);
  for (const payload of [bytes('plain'), bytes('[1]'), bytes('"q"'), bytes('\ufeffmark'), bytes('{bad'), binary]) {
    assert.deepEqual(payloadOf(dataOf(payload), shapeOf(payload)), payload);
  }
  assert.deepEqual(dataOf(bytes('{"a":1}')), { a: 1 });
  assert.deepEqual(dataOf(binary), { value: 'AP8B', encoding: 'base64' });
});

test('what is new is an object; what was plain stays plain unless more is written', () => {
  assert.equal(text(payloadOf({ value: 'x' }, undefined)), '{"value":"x"}');
  assert.equal(text(payloadOf({ value: 'x' }, 'object')), '{"value":"x"}');
  assert.equal(text(payloadOf({ value: 'x' }, 'text')), 'x');
  assert.equal(text(payloadOf({ value: 'x' }, 'binary')), 'x');
  assert.equal(text(payloadOf({ value: 'x', other: 1 }, 'text')), '{"value":"x","other":1}');
  assert.equal(text(payloadOf({ value: 1 }, 'text')), '{"value":1}');
  // Each of these as plain bytes would be read back as something else.
  assert.equal(text(payloadOf({ value: '{"a":1}' }, 'text')), '{"value":"{\\"a\\":1}"}');
  assert.equal(text(payloadOf({ value: '' }, 'text')), '{"value":""}');
  assert.equal(
    text(payloadOf({ value: 'eA==', encoding: 'base64' }, 'binary')),
    '{"value":"eA==","encoding":"base64"}',
  );
  assert.equal(text(payloadOf({ value: 'no!', encoding: 'base64' }, 'binary')), '{"value":"no!","encoding":"base64"}');
});

test('version 1 keeps the digits of numbers', () => {
  const source = '{"n":12345678901234567890,"f":1.10}';
  assert.equal(JSON.stringify(parseExact(source)), source);
  assert.equal(JSON.stringify(dataOf(bytes(source), true)), source);
  assert.equal(JSON.stringify(dataOf(bytes(source))), '{"n":12345678901234567000,"f":1.1}');
});

test('a merge patch, and the keys alone', () => {
  const target = { a: 1, b: { c: 2, d: 3 } };
  assert.deepEqual(mergePatch(target, { a: null, b: { d: 4 }, e: [1] }), { b: { c: 2, d: 4 }, e: [1] });
  assert.deepEqual(subkeysOf({ a: 1, b: { c: { d: 2 } } }, 0), { a: null, b: { c: { d: null } } });
  assert.deepEqual(subkeysOf({ a: 1, b: { c: { d: 2 } } }, 1), { a: null, b: null });
  const hostile = mergePatch({}, JSON.parse('{"__proto__":{"x":1}}')) as Record<string, unknown>;
  assert.equal(Object.getPrototypeOf(hostile), Object.prototype);
  assert.equal(hostile['x'], undefined);
});

test('every path of a mount has a name of its own, and comes back from it', () => {
  const paths = [
    'a',
    'a/b',
    'a--b',
    'a-b',
    'a---b',
    'a//b',
    'a=2Fb',
    '.a',
    'a/.b',
    'http:/test.com',
    'ü/b c',
    '/a',
    '-a-',
  ];
  const names = paths.map(spelledName);
  assert.equal(new Set(names.map((name) => name.replaceAll('/', '--'))).size, paths.length);
  for (const [index, name] of names.entries()) assert.equal(pathOfName(name), paths[index]);
  assert.throws(() => spelledName('x'.repeat(256)));
});

test('durations and times in Go’s forms', () => {
  const read = { '3600': 3600, '1h30m': 5400, '30d': 2_592_000, '': 0, '90s': 90, '1.5h': 5400, '-1s': -1, '500ms': 0 };
  for (const [given, seconds] of Object.entries(read)) assert.equal(parseDuration(given), seconds, given);
  for (const bad of ['x', '1x', '1h 2m', 'd', '99999999999999', {}, null, Number.NaN]) {
    assert.equal(parseDuration(bad), undefined, String(bad));
  }
  assert.deepEqual([0, 90, 12_319, 3600].map(formatDuration), ['0s', '1m30s', '3h25m19s', '1h0m0s']);
  assert.equal(formatTime(1_795_375_029_190), '2026-11-22T19:17:09.19Z');
  assert.equal(formatTime(1_795_375_029_000), '2026-11-22T19:17:09Z');
});
