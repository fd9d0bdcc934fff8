// Google's libraries with a service-account key file, unmodified, under `coffer run`: the JWT grant, the self-signed JWT
// and ID tokens, which verify by the keys that the server publishes under Google's name of the token endpoint.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { coffer } from '../support/coffer.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';

const ACCOUNT = 'my-service@my-project.iam.gserviceaccount.com';
const AUDIENCE = 'https://service.example';
const NAME = 'projects/my-project/secrets/greeting/versions/latest';
let server: RunningServer;
let keyFile: string;

before(async () => {
  server = await startServer();
  keyFile = join(server.root, 'key.json');
  const role = '--role=roles/secretmanager.secretAccessor';
  const commands: [string[], string?][] = [
    [['iam', 'service-accounts', 'create', 'my-service', '--project', 'my-project']],
    [['iam', 'service-accounts', 'keys', 'create', keyFile, `--iam-account=${ACCOUNT}`]],
    [['secrets', 'create', 'greeting', '--replication-policy=automatic', '--project', 'my-project']],
    [['secrets', 'versions', 'add', 'greeting', '--data-file=-', '--project', 'my-project'], 'good morning'],
    [['projects', 'add-iam-policy-binding', 'my-project', `--member=serviceAccount:${ACCOUNT}`, role]],
  ];
  for (const [args, input] of commands) {
    const result = await coffer(args, { env: server.env, ...(input === undefined ? {} : { input }) });
    assert.equal(result.code, 0, `coffer ${args.join(' ')}: ${result.stderr}`);
  }
});

after(() => server?.stop());

/** A program under `coffer run`, without masking, so that what it prints is what it read. */
function underRun(program: readonly string[]) {
  const run = ['run', '--project=my-project', '--service-account', ACCOUNT, '--', ...program, keyFile, NAME, AUDIENCE];
  return coffer(run, { env: { ...server.env, PYTHONDONTWRITEBYTECODE: '1' } });
}

test('Python: grant, self-signed JWT, ID tokens of the key and of the metadata server', async () => {
  const python = await pythonVenv(join(import.meta.dirname, 'python/requirements.txt'));
  const result = await underRun([python, join(import.meta.dirname, 'python/identities.py')]);
  const told = `https://accounts.google.com ${AUDIENCE} ${ACCOUNT}\n`;
  assert.equal(result.stdout, 'good morning\n'.repeat(4) + told.repeat(2), result.stderr);
});

test('Node: self-signed JWT, grant, ID token', async () => {
  const result = await underRun([process.execPath, join(import.meta.dirname, 'node/identities.mjs')]);
  assert.equal(result.stdout, `good morning\nya29. ${ACCOUNT}\n${ACCOUNT}\n`, result.stderr);
});
