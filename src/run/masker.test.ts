import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formsOf, isTooShort } from './mask-forms.ts';
import { Masker } from './masker.ts';
import { PatternSet } from './pattern-set.ts';

function maskerOf(...values: (string | Uint8Array)[]): Masker {
  return new Masker({ patterns: new PatternSet(values.flatMap((value) => formsOf(Buffer.from(value as string)))) });
}

function maskAll(text: string | Uint8Array, ...values: (string | Uint8Array)[]): string {
  const masker = maskerOf(...values);
  return Buffer.concat([masker.write(Buffer.from(text as string)), masker.end()]).toString('latin1');
}

const SECRET = 'p@ss/w0rd "é"+x';

test('every form of a value is masked, in any surroundings', () => {
  const json = JSON.stringify(SECRET).slice(1, -1);
  const forms: Record<string, string> = {
    plain: SECRET,
    base64: Buffer.from(SECRET).toString('base64'),
    'base64url without padding': Buffer.from(SECRET).toString('base64url'),
    encodeURIComponent: encodeURIComponent(SECRET),
    'form encoding': new URLSearchParams({ a: SECRET }).toString().slice(2),
    'percent, lower case': encodeURIComponent(SECRET).replace(/%../g, (hex) => hex.toLowerCase()),
    json,
    'json in ASCII': json.replace('é', '\\u00e9'),
    'json, upper-case escapes': json.replace('é', '\\u00E9'),
    'json, escaped slash': json.replace('/', '\\/'),
    'json in json': JSON.stringify(json).slice(1, -1),
    'userinfo of a URL': (() => {
      const url = new URL('http://h/');
      url.password = SECRET;
      return url.password;
    })(),
  };
  for (const [name, form] of Object.entries(forms)) {
    const masked = maskAll(`key=<${form}> end\n`, SECRET);
    assert.equal(masked, 'key=<***> end\n', name);
  }
});

test('base64 is masked at each of the three alignments', () => {
  const value = 'correct horse battery';
  for (const before of ['', 'u', 'us', 'use', 'user']) {
    for (const after of ['', ':', '::', ':::']) {
      const encoded = Buffer.from(`${before}${value}${after}`).toString('base64');
      const masked = maskAll(encoded, value);
      assert.match(masked, /\*\*\*/);
      const left = masked.replaceAll('***', '');
      assert.ok(left.length <= 16, `${before}|${after}: ${masked}`);
    }
  }
});

test('a value of several lines is masked line by line, with any line end, and when trimmed', () => {
  const value = '-----BEGIN KEY-----\nabcdefghij\nxyz\n-----END KEY-----\n';
  assert.equal(maskAll('x abcdefghij y', value), 'x *** y');
  assert.equal(maskAll(`<${value.replaceAll('\n', '\r\n')}>`, value), '<***>');
  assert.equal(maskAll(`<${value.trim()}>`, value), '<***>');
  assert.equal(maskAll(Buffer.from(value.trim()).toString('base64'), value), '***');
});

test('base64 that coreutils or PEM wrapped is masked', () => {
  const value = Array.from({ length: 40 }, (_, index) => `word${index}`).join('-');
  for (const width of [76, 64]) {
    const wrapped = (
      Buffer.from(value)
        .toString('base64')
        .match(new RegExp(`.{1,${width}}`, 'g')) ?? []
    ).join('\n');
    assert.match(maskAll(wrapped, value), /^(\*\*\*\n)+(\*\*\*|.{0,5})$/);
  }
});

test('binary values are masked as bytes and in base64', () => {
  const value = Buffer.from([0xff, 0x00, 0x80, 0x0a, 0xfe, 0x01, 0x02, 0x03]);
  assert.equal(maskAll(Buffer.concat([Buffer.from('<'), value, Buffer.from('>')]), value), '<***>');
  assert.equal(maskAll(value.toString('base64'), value), '***');
});

test('values under six characters are left alone, characters not being bytes', () => {
  assert.ok(isTooShort(Buffer.from('12345')));
  assert.ok(isTooShort(Buffer.from('ééééé')));
  assert.ok(!isTooShort(Buffer.from('123456')));
  assert.equal(maskAll('12345', '12345'), '12345');
});

test('overlapping forms become one mask, and nothing of either remains', () => {
  assert.equal(maskAll('<abcdefghi>', 'abcdef', 'defghi'), '<***>');
  assert.equal(maskAll('<abcdefabcdef>', 'abcdef'), '<******>');
  assert.equal(maskAll('<abcabcabcd>', 'abcabcd'), '<abc***>');
});

test('only what may begin a form is held back', () => {
  const masker = maskerOf('secret-value');
  assert.equal(masker.write(Buffer.from('login: ')).toString(), 'login: ');
  assert.equal(masker.write(Buffer.from('sec')).toString(), '');
  assert.equal(masker.write(Buffer.from('ond')).toString(), 'second');
  assert.equal(masker.write(Buffer.from('secret-')).toString(), '');
  assert.equal(masker.write(Buffer.from('value')).toString(), '***');
  assert.equal(masker.write(Buffer.from('secret-val')).toString(), '');
  assert.equal(masker.end().toString(), 'secret-val');
});

test('no chunking changes the output, and no form ever appears in it', () => {
  const value = fc.string({ unit: fc.constantFrom(...'ab"\\/+é \n<%'), minLength: 6, maxLength: 14 });
  const noise = fc.string({ unit: fc.constantFrom(...'ab"\\/+é \n<%'), maxLength: 10 });
  const encoders: ((text: string) => string)[] = [
    (text) => text,
    (text) => Buffer.from(text).toString('base64'),
    (text) => Buffer.from(`x${text}`).toString('base64url'),
    encodeURIComponent,
    (text) => JSON.stringify(text),
  ];
  const piece = fc.record({ value: fc.nat(2), encoder: fc.nat(encoders.length - 1), noise });
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 3 }),
      fc.array(piece, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
      (values, pieces, cuts) => {
        const text = pieces
          .map(
            (one) =>
              one.noise + (encoders[one.encoder] as (t: string) => string)(values[one.value % values.length] as string),
          )
          .join('');
        const bytes = Buffer.from(text);
        const patterns = new PatternSet(values.flatMap((one) => formsOf(Buffer.from(one))));
        const whole = new Masker({ patterns });
        const expected = Buffer.concat([whole.write(bytes), whole.end()]);
        const chunked = new Masker({ patterns });
        const out: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = cuts[turn % cuts.length] as number;
          out.push(chunked.write(bytes.subarray(at, at + size)));
          at += size;
        }
        out.push(chunked.end());
        assert.equal(Buffer.concat(out).toString('latin1'), expected.toString('latin1'));
        for (const form of values.flatMap((one) => formsOf(Buffer.from(one)))) {
          assert.equal(expected.indexOf(form), -1, form.toString());
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('the automaton agrees with a search for each pattern', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), fc.array(word, { maxLength: 12 }), (words, text) => {
      const patterns = new PatternSet(words.map((one) => Buffer.from(one)));
      const all = text.join('');
      let state = 0;
      for (let at = 0; at < all.length; at++) {
        state = patterns.step(state, all.charCodeAt(at));
        const seen = all.slice(0, at + 1);
        const longest = Math.max(0, ...words.filter((one) => seen.endsWith(one)).map((one) => one.length));
        assert.equal(patterns.matchLength(state), longest);
      }
    }),
  );
});

test('masking is linear: a megabyte of near misses of a 64 KiB value takes well under a second', () => {
  const value = `${'a'.repeat(65_000)}b`;
  const masker = new Masker({ patterns: new PatternSet(formsOf(Buffer.from(value))) });
  const chunk = Buffer.from('a'.repeat(16_384));
  const begin = process.cpuUsage();
  for (let round = 0; round < 64; round++) masker.write(chunk);
  const { user, system } = process.cpuUsage(begin);
  assert.ok((user + system) / 1000 < 2000, `${(user + system) / 1000} ms`);
});
