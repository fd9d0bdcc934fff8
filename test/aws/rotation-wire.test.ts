// Rotation by AWS's wire: what is told of it, and each refusal in AWS's words. The functions answer and do nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openLambda } from '../../src/rotators/lambda.ts';
import { type LambdaStandIn, startLambda } from '../support/lambda.ts';
import { ACCOUNT_ID, accountOf, type Json, OTHER_PROJECT, openAws, PROJECT } from './fixture.ts';

const REGION = 'eu-west-1';
const token = (name: string) => name.padEnd(32, '-');
const functionOf = (name = 'rotate', account = ACCOUNT_ID, region = REGION) =>
  `arn:aws:lambda:${region}:${account}:function:${name}`;

let lambda: LambdaStandIn;
let aws: Awaited<ReturnType<typeof openAws>>;

before(async () => {
  lambda = await startLambda(() => undefined);
  aws = await openAws({ functions: openLambda({ endpoint: lambda.endpoint, clock: { now: () => Date.now() } }) });
});
after(async () => {
  await aws.close();
  lambda.close();
});

const create = (name: string) =>
  aws.ok('CreateSecret', { Name: name, ClientRequestToken: token('first'), SecretString: 'v' });
const rotate = (name: string, more: object = {}) => ({
  ...{ SecretId: name, ClientRequestToken: token('second'), RotationLambdaARN: functionOf() },
  ...more,
});

async function refused(operation: string, input: object, code: string, message: RegExp): Promise<void> {
  const { status, json } = await aws.call(operation, input);
  assert.deepEqual([status, json.__type], [400, code], JSON.stringify(json));
  assert.match(json.Message ?? json.message, message);
}

const rotationOf = (told: Json) => Object.fromEntries(Object.entries(told).filter(([name]) => /Rotat/.test(name)));

test('what is told of a rotation, and nothing of a secret that never had one', async () => {
  await create('told');
  assert.deepEqual(rotationOf(await aws.ok('DescribeSecret', { SecretId: 'told' })), {});
  const rules = { ScheduleExpression: 'cron(0 8 1 * ? *)', Duration: '2h' };
  const started = await aws.ok('RotateSecret', rotate('told', { RotationRules: rules }));
  assert.deepEqual([started.Name, started.VersionId], ['told', token('second')]);
  const told = await aws.ok('DescribeSecret', { SecretId: 'told' });
  assert.deepEqual(rotationOf(told), {
    ...{ RotationEnabled: true, RotationLambdaARN: functionOf(), RotationRules: rules },
    NextRotationDate: Date.parse('2027-02-01T09:59:59Z') / 1000,
  });
  const stages = { [token('first')]: ['AWSCURRENT'], [token('second')]: ['AWSPENDING'] };
  assert.deepEqual(told.VersionIdsToStages, stages);
  const [listed] = (await aws.ok('ListSecrets', { Filters: [{ Key: 'name', Values: ['told'] }] })).SecretList;
  assert.deepEqual([rotationOf(listed), listed.SecretVersionsToStages], [rotationOf(told), stages]);
  const { Versions: versions } = await aws.ok('ListSecretVersionIds', { SecretId: 'told' });
  assert.deepEqual(
    versions.map((version: Json) => version.VersionStages),
    [['AWSCURRENT'], ['AWSPENDING']],
  );
  const { Name, VersionId } = await aws.ok('CancelRotateSecret', { SecretId: 'told' });
  assert.deepEqual([Name, VersionId], ['told', token('second')]);
  const off = rotationOf(await aws.ok('DescribeSecret', { SecretId: 'told' }));
  assert.deepEqual(off, { RotationEnabled: false, RotationLambdaARN: functionOf(), RotationRules: rules });
});

test('a version that is reserved has no value before one is put, and its label can be taken away', async () => {
  await create('reserved');
  await aws.ok('RotateSecret', rotate('reserved'));
  const pending = { SecretId: 'reserved', VersionId: token('second'), VersionStage: 'AWSPENDING' };
  const absent = `^Secrets Manager can't find the specified secret value for VersionId: ${token('second')}$`;
  await refused('GetSecretValue', pending, 'ResourceNotFoundException', new RegExp(absent));
  const label = { SecretId: 'reserved', VersionStage: 'AWSPENDING' };
  const move = { ...label, MoveToVersionId: token('first') };
  await refused('UpdateSecretVersionStage', move, 'InvalidParameterException', /RemoveFromVersionId can't be empty/);
  await aws.ok('UpdateSecretVersionStage', { ...label, RemoveFromVersionId: token('second') });
  const told = await aws.ok('DescribeSecret', { SecretId: 'reserved' });
  assert.deepEqual(told.VersionIdsToStages, { [token('first')]: ['AWSCURRENT'] });
  await aws.ok('RotateSecret', rotate('reserved', { ClientRequestToken: token('third') }));
  const put = {
    SecretId: 'reserved',
    ClientRequestToken: token('third'),
    SecretString: 'x',
    VersionStages: ['AWSPENDING'],
  };
  await aws.ok('PutSecretValue', { ...put, RotationToken: `${token('any')}four` });
  const { SecretString } = await aws.ok('GetSecretValue', { ...pending, VersionId: token('third') });
  assert.equal(SecretString, 'x');
});

test('each refusal is in the words of AWS', async () => {
  await create('refused');
  const invalid = (more: object, message: RegExp, code = 'InvalidParameterException') =>
    refused('RotateSecret', rotate('refused', more), code, message);
  await invalid({ ClientRequestToken: undefined }, /^You must provide a ClientRequestToken value/);
  await invalid({ ClientRequestToken: 'short' }, /greater than or equal to 32/, 'ValidationException');
  await invalid({ RotationLambdaARN: undefined }, /^No Lambda rotation function ARN is/, 'InvalidRequestException');
  const denied = /^Secrets Manager cannot invoke the specified Lambda function\. Ensure that the function policy/;
  for (const RotationLambdaARN of [
    functionOf('missing'),
    functionOf('rotate', '999999999999'),
    functionOf('rotate', ACCOUNT_ID, 'us-east-1'),
    'rotate',
  ]) {
    await invalid({ RotationLambdaARN }, denied, 'AccessDeniedException');
  }
  const rule = (RotationRules: object) => ({ RotationRules });
  await invalid(rule({ AutomaticallyAfterDays: 1001 }), /less than or equal to 1000/, 'ValidationException');
  await invalid(rule({ Duration: 'three' }), /rotationRules\.duration/, 'ValidationException');
  await invalid(rule({ AutomaticallyAfterDays: 3, ScheduleExpression: 'rate(3 days)' }), /not both/);
  await invalid(rule({ ScheduleExpression: 'rate(3 hours)' }), /at least 4 hours/);
  await invalid({ ExternalSecretRotationRoleArn: `arn:aws:iam::${ACCOUNT_ID}:role/r` }, /./, 'InvalidRequestException');
  assert.deepEqual(rotationOf(await aws.ok('DescribeSecret', { SecretId: 'refused' })), {});
  const never = /^No Lambda rotation function ARN is associated with this secret\.$/;
  await refused('CancelRotateSecret', { SecretId: 'refused' }, 'InvalidRequestException', never);
  await aws.ok('RotateSecret', rotate('refused'));
  await aws.ok('RotateSecret', rotate('refused'));
  const again = { ClientRequestToken: token('third') };
  await invalid(again, /^A previous rotation isn't complete\. That rotation will be/, 'InvalidRequestException');
  await aws.ok('DeleteSecret', { SecretId: 'refused' });
  for (const operation of ['RotateSecret', 'CancelRotateSecret']) {
    await refused(operation, rotate('refused'), 'InvalidRequestException', /marked for deletion/);
  }
  assert.equal(lambda.invocations.length, 0, 'no request itself runs a function');
});

test('whoever may not change a secret has no function looked for', async () => {
  await create('guarded');
  await aws.must('POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'reader' });
  const reader = await aws.keyOf(`reader@${PROJECT}.iam.gserviceaccount.com`);
  const other = await aws.keyOf(accountOf(OTHER_PROJECT));
  const { ARN: arn } = await aws.ok('DescribeSecret', { SecretId: 'guarded' });
  const before = lambda.lookUps;
  for (const key of [reader, other]) {
    for (const operation of ['RotateSecret', 'CancelRotateSecret']) {
      const { status, json } = await aws.call(operation, rotate(arn), key);
      assert.equal(status, 400);
      assert.match(json.__type, /^(AccessDenied|ResourceNotFound)Exception$/);
      assert.ok(!/cannot invoke/.test(json.message ?? json.Message));
    }
  }
  assert.equal(lambda.lookUps, before);
});
