import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFormat } from './expression.ts';
import { valueAt } from './path.ts';
import { applyTransforms } from './transforms.ts';

const resource = {
  name: 'projects/p/secrets/s/versions/7',
  list: ['b', 'a'],
  map: { k: 'v', j: 'w' },
  data: 'aGVsbG8=',
  time: '2026-03-04T05:06:07Z',
  empty: '',
};

function apply(key: string): unknown {
  const column = parseFormat(`value(${key})`).columns[0];
  assert.ok(column);
  return applyTransforms(valueAt(resource, column.path), column.transforms);
}

test('every transform on a plain case', () => {
  const cases: Record<string, unknown> = {
    'name.basename()': '7',
    'none.basename(undefined=-)': '-',
    'name.segment(1)': 'p',
    'name.segment(99)': '',
    'name.scope(secrets)': 's/versions/7',
    'name.scope()': '7',
    'name.split("/").len()': 6,
    'name.sub("projects", "p")': 'p/p/secrets/s/versions/7',
    'name.slice(0:8)': 'projects',
    'name.trailoff(10)': 'project...',
    'list.join(",")': 'b,a',
    'list.sort().join("")': 'ab',
    'list.list()': 'b,a',
    'list.count()': 2,
    'map.list()': 'j=w,k=v',
    'map.list(show=keys)': 'j,k',
    'map.flatten(separator="; ")': 'j=w; k=v',
    'data.decode(base64)': 'hello',
    'list.len()': 2,
    'time.date()': '2026-03-04T05:06:07',
    'time.date("%F")': '2026-03-04',
    'none.date(undefined="-")': '-',
    'name.upper().lower().basename()': '7',
    'empty.yesno(yes=on, no=off)': 'off',
    'firstof(none, empty, data)': 'aGVsbG8=',
  };
  for (const [key, expected] of Object.entries(cases)) assert.deepEqual(apply(key), expected, key);
});

test('a path reaches into lists and finds own properties only', () => {
  assert.equal(valueAt({ a: [{ b: 1 }, { b: 2 }] }, ['a', 1, 'b']), 2);
  assert.deepEqual(valueAt({ a: [{ b: 1 }, { b: 2 }] }, ['a', 'b']), [1, 2]);
  assert.deepEqual(valueAt({ a: [{ b: [1] }, { b: [2] }] }, ['a', null, 'b']), [1, 2]);
  assert.equal(valueAt({}, ['constructor']), undefined);
  assert.equal(valueAt({ a: null }, ['a', 'b']), undefined);
});
