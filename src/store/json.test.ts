// JSON columns take exactly their shape, and keep decoded values within a bound.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../core/error.ts';
import { labelsColumn, policyColumn, replicationColumn } from './json.ts';

test('only the exact shape is taken', () => {
  const policy = { bindings: [{ role: 'roles/viewer', members: ['allUsers'] }], etag: 'BwAA' };
  assert.deepEqual(policyColumn.decode(JSON.stringify(policy)), policy);
  assert.deepEqual(labelsColumn.decode('{"a":"b"}'), { a: 'b' });
  assert.deepEqual(replicationColumn.decode('{"locations":["x"]}'), { locations: ['x'] });
  const bad = [
    '',
    '{',
    'null',
    '[]',
    '7',
    '{}',
    '{"bindings":[]}',
    '{"bindings":{},"etag":"x"}',
    '{"bindings":[],"etag":1}',
    '{"bindings":[],"etag":"x","more":1}',
    '{"bindings":[null],"etag":"x"}',
    '{"bindings":[{"role":"r"}],"etag":"x"}',
    '{"bindings":[{"role":"r","members":"m"}],"etag":"x"}',
    '{"bindings":[{"role":"r","members":[1]}],"etag":"x"}',
    '{"bindings":[{"role":"r","members":[],"condition":{}}],"etag":"x"}',
  ];
  for (const text of bad) assert.equal(policyColumn.decode(text), undefined, text);
  for (const text of ['[]', '{"a":1}', '{"a":null}']) assert.equal(labelsColumn.decode(text), undefined, text);
  for (const text of ['{}', '{"locations":[1]}', '{"locations":[],"x":1}']) {
    assert.equal(replicationColumn.decode(text), undefined, text);
  }
});

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
