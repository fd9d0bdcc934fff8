// Shows that every lint rule fires: a guard that cannot fail guards nothing. test/fixtures/lint mirrors the tree; each
// file names on its second line what it must set off, nothing more and nothing less. They are linted in a scratch
// directory under the repository's own biome.json, in one run.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { before, describe, test } from 'node:test';
import { repository, scratch } from '../support/start.ts';

interface Rule {
  readonly level?: string;
}
interface Override {
  readonly includes: readonly string[];
  readonly linter: { readonly rules: Readonly<Record<string, Readonly<Record<string, Rule | string>>>> };
}
interface Configuration {
  readonly linter: Override['linter'];
  readonly overrides: readonly Override[];
}
interface Report {
  readonly diagnostics: readonly { readonly category: string; readonly location: { readonly path: string } }[];
}

const fixtures = join(repository, 'test/fixtures/lint');
const biome = join(repository, 'node_modules/.bin/biome');
const configuration = JSON.parse(readFileSync(join(repository, 'biome.json'), 'utf8')) as Configuration;
const boundaries = configuration.overrides.filter(
  (override) => 'noRestrictedImports' in (override.linter.rules['style'] ?? {}),
);

/** Whether the override with these globs applies to the file. */
function applies(includes: readonly string[], file: string): boolean {
  const not = includes.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1));
  const yes = includes.filter((glob) => !glob.startsWith('!'));
  return yes.some((glob) => matchesGlob(file, glob)) && !not.some((glob) => matchesGlob(file, glob));
}

describe('lint', () => {
  const fired = new Map<string, Set<string>>();
  const files = globSync('**/*.ts', { cwd: fixtures }).sort();

  before(() => {
    const root = scratch();
    for (const name of ['biome.json', 'package.json', 'scripts/lint']) {
      cpSync(join(repository, name), join(root, name), { recursive: true });
    }
    cpSync(fixtures, root, { recursive: true });
    // Too long to be worth keeping as files.
    mkdirSync(join(root, 'src/long'));
    writeFileSync(
      join(root, 'src/long/file.ts'),
      'export const a = 1;\n'.repeat(401).replaceAll(/a/g, () => name()),
    );
    const statements = Array.from({ length: 71 }, () => `  const ${name()} = 1;\n`).join('');
    writeFileSync(join(root, 'src/long/function.ts'), `export function long(): void {\n${statements}}\n`);
    const run = spawnSync(biome, ['lint', '--reporter=json', '--max-diagnostics=none', '.'], {
      cwd: root,
      encoding: 'utf8',
      timeout: 30_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    const report = JSON.parse(run.stdout) as Report;
    for (const { category, location } of report.diagnostics) {
      fired.set(location.path, (fired.get(location.path) ?? new Set()).add(category));
    }
  });

  test('each fixture sets off what it names and nothing else', () => {
    assert.ok(files.length > 50, 'the fixtures are there');
    for (const file of files) {
      const expected = /^\/\/ fires: (.+)$/m.exec(readFileSync(join(fixtures, file), 'utf8'))?.[1];
      assert.ok(expected, `${file} does not say what it fires`);
      const wanted = expected === 'nothing' ? [] : expected.split(', ');
      assert.deepEqual([...(fired.get(file) ?? [])].sort(), wanted.sort(), file);
    }
  });

  test('a file and a function can be too long', () => {
    assert.ok(fired.get('src/long/file.ts')?.has('lint/style/noExcessiveLinesPerFile'));
    assert.ok(fired.get('src/long/function.ts')?.has('lint/complexity/noExcessiveLinesPerFunction'));
  });

  test('every rule that biome.json turns on is shown to fire', () => {
    const seen = new Set([...fired.values()].flatMap((categories) => [...categories]));
    for (const { rules } of [configuration.linter, ...configuration.overrides.map((override) => override.linter)]) {
      for (const [group, named] of Object.entries(rules)) {
        if (typeof named === 'string') continue;
        for (const [rule, setting] of Object.entries(named)) {
          if (setting === 'off') continue;
          assert.ok(seen.has(`lint/${group}/${rule}`), `no fixture fires lint/${group}/${rule}`);
        }
      }
    }
  });

  test('every import boundary has a fixture that trespasses', () => {
    for (const { includes } of boundaries) {
      const trespasser = files.find(
        (file) => applies(includes, file) && fired.get(file)?.has('lint/style/noRestrictedImports'),
      );
      assert.ok(trespasser, `no fixture trespasses in ${includes[0]}`);
    }
  });

  test('every source file in a folder lies within exactly one boundary', () => {
    for (const file of globSync('src/*/**/*.ts', { cwd: repository })) {
      if (file.endsWith('.test.ts')) continue;
      const within = boundaries.filter(({ includes }) => applies(includes, file));
      assert.equal(within.length, 1, `${file} lies within ${within.length} boundaries of biome.json`);
    }
  });
});

let names = 0;

function name(): string {
  return `name${names++}`;
}
