// Microsoft's quick start with Microsoft's libraries, unmodified under `coffer run`: in Python (both kinds), Node and Go,
// by each leg of DefaultAzureCredential; and the same secret through Google's API and back.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Api, apiOf, must, ownerToken } from '../support/api.ts';
import { coffer, execute } from '../support/coffer.ts';
import { goProgram, whyNoGo } from '../support/go-program.ts';
import { nodeProject } from '../support/node-project.ts';
import { entry, type RunningServer, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';

const PROJECT = 'azure-vault';
const ACCOUNT = `client@${PROJECT}.iam.gserviceaccount.com`;
const CLOUD = `https://${PROJECT}.vault.azure.net`;
const TIMEOUT_MS_MAX = 120_000;
const python = join(import.meta.dirname, 'python');

interface Program {
  readonly name: string;
  readonly argv: readonly string[];
}

const programs: Program[] = [];
let server: RunningServer;
let owner: Api;
/** How the programs are told of the server by its own address. */
let address: string;

before(async () => {
  const [venv, node, noGo] = await Promise.all([
    pythonVenv(join(python, 'requirements.txt')),
    nodeProject(join(import.meta.dirname, 'node')),
    whyNoGo(),
  ]);
  programs.push(
    { name: 'python', argv: [venv, '-B', join(python, 'quick_start.py')] },
    { name: 'asyncio', argv: [venv, '-B', join(python, 'quick_start_async.py')] },
    { name: 'node', argv: [process.execPath, join(node, 'quick-start.mjs')] },
  );
  if (noGo === undefined) programs.push({ name: 'go', argv: [await goProgram(join(import.meta.dirname, 'go'))] });
  server = await startServer();
  address = server.address.replace('http:', 'https:');
  owner = apiOf(server, ownerToken(server));
  await must(owner, 'POST', '/v3/projects', { projectId: PROJECT });
  await must(owner, 'POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'client' });
  const bindings = [{ role: 'Key Vault Secrets Officer', members: [`serviceAccount:${ACCOUNT}`] }];
  await must(owner, 'POST', `/v3/projects/${PROJECT}:setIamPolicy`, { policy: { bindings } });
  const secrets = `/v1/projects/${PROJECT}/secrets`;
  await must(owner, 'POST', `${secrets}?secretId=API_KEY`, { replication: { automatic: {} } });
  const data = Buffer.from('good morning').toString('base64');
  await must(owner, 'POST', `${secrets}/API_KEY:addVersion`, { payload: { data } });
});

after(() => server?.stop());

/** What each program says, whatever it is written in. */
const says = (name: string) => `good morning\nfrom ${name} text/plain\nfalse\ntrue true\ntrue\n1\n`;

/** A script of the shell that runs all of them, one after another, each with a secret of its own. */
function script(url: string, leg: string, all: readonly Program[] = programs): string {
  const quoted = (word: string) => `'${word}'`;
  return all
    .map(({ name, argv }) => [...argv, url, `${leg}-${name}`].map(quoted).join(' '))
    .map((command) => `${command} || exit`)
    .join('\n');
}

test('many who set one new secret at once: every version is there, and one secret', async () => {
  const count = 60;
  const set = (index: number) => owner('PUT', '/secrets/raced?api-version=7.6', { value: `value ${index}` });
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => set(index)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  const { json } = await must(owner, 'GET', '/v1/projects/default/secrets/raced/versions?pageSize=100');
  const numbers = json.versions.map(({ name }: { name: string }) => Number(name.split('/').at(-1)));
  assert.deepEqual(
    numbers,
    Array.from({ length: count }, (_, index) => count - index),
  );
});

describe('under coffer run, by', { concurrency: 2 }, () => {
  const legs: readonly (readonly [leg: string, chosen: string, byAddress?: boolean])[] = [
    ['default', ''],
    ['address', 'ManagedIdentityCredential', true],
    ['cli', 'AzureCliCredential'],
    ['environment', 'EnvironmentCredential'],
    ['workload', 'WorkloadIdentityCredential'],
    ['workload-address', 'WorkloadIdentityCredential', true],
  ];
  for (const [leg, chosen, byAddress = false] of legs)
    test(`${chosen || 'whatever comes first'}${byAddress ? ", at the server's own address" : ''}`, async () => {
      const run = ['run', '--no-mask', '--project', PROJECT, '--service-account', ACCOUNT, '--', 'sh', '-uc'];
      const result = await coffer([...run, script(byAddress ? address : CLOUD, leg)], {
        env: { ...server.env, ...(chosen === '' ? {} : { AZURE_TOKEN_CREDENTIALS: chosen }) },
        timeoutMs: TIMEOUT_MS_MAX,
      });
      assert.equal(result.stdout, programs.map(({ name }) => says(name)).join(''), result.stderr);
    });

  test('the metadata service and Cloud Shell, where a program is told of nothing else', async () => {
    const [program] = programs as [Program];
    const forms = [
      'unset IDENTITY_ENDPOINT IDENTITY_HEADER',
      'export MSI_ENDPOINT=$AZURE_POD_IDENTITY_AUTHORITY_HOST/msi/token; unset AZURE_POD_IDENTITY_AUTHORITY_HOST',
    ];
    const command = (at: number) => [...program.argv, CLOUD, `form-${at}`].map((word) => `'${word}'`).join(' ');
    const text = forms.map((form, at) => `${form}\n${command(at)} || exit`).join('\n');
    const run = ['run', '--no-mask', '--project', PROJECT, '--service-account', ACCOUNT, '--', 'sh', '-uc', text];
    const result = await coffer(run, { env: server.env, timeoutMs: TIMEOUT_MS_MAX });
    assert.equal(result.stdout, says(program.name).repeat(2), result.stderr);
  });

  test('a client secret and the variables of coffer env, in a shell without a run', async () => {
    const print = `'${process.execPath}' --disable-warning=ExperimentalWarning '${entry}' env --service-account ${ACCOUNT}`;
    // Go's library takes no other tenant where it has the one that is never looked up.
    const others = programs.filter(({ name }) => name !== 'go');
    const text = `eval "$(${print})"\n${script(address, 'env')}\n${script(CLOUD, 'env-cloud', others)}`;
    const result = await execute('sh', ['-euc', text], { env: server.env, timeoutMs: TIMEOUT_MS_MAX });
    const all = [...programs, ...others].map(({ name }) => says(name)).join('');
    assert.equal(result.stdout, all, result.stderr);
  });
});
