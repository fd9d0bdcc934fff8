import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flattenAll, sortBy } from './arrange.ts';

test('flattening puts each element in the place of its list', () => {
  const policy = {
    etag: 'E',
    bindings: [
      { role: 'r1', members: ['a', 'b'] },
      { role: 'r2', members: ['c'] },
    ],
  };
  assert.deepEqual(flattenAll([policy], 'bindings[].members'), [
    { etag: 'E', bindings: { role: 'r1', members: 'a' } },
    { etag: 'E', bindings: { role: 'r1', members: 'b' } },
    { etag: 'E', bindings: { role: 'r2', members: 'c' } },
  ]);
  assert.deepEqual(flattenAll([{ a: 1 }], 'none'), [{ a: 1 }]);
  assert.throws(() => flattenAll([{}], 'a[b'), /--flatten/);
});

test('sorting by several keys, downwards with ~, by a heading too', () => {
  const items = [
    { n: 2, s: 'b' },
    { n: 10, s: 'a' },
    { n: 2, s: 'a' },
  ];
  const order = (keys: string) =>
    sortBy(items, keys, new Map([['NUM', 'n']])).map((item) => `${item['n']}${item['s']}`);
  assert.deepEqual(order('n,s'), ['2a', '2b', '10a']);
  assert.deepEqual(order('~n,~s'), ['10a', '2b', '2a']);
  assert.deepEqual(order('s,NUM'), ['2a', '10a', '2b']);
});
