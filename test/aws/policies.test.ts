// Resource policies by AWS's own operations, on real sockets: put, shown and judged; one decision with Google's API; and
// what another account may read.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ACCOUNT_ID, accountOf, type Json, OTHER_PROJECT, openAws, PROJECT } from './fixture.ts';

let aws: Awaited<ReturnType<typeof openAws>>;
let other: { id: string; secret: string };
let plain: { id: string; secret: string };
let token: string;

before(async () => {
  aws = await openAws();
  other = await aws.keyOf(accountOf(OTHER_PROJECT));
  await aws.must('POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'plain-reader' });
  const email = `plain-reader@${PROJECT}.iam.gserviceaccount.com`;
  plain = await aws.keyOf(email);
  const made = await aws.must('POST', `/v1/projects/-/serviceAccounts/${email}:generateAccessToken`, {
    scope: ['https://www.googleapis.com/auth/cloud-platform'],
  });
  token = made.accessToken;
});
after(() => aws?.close());

const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const allow = (Principal: unknown, more: object = {}) => ({
  ...{ Effect: 'Allow', Principal, Action: 'secretsmanager:GetSecretValue', Resource: '*' },
  ...more,
});
const deny = (more: object = {}) => ({
  Effect: 'Deny',
  Principal: '*',
  Action: 'secretsmanager:GetSecretValue',
  Resource: '*',
  ...more,
});
const role = (name: string) => `arn:aws:iam::${ACCOUNT_ID}:role/${name}`;

let made = 0;
async function secret(): Promise<{ name: string; arn: string }> {
  const name = `policy/${++made}`;
  const { ARN: arn } = await aws.ok('CreateSecret', {
    Name: name,
    SecretString: 'v',
    ClientRequestToken: 'x'.repeat(32),
  });
  return { name, arn };
}
const put = (SecretId: string, policy: string, more: object = {}) =>
  aws.call('PutResourcePolicy', { SecretId, ResourcePolicy: policy, ...more });

async function refused(answer: Promise<{ status: number; json: Json }>, code: string, says: RegExp) {
  const { status, json } = await answer;
  assert.equal(status, 400, JSON.stringify(json));
  assert.equal(json.__type, code);
  assert.match(json.Message ?? json.message, says);
}

const byGoogle = async (name: string, credential = token) => {
  const path = `/v1/projects/${PROJECT}/secrets/${name.replaceAll('/', '--')}/versions/latest:access`;
  return (await aws.send('GET', path, { authorization: `Bearer ${credential}` })).status;
};

test('a policy is shown as it was put, grants by both APIs, and is gone when it is deleted', async () => {
  const { name, arn } = await secret();
  assert.deepEqual(await aws.ok('GetResourcePolicy', { SecretId: name }), { ARN: arn, Name: name });
  await refused(
    aws.call('GetSecretValue', { SecretId: name }, plain),
    'AccessDeniedException',
    /no identity-based policy allows/,
  );
  assert.equal(await byGoogle(name), 403);
  const policy = `{ "Version":"2012-10-17",\n "Statement": ${JSON.stringify(allow({ AWS: role('plain-reader') }))} }`;
  assert.deepEqual((await put(arn, policy)).json, { ARN: arn, Name: name });
  assert.equal((await aws.ok('GetResourcePolicy', { SecretId: name })).ResourcePolicy, policy);
  assert.equal((await aws.ok('GetSecretValue', { SecretId: name }, plain)).SecretString, 'v');
  assert.equal(await byGoogle(name), 200);
  await refused(
    aws.call('DescribeSecret', { SecretId: name }, plain),
    'AccessDeniedException',
    /secretsmanager:DescribeSecret/,
  );
  assert.deepEqual(await aws.ok('DeleteResourcePolicy', { SecretId: name }), { ARN: arn, Name: name });
  assert.equal((await aws.ok('GetResourcePolicy', { SecretId: name })).ResourcePolicy, undefined);
  assert.equal(await byGoogle(name), 403);
});

test('a denial holds for whoever is granted it, by both APIs, in every region and by every label', async () => {
  const { name, arn } = await secret();
  await put(name, document(deny({ Resource: arn })));
  const explicit =
    /^User: arn:aws:iam::123456789012:user\/client is not authorized .* with an explicit deny in a resource-based policy$/;
  await refused(aws.call('GetSecretValue', { SecretId: name }), 'AccessDeniedException', explicit);
  await refused(
    aws.call('BatchGetSecretValue', { SecretIdList: [name] }).then(({ json }) => ({
      status: 400,
      json: { __type: json.Errors[0].ErrorCode, message: json.Errors[0].Message },
    })),
    'AccessDeniedException',
    /explicit deny/,
  );
  assert.equal(await byGoogle(name, aws.world.ownerCredential), 403);
  const current = { StringEquals: { 'secretsmanager:VersionStage': 'AWSCURRENT' } };
  await put(name, document(deny({ Condition: current })));
  for (const more of [{}, { VersionStage: 'AWSCURRENT' }, { VersionStage: null }]) {
    await refused(aws.call('GetSecretValue', { SecretId: name, ...more }), 'AccessDeniedException', /explicit deny/);
  }
  assert.equal(await byGoogle(name, aws.world.ownerCredential), 403);
});

test('what is no policy, or too much of one, is refused', async () => {
  const { name } = await secret();
  const malformed = 'MalformedPolicyDocumentException';
  await refused(put(name, 'some policy'), malformed, /^This policy has invalid syntax\./);
  await refused(put(name, document({ ...allow('*'), Action: 'GetSecretValue' })), malformed, /no action/);
  await refused(put(name, document(allow('*')), { BlockPublicPolicy: true }), 'PublicPolicyException', /statement 1/);
  await refused(put(name, 'x'.repeat(20_481)), 'ValidationException', /resourcePolicy/);
  await refused(
    put('unknown-secret', document(allow('*'))),
    'ResourceNotFoundException',
    /can't find the specified secret/,
  );
  await refused(
    aws.call('PutResourcePolicy', { SecretId: name, ResourcePolicy: document(allow('*')) }, plain),
    'AccessDeniedException',
    /PutResourcePolicy/,
  );
  assert.equal((await aws.ok('GetResourcePolicy', { SecretId: name })).ResourcePolicy, undefined);
});

test('a policy is judged before it is put, for a secret or for none', async () => {
  const { name } = await secret();
  const checks = async (policy: string, more: object = { SecretId: name }) => {
    const { PolicyValidationPassed: passed, ValidationErrors: errors } = await aws.ok('ValidateResourcePolicy', {
      ResourcePolicy: policy,
      ...more,
    });
    assert.equal(passed, errors.length === 0);
    return errors.map(({ CheckName }: { CheckName: string }) => CheckName);
  };
  assert.deepEqual(await checks(document(allow({ AWS: ACCOUNT_ID }))), []);
  assert.deepEqual(await checks('{'), ['SYNTAX']);
  assert.deepEqual(await checks(document(allow('*')), {}), ['PUBLIC_ACCESS']);
  assert.deepEqual(await checks(document(deny({ Action: 'secretsmanager:*' }))), ['LOCKOUT']);
});

test('conditions see what the request asks for', async () => {
  const { name } = await secret();
  const describe = allow('*', { Action: 'secretsmanager:*' });
  const noForce = deny({
    Action: 'secretsmanager:DeleteSecret',
    Condition: { Bool: { 'secretsmanager:ForceDeleteWithoutRecovery': 'true' } },
  });
  const few = deny({
    Action: 'secretsmanager:TagResource',
    Condition: { 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': ['team'] } },
  });
  const here = deny({ Condition: { StringNotEquals: { 'aws:RequestedRegion': 'us-east-1' } } });
  await put(name, document(describe, noForce, few, here));
  await aws.ok('TagResource', { SecretId: name, Tags: [{ Key: 'team', Value: 'a' }] });
  await refused(
    aws.call('TagResource', {
      SecretId: name,
      Tags: [
        { Key: 'team', Value: 'a' },
        { Key: 'x', Value: 'y' },
      ],
    }),
    'AccessDeniedException',
    /TagResource/,
  );
  await refused(
    aws.call('DeleteSecret', { SecretId: name, ForceDeleteWithoutRecovery: true }),
    'AccessDeniedException',
    /DeleteSecret/,
  );
  await aws.ok('DeleteSecret', { SecretId: name });
});

test('another account reads by the whole ARN, where both sides say so and the key is not the default one', async () => {
  const { name, arn } = await secret();
  const read = (SecretId = arn) => aws.call('GetSecretValue', { SecretId }, other);
  await refused(read(), 'AccessDeniedException', /not authorized/);
  await refused(read(arn.replace(ACCOUNT_ID, '999999999999')), 'AccessDeniedException', /not authorized/);
  const principal = `arn:aws:iam::${await numberOf(OTHER_PROJECT)}:role/client`;
  await put(name, document(allow({ AWS: principal })));
  await refused(
    read(),
    'InvalidRequestException',
    /^You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key\.$/,
  );
  await refused(read(arn.slice(0, -7)), 'ResourceNotFoundException', /can't find/);
  await aws.ok('UpdateSecret', {
    SecretId: name,
    KmsKeyId: (await aws.ok('TrentService.CreateKey', {})).KeyMetadata.Arn,
    ClientRequestToken: 'y'.repeat(32),
  });
  const { json } = await read();
  assert.deepEqual([json.SecretString, json.ARN], ['v', arn]);
  await refused(aws.call('DescribeSecret', { SecretId: arn }, other), 'AccessDeniedException', /DescribeSecret/);
  await aws.must('POST', `/v3/projects/${OTHER_PROJECT}:setIamPolicy`, {
    policy: { bindings: [{ role: 'roles/owner', members: ['user:owner@coffer.internal'] }] },
  });
  await refused(read(), 'AccessDeniedException', /not authorized/);
});

async function numberOf(project: string): Promise<string> {
  return (await aws.must('GET', `/v3/projects/${project}`)).name.split('/')[1];
}
