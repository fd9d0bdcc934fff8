// The tests of AWS's caching client for Python that make requests, unmodified, against this server. Those with a client
// of their own making ask nobody, and are not run.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { apiOf, must, ownerToken } from '../support/api.ts';
import { execute } from '../support/coffer.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';
import { fetchSource } from './suite/fetch-source.ts';

const SUITE = join(import.meta.dirname, 'suite');
const ACCOUNT = 'caching@default.iam.gserviceaccount.com';
const TIMEOUT_MS_MAX = 120_000;

let server: RunningServer;

before(async () => {
  server = await startServer();
});
after(() => server?.stop());

test('the caching client reads here what it reads of AWS', { timeout: TIMEOUT_MS_MAX }, async () => {
  const owner = apiOf(server, ownerToken(server));
  await must(owner, 'POST', '/v1/projects/default/serviceAccounts', { accountId: 'caching' });
  const bindings = [{ role: 'roles/secretmanager.admin', members: [`serviceAccount:${ACCOUNT}`] }];
  await must(owner, 'POST', '/v3/projects/default:setIamPolicy', { policy: { bindings } });
  const { json: key } = await must(owner, 'POST', '/coffer/v1/accountKeys:createAws', { serviceAccount: ACCOUNT });
  const python = await pythonVenv(join(SUITE, 'requirements.txt'));
  const source = await fetchSource(python, join(SUITE, 'caching-source.txt'), join(server.root, 'source'));
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', HOME: server.root, PYTHONDONTWRITEBYTECODE: '1' },
    ...{ PYTHONPATH: join(source, 'src'), AWS_ENDPOINT_URL: server.address, AWS_DEFAULT_REGION: 'eu-west-1' },
    ...{ AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey },
  };
  const pytest = ['-m', 'pytest', '-q', '--tb=short', '-p', 'no:cacheprovider', '-c', join(SUITE, 'pytest.ini')];
  const argv = [...pytest, '--rootdir', source, join(source, 'test/integ')];
  const { stdout, stderr, code } = await execute(python, argv, { env, cwd: source, timeoutMs: TIMEOUT_MS_MAX });
  assert.equal(code, 0, `${stdout.slice(-20_000)}\n${stderr.slice(-2000)}`);
  assert.match(stdout, /^6 passed/m);
});
