// What Microsoft publishes with its Python library, unmodified and live against this server: a sample always, and with
// COFFER_TEST_SIZE=full (`make test-peers`) every sample and every test, over each of the ten versions of the API. Only
// what Microsoft does not publish, the package that the tests import, is ours.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { apiOf, must, ownerToken } from '../support/api.ts';
import { coffer, execute } from '../support/coffer.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';

const isFull = process.env['COFFER_TEST_SIZE'] === 'full';
const PROJECT = 'published-vault';
const SUITE = join(import.meta.dirname, 'suite');
const TIMEOUT_MS_MAX = 20 * 60_000;
const SAMPLES = ['backup_restore_operations', 'hello_world', 'list_operations', 'recover_purge_operations'];

let server: RunningServer;
let python: string;
/** The source distribution, unpacked. */
let source: string;

before(async () => {
  python = await pythonVenv(join(import.meta.dirname, 'python/requirements.txt'));
  server = await startServer();
  source = await fetchSource(join(server.root, 'source'));
  await makeVault(PROJECT);
});

after(() => server?.stop());

const accountOf = (vault: string) => `client@${vault}.iam.gserviceaccount.com`;

/** A project with an account that may do in it what the programs do. */
async function makeVault(projectId: string): Promise<void> {
  const owner = apiOf(server, ownerToken(server));
  await must(owner, 'POST', '/v3/projects', { projectId });
  await must(owner, 'POST', `/v1/projects/${projectId}/serviceAccounts`, { accountId: 'client' });
  const bindings = [{ role: 'Key Vault Secrets Officer', members: [`serviceAccount:${accountOf(projectId)}`] }];
  await must(owner, 'POST', `/v3/projects/${projectId}:setIamPolicy`, { policy: { bindings } });
}

/** Fetched once by pip, which checks its hash, and kept outside the tree. */
async function fetchSource(place: string): Promise<string> {
  const wanted = readFileSync(join(SUITE, 'source.txt'), 'utf8');
  const hash = /sha256:([0-9a-f]{24})/.exec(wanted)?.[1] ?? '';
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'coffer/source', hash);
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary=:all:', '--require-hashes'];
  mkdirSync(cache, { recursive: true });
  if (readdirSync(cache).length === 0) {
    const env = { ...process.env };
    const fetched = await execute(python, [...pip, '-d', cache, '-r', join(SUITE, 'source.txt')], { env });
    assert.equal(fetched.code, 0, fetched.stderr);
  }
  mkdirSync(place);
  const [archive = ''] = readdirSync(cache);
  const unpacked = await execute('tar', ['xzf', join(cache, archive), '-C', place, '--strip-components=1']);
  assert.equal(unpacked.code, 0, unpacked.stderr);
  return place;
}

/** A program under `coffer run`, with the vault's name by the variables that Microsoft's programs read. */
async function passes(vault: string, argv: readonly string[], more: Record<string, string> = {}): Promise<string> {
  const run = ['run', '--no-mask', '--project', vault, '--service-account', accountOf(vault), '--', ...argv];
  const url = `https://${vault}.vault.azure.net`;
  const env = { ...server.env, VAULT_URL: url, AZURE_KEYVAULT_URL: url, PYTHONDONTWRITEBYTECODE: '1', ...more };
  const result = await coffer(run, { env, timeoutMs: TIMEOUT_MS_MAX });
  assert.equal(result.code, 0, `${result.stdout.slice(-8000)}\n${result.stderr}`);
  return result.stdout;
}

describe('samples', { concurrency: 2 }, () => {
  const all = isFull ? SAMPLES.flatMap((name) => [name, `${name}_async`]) : ['hello_world', 'list_operations_async'];
  for (const [at, name] of all.entries())
    test(name, async () => {
      // Some read every secret that they list, which another may have deleted by then.
      const vault = `sample-${at}`;
      await makeVault(vault);
      await passes(vault, [python, join(source, 'samples', `${name}.py`)]);
    });
});

describe('tests', { skip: isFull ? false : 'only by make test-peers', concurrency: 2 }, () => {
  const parts = [
    ['sync', 'test_secrets_client.py', 'test_samples_secrets.py'],
    ['async', 'test_secrets_async.py', 'test_samples_secrets_async.py'],
    [
      'of the client alone',
      'test_challenge_auth*.py',
      'test_context*.py',
      'test_multi*.py',
      'test_parse*.py',
      'test_poll*.py',
    ],
  ] as const;
  for (const [name, ...patterns] of parts)
    test(name, async () => {
      const folder = join(server.root, `stand-in-${name.replaceAll(' ', '-')}`);
      const own = join(folder, 'devtools_testutils');
      mkdirSync(own, { recursive: true });
      cpSync(join(SUITE, 'stand_in.py'), join(own, '__init__.py'));
      cpSync(join(SUITE, 'stand_in_aio.py'), join(own, 'aio.py'));
      const tests = join(source, 'tests');
      const wanted = patterns.map((pattern) => new RegExp(`^${pattern.replace('*', '.*').replace('.py', '\\.py')}$`));
      const files = readdirSync(tests).filter((file) => wanted.some((each) => each.test(file)));
      const pytest = ['-m', 'pytest', '-q', '--tb=short', '--show-capture=no', '-p', 'no:cacheprovider'];
      const config = ['-c', join(SUITE, 'pytest.ini'), '--rootdir', tests];
      const argv = [python, ...pytest, ...config, ...files.map((file) => join(tests, basename(file)))];
      const said = await passes(PROJECT, argv, { PYTHONPATH: folder });
      rmSync(folder, { recursive: true });
      // Which api-version runs is the stand-in's answer: nothing may have been left out.
      assert.match(said, /\d+ passed(?:, \d+ warnings?)? in/);
      assert.doesNotMatch(said, /skipped|deselected/);
    });
});
