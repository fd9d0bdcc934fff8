// The rules of this repository that no linter knows: names, headers, documents that must agree with the code, and a
// tree that holds nothing of the machine it was made on.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { errorsDoc } from '../../scripts/errors-doc.ts';
import { repository } from '../support/start.ts';
import { text, tree } from './tree.ts';

const files = tree();
const sources = files.filter((file) => /\.(ts|cjs|mjs|js)$/.test(file));
const HEADER_LINES_MAX = 12;
const STATIC_IMPORT = /^(?:import|export)\s+(type\s)?(?:[\w$*{},\s]+\sfrom\s+)?['"]([^'"]+)['"]/gm;

describe('files', () => {
  test('every source begins with a header that says what it is', () => {
    for (const file of sources) {
      // A unit test is named after the file beside it.
      if (/^src\/.*\.test\.ts$/.test(file)) continue;
      const lines = text(file)
        .replace(/^#!.*\n/, '')
        .split('\n');
      const end = lines.findIndex((line) => !line.startsWith('//'));
      assert.ok(end > 0, `${file} has no header comment`);
      assert.ok(end <= HEADER_LINES_MAX, `${file} has a header of ${end} lines: at most ${HEADER_LINES_MAX}`);
    }
  });

  test('names are kebab-case', () => {
    // Names that a tool or a custom gives.
    const given = /^(Makefile|[A-Z]+(\.md)?|\.[a-z-]+|[a-z0-9_]+\.(py|go))$/;
    for (const file of files) {
      for (const part of file.split('/')) {
        assert.match(part, given.test(part) ? given : /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/, `${file}: ${part}`);
      }
    }
  });

  test('no name says nothing', () => {
    for (const file of files) {
      for (const part of file.split('/')) {
        const stem = part.split('.')[0] ?? '';
        if (/^(secret|resource)-manager$/.test(stem)) continue;
        assert.doesNotMatch(stem, /(^|-)(utils?|helpers?|managers?|misc|common)$/, file);
      }
    }
  });

  test('nothing is left for later', () => {
    const marks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);
    for (const file of sources) {
      const line = text(file)
        .split('\n')
        .findIndex((each) => marks.test(each));
      assert.equal(line, -1, `${file}:${line + 1} leaves something for later`);
    }
  });

  test('no path of a machine', () => {
    const places = new RegExp(
      `(^|[^\\w.~])/(${['wor' + 'k/main', 'wor' + 'k/shared', 'roo' + 't', 'hom' + 'e/\\w+', 'User' + 's'].join('|')})/`,
    );
    for (const file of [...files, 'package-lock.json']) {
      const line = text(file)
        .split('\n')
        .findIndex((each) => places.test(each));
      assert.equal(line, -1, `${file}:${line + 1} holds a path of somebody's machine`);
    }
  });

  test('the start of the command line loads nothing heavy', () => {
    const eager = (entry: string, root?: string) =>
      [...closure(entry, root)].filter(
        ([module]) => !/^(src\/(main\.ts|cli\/|client\/)|node:|@stricli\/core$)/.test(module),
      );
    for (const [module, importer] of eager('src/main.ts')) {
      assert.fail(`${importer} loads ${module} at start: import() it in the command that needs it`);
    }
    const bad = eager('src/cli/eager-serve.ts', join(repository, 'test/fixtures/lint'));
    assert.deepEqual(bad.map(([module]) => module).sort(), ['src/serve.ts', 'yaml']);
  });
});

/** What a module loads when it is loaded, through static imports that are not of types: module to importer. */
function closure(entry: string, root = repository): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (module: string, importer: string) => {
    if (found.has(module)) return;
    found.set(module, importer);
    if (!existsSync(join(root, module))) return;
    const source = readFileSync(join(root, module), 'utf8');
    for (const [, types, specifier = ''] of source.matchAll(STATIC_IMPORT)) {
      if (types === undefined) visit(specifier.startsWith('.') ? join(dirname(module), specifier) : specifier, module);
    }
  };
  visit(entry, entry);
  return found;
}

describe('documents', () => {
  test('docs/errors.md is what the fault table says', () => {
    assert.equal(text('docs/errors.md'), errorsDoc(), "run 'make docs'");
  });

  test('the code map of ARCHITECTURE.md names every folder of src, and no other', () => {
    const folders = readdirSync(join(repository, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) =>
        name === 'dialects' ? readdirSync(join(repository, 'src', name)).map((each) => `${name}/${each}`) : [name],
      )
      .filter((name) => readdirSync(join(repository, 'src', name)).length > 0)
      .map((name) => `src/${name}`);
    const rows = [...text('ARCHITECTURE.md').matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell]) =>
      [...(cell ?? '').matchAll(/`(src\/[\w/-]+)`/g)].map(([, name]) => name),
    );
    for (const folder of folders) assert.ok(rows.includes(folder), `the code map does not name ${folder}`);
    for (const row of rows) assert.ok(existsSync(join(repository, row ?? '')), `the code map names ${row}: not there`);
  });

  test('links lead somewhere', () => {
    for (const file of files.filter((each) => each.endsWith('.md'))) {
      for (const [, target] of text(file).matchAll(/\]\((?!\w+:|#)([^)#]+)[^)]*\)/g)) {
        assert.ok(existsSync(join(repository, dirname(file), target ?? '')), `${file} links to ${target}: not there`);
      }
    }
  });
});
