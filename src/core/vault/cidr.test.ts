import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWithin, parseBlocks } from './cidr.ts';

test('addresses lie within blocks of their own kind', () => {
  const cases: [string, string, boolean][] = [
    ['127.0.0.1', '127.0.0.1/32', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.2', '127.0.0.1/32', false],
    ['10.255.0.1', '10.0.0.0/8', true],
    ['11.0.0.1', '10.0.0.0/8', false],
    ['192.168.5.129', '192.168.5.128/25', true],
    ['192.168.5.127', '192.168.5.128/25', false],
    ['8.8.8.8', '0.0.0.0/0', true],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['::1', '::1/128', true],
    ['::1', '0.0.0.0/0', false],
    ['127.0.0.1', '::/0', false],
    ['', '0.0.0.0/0', false],
  ];
  for (const [address, block, inside] of cases) assert.equal(isWithin(address, [block]), inside, `${address} ${block}`);
  assert.equal(isWithin('127.0.0.1', []), false);
  assert.equal(isWithin('127.0.0.1', ['10.0.0.0/8', '127.0.0.0/8']), true);
});

test('what is no block is refused', () => {
  for (const bad of [
    '',
    'x',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/-1',
    '1.2.3.4/8/8',
    ':::',
    '1::2::3',
    '1:2',
  ]) {
    assert.throws(() => parseBlocks([bad]), bad);
  }
  assert.deepEqual(parseBlocks(['1.2.3.4/8', '::/0']), ['1.2.3.4/8', '::/0']);
});
