// AWS's own libraries against a real server, unmodified: with an access key, under `coffer run`, and by a profile.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Api, apiOf, must, ownerToken } from '../support/api.ts';
import { coffer, execute } from '../support/coffer.ts';
import { nodeProject } from '../support/node-project.ts';
import { type RunningServer, startServer } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';

const ACCOUNT = 'client@aws-account.iam.gserviceaccount.com';
const TIMEOUT_MS_MAX = 60_000;
const python = join(import.meta.dirname, 'python');

let venv: string;
let node: string;
let server: RunningServer;
let owner: Api;

before(async () => {
  [venv, node] = await Promise.all([
    pythonVenv(join(python, 'requirements.txt')),
    nodeProject(join(import.meta.dirname, 'node')),
  ]);
  server = await startServer();
  owner = apiOf(server, ownerToken(server));
  await must(owner, 'POST', '/v3/projects', { projectId: 'aws-account' });
  await must(owner, 'POST', '/coffer/v1/projects:setAwsAccount', {
    project: 'aws-account',
    awsAccountId: '123456789012',
  });
  await must(owner, 'POST', '/v1/projects/aws-account/serviceAccounts', { accountId: 'client' });
  const roles = ['roles/secretmanager.admin', 'roles/coffer.keyAdmin', 'roles/coffer.keyEncrypter'];
  const bindings = roles.map((role) => ({ role, members: [`serviceAccount:${ACCOUNT}`] }));
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

test('boto3 keeps a secret under a key, which turns every API off and on', async () => {
  const { json } = await must(owner, 'POST', '/coffer/v1/accountKeys:createAws', { serviceAccount: ACCOUNT });
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', HOME: server.root, AWS_ENDPOINT_URL: server.address },
    ...{ AWS_ACCESS_KEY_ID: json.accessKeyId, AWS_SECRET_ACCESS_KEY: json.secretAccessKey },
    ...{ GOOGLE_URL: server.address, GOOGLE_TOKEN: ownerToken(server) },
  };
  const program = ['-B', join(python, 'kms.py')];
  const { stdout, stderr, code } = await execute(venv, program, { env, timeoutMs: TIMEOUT_MS_MAX });
  assert.equal(code, 0, stderr);
  const missing = 'An error occurred (NotFoundException) when calling the DescribeKey operation: ';
  const at = 'arn:aws:kms:eu-west-1:123456789012:';
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'v dg==',
    'DecryptionFailure FAILED_PRECONDITION',
    'v dg==',
    'True alias/secrets',
    'DecryptionFailure PendingDeletion',
    `${missing}Alias ${at}alias/absent is not found.`,
    `${missing}Key '${at}key/11111111-1111-4111-8111-111111111111' does not exist`,
  ]);
});

const ROLE = 'arn:aws:sts::123456789012:assumed-role/client';

/** The environment of somebody who has an AWS of his own: none of it may get to the child. */
function userEnv(): Record<string, string> {
  const folder = join(server.root, 'home/.aws');
  mkdirSync(folder, { recursive: true });
  const keys = 'aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wrong\n';
  writeFileSync(join(folder, 'credentials'), `[default]\n${keys}`);
  writeFileSync(join(folder, 'config'), '[default]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:1\n');
  return {
    ...server.env,
    HOME: dirname(folder),
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wrong',
    AWS_SESSION_TOKEN: 'wrong',
    AWS_PROFILE: 'production',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1',
    AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1',
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/nonexistent',
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
  };
}

const run = (command: readonly string[], flags: readonly string[] = []) =>
  coffer(['run', '--project', 'aws-account', '--service-account', ACCOUNT, ...flags, '--', ...command], {
    env: userEnv(),
    timeoutMs: TIMEOUT_MS_MAX,
  });

test('unmodified programs run as the service account, whatever AWS the user has', async () => {
  const aws = join(dirname(venv), 'aws');
  const ids = ['--secret-id', 'prod/myapp/database', '--query', 'SecretString', '--output', 'text'];
  const started = [
    ...['s3cret', 'first', "the database [{'Key': 'team', 'Value': 'web'}] 2", "['prod/myapp/database']"],
    ...['InvalidRequestException', "['AWSCURRENT']", ''],
  ];
  const json = '{"password": "s3cret"}';
  const programs: readonly (readonly [string, readonly string[]])[] = [
    [started.join('\n'), [venv, '-B', join(python, 'quick_start.py')]],
    [`${json} ${json}\ns3cret ['DescribeSecret', 'GetSecretValue']\n`, [venv, '-B', join(python, 'caching.py')]],
    [`s3cret ${ROLE}/python\n`, [venv, '-B', join(python, 'seed_003.py')]],
    [`s3cret ${ROLE}/node ResourceNotFoundException 400\n`, [process.execPath, join(node, 'read.mjs')]],
    [`${json}\n`, [aws, 'secretsmanager', 'get-secret-value', ...ids]],
    ['True\n', [aws, 'kms', 'create-key', '--query', 'KeyMetadata.Enabled', '--output', 'text']],
    [`${ROLE}/aws\n`, [aws, 'sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text']],
  ];
  for (const [expected, command] of programs) {
    const { stdout, stderr, code } = await run(command);
    assert.deepEqual([stdout, code], [expected, 0], stderr);
    assert.match(stderr, /AWS_ACCESS_KEY_ID of your environment is not handed on/);
  }
});

test('an access key that is given as a secret takes the place of the run', async () => {
  await must(owner, 'POST', '/v1/projects/aws-account/secrets?secretId=key', { replication: { automatic: {} } });
  const data = Buffer.from('AKIAREAL').toString('base64');
  await must(owner, 'POST', '/v1/projects/aws-account/secrets/key:addVersion', { payload: { data } });
  const { stdout, code } = await run(
    ['/bin/sh', '-c', 'echo $AWS_ACCESS_KEY_ID $AWS_CONTAINER_CREDENTIALS_FULL_URI $AWS_ENDPOINT_URL_STS | wc -w'],
    ['--set-secrets', 'AWS_ACCESS_KEY_ID=key:latest'],
  );
  assert.deepEqual([stdout.trim(), code], ['1', 0]);
});

test('the sessions of a run end with it', async () => {
  const print = 'import boto3; c = boto3.Session().get_credentials().get_frozen_credentials(); print(*c[:3])';
  const { stdout, stderr } = await run([venv, '-B', '-c', print]);
  const [id = '', secret = '', token = ''] = stdout.trim().split(' ');
  assert.match(token, /^cof_aws_/, stderr);
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', HOME: server.root, AWS_ENDPOINT_URL: server.address },
    ...{ AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token },
  };
  const after = await execute(venv, ['-B', join(python, 'read.py'), 'text'], { env, timeoutMs: TIMEOUT_MS_MAX });
  assert.match(after.stdout, /UnrecognizedClientException/);
});

test('a profile leads here, and holds nothing secret', async () => {
  const args = ['env', '--format=aws-profile', `--service-account=${ACCOUNT}`];
  const { stdout: profile, code, stderr } = await coffer(args, { env: server.env });
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(profile, /cof_|ya29|ASIA|AKIA/);
  const file = join(server.root, 'aws-config');
  writeFileSync(file, profile);
  const env = {
    ...server.env,
    ...{ PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, AWS_CONFIG_FILE: file, AWS_PROFILE: 'client' },
  };
  const program = ['-B', join(python, 'seed_003.py')];
  const answer = await execute(venv, program, { env, timeoutMs: TIMEOUT_MS_MAX });
  assert.equal(answer.stdout, `s3cret ${ROLE}/client\n`, answer.stderr);
});
