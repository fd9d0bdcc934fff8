// JSON columns refuse what they could not read back, and keep decoded values within a bound.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../core/error.ts';
import { attributesColumn, labelsColumn } from './columns.ts';

test('what could not be read back is not written', () => {
  assert.throws(
    () => labelsColumn.encode({ a: 1 } as never),
    (error) => error instanceof Fault && error.code === 'INTERNAL',
  );
});

test('a value is decoded once, until too much else was', () => {
  const text = '{"kept":"once"}';
  const first = labelsColumn.decode(text);
  assert.equal(labelsColumn.decode(text), first);
  const big = 'x'.repeat(300_000);
  for (const name of ['a', 'b', 'c', 'd']) labelsColumn.decode(`{"${name}":"${big}"}`);
  assert.notEqual(labelsColumn.decode(text), first);
  assert.deepEqual(labelsColumn.decode(text), first);
});

test('of a column whose texts are all distinct nothing is kept, and the shape is seen to all the same', () => {
  const text = '{"timestamp":"now"}';
  const first = attributesColumn.decode(text);
  assert.deepEqual(first, { timestamp: 'now' });
  assert.notEqual(attributesColumn.decode(text), first);
  assert.equal(attributesColumn.encode({ timestamp: 'now' }), text);
  assert.throws(
    () => attributesColumn.encode({ timestamp: 1 } as never),
    (error) => error instanceof Fault && error.code === 'INTERNAL',
  );
});
