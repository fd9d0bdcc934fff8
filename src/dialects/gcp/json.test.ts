// JSON from outside: bounded, and never read in two ways. Numbers 18, 19 and 27 of the checklist in the design.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../../core/error.ts';
import { JSON_DEPTH_MAX, JSON_VALUES_MAX, parseJson } from './json.ts';

const parse = (text: string) => parseJson(new TextEncoder().encode(text));
const invalid = (text: string) => (error: unknown) =>
  error instanceof Fault &&
  error.code === 'INVALID_FIELD' &&
  error.facts['said'] === `Invalid JSON payload received. ${text}`;

describe('JSON of a request', () => {
  test('legal JSON is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const text = JSON.stringify(value);
        assert.deepEqual(parse(text), JSON.parse(text));
      }),
    );
  });

  test('an empty body is none', () => {
    assert.equal(parse(''), undefined);
    assert.equal(parse(' \r\n\t'), undefined);
  });

  test('a key twice is refused, however it is spelled and wherever it stands', () => {
    for (const text of [
      '{"a":1,"a":1}',
      '{"a":1,"\\u0061":2}',
      '{"x":[{"a" :1,"b":{}, "a"\n:2}]}',
      '{"a":{"b":1},"a":{"c":1}}',
      '{"":1,"":2}',
      '{"__proto__":1,"__proto__":2}',
    ]) {
      assert.throws(() => parse(text), invalid('An object has the same name twice.'), text);
    }
    assert.deepEqual(parse('{"a":{"a":["a","a",{"a":"a"}]},"b":"{\\"a\\":1,\\"a\\":2}"}'), {
      a: { a: ['a', 'a', { a: 'a' }] },
      b: '{"a":1,"a":2}',
    });
  });

  test('a text ends where JSON says, whatever its backslashes', () => {
    const text = fc.string({ unit: fc.constantFrom('\\', '"', 'a', '\n', ',', '{'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (key, value) => {
        const json = JSON.stringify({ [key]: value, last: [value] });
        assert.deepEqual(parse(json), JSON.parse(json));
        const twice = `{${JSON.stringify(key)}:1,${JSON.stringify(key)}:2}`;
        assert.throws(() => parse(twice), invalid('An object has the same name twice.'));
      }),
      { numRuns: 1000 },
    );
  });

  test('depth is bounded before anything is built', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    assert.doesNotThrow(() => parse(nested(JSON_DEPTH_MAX)));
    assert.throws(() => parse(nested(JSON_DEPTH_MAX + 1)), invalid('Nesting is too deep.'));
    assert.throws(() => parse('['.repeat(1_000_000)), invalid('Nesting is too deep.'));
    assert.throws(() => parse('{"a":'.repeat(1_000_000)), invalid('Nesting is too deep.'));
  });

  test('so is the number of values, but not the length of one', () => {
    const list = (count: number) => `[${'0,'.repeat(count - 1)}0]`;
    assert.doesNotThrow(() => parse(list(JSON_VALUES_MAX)));
    assert.throws(() => parse(list(JSON_VALUES_MAX + 1)), invalid('There are too many values.'));
    assert.equal(parse(JSON.stringify(','.repeat(100_000))), ','.repeat(100_000));
  });

  test('what is no JSON is told by kind, and not repeated', () => {
    assert.throws(() => parse('{"password": hunter2}'), invalid('Unexpected token.'));
    assert.throws(() => parse("{'a':1}"), invalid('Unexpected token.'));
    assert.throws(() => parse('{"a":1,}'), invalid('Unexpected token.'));
    assert.throws(() => parse('{"a":"hunter2'), invalid('Unexpected end of string.'));
    assert.throws(() => parse('{"a":'), invalid('Unexpected end of string.'));
    assert.throws(() => parseJson(new Uint8Array([0x22, 0xff, 0x22])), invalid('The text is not valid UTF-8.'));
  });

  test('whatever the text, it fails with a fault or not at all', () => {
    const token = fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', '\\u00', 'a', '1', 'null', ' ', '\u0000');
    fc.assert(
      fc.property(fc.array(token, { maxLength: 30 }), (tokens) => {
        try {
          parse(tokens.join(''));
        } catch (error) {
          assert.ok(error instanceof Fault, String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
