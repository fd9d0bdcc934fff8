import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerHead } from './answer-head.ts';

test('a head is written as it will be read', () => {
  assert.equal(
    answerHead(404, { 'content-length': 3, 'x-a': 'b c' }, 'connection: close\r\n'),
    'HTTP/1.1 404 Not Found\r\ncontent-length: 3\r\nx-a: b c\r\nconnection: close\r\n\r\n',
  );
  assert.equal(answerHead(472, {}, ''), 'HTTP/1.1 472 \r\n\r\n');
});

test('a field that would begin another is refused, and its value not repeated', () => {
  for (const fields of [{ 'x y': 'canary' }, { 'x\r\ny': 'canary' }, { '': 'canary' }]) {
    assert.throws(() => answerHead(200, fields, ''), {
      name: 'TypeError',
      message: 'the name of a header is not valid',
    });
  }
  for (const value of ['canary\r\nset-cookie: a', 'canary\n', 'canary\0', 'canary\u0100']) {
    assert.throws(() => answerHead(200, { 'x-a': value }, ''), {
      name: 'TypeError',
      message: 'the value of the header x-a is not valid',
    });
  }
});
