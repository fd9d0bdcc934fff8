// The grammar: every command has help with an example, and the example is a line that it takes; the page of commands is
// the one of this grammar; shells get their completions.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { cliDoc } from '../../scripts/cli-doc.ts';
import { commands, type ListedCommand } from '../../src/cli/commands.ts';
import { main } from '../../src/cli/main.ts';
import { repository } from '../support/start.ts';
import { split } from './script.ts';

/** Commands that need no server, or a process of their own: main.test.ts, this file, test/run and others have them. */
const UNSCRIPTED = /^(config|server|run|env|completion|version)\b/;
const LIST_FLAGS = ['filter', 'limit', 'page-size', 'sort-by', 'uri'];

/** Runs a line without a server. */
async function coffer(...argv: string[]) {
  return at('http://127.0.0.1:1', argv);
}

async function at(address: string, argv: readonly string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const env = { HOME: '/nonexistent', COFFER_ADDR: address, COFFER_PROJECT: 'p' };
  const code = await main(argv, { stdin: Readable.from([]), stdout, stderr, env, cwd: '/' });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

/** Fails unless the line is one of this command, or of any. */
async function takes(line: string, ...wanted: readonly ListedCommand['command'][]): Promise<void> {
  const listed = wanted.length > 0 ? wanted : commands().map(({ command }) => command);
  const loaders = listed.map(({ loader }) => loader);
  let ran = 0;
  for (const command of listed) Object.assign(command, { loader: async () => () => void ran++ });
  try {
    const { code, stderr } = await coffer(...split(line).slice(1));
    assert.deepEqual([code, ran, stderr], [0, 1, ''], line);
  } finally {
    for (const [index, command] of listed.entries()) Object.assign(command, { loader: loaders[index] });
  }
}

test('every command has an example, and takes it', async () => {
  for (const { path, example, command } of commands()) {
    assert.match(
      example,
      new RegExp(`^coffer ${path.join(' ')}( |$)`),
      `coffer ${path.join(' ')} has no example of itself`,
    );
    await takes(example, command);
    const { stdout } = await coffer('help', ...path);
    assert.ok(stdout.includes(`\nEXAMPLE\n  ${example}\n`), stdout);
  }
});

test('every command that a page prints is one', async () => {
  let lines = 0;
  for (const page of ['README.md', ...globSync('docs/*.md', { cwd: repository })]) {
    const text = readFileSync(join(repository, page), 'utf8');
    const blocks = [...text.matchAll(/^```(?:sh)?\n(.*?)^```$/gms)].map(([, block = '']) => block);
    for (const line of blocks
      .join('\n')
      .replaceAll(/\\\n\s*/g, '')
      .split('\n')) {
      const [, command] =
        /(?:^|[(] *|\| )(?:\.\/)?(coffer (?:'[^']*'|"[^"]*"|(?! +# | \| | >> )[^'")])+)/.exec(line) ?? [];
      if (command === undefined) continue;
      lines += 1;
      await takes(command);
    }
  }
  assert.ok(lines > 50, `only ${lines} commands were found`);
});

test('every list takes the flags of lists', async () => {
  for (const { path } of commands()) {
    if (path.at(-1) !== 'list' || path[0] === 'config') continue;
    const { stdout } = await coffer('help', ...path);
    for (const flag of LIST_FLAGS) assert.match(stdout, new RegExp(`--${flag}\\b`), path.join(' '));
  }
});

test('every command has a script', () => {
  const scripts = globSync('*.txt', { cwd: import.meta.dirname }).map((path) => {
    return readFileSync(join(import.meta.dirname, path), 'utf8');
  });
  for (const { path } of commands()) {
    const name = path.join(' ');
    const called = new RegExp(`^(! )?coffer (-\\S+ )*${name}( |$)`, 'm');
    assert.ok(UNSCRIPTED.test(name) || scripts.some((script) => called.test(script)), `no script runs coffer ${name}`);
  }
});

test('docs/cli.md is of this grammar', () => {
  assert.equal(readFileSync(join(repository, 'docs/cli.md'), 'utf8'), cliDoc(), 'run make docs');
});

test('flags that exclude each other, and what is no time', async () => {
  const update = ['secrets', 'update', 's'];
  const create = ['secrets', 'create', 's'];
  const cases: [string[], RegExp][] = [
    [
      [...create, '--ttl=1d', '--expire-time=+P1D'],
      /argument --expire-time: at most one of --expire-time \| --ttl can/,
    ],
    [
      [...update, '--ttl=1d', '--remove-expiration'],
      /at most one of --expire-time \| --ttl \| --remove-expiration can/,
    ],
    [
      [...update, '--add-topics=a', '--clear-topics'],
      /at most one of --add-topics \| --clear-topics \| --remove-topics/,
    ],
    [[...update, '--rotation-period=1d', '--remove-rotation-schedule'], /argument --rotation-period: at most one of/],
    [[...update, '--next-rotation-time=P1D', '--remove-next-rotation-time'], /argument --next-rotation-time: at most/],
    [
      [...update, '--version-destroy-ttl=1d', '--remove-version-destroy-ttl'],
      /argument --version-destroy-ttl: at most/,
    ],
    [[...update, '--clear-version-aliases', '--remove-version-aliases=a'], /at most one of --clear-version-aliases/],
    [[...update, '--ttl=tomorrow'], /argument --ttl: \[tomorrow\] is not a duration like 2592000s, 30d or P30D/],
    [[...update, '--expire-time=tomorrow'], /argument --expire-time: \[tomorrow\] is neither a time like/],
    [[...update, '--rotation-period=P1M'], /argument --rotation-period: \[P1M\] is not a duration/],
    [[...update, '--regional-kms-key-name=k'], /it needs --location; .* coffer secrets replication update/],
    [[...create, '--regional-kms-key-name=k'], /argument --regional-kms-key-name: it needs --location/],
    [[...create, '--location=europe-west1', '--kms-key-name=k'], /a regional secret has no replication policy/],
    [[...create, '--replication-policy=user-managed'], /a user-managed policy needs locations/],
    [[...create, '--replication-policy-file=f', '--locations=a'], /argument --replication-policy-file: it cannot be/],
    [['secrets', 'replication', 'update', 's'], /exactly one of --remove-cmek \| --set-kms-key must be specified/],
    [['secrets', 'replication', 'update', 's', '--remove-cmek', '--set-kms-key=k'], /argument --remove-cmek: at most/],
    [['secrets', 'replication', 'update', 's', '--remove-cmek', '--location=l'], /from all locations at once/],
    [['secrets', 'replication', 'set', 's'], /argument --replication-policy-file: Must be specified/],
    [['secrets', 'promote', 's', 'latest'], /argument VERSION: \[latest\] is not the number of a version/],
    [['secrets', 'promote', 's'], /argument VERSION: Must be specified/],
    [['completion', 'tcsh'], /argument SHELL: Invalid choice: 'tcsh'\. Valid choices are \[bash, zsh, fish\]/],
  ];
  for (const [argv, expected] of cases) {
    const { code, stderr } = await coffer(...argv);
    assert.match(stderr, expected, argv.join(' '));
    assert.equal(code, 2, `${argv.join(' ')}: ${stderr}`);
  }
});

test('what a word could become', async () => {
  const words = async (...argv: string[]) => {
    const { code, stdout, stderr } = await coffer('__complete', ...argv);
    assert.deepEqual([code, stderr], [0, '']);
    return stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
  };
  assert.deepEqual(await words('sec'), ['secrets']);
  assert.deepEqual(await words('help', 'pro'), ['projects']);
  assert.deepEqual(await words('--project=x', 'secrets', 'ver'), ['versions']);
  assert.deepEqual(await words('secrets', 'create', 'x', '--lab'), ['--labels']);
  assert.deepEqual(await words('secrets', 'list', '--location=asia-e'), [
    '--location=asia-east1',
    '--location=asia-east2',
  ]);
  assert.deepEqual(await words('secrets', 'list', '--location', 'asia-e'), ['asia-east1', 'asia-east2']);
  assert.deepEqual(await words('audit', 'query', '--outcome=d'), ['--outcome=denied']);
  assert.deepEqual(await words('--imp'), ['--impersonate-service-account']);
  assert.deepEqual(await words('completion', ''), ['bash', 'zsh', 'fish']);
  // No server, an unknown command, another program's line: nothing, and no complaint.
  assert.deepEqual(await words('secrets', 'describe', ''), []);
  assert.deepEqual(await words('nonsense', ''), []);
  assert.deepEqual(await words('run', '--', 'py'), []);
  assert.deepEqual(await words('--project', ''), []);
  assert.deepEqual(await words(), await words(''));
});

test('a server that does not answer keeps no shell waiting', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const started = Date.now();
  const { port } = silent.address() as AddressInfo;
  assert.deepEqual(await at(`http://127.0.0.1:${port}`, ['__complete', 'secrets', 'describe', '']), {
    code: 0,
    stdout: '',
    stderr: '',
  });
  const waitedMs = Date.now() - started;
  assert.ok(waitedMs < 5000, `waited ${waitedMs} ms`);
  silent.close();
});

test('bash takes its script, and completes behind an equals sign as bash wants it', async () => {
  const { stdout: script } = await coffer('completion', 'bash');
  const complete = async (line: string) => {
    const code = `${script}\nCOMP_LINE='${line}' COMP_POINT=\${#COMP_LINE}\nCOMP_POINT=\${#COMP_LINE}\n_coffer '${join(repository, 'coffer')}'\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', code], {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    });
    return stdout.trim().split('\n');
  };
  const [commandsOf, regions] = await Promise.all([
    complete('coffer secrets versions a'),
    complete('coffer secrets list --location=asia-e'),
  ]);
  assert.deepEqual(commandsOf, ['add', 'access']);
  assert.deepEqual(regions, ['asia-east1', 'asia-east2']);
});
