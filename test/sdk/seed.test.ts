// The Python programs of the first seed, byte for byte as printed there, with the official library, under `coffer run`
// as one service account. Nothing in them knows of Coffer. They run against a real server and a real PostgreSQL.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanEnv } from '../support/clean-env.ts';
import { type CofferResult, coffer } from '../support/coffer.ts';
import { type Postgres, startPostgres, whyNoPostgres } from '../support/postgres.ts';
import { entry, type RunningServer, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';

const programs = join(import.meta.dirname, 'python');
const seed = join(import.meta.dirname, '../../../shared/seeds/000_000f79ff628319e7.txt');
const ACCOUNT = 'my-service@my-project.iam.gserviceaccount.com';
const PROJECT = 'my-gcp-project';
const noPostgres = whyNoPostgres();

let server: RunningServer;
let python: string;

async function must(args: readonly string[], input?: string): Promise<CofferResult> {
  const result = await coffer(args, { env: server.env, ...(input === undefined ? {} : { input }) });
  assert.equal(result.code, 0, `coffer ${args.join(' ')}: ${result.stderr}`);
  return result;
}

async function keep(secret: string, value: string): Promise<void> {
  await must(['secrets', 'create', secret, '--replication-policy=automatic', '--project', PROJECT]);
  await must(['secrets', 'versions', 'add', secret, '--data-file=-', '--project', PROJECT], value);
  await must([
    'secrets',
    'add-iam-policy-binding',
    secret,
    `--member=serviceAccount:${ACCOUNT}`,
    '--role=roles/secretmanager.secretAccessor',
    '--project',
    PROJECT,
  ]);
}

/** `coffer run --service-account … -- python ARGS` in the folder of the programs. */
function underRun(args: readonly string[], env: Record<string, string> = {}, flags: readonly string[] = []) {
  const run = ['run', '--project', PROJECT, '--service-account', ACCOUNT, ...flags, '--', python, ...args];
  return coffer(run, { env: { ...server.env, ...env, PYTHONDONTWRITEBYTECODE: '1' }, cwd: programs });
}

before(async () => {
  [server, python] = await Promise.all([startServer(), pythonVenv(join(programs, 'requirements.txt'))]);
  await must(['iam', 'service-accounts', 'create', 'my-service', '--project', 'my-project']);
  await keep('database-password', 'super-secret-db-password');
  await keep('api-key', 'sk-abc123def456');
});

after(() => server?.stop());

test('the programs are those of the seed', { skip: existsSync(seed) ? false : 'the seed is not here' }, () => {
  const printed = [...readFileSync(seed, 'utf8').matchAll(/```python\n(.*?)```/gs)].map((block) => block[1]);
  const kept = ['basic.py', 'secret_cache.py', 'main.py', 'database.py', 'mounted.py', 'rotate.py'];
  assert.deepEqual(
    kept.map((name) => readFileSync(join(programs, name), 'utf8')),
    printed,
  );
});

test('the basic pattern reads both secrets', async () => {
  const result = await underRun(['-c', 'import basic; print(basic.db_password, basic.api_key)']);
  assert.equal(result.stderr.includes('Traceback'), false, result.stderr);
  assert.equal(result.stdout.trim(), 'super-secret-db-password sk-abc123def456');
});

test('SecretCache reads once and then from its cache', async () => {
  const program = [
    'import secret_cache as c',
    'print(c.db_password, c.api_key)',
    'calls = []',
    'real = c.secrets.client.access_secret_version',
    'c.secrets.client.access_secret_version = lambda *a, **k: (calls.append(1), real(*a, **k))[1]',
    'c.secrets.get("api-key")',
    'print(len(calls))',
  ].join('\n');
  const result = await underRun(['-c', program]);
  assert.equal(result.stdout.trim(), 'super-secret-db-password sk-abc123def456\n0', result.stderr);
});

test('an account without a binding is refused, in the words of the real service', async () => {
  await must(['iam', 'service-accounts', 'create', 'stranger', '--project', 'my-project']);
  const stranger = 'stranger@my-project.iam.gserviceaccount.com';
  const run = ['run', '--project', PROJECT, '--service-account', stranger, '--', python, 'basic.py'];
  const result = await coffer(run, { env: server.env, cwd: programs });
  assert.notEqual(result.code, 0);
  assert.match(
    result.stderr,
    /PermissionDenied: 403 Permission 'secretmanager\.versions\.access' denied for resource 'projects\/my-gcp-project\/secrets\/database-password\/versions\/latest' \(or it may not exist\)\./,
  );
});

test('the FastAPI application under `coffer run -- uvicorn main:app` is healthy with four secrets', async () => {
  for (const name of ['database-url', 'redis-password', 'jwt-signing-key', 'stripe-api-key']) {
    await keep(name, `value-of-${name}`);
  }
  const port = await freePort();
  const run = ['run', '--project', PROJECT, '--service-account', ACCOUNT, '--', 'uvicorn', 'main:app'];
  const env = { ...server.env, PATH: `${join(python, '..')}:${process.env['PATH']}`, UVICORN_PORT: String(port) };
  const child = spawn(process.execPath, [entry, ...run], { cwd: programs, env: cleanEnv(env), stdio: 'pipe' });
  try {
    assert.deepEqual(await health(child, port), { status: 'healthy', secrets_loaded: 4 });
  } finally {
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill('SIGTERM');
    // uvicorn ends cleanly and then raises the signal again, for whoever waits for it.
    assert.equal(await ended, 143, 'the signal and the exit code pass through');
  }
});

test('the SQLAlchemy engine runs SELECT 1 on a real PostgreSQL', { skip: noPostgres ?? false }, async () => {
  let postgres: Postgres | undefined;
  try {
    postgres = await startPostgres({ user: 'appuser', password: 'super-secret-db-password', database: 'myapp' });
    const program = [
      'import database, sqlalchemy',
      'with database.engine.connect() as connection:',
      '    print(connection.execute(sqlalchemy.text("SELECT 1")).scalar())',
    ].join('\n');
    const result = await underRun(['-c', program], { DB_HOST: `${postgres.host}:${postgres.port}` });
    assert.equal(result.stdout.trim(), '1', result.stderr);
  } finally {
    await postgres?.stop();
  }
});

test('a mounted secret is read from the very path, and what is printed is masked', async () => {
  const flags = ['--set-secrets=DB_PASSWORD=database-password:latest,/secrets/db-password=database-password:latest'];
  const program = [
    'import mounted, os, base64',
    'assert mounted.db_password == os.environ["DB_PASSWORD"]',
    'print("plain", mounted.db_password, "encoded", base64.b64encode(mounted.db_password.encode()).decode())',
  ].join('\n');
  const result = await underRun(['-c', program], {}, flags);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stdout.trim(), 'plain *** encoded ***');
  assert.equal(existsSync('/secrets/db-password'), false, 'only the child saw the file');
});

test('rotate_secret adds a version and disables the one before', async () => {
  await keep('rotated', 'old-value');
  for (const role of ['secretVersionManager', 'viewer']) {
    const flags = [`--member=serviceAccount:${ACCOUNT}`, `--role=roles/secretmanager.${role}`, '--project', PROJECT];
    await must(['secrets', 'add-iam-policy-binding', 'rotated', ...flags]);
  }
  const call = `import rotate; rotate.rotate_secret("${PROJECT}", "rotated", "new-value")`;
  const result = await underRun(['-c', call]);
  assert.match(
    result.stdout,
    /^Added secret version: projects\/\d{12}\/secrets\/rotated\/versions\/2\nDisabled old version: projects\/\d{12}\/secrets\/rotated\/versions\/1\n$/,
    result.stderr,
  );
  const project = ['--secret=rotated', '--project', PROJECT];
  assert.equal((await must(['secrets', 'versions', 'access', 'latest', ...project])).stdout, 'new-value');
  assert.equal(
    (await must(['secrets', 'versions', 'describe', '1', ...project, '--format=value(state)'])).stdout
      .toUpperCase()
      .trim(),
    'DISABLED',
  );
});

async function health(child: ChildProcess, port: number): Promise<unknown> {
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`uvicorn ended with ${child.exitCode}: ${output}`);
    try {
      return await (await fetch(`http://127.0.0.1:${port}/health`)).json();
    } catch {
      await sleep(100);
    }
  }
  throw new Error(`uvicorn did not answer: ${output}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
