// moto's own tests of Secrets Manager, unmodified and in its server mode, against this server: a few always, and with
// COFFER_TEST_SIZE=full (`make test-peers`) all of those that hold of AWS itself. Which do not, and why, is in `suite`.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiOf, must, ownerToken } from '../support/api.ts';
import { execute } from '../support/coffer.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';
import { fetchSource } from './suite/fetch-source.ts';
import { type Front, MOTO_KEY, startFront } from './suite/front.ts';

const isFull = process.env['COFFER_TEST_SIZE'] === 'full';
const SUITE = join(import.meta.dirname, 'suite');
const ACCOUNT = 'client@moto-account.iam.gserviceaccount.com';
const TIMEOUT_MS_MAX = 10 * 60_000;
/** A test that is not found any more is a defect too. */
const PASSING_MIN = 110;
const POLL_MS = 100;
const POLLS_MAX = 300;
const SAMPLE = ['test_update_secret_version_stage', 'test_create_secret_that_duplicates', 'with_same_token'];

let server: RunningServer;
let python: string;
let moto: ChildProcess | undefined;
let front: Front;
let source: string;

before(async () => {
  python = await pythonVenv(join(SUITE, 'requirements.txt'));
  server = await startServer();
  source = await fetchSource(python, join(SUITE, 'source.txt'), join(server.root, 'source'));
  const owner = apiOf(server, ownerToken(server));
  await must(owner, 'POST', '/v3/projects', { projectId: 'moto-account' });
  await must(owner, 'POST', '/coffer/v1/projects:setAwsAccount', {
    project: 'moto-account',
    awsAccountId: '123456789012',
  });
  await must(owner, 'POST', '/v1/projects/moto-account/serviceAccounts', { accountId: 'client' });
  const bindings = [{ role: 'roles/secretmanager.admin', members: [`serviceAccount:${ACCOUNT}`] }];
  await must(owner, 'POST', '/v3/projects/moto-account:setIamPolicy', { policy: { bindings } });
  await must(owner, 'POST', '/coffer/v1/accountKeys:importAws', {
    serviceAccount: ACCOUNT,
    accessKeyId: MOTO_KEY.id,
    secretAccessKey: MOTO_KEY.secret,
  });
  front = await startFront(server.address, isFull ? await startMoto() : undefined);
});

after(async () => {
  front?.close();
  moto?.kill('SIGKILL');
  await server?.stop();
});

/** moto's server on a port that was free a moment ago, as it cannot take any. */
async function startMoto(): Promise<string> {
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as { port: number };
      probe.close(() => resolve(free));
    });
  });
  const program = join(python, '../moto_server');
  moto = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const address = `http://127.0.0.1:${port}`;
  for (let poll = 0; poll < POLLS_MAX; poll++) {
    const answered = await fetch(address).then(
      () => true,
      () => false,
    );
    if (answered) return address;
    await sleep(POLL_MS);
  }
  throw new Error('moto_server does not answer');
}

/** Tests that do not hold of AWS itself, each a line with the reason behind `#`. */
function leftOut(): readonly string[] {
  const lines = readFileSync(join(SUITE, 'left-out.txt'), 'utf8').split('\n');
  return lines.map((line) => line.split('#')[0]?.trim() ?? '').filter((line) => line !== '');
}

test('moto tells this server from AWS by nothing', { timeout: TIMEOUT_MS_MAX }, async (t) => {
  const pytest = ['-m', 'pytest', '-q', '--tb=short', '--show-capture=no', '-p', 'no:cacheprovider', '-rfE'];
  const config = ['-c', join(SUITE, 'pytest.ini'), '--rootdir', source];
  const deselected = leftOut().flatMap((name) => ['--deselect', `tests/test_secretsmanager/${name}`]);
  const chosen = isFull ? deselected : ['-k', SAMPLE.join(' or ')];
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', HOME: server.root, PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: source },
    ...{ TEST_SERVER_MODE: 'true', TEST_SERVER_MODE_ENDPOINT: front.address },
    ...{ AWS_ACCESS_KEY_ID: MOTO_KEY.id, AWS_SECRET_ACCESS_KEY: MOTO_KEY.secret },
  };
  const argv = [...pytest, ...config, ...chosen, join(source, 'tests/test_secretsmanager')];
  const { stdout, stderr, code } = await execute(python, argv, { env, cwd: source, timeoutMs: TIMEOUT_MS_MAX });
  assert.equal(code, 0, `${stdout.slice(-20_000)}\n${stderr.slice(-2000)}`);
  const [said, passed] = /(\d+) passed.*/.exec(stdout) ?? [];
  t.diagnostic(String(said));
  assert.ok(Number(passed) >= (isFull ? PASSING_MIN : 1), stdout.slice(-2000));
});
