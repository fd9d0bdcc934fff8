import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kept } from './kept.ts';

const names = (count: number, kind = 'name') => Array.from({ length: count }, (_, each) => `${kind} ${each}`);

test('a value is found by its text until all are forgotten', () => {
  const kept = new Kept<number>({ bytesMax: 64_000, entryBytes: 100 });
  for (const [at, name] of names(50).entries()) kept.add(name, at, 0);
  for (const [at, name] of names(50).entries()) assert.equal(kept.get(name), at);
  kept.add('name 7', 70, 0);
  assert.equal(kept.get('name 7'), 70);
  assert.equal(kept.get('name 50'), undefined);
  assert.equal(kept.get('name'), undefined);
  kept.clear();
  assert.ok(names(50).every((name) => kept.get(name) === undefined));
  kept.add('name 7', 71, 0);
  assert.equal(kept.get('name 7'), 71);
});

test('a full one takes what comes a second time, and what is asked for stays', () => {
  const kept = new Kept<string>({ bytesMax: 6400, entryBytes: 100 });
  const hot = names(8, 'hot');
  for (const name of hot) kept.add(name, name, 0);
  const cold = names(1000, 'cold');
  const ask = () => hot.every((name) => kept.get(name) === name);
  for (const name of cold) {
    kept.add(name, name, 0);
    assert.ok(ask());
  }
  const before = cold.filter((name) => kept.get(name) === name);
  assert.ok(before.length > 16 && before.length <= 56, `${before.length} were taken while there was room`);
  const late = cold.find((name) => kept.get(name) === undefined && name > 'cold 9') as string;
  for (let time = 0; time < 3; time++) {
    kept.add(late, late, 0);
    assert.ok(ask());
  }
  assert.equal(kept.get(late), late, 'it came again');
});

test('the bound holds for values of any size, and one that is larger is not kept', () => {
  const kept = new Kept<string>({ bytesMax: 10_000, entryBytes: 100 });
  const large = names(12, 'large');
  for (const name of large) kept.add(name, name, 2400);
  assert.ok(large.filter((name) => kept.get(name) === name).length <= 4);
  kept.add('largest', 'largest', 9901);
  assert.equal(kept.get('largest'), undefined);
  // A value that grew counts as what it is now.
  kept.clear();
  for (let bytes = 0; bytes < 9900; bytes += 100) kept.add('one', 'one', bytes);
  assert.equal(kept.get('one'), 'one');
  kept.add('two', 'two', 5000);
  kept.add('two', 'two', 5000);
  assert.equal(kept.get('two'), 'two');
  assert.equal(kept.get('one'), undefined, 'both are too much');
});

test('texts of one beginning and one end are told apart, however long', () => {
  const kept = new Kept<number>({ bytesMax: 640_000, entryBytes: 100 });
  const text = (at: number) => `${'a'.repeat(at)}b${'a'.repeat(5000 - at)}`;
  for (let at = 0; at < 64; at++) kept.add(text(at), at, 0);
  for (let at = 0; at < 64; at++) assert.ok([at, undefined].includes(kept.get(text(at))));
});
