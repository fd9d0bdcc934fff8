// Every client library of Google's that is at hand, over every transport it has, unmodified under `coffer run`: the
// largest payload, binary, an empty label, and lists of many pages. COFFER_TEST_SIZE=full (`make test-clients`) fills
// the project with 10,000 secrets and 5,000 versions; otherwise with a few hundred, which is as many pages.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { apiOf, must, ownerToken } from '../support/api.ts';
import { coffer } from '../support/coffer.ts';
import { postAll } from '../support/fill.ts';
import { goProgram, whyNoGo } from '../support/go-program.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';

const size =
  process.env['COFFER_TEST_SIZE'] === 'full'
    ? { secrets: 10_000, versions: 5_000, page: 1_000 }
    : { secrets: 250, versions: 120, page: 25 };
const ACCOUNT = 'client@paged-project.iam.gserviceaccount.com';
const TIMEOUT_MS_MAX = 120_000;
const expected = { greeting: 'good morning', held: 65_536, secrets: size.secrets, versions: size.versions };
const noGo = await whyNoGo();
let goBuild: Promise<string> | undefined;

describe('the client libraries', { concurrency: 2 }, () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer();
    const owner = apiOf(server, ownerToken(server));
    for (const projectId of ['paged-project', 'held-project']) await must(owner, 'POST', '/v3/projects', { projectId });
    await must(owner, 'POST', '/v1/projects/paged-project/serviceAccounts', { accountId: 'client' });
    const roles = {
      'paged-project': ['secretmanager.viewer', 'secretmanager.secretAccessor'],
      'held-project': ['secretmanager.admin'],
    };
    for (const [project, names] of Object.entries(roles)) {
      const bindings = names.map((name) => ({ role: `roles/${name}`, members: [`serviceAccount:${ACCOUNT}`] }));
      await must(owner, 'POST', `/v3/projects/${project}:setIamPolicy`, { policy: { bindings } });
    }
    const secrets = '/v1/projects/paged-project/secrets';
    const replication = { automatic: {} };
    const data = Buffer.from('good morning').toString('base64');
    await must(owner, 'POST', `${secrets}?secretId=many`, { replication });
    const others = Array.from({ length: size.secrets - 1 }, (_, index) => `${secrets}?secretId=s-${index}`);
    await postAll(
      server,
      owner,
      others.map((path) => ({ path, body: { replication } })),
    );
    const body = { payload: { data } };
    await postAll(
      server,
      owner,
      Array.from({ length: size.versions }, () => ({ path: `${secrets}/many:addVersion`, body })),
    );
  });
  after(() => server?.stop());

  async function works(argv: readonly string[], kind: string): Promise<void> {
    const run = ['run', '--project=paged-project', '--service-account', ACCOUNT, '--', ...argv, kind];
    const args = [...run, 'paged-project', 'held-project', String(size.page)];
    const result = await coffer(args, { env: server.env, timeoutMs: TIMEOUT_MS_MAX });
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(JSON.parse(result.stdout), expected);
  }

  const python = join(import.meta.dirname, 'python');
  for (const kind of ['grpc', 'asyncio', 'rest'])
    test(`Python, ${kind}`, async () => {
      await works([await pythonVenv(join(python, 'requirements.txt')), '-B', join(python, 'clients.py')], kind);
    });

  for (const kind of ['grpc', 'rest'])
    test(`Node, ${kind}`, () => works([process.execPath, join(import.meta.dirname, 'node/clients.mjs')], kind));

  for (const kind of ['grpc', 'rest'])
    test(`Go, ${kind}`, { skip: noGo ?? false }, async (t) => {
      goBuild ??= goProgram(join(import.meta.dirname, 'go'));
      const program = await goBuild.catch((error: Error) => {
        // Without a network its modules may be missing; where everything is checked, that is a failure.
        if (process.env['CI'] === 'true') throw error;
        t.skip(error.message);
      });
      if (program !== undefined) await works([program], kind);
    });
});
