import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LivePatterns } from './live-patterns.ts';
import { Masker } from './masker.ts';

function bytes(...texts: string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text));
}

function shown(patterns: LivePatterns, text: string): string {
  const masker = new Masker(patterns);
  return Buffer.concat([masker.write(Buffer.from(text)), masker.end()]).toString();
}

test('what was current once stays masked; what comes is masked from then on', () => {
  const patterns = new LivePatterns(bytes('first-value', 'pinned-value'));
  const text = 'first-value pinned-value second-value third-value';
  assert.equal(shown(patterns, text), '*** *** second-value third-value');
  patterns.update(bytes('second-value', 'pinned-value'));
  assert.equal(shown(patterns, text), '*** *** *** third-value');
  patterns.update(bytes('third-value', 'pinned-value'));
  assert.equal(shown(patterns, text), '*** *** *** ***');
});

test('values that were replaced take bounded memory; the first and the current ones are never dropped', () => {
  const patterns = new LivePatterns(bytes('first-value'));
  const values = Array.from({ length: 10 }, (_, index) => `${'a'.repeat(32 * 1024)}${index}`);
  for (const value of values) patterns.update(bytes(value));
  const masked = (value: string | undefined): boolean => shown(patterns, `<${value}>`) === '<***>';
  assert.ok(masked('first-value') && masked(values.at(-1)) && masked(values.at(-2)));
  assert.ok(!masked(values[0]), 'the oldest of those in between is dropped');
  assert.ok(!masked(values[1]) && masked(values.at(-5)));
});

test('a change in the middle of the output: no chunking lets a value through that was known when it began', () => {
  const [one, two] = ['swordfish', 'fishmonger'] as const;
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(one, two, 'sword', 'fish', 'monger', ' ', 'x'), { maxLength: 12 }),
      fc.array(fc.constantFrom(one, two, 'sword', 'fish', 'monger', ' ', 'x'), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }),
      (before, after, sizes) => {
        const patterns = new LivePatterns(bytes(one));
        const masker = new Masker(patterns);
        const out: Buffer[] = [];
        const write = (text: string): void => {
          for (let at = 0, turn = 0; at < text.length; turn++) {
            const size = sizes[turn % sizes.length] as number;
            out.push(masker.write(Buffer.from(text.slice(at, at + size))));
            at += size;
          }
        };
        write(before.join(''));
        // A space ends whatever was held back, so that what follows is known from its first byte on.
        write(' ');
        const known = out.reduce((sum, chunk) => sum + chunk.length, 0);
        patterns.update(bytes(two));
        write(after.join(''));
        out.push(masker.end());
        const text = Buffer.concat(out).toString();
        return !text.includes(one) && !text.slice(known).includes(two);
      },
    ),
  );
});

test('what is held back when a value comes is looked at again, and what was found in it stays found', () => {
  const patterns = new LivePatterns(bytes('abcdef', 'cdefghijkl'));
  const masker = new Masker(patterns);
  const out = [masker.write(Buffer.from('>abcdefg'))];
  patterns.update(bytes('fghijX', 'ghi-new'));
  out.push(masker.write(Buffer.from('hijX cdefghi')), masker.write(Buffer.from('-new<')), masker.end());
  assert.equal(Buffer.concat(out).toString(), '>*** cdef***<');
});
