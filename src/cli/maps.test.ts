import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeMap, parseList, parseMap, parseMapChange } from './maps.ts';

test('maps: several flags, commas, and an own separator', () => {
  assert.deepEqual(parseMap('labels', ['a=1,b=2', 'c=3=4']), { a: '1', b: '2', c: '3=4' });
  assert.deepEqual(parseMap('labels', ['^;^a=1,2;b=x']), { a: '1,2', b: 'x' });
  assert.deepEqual(parseMap('labels', ['a=']), { a: '' });
  assert.deepEqual(parseMap('labels', undefined), {});
  assert.throws(() => parseMap('labels', ['a']), /argument --labels: bad syntax for dict arg: \[a\]/);
  assert.throws(() => parseMap('labels', ['=x']), /bad syntax/);
  assert.deepEqual(parseList('x', ['a,b', 'c']), ['a', 'b', 'c']);
});

test('clear comes first, then update, then remove', () => {
  const original = { a: '1', b: '2' };
  const change = (flags: { update?: string[]; remove?: string[]; clear?: boolean }) => {
    const parsed = parseMapChange('labels', { update: flags.update, remove: flags.remove, clear: flags.clear });
    return parsed && changeMap(original, parsed);
  };
  assert.equal(change({}), undefined);
  assert.deepEqual(change({ update: ['b=3,c=4'] }), { a: '1', b: '3', c: '4' });
  assert.deepEqual(change({ remove: ['a,none'] }), { b: '2' });
  assert.deepEqual(change({ clear: true, update: ['x=y'] }), { x: 'y' });
  assert.deepEqual(change({ update: ['x=y'], remove: ['x'] }), original);
  assert.throws(() => change({ clear: true, remove: ['a'] }), /at most one of --clear-labels \| --remove-labels/);
  assert.deepEqual(original, { a: '1', b: '2' });
});

test('a key like __proto__ is a key', () => {
  const map = parseMap('labels', ['__proto__=x']);
  assert.deepEqual(Object.keys(map), ['__proto__']);
});
