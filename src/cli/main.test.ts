import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, test } from 'node:test';
import { main } from './main.ts';
import { VERSION } from './version.ts';

const home = mkdtempSync(join(tmpdir(), 'coffer-main-'));
after(() => rmSync(home, { recursive: true }));

/** Runs a command that needs no server; nothing listens on the address it would find. */
async function coffer(...argv: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const env = { HOME: home, COFFER_ADDR: 'http://127.0.0.1:1' };
  const code = await main(argv, { stdin: Readable.from([]), stdout, stderr, env, cwd: home });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

test('help for the program, a group and a command', async () => {
  const program = await coffer('--help');
  assert.equal(program.code, 0);
  for (const name of ['secrets', 'projects', 'iam', 'auth', 'config', 'audit', 'server', 'run', 'version']) {
    assert.match(program.stdout, new RegExp(`^  ${name} +[A-Z]`, 'm'), name);
  }
  assert.match((await coffer('secrets', '--help')).stdout, /^ {2}add-iam-policy-binding +Give a member a role/m);
  assert.match((await coffer('help', 'secrets', 'versions')).stdout, /^ {2}destroy +Destroy the payload/m);
  assert.match((await coffer('secrets', 'create', '--help')).stdout, /--replication-policy/);
});

test('the version is the one of package.json', async () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  assert.equal(VERSION, manifest.version);
  assert.deepEqual(await coffer('version'), { code: 0, stdout: `Coffer ${VERSION}\n`, stderr: '' });
});

test('an unknown command exits with 2 and suggests the nearest', async () => {
  const { code, stdout, stderr } = await coffer('secrets', 'craete', 'x');
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^ERROR: \(coffer\.secrets\) Invalid choice: 'craete'\.\nMaybe you meant:\n {2}coffer secrets create\n$/,
  );
  assert.equal((await coffer('constructor')).code, 2);
  assert.equal((await coffer('secrets', 'toString')).code, 2);
});

test('a wrong command line exits with 2 and says what is wrong', async () => {
  const cases: [string[], RegExp][] = [
    [['secrets', 'create'], /^ERROR: \(coffer\.secrets\.create\) argument SECRET: Must be specified\./],
    [['secrets', 'create', 'x', '--lables=a=b'], /unrecognized arguments: --lables \(did you mean '--labels'\?\)/],
    [['secrets', 'versions', 'add', 'x'], /argument --data-file: Must be specified\./],
    [['secrets', 'list', '--limit=0'], /argument --limit: must be a whole number/],
    [['secrets', 'list', '--project'], /argument --project: expected one argument/],
    [['secrets', 'versions', 'access', '1', '--project=p'], /argument --secret: Must be specified\./],
    [['secrets', 'create', 'x', '--project=p', '--replication-policy=other'], /must be "automatic" or "user-managed"/],
    [['secrets', 'create', 'x', '--project=p', '--locations=a'], /locations need --replication-policy=user-managed/],
    [['audit', 'query', '--outcome=maybe'], /Valid choices are \[allowed, denied, failed\]/],
    [['run', 'python', 'app.py'], /put the command behind --/],
    [['run', '--'], /put the command behind --/],
  ];
  for (const [argv, expected] of cases) {
    const { code, stderr } = await coffer(...argv);
    assert.match(stderr, expected, argv.join(' '));
    assert.equal(code, 2, argv.join(' '));
  }
});

test('an argument too many may be a secret, so it is not repeated', async () => {
  const { code, stdout, stderr } = await coffer('secrets', 'versions', 'add', 'db', 'hunter2', '--data-file=-');
  assert.equal(code, 2);
  assert.ok(!`${stdout}${stderr}`.includes('hunter2'));
  assert.match(stderr, /A payload is never an argument/);
});

test('no command takes a payload in a flag', async () => {
  for (const flag of ['--data=x', '--value=x', '--payload=x', '--secret-data=x']) {
    assert.equal((await coffer('secrets', 'versions', 'add', 'db', flag)).code, 2, flag);
  }
});

test("without a project, gcloud's words", async () => {
  const { code, stderr } = await coffer('secrets', 'list');
  assert.equal(code, 1);
  assert.match(stderr, /^ERROR: \(coffer\.secrets\.list\) The required property \[project\] is not currently set\.\n/);
});

test('config keeps the project; a flag and the environment come first', async () => {
  assert.deepEqual(await coffer('config', 'set', 'project', 'kept'), {
    code: 0,
    stdout: '',
    stderr: 'Updated property [core/project].\n',
  });
  assert.equal((await coffer('config', 'get', 'core/project')).stdout, 'kept\n');
  assert.equal((await coffer('config', 'get-value', 'project', '--project=flag')).stdout, 'flag\n');
  const list = await coffer('config', 'list');
  assert.equal(list.stdout, '[core]\nproject = kept\n');
  assert.match(list.stderr, /Your active configuration is: \[default\]/);
  assert.equal((await coffer('config', 'list', '--format=value(core.project)')).stdout, 'kept\n');
  assert.equal((await coffer('config', 'unset', 'project')).stderr, 'Unset property [core/project].\n');
  assert.deepEqual(await coffer('config', 'get', 'project'), { code: 0, stdout: '', stderr: '(unset)\n' });
  assert.match((await coffer('config', 'set', 'account', 'x')).stderr, /there is no property \[account\]/);
});

test('where no server is, one line says what to do', async () => {
  const { code, stdout, stderr } = await coffer('secrets', 'list', '--project=p');
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    "ERROR: (coffer.secrets.list) cannot reach the Coffer server at http://127.0.0.1:1: start it with 'coffer server' or set COFFER_ADDR\n",
  );
});
