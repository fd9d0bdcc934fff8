import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KnownHeads } from './known-heads.ts';

/** Reads heads out of the middle of other bytes, and counts how often one had to be made. */
function reader() {
  const heads = new KnownHeads<string>();
  const counts = { made: 0 };
  const read = (text: string): string => {
    const bytes = Buffer.from(`before${text}behind`, 'latin1');
    return heads.get(bytes, 6, bytes.length - 6, () => {
      counts.made++;
      return `of ${text}`;
    });
  };
  return { heads, counts, read };
}

test('a head is kept once it came twice, until all are forgotten', () => {
  const { heads, counts, read } = reader();
  for (let time = 0; time < 5; time++) assert.equal(read('GET / HTTP/1.1'), 'of GET / HTTP/1.1');
  assert.equal(counts.made, 2);
  heads.clear();
  read('GET / HTTP/1.1');
  assert.equal(counts.made, 3);
});

test('a long head is made each time', () => {
  const { counts, read } = reader();
  for (let time = 0; time < 4; time++) read('x'.repeat(1025));
  assert.equal(counts.made, 4);
});

test('no head is ever taken for another, however alike they are', () => {
  const { read } = reader();
  const head = fc.tuple(
    fc.constantFrom(0, 150, 170, 400),
    fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(head, { minLength: 1, maxLength: 60 }), (all) => {
      for (const [before, text] of [...all, ...all, ...all]) {
        const whole = `${'x'.repeat(before)}${text}${'y'.repeat(before)}`;
        if (read(whole) !== `of ${whole}`) return false;
      }
      return true;
    }),
  );
});
