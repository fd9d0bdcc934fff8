import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Binding, parseBindings, versionName } from './bindings.ts';
import { RunFailure } from './failure.ts';

function parsed(...flags: string[]): string[] {
  return parseBindings(flags, 'home').map(
    (binding: Binding) => `${binding.kind === 'file' ? binding.path : binding.name} ${versionName(binding.reference)}`,
  );
}

test('variables and files, latest, numbers and aliases, several on a line and several flags', () => {
  assert.deepEqual(
    parsed('DB_PASSWORD=database-password:latest,/secrets/db-password=database-password:3', 'B=s:prod'),
    [
      'DB_PASSWORD projects/home/secrets/database-password/versions/latest',
      '/secrets/db-password projects/home/secrets/database-password/versions/3',
      'B projects/home/secrets/s/versions/prod',
    ],
  );
  assert.deepEqual(parsed(''), []);
});

test("another project's secret, by id or number, in both spellings", () => {
  assert.deepEqual(parsed('A=projects/other/secrets/s:1,B=projects/123456789012/secrets/s/versions/latest'), [
    'A projects/other/secrets/s/versions/1',
    'B projects/123456789012/secrets/s/versions/latest',
  ]);
});

test('another separator where the flag begins with ^C^', () => {
  assert.deepEqual(parsed('^;^A=s:1;/a,b=s:2'), [
    'A projects/home/secrets/s/versions/1',
    '/a,b projects/home/secrets/s/versions/2',
  ]);
});

test('what is malformed is refused, and the message names the item', () => {
  const cases: [string, RegExp][] = [
    ['A', /\[A\].*expected NAME=SECRET:VERSION/],
    ['=s:1', /expected NAME=SECRET:VERSION/],
    ['A=s', /\[A=s\].*no version is given: s:latest/],
    ['A=projects/p/secrets/s', /no version is given/],
    ['A=s:', /no version is given/],
    ['A=s:0', /version is a number/],
    ['A=s:-1', /version is a number/],
    ['A=s:1:2', /version is a number/],
    ['A=:1', /a secret is/],
    ['A=a b:1', /a secret is/],
    ['A=s/t:1', /another project is written/],
    ['A=projects//secrets/s:1', /another project is written/],
    ['A=projects/P_X/secrets/s:1', /neither an id nor a number/],
    ['1A=s:1', /a variable is letters/],
    ['A-B=s:1', /a variable is letters/],
    ['A=s:1,A=t:1', /A is given twice/],
    ['/a=s:1,/a=s:2', /\/a is given twice/],
    ['/a/=s:1', /must name a file/],
    ['/=s:1', /must name a file/],
    ['/a//b=s:1', /must name a file/],
    ['/a/../b=s:1', /must name a file/],
    ['/a/./b=s:1', /must name a file/],
    ['/a\u0001b=s:1', /control characters/],
    ['/proc/x=s:1', /no file can be made there/],
    ['/a=s:1,/a/b=s:1', /cannot be a file and the directory/],
    ['PORT=s:1', /reserved/],
    ['K_SERVICE=s:1', /reserved/],
    ['COFFER_TOKEN=s:1', /set by coffer run itself/],
    ['NODE_OPTIONS=s:1', /set by coffer run itself/],
    ['GOOGLE_APPLICATION_CREDENTIALS=s:1', /set by coffer run itself/],
    [Array.from({ length: 101 }, (_, index) => `A${index}=s:1`).join(','), /at most 100/],
    [`/${'a'.repeat(1100)}=s:1`, /over 1024 characters/],
  ];
  for (const [flag, message] of cases) {
    assert.throws(
      () => parsed(flag),
      (error) => error instanceof RunFailure && message.test(error.message),
      flag,
    );
  }
});

test('any text is parsed or refused with RunFailure, and what is parsed is well formed', () => {
  const soup = fc.string({ unit: fc.constantFrom(...'A/=:,-_.1^projects'), maxLength: 40 });
  fc.assert(
    fc.property(soup, (flag) => {
      let bindings: Binding[];
      try {
        bindings = parseBindings([flag], 'home');
      } catch (error) {
        assert.ok(error instanceof RunFailure);
        return;
      }
      for (const binding of bindings) {
        assert.match(
          versionName(binding.reference),
          /^projects\/[^/]+\/secrets\/[A-Za-z0-9_-]+\/versions\/[A-Za-z0-9_-]+$/,
        );
        if (binding.kind === 'file') assert.match(binding.path, /^(\/[^/]+)+$/);
      }
    }),
  );
});
