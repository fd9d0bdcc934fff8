// The launcher `coffer` at the root: which Node it takes, which program it runs, and what it leaves to the child.
// Each test has a tree of its own with the real launcher and a program that prints how it was started.

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type CofferResult, execute } from './support/coffer.ts';
import { repository, scratch } from './support/start.ts';

const BEFORE = new Date('2026-01-01T00:00:00Z');
const AFTER = new Date('2026-01-01T00:00:01Z');
const architecture = process.arch;

/** A tree as `make install` leaves it: sources, dependencies, and the bundle when asked for. */
function installed(options: { readonly node: boolean; readonly bundle?: Date }): string {
  const root = join(scratch(), 'with space');
  for (const folder of ['src/cli', 'gen', 'build', `node_modules/node-linux-${architecture}/bin`]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  copyFileSync(join(repository, 'coffer'), join(root, 'coffer'));
  const program = (name: string) =>
    `import { execFileSync } from 'node:child_process';
     const core = execFileSync('/bin/sh', ['-c', 'ulimit -c'], { encoding: 'utf8' }).trim();
     const { execPath, env } = process;
     console.log(JSON.stringify({ program: '${name}', execPath, core, options: env.NODE_OPTIONS, arenas: env.MALLOC_ARENA_MAX, args: process.argv.slice(2) }));`;
  writeFileSync(join(root, 'src/main.ts'), program('sources'));
  writeFileSync(join(root, 'src/cli/app.ts'), '');
  writeFileSync(join(root, 'package-lock.json'), '{}');
  for (const path of ['src/main.ts', 'src/cli/app.ts', 'src/cli', 'src', 'gen', 'package-lock.json']) {
    utimesSync(join(root, path), BEFORE, BEFORE);
  }
  if (options.bundle !== undefined) {
    writeFileSync(join(root, 'build/coffer.mjs'), program('bundle'));
    utimesSync(join(root, 'build/coffer.mjs'), options.bundle, options.bundle);
  }
  if (options.node) symlinkSync(process.execPath, join(root, `node_modules/node-linux-${architecture}/bin/node`));
  return root;
}

/** A folder for PATH with a `node` that says it is of that version; a new enough one is the real one. */
function fakeNode(version: string, works = false): string {
  const folder = scratch();
  const path = join(folder, 'node');
  const real = `exec "${process.execPath}" "$@"`;
  writeFileSync(path, `#!/bin/sh\n[ "$1" = --version ] && { echo v${version}; exit; }\n${works ? real : 'exit 99'}\n`);
  chmodSync(path, 0o755);
  return folder;
}

function launch(root: string, path: readonly string[] = [], args: readonly string[] = []): Promise<CofferResult> {
  return execute(join(root, 'coffer'), args, { env: { PATH: [...path, '/usr/bin', '/bin'].join(':') }, cwd: '/' });
}

function started(result: CofferResult): {
  program: string;
  execPath: string;
  core: string;
  args: string[];
  options?: string;
  arenas?: string;
} {
  assert.equal(result.code, 0, result.stderr);
  return JSON.parse(result.stdout) as ReturnType<typeof started>;
}

describe('launcher', { skip: process.platform !== 'linux' && 'the packaged Node is for Linux' }, () => {
  test('takes the Node of the project, whatever is on PATH, and passes arguments on as they are', async () => {
    const result = started(await launch(installed({ node: true }), [fakeNode('20.1.0')], ['a b', '', '--x=$HOME']));
    assert.equal(result.execPath, process.execPath);
    assert.deepEqual(result.args, ['a b', '', '--x=$HOME']);
  });

  test('switches core dumps off and sets no variable', async () => {
    const result = started(await launch(installed({ node: true })));
    assert.equal(result.core, '0');
    assert.equal(result.options, undefined);
    assert.equal(result.arenas, undefined);
  });

  test('gives a server few heaps of its own memory, unless told otherwise', async () => {
    const root = installed({ node: true });
    assert.equal(started(await launch(root, [], ['server'])).arenas, '2');
    const env = { PATH: '/usr/bin:/bin', MALLOC_ARENA_MAX: '7' };
    assert.equal(started(await execute(join(root, 'coffer'), ['server'], { env, cwd: '/' })).arenas, '7');
  });

  test('without one, takes the first on PATH that is new enough', async () => {
    const path = [fakeNode('20.1.0'), fakeNode('9.9.9'), fakeNode('24.0.0', true)];
    assert.equal(started(await launch(installed({ node: false }), path)).program, 'sources');
  });

  test('without any, says in one line what to do', async () => {
    const root = installed({ node: false });
    const tools = scratch();
    symlinkSync('/usr/bin/uname', join(tools, 'uname'));
    const env = { PATH: [fakeNode('22.1.0'), tools].join(':') };
    const result = await execute('/bin/sh', [join(root, 'coffer')], { env });
    assert.equal(result.code, 127);
    assert.match(result.stderr, /^coffer: no Node 24 or later found: run 'make install'[^\n]*\n$/);
  });

  test('runs the bundle while no source is newer', async () => {
    assert.equal(started(await launch(installed({ node: true, bundle: AFTER }))).program, 'bundle');
    const root = installed({ node: true, bundle: AFTER });
    writeFileSync(join(root, 'src/cli/app.ts'), '// changed');
    assert.equal(started(await launch(root)).program, 'sources');
  });

  test('is found through links', async () => {
    const root = installed({ node: true });
    const elsewhere = scratch();
    symlinkSync(join(root, 'coffer'), join(elsewhere, 'first'));
    symlinkSync('first', join(elsewhere, 'second'));
    const result = await execute(join(elsewhere, 'second'), [], { cwd: '/' });
    assert.equal(started(result).program, 'sources');
  });
});
