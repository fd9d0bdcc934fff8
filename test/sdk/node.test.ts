// Google's Node library, unmodified, under `coffer run`: gRPC through the proxy, REST through the hook.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { coffer } from '../support/coffer.ts';
import { type RunningServer, startServer } from '../support/start.ts';

const ACCOUNT = 'my-service@my-project.iam.gserviceaccount.com';
let server: RunningServer;

before(async () => {
  server = await startServer();
  const commands: [string[], string?][] = [
    [['iam', 'service-accounts', 'create', 'my-service', '--project', 'my-project']],
    [['secrets', 'create', 'greeting', '--replication-policy=automatic', '--project', 'my-project']],
    [['secrets', 'versions', 'add', 'greeting', '--data-file=-', '--project', 'my-project'], 'good morning'],
    [
      [
        'projects',
        'add-iam-policy-binding',
        'my-project',
        `--member=serviceAccount:${ACCOUNT}`,
        '--role=roles/secretmanager.secretAccessor',
      ],
    ],
  ];
  for (const [args, input] of commands) {
    const result = await coffer(args, { env: server.env, ...(input === undefined ? {} : { input }) });
    assert.equal(result.code, 0, `coffer ${args.join(' ')}: ${result.stderr}`);
  }
});

after(() => server?.stop());

test('a Node program reads over gRPC and over REST', async () => {
  const program = join(import.meta.dirname, 'node/read.mjs');
  const name = 'projects/my-project/secrets/greeting/versions/latest';
  const run = ['run', '--project=my-project', '--service-account', ACCOUNT, '--', process.execPath, program, name];
  const result = await coffer(run, { env: server.env });
  assert.equal(result.stdout, 'good morning my-project\ngood morning my-project\n', result.stderr);
});
