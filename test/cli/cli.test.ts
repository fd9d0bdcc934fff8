// The CLI against a real server: every script of this folder, in this process; and what only a process of its own shows.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { globSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { cleanEnv } from '../support/clean-env.ts';
import { coffer, execute } from '../support/coffer.ts';
import { entry, type RunningServer, startServer } from '../support/start.ts';
import { runScript } from './script.ts';

let server: RunningServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

for (const path of globSync('*.txt', { cwd: import.meta.dirname }).sort()) {
  test(path, async () => {
    const home = join(server.root, 'scripts', basename(path, '.txt'));
    const cwd = join(home, 'work');
    mkdirSync(cwd, { recursive: true });
    const env = { ...server.env, HOME: home, XDG_CONFIG_HOME: join(home, 'config') };
    await runScript(readFileSync(join(import.meta.dirname, path), 'utf8'), { cwd, env });
  });
}

test('a script that expects what does not happen fails', async () => {
  const world = { cwd: server.root, env: { ...server.env, CLOUDSDK_CORE_PROJECT: 'default' } };
  for (const script of [
    '! coffer projects list',
    'coffer projects describe nobody-made-this',
    "coffer projects list\nstdout '^nothing like this$'",
    "coffer projects list\n! stdout '^PROJECT_ID'",
    'coffer projects list\n! stdout .',
    "coffer projects list\nstderr 'x'",
    'coffer projects list\nexit 1',
    'coffer projects list\ncmp stdout expected\n-- expected --\nother\n',
    'coffer projects list\nnonsense',
    "stdout 'before anything ran'",
  ]) {
    await assert.rejects(runScript(script, world), { name: 'AssertionError' }, script);
  }
  await runScript("coffer projects list --format='value(projectId)' --limit=1\nstdout .", world);
});

test('as a process: arguments, stdin, exit codes and bytes', async () => {
  const env = { ...server.env, CLOUDSDK_CORE_PROJECT: 'process-test' };
  const bytes = Buffer.from([0, 1, 2, 0xff, 10, 0xc3, 0x28]);
  assert.equal((await coffer(['secrets', 'create', 'binary'], { env })).code, 0);
  assert.equal(
    (await coffer(['secrets', 'versions', 'add', 'binary', '--data-file=-'], { env, input: bytes })).code,
    0,
  );
  const read = await coffer(['secrets', 'versions', 'access', 'latest', '--secret=binary'], { env });
  assert.deepEqual(read.bytes, bytes);
  const missing = await coffer(['secrets', 'describe', 'none'], { env });
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^ERROR: \(coffer\.secrets\.describe\) NOT_FOUND: [^\n]*\n$/);
  assert.equal((await coffer(['nonsense'], { env })).code, 2);
});

test('audit tail --follow prints what happens meanwhile, and not its own questions', async () => {
  const env = { ...server.env, CLOUDSDK_CORE_PROJECT: 'process-test' };
  const args = [entry, 'audit', 'tail', '--limit=1', '--follow', '--format=value(operation)'];
  const child = spawn(process.execPath, args, { env: cleanEnv(env), stdio: ['ignore', 'pipe', 'inherit'] });
  let shown = '';
  const seen = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not seen within 10 s:\n${shown}`)), 10_000);
    let asked = false;
    child.stdout.on('data', (chunk) => {
      shown += chunk;
      if (!asked) void coffer(['secrets', 'create', 'followed'], { env });
      asked = true;
      if (!shown.includes('secrets.create')) return;
      clearTimeout(timer);
      resolve();
    });
  });
  await seen.finally(() => child.kill());
  assert.equal(shown.split('\n').slice(1).includes('audit.query'), false, shown);
});

test('what the last server left is enough to find it', async () => {
  const { XDG_STATE_HOME, XDG_CONFIG_HOME, XDG_DATA_HOME } = server.env;
  const env = { XDG_STATE_HOME, XDG_CONFIG_HOME, XDG_DATA_HOME };
  const { code, stdout, stderr } = await coffer(['projects', 'list', '--format=value(projectId)'], { env });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^default$/m);
});

test('a reader that goes away is no error', async () => {
  const env = { ...server.env, CLOUDSDK_CORE_PROJECT: 'process-test' };
  const command = `"${process.execPath}" "${entry}" secrets --help | true; "${process.execPath}" "${entry}" secrets list | true`;
  const { stderr, code } = await execute('sh', ['-c', command], { env });
  assert.equal(code, 0);
  assert.equal(stderr, '');
});

test('two owners that name a new project at once both get their secret', async () => {
  const env = { ...server.env, CLOUDSDK_CORE_PROJECT: 'race-test' };
  const results = await Promise.all(['a', 'b'].map((name) => coffer(['secrets', 'create', name], { env })));
  assert.deepEqual(
    results.map((result) => result.code),
    [0, 0],
    results.map((result) => result.stderr).join(''),
  );
});

test('bindings added at the same time are all there', async () => {
  const env = { ...server.env, CLOUDSDK_CORE_PROJECT: 'race-test' };
  const users = Array.from({ length: 4 }, (_, index) => `user:u${index}@example.com`);
  const results = await Promise.all(
    users.map((user) => {
      return coffer(['secrets', 'add-iam-policy-binding', 'a', `--member=${user}`, '--role=roles/viewer'], { env });
    }),
  );
  for (const { code, stderr } of results) assert.equal(code, 0, stderr);
  const { stdout } = await coffer(['secrets', 'get-iam-policy', 'a', '--format=json'], { env });
  assert.deepEqual(JSON.parse(stdout).bindings[0].members.toSorted(), users);
});
