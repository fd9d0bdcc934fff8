// AWS's own libraries against a real server, unmodified.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Api, apiOf, must, ownerToken } from '../support/api.ts';
import { execute } from '../support/coffer.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';

const ACCOUNT = 'client@aws-account.iam.gserviceaccount.com';
const TIMEOUT_MS_MAX = 60_000;
const python = join(import.meta.dirname, 'python');

let venv: string;
let server: RunningServer;
let owner: Api;

before(async () => {
  venv = await pythonVenv(join(python, 'requirements.txt'));
  server = await startServer();
  owner = apiOf(server, ownerToken(server));
  await must(owner, 'POST', '/v3/projects', { projectId: 'aws-account' });
  await must(owner, 'POST', '/coffer/v1/projects:setAwsAccount', {
    project: 'aws-account',
    awsAccountId: '123456789012',
  });
  await must(owner, 'POST', '/v1/projects/aws-account/serviceAccounts', { accountId: 'client' });
  const bindings = [{ role: 'roles/secretmanager.admin', members: [`serviceAccount:${ACCOUNT}`] }];
  await must(owner, 'POST', '/v3/projects/aws-account:setIamPolicy', { policy: { bindings } });
  for (const [name, value] of [
    ['text', Buffer.from('good morning')],
    ['bytes', Buffer.of(0xff, 0, 1)],
  ] as const) {
    const secrets = '/v1/projects/aws-account/secrets';
    await must(owner, 'POST', `${secrets}?secretId=${name}`, { replication: { automatic: {} } });
    await must(owner, 'POST', `${secrets}/${name}:addVersion`, { payload: { data: value.toString('base64') } });
  }
});

after(() => server?.stop());

test('boto3 reads with a key of a service account, by the path of an endpoint too', async () => {
  const { json } = await must(owner, 'POST', '/coffer/v1/accountKeys:createAws', { serviceAccount: ACCOUNT });
  for (const path of ['', '/aws']) {
    const env = {
      ...{ PATH: process.env['PATH'] ?? '', HOME: server.root },
      AWS_ENDPOINT_URL: `${server.address}${path}`,
      AWS_ACCESS_KEY_ID: json.accessKeyId,
      AWS_SECRET_ACCESS_KEY: json.secretAccessKey,
    };
    const program = ['-B', join(python, 'read.py'), 'text', 'bytes', 'absent', 'no name'];
    const { stdout, stderr, code } = await execute(venv, program, { env, timeoutMs: TIMEOUT_MS_MAX });
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      "text good morning ['AWSCURRENT']",
      "True ['eu-west-1', '123456789012', 'secret']",
      "bytes b'\\xff\\x00\\x01' ['AWSCURRENT']",
      "True ['eu-west-1', '123456789012', 'secret']",
      'An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: ' +
        "Secrets Manager can't find the specified secret.",
      'An error occurred (ValidationException) when calling the GetSecretValue operation: Invalid name. Must be a ' +
        'valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      'arn:aws:iam::123456789012:user/client',
      'arn:aws:iam::123456789012:user/client True',
      'An error occurred (AccessDenied) when calling the GetSessionToken operation: User: ' +
        'arn:aws:iam::123456789012:user/client is not authorized to perform: sts:GetSessionToken on resource: * because ' +
        'no identity-based policy allows the sts:GetSessionToken action',
    ]);
  }
});
