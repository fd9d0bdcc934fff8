// Whatever is in a value, each reader gets it as it is: the shell itself says so, and what reads .env files and GitHub's.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatEnv } from './env-format.ts';

const DELIMITER = 'coffer_0123456789abcdef';
const NAMES = ['ONE', 'TWO', 'THREE_3'];
/** Everything that some reader takes for more than a character. */
const nasty = fc.constantFrom(
  '',
  "'",
  '"',
  '`',
  '\\',
  '$HOME',
  '$' + '{HOME}',
  '$(id)',
  '\n',
  '\r\n',
  ' ',
  '#',
  '!',
  '%PATH%',
  'EOF',
  '’',
  'é',
  '\u{1f511}',
);
const anyValue = fc
  .array(fc.oneof(nasty, fc.string({ unit: 'grapheme', maxLength: 8 })), { maxLength: 8 })
  .map((parts) => parts.join('').replaceAll('\0', '').toWellFormed());
const anyVariables = fc
  .tuple(anyValue, anyValue, anyValue)
  .map((values) => Object.fromEntries(NAMES.map((name, index) => [name, values[index] ?? ''])));

/** How python-dotenv reads a file whose values are bare or in single quotes. */
function parseDotenv(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = '', quoted, bare] of text.matchAll(/^([A-Z0-9_]+)=(?:'((?:\\'|[^'])*)'|([^\r\n'#\s]*))$/gm)) {
    found[name] = quoted === undefined ? (bare ?? '') : quoted.replace(/\\([\\'])/g, '$1');
  }
  return found;
}

/** How GitHub's runner reads the file of GITHUB_ENV. */
function parseGithub(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  const rest = text.split('\n');
  while (rest.length > 1) {
    const [, name = '', delimiter = ''] = /^([A-Z0-9_]+)<<(.+)$/.exec(rest.shift() ?? '') ?? [];
    const end = rest.indexOf(delimiter);
    assert.ok(end >= 0, 'every value has an end');
    found[name] = rest
      .splice(0, end + 1)
      .slice(0, -1)
      .join('\n');
  }
  return found;
}

describe('formatEnv', () => {
  it('arrives as it is in a real shell', () => {
    const batches = fc.sample(anyVariables, 120);
    const script = batches.map(
      (variables) =>
        `${formatEnv('shell', variables, DELIMITER)}${NAMES.map((name) => `printf '%s\\0' "$${name}"`).join('\n')}\n`,
    );
    const told = execFileSync('sh', ['-u'], { input: script.join(''), encoding: 'utf8' }).split('\0');
    assert.deepEqual(
      told.slice(0, -1),
      batches.flatMap((variables) => NAMES.map((name) => variables[name])),
    );
  });

  it('arrives as it is by eval of what a command printed', () => {
    const variables = { ONE: 'a\'b"c$HOME`id`\\', TWO: 'two\nlines', THREE_3: '' };
    const text = formatEnv('shell', variables, DELIMITER);
    const told = execFileSync('sh', ['-c', 'eval "$TEXT"; printf "%s|%s|%s" "$ONE" "$TWO" "$THREE_3"'], {
      env: { ...process.env, TEXT: text },
      encoding: 'utf8',
    });
    assert.equal(told, `${variables.ONE}|${variables.TWO}|`);
  });

  it('arrives as it is from .env files, JSON and GitHub', () => {
    fc.assert(
      fc.property(anyVariables, (variables) => {
        if (Object.values(variables).some((value) => value.endsWith('\\'))) {
          assert.throws(() => formatEnv('dotenv', variables, DELIMITER), /ends in a backslash/);
        } else {
          assert.deepEqual(parseDotenv(formatEnv('dotenv', variables, DELIMITER)), variables);
        }
        assert.deepEqual(JSON.parse(formatEnv('json', variables, DELIMITER)), variables);
        assert.deepEqual(parseGithub(formatEnv('github', variables, DELIMITER)), variables);
      }),
    );
  });

  it('is bare in .env files where it can be, and doubles every kind of single quote for PowerShell', () => {
    const url = 'http://0123:cof_proxy_A-b_c@127.0.0.1:8201';
    assert.equal(formatEnv('dotenv', { ONE: url }, DELIMITER), `ONE=${url}\n`);
    const value = "it's $env:X `n \u2019";
    assert.equal(formatEnv('powershell', { ONE: value }, DELIMITER), "$env:ONE = 'it''s $env:X `n \u2019\u2019'\n");
  });
});
