// KMS on real sockets: keys and their names in the words of AWS, what they wrap in secrets read by other APIs too, and what an
// attacker would try of them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import { backUpSecret } from '../../src/ops/backup-of-secret.ts';
import { shapeOfCurrent } from '../../src/ops/vault/kv-rows.ts';
import { type SigningKey, signed } from '../support/aws-sign.ts';
import { ACCOUNT_ID, accountOf, type Json, OTHER_PROJECT, openAws, PROJECT } from './fixture.ts';

let aws: Awaited<ReturnType<typeof openAws>>;

before(async () => {
  aws = await openAws();
});
after(() => aws.close());

const DAY_MS = 24 * 3600 * 1000;
const token = (name: string) => name.padEnd(32, '0');
const kms = (operation: string, input: object = {}, as?: SigningKey): Promise<Json> =>
  aws.ok(`TrentService.${operation}`, input, as);
const newKey = async (): Promise<Json> => (await kms('CreateKey', { Description: 'd' })).KeyMetadata;
const make = (name: string, value: string, KmsKeyId?: string) =>
  aws.ok('CreateSecret', { Name: name, ClientRequestToken: token(value), SecretString: value, KmsKeyId });
const put = (name: string, value: string) =>
  aws.call('PutSecretValue', { SecretId: name, ClientRequestToken: token(value), SecretString: value });
const read = (name: string, more: object = {}) => aws.call('GetSecretValue', { SecretId: name, ...more });

async function fails(answer: Promise<{ json: Json; status: number }>): Promise<readonly [string, string]> {
  const { status, json } = await answer;
  assert.equal(status, 400, JSON.stringify(json));
  return [json.__type, json.message ?? json.Message];
}

/** By Google's API, as the owner. */
function google(name: string, version = 'latest') {
  const path = `/v1/projects/${PROJECT}/secrets/${name}/versions/${version}:access`;
  return aws.send('GET', path, { authorization: `Bearer ${aws.world.ownerCredential}` });
}

const googleValue = async (name: string, version?: string) =>
  Buffer.from((await google(name, version)).json.payload.data, 'base64').toString();

const UNREADABLE = [
  'DecryptionFailure',
  "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
];

test('a key is made, shown, named, disabled and deleted in the words of AWS', async () => {
  const key = await newKey();
  const arn = `arn:aws:kms:eu-west-1:${ACCOUNT_ID}:key/${key.KeyId}`;
  assert.deepEqual(
    [key.Arn, key.KeyState, key.Enabled, key.KeySpec, key.MultiRegion, key.Description],
    [arn, 'Enabled', true, 'SYMMETRIC_DEFAULT', false, 'd'],
  );
  assert.deepEqual(await kms('CreateAlias', { AliasName: 'alias/app', TargetKeyId: arn }), {});
  for (const KeyId of [key.KeyId, arn, 'alias/app', `arn:aws:kms:eu-west-1:${ACCOUNT_ID}:alias/app`]) {
    assert.deepEqual((await kms('DescribeKey', { KeyId })).KeyMetadata, key);
  }
  assert.ok((await kms('ListKeys')).Keys.some(({ KeyArn }: Json) => KeyArn === arn));
  const names = (await kms('ListAliases')).Aliases.map(({ AliasName }: Json) => AliasName);
  assert.deepEqual(names, ['alias/aws/secretsmanager', 'alias/app']);
  assert.deepEqual((await kms('ListAliases', { KeyId: key.KeyId })).Aliases.length, 1);
  const { Policy } = await kms('GetKeyPolicy', { KeyId: key.KeyId, PolicyName: 'default' });
  assert.equal(JSON.parse(Policy).Statement[0].Principal.AWS, `arn:aws:iam::${ACCOUNT_ID}:root`);
  assert.deepEqual((await kms('ListKeyPolicies', { KeyId: key.KeyId })).PolicyNames, ['default']);
  await kms('DisableKey', { KeyId: arn });
  const gone = await kms('ScheduleKeyDeletion', { KeyId: arn, PendingWindowInDays: 7 });
  assert.deepEqual([gone.KeyId, gone.KeyState], [arn, 'PendingDeletion']);
  assert.equal(gone.DeletionDate, (aws.world.clock.now() + 7 * DAY_MS) / 1000);
  await kms('CancelKeyDeletion', { KeyId: arn });
  assert.equal((await kms('DescribeKey', { KeyId: arn })).KeyMetadata.KeyState, 'Disabled');
  await kms('EnableKey', { KeyId: arn });
  await kms('DeleteAlias', { AliasName: 'alias/app' });
  assert.equal((await kms('ListAliases')).Aliases.length, 1);
});

test('errors of KMS are those of AWS', async () => {
  const key = await newKey();
  const target = { TargetKeyId: key.KeyId };
  await kms('CreateAlias', { AliasName: 'alias/taken', ...target });
  await kms('ScheduleKeyDeletion', { KeyId: key.KeyId });
  const absent = '00000000-0000-4000-8000-000000000000';
  const at = `arn:aws:kms:eu-west-1:${ACCOUNT_ID}:`;
  const cases: readonly (readonly [string, object, string, string])[] = [
    ['DescribeKey', { KeyId: absent }, 'NotFoundException', `Key '${at}key/${absent}' does not exist`],
    ['DescribeKey', { KeyId: 'alias/absent' }, 'NotFoundException', `Alias ${at}alias/absent is not found.`],
    ['DescribeKey', { KeyId: 'arn:aws:kms:x' }, 'InvalidArnException', 'Invalid arn arn:aws:kms:x'],
    ['EnableKey', { KeyId: key.KeyId }, 'KMSInvalidStateException', `${key.Arn} is pending deletion.`],
    ['ScheduleKeyDeletion', { KeyId: key.KeyId }, 'KMSInvalidStateException', `${key.Arn} is pending deletion.`],
    ['CreateKey', { KeySpec: 'RSA_2048' }, 'UnsupportedOperationException', 'KeySpec RSA_2048 is not supported.'],
    ['CreateKey', { MultiRegion: true }, 'UnsupportedOperationException', 'MultiRegion is not supported.'],
    [
      'CreateAlias',
      { AliasName: 'alias/taken', TargetKeyId: (await newKey()).KeyId },
      'AlreadyExistsException',
      `An alias with the name ${at}alias/taken already exists`,
    ],
    ['DeleteAlias', { AliasName: 'alias/absent' }, 'NotFoundException', `Alias ${at}alias/absent is not found.`],
    [
      'CreateAlias',
      { AliasName: 'alias/aws/mine', ...target },
      'NotAuthorizedException',
      'The aliases below aws/ are reserved.',
    ],
    [
      'ScheduleKeyDeletion',
      { KeyId: key.KeyId, PendingWindowInDays: 6 },
      'ValidationException',
      'PendingWindowInDays must be between 7 and 30, inclusive.',
    ],
    ['Decrypt', { CiphertextBlob: 'AA==' }, 'UnknownOperationException', 'Decrypt is no operation of this service.'],
  ];
  for (const [operation, input, ...told] of cases) {
    assert.deepEqual(await fails(aws.call(`TrentService.${operation}`, input)), told, operation);
  }
});

test('a secret under a key is read by every API while the key is enabled, and by none while it is not', async () => {
  const key = await newKey();
  await make('wrapped', 'one', key.Arn);
  const check = async () => {
    assert.equal((await read('wrapped')).json.SecretString, 'one');
    assert.equal(await googleValue('wrapped'), 'one');
  };
  const refuse = async () => {
    assert.deepEqual(await fails(read('wrapped')), UNREADABLE);
    const answer = await google('wrapped');
    assert.deepEqual([answer.status, answer.json.error.status], [400, 'FAILED_PRECONDITION']);
    const [code] = await fails(put('wrapped', 'two'));
    assert.equal(code, 'EncryptionFailure');
    const batch = await aws.ok('BatchGetSecretValue', { SecretIdList: ['wrapped'] });
    assert.deepEqual([batch.SecretValues, batch.Errors[0].ErrorCode], [[], 'DecryptionFailure']);
    const ref = { project: parseProjectRef(PROJECT), key: secretKey('wrapped' as never) } as never;
    for (const operation of [backUpSecret, shapeOfCurrent]) {
      const asked = aws.world.ask(operation as typeof shapeOfCurrent, ref, aws.world.ownerCredential);
      await assert.rejects(asked, { code: 'CUSTOMER_KEY_UNUSABLE' });
    }
    const data = Buffer.from('by Google').toString('base64');
    const added = await aws.send(
      'POST',
      `/v1/projects/${PROJECT}/secrets/wrapped:addVersion`,
      { authorization: `Bearer ${aws.world.ownerCredential}`, 'content-type': 'application/json' },
      JSON.stringify({ payload: { data } }),
    );
    assert.equal(added.json.error.status, 'FAILED_PRECONDITION');
  };
  await check();
  await kms('DisableKey', { KeyId: key.KeyId });
  await refuse();
  await kms('EnableKey', { KeyId: key.KeyId });
  await check();
  await kms('ScheduleKeyDeletion', { KeyId: key.KeyId, PendingWindowInDays: 7 });
  await refuse();
  await aws.world.sweep();
  await kms('CancelKeyDeletion', { KeyId: key.KeyId });
  await refuse();
  await kms('EnableKey', { KeyId: key.KeyId });
  await check();
  await kms('CreateAlias', { AliasName: 'alias/going', TargetKeyId: key.KeyId });
  await kms('ScheduleKeyDeletion', { KeyId: key.KeyId, PendingWindowInDays: 7 });
  aws.world.clock.advance(7 * DAY_MS);
  await aws.world.sweep();
  const [code] = await fails(aws.call('TrentService.DescribeKey', { KeyId: key.KeyId }));
  assert.equal(code, 'NotFoundException');
  await refuse();
  const left = (await kms('ListAliases')).Aliases.map(({ AliasName }: Json) => AliasName);
  assert.equal(left.includes('alias/going'), false);
});

test('what every API writes to such a secret is wrapped too, and a copy of it stays so', async () => {
  const key = await newKey();
  await make('written', 'one', key.KeyId);
  const data = Buffer.from('two').toString('base64');
  await aws.must('POST', `/v1/projects/${PROJECT}/secrets/written:addVersion`, { payload: { data } });
  const { Versions } = await aws.ok('ListSecretVersionIds', { SecretId: 'written', IncludeDeprecated: true });
  assert.deepEqual(
    Versions.map(({ KmsKeyIds }: Json) => KmsKeyIds),
    [[key.Arn], [key.Arn]],
  );
  const ref = { project: parseProjectRef(PROJECT), key: secretKey('written' as never) } as never;
  assert.equal(await aws.world.ask(shapeOfCurrent, ref, aws.world.ownerCredential), 'text');
  assert.ok((await aws.world.ask(backUpSecret, ref, aws.world.ownerCredential)).blob.length > 0);
  await aws.ok('ReplicateSecretToRegions', { SecretId: 'written', AddReplicaRegions: [{ Region: 'us-east-1' }] });
  const inRegion = async (operation: string, input: object) => {
    const body = JSON.stringify(input);
    const all = { host: aws.host, headers: aws.targeted(operation), body, region: 'us-east-1' };
    return (await aws.send('POST', '/', signed(aws.key, { ...all, time: aws.world.clock.now() }), body)).json;
  };
  assert.ok((await inRegion('StopReplicationToReplica', { SecretId: 'written' })).ARN);
  assert.equal((await inRegion('GetSecretValue', { SecretId: 'written' })).SecretString, 'two');
  await kms('DisableKey', { KeyId: key.KeyId });
  assert.equal((await inRegion('GetSecretValue', { SecretId: 'written' })).__type, 'DecryptionFailure');
});

test('versions stay under the key that they were written under, whatever the alias or the secret names since', async () => {
  const [first, second] = [await newKey(), await newKey()];
  await kms('CreateAlias', { AliasName: 'alias/moving', TargetKeyId: first.KeyId });
  await make('moving', 'one', 'alias/moving');
  await kms('UpdateAlias', { AliasName: 'alias/moving', TargetKeyId: second.KeyId });
  await kms('DisableKey', { KeyId: second.KeyId });
  assert.equal((await read('moving')).json.SecretString, 'one');
  assert.equal((await put('moving', 'two')).status, 200);
  await kms('EnableKey', { KeyId: second.KeyId });
  const more = { SecretId: 'moving', KmsKeyId: 'alias/moving', ClientRequestToken: token('three') };
  await aws.ok('UpdateSecret', { ...more, SecretString: 'three' });
  await kms('DisableKey', { KeyId: first.KeyId });
  assert.equal((await read('moving')).json.SecretString, 'three');
  assert.deepEqual(await fails(read('moving', { VersionStage: 'AWSPREVIOUS' })), UNREADABLE);
  await aws.ok('UpdateSecret', {
    SecretId: 'moving',
    KmsKeyId: 'alias/aws/secretsmanager',
    ClientRequestToken: token(''),
  });
  assert.equal((await put('moving', 'four')).status, 200);
  await kms('DisableKey', { KeyId: second.KeyId });
  assert.equal((await read('moving')).json.SecretString, 'four');
});

test('a key that is not there, of another account or region, or that the caller may not use is refused', async () => {
  const other = await aws.keyOf(accountOf(OTHER_PROJECT));
  const theirs = (await kms('CreateKey', {}, other)).KeyMetadata;
  await make('plain', 'one');
  const own = await newKey();
  for (const KmsKeyId of [
    theirs.Arn,
    theirs.KeyId,
    '00000000-0000-4000-8000-000000000000',
    'alias/none',
    'anything',
    own.Arn.replace('eu-west-1', 'us-east-1'),
  ]) {
    const value = { ClientRequestToken: token('x'), SecretString: 'x', KmsKeyId };
    for (const asked of [
      aws.call('CreateSecret', { Name: 'refused', ...value }),
      aws.call('UpdateSecret', { SecretId: 'plain', ...value }),
      aws.call('CreateSecret', { Name: 'refused', ClientRequestToken: token('x'), KmsKeyId }),
    ]) {
      assert.equal((await fails(asked))[0], 'EncryptionFailure', KmsKeyId);
    }
  }
  assert.equal((await read('refused')).json.__type, 'ResourceNotFoundException');
  for (const operation of ['DescribeKey', 'DisableKey', 'ScheduleKeyDeletion']) {
    for (const KeyId of [own.Arn, own.KeyId]) {
      const [code] = await fails(aws.call(`TrentService.${operation}`, { KeyId }, other));
      assert.equal(code, 'NotFoundException', operation);
    }
  }
  await aws.must('POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'plain-client' });
  const email = `plain-client@${PROJECT}.iam.gserviceaccount.com`;
  const policy = (await aws.must('POST', `/v3/projects/${PROJECT}:getIamPolicy`, {})) as Json;
  const bindings = [...policy.bindings, { role: 'roles/secretmanager.admin', members: [`serviceAccount:${email}`] }];
  await aws.must('POST', `/v3/projects/${PROJECT}:setIamPolicy`, { policy: { bindings } });
  const plain = await aws.keyOf(email);
  for (const KmsKeyId of [own.Arn, 'alias/none', 'anything']) {
    const asked = { Name: 'denied', ClientRequestToken: token('x'), SecretString: 'x', KmsKeyId };
    assert.equal((await fails(aws.call('CreateSecret', asked, plain)))[0], 'AccessDeniedException', KmsKeyId);
  }
  for (const [operation, input] of [
    ['CreateKey', {}],
    ['DescribeKey', { KeyId: own.KeyId }],
    ['DisableKey', { KeyId: own.KeyId }],
    ['ScheduleKeyDeletion', { KeyId: own.KeyId }],
    ['CreateAlias', { AliasName: 'alias/x', TargetKeyId: own.KeyId }],
    ['ListKeys', {}],
    ['ListAliases', {}],
  ] as const) {
    const [code] = await fails(aws.call(`TrentService.${operation}`, input, plain));
    assert.equal(code, 'AccessDeniedException', operation);
  }
});

test('the policy of a key narrows who may use it, by every API, and cannot lock out by mistake', async () => {
  await aws.must('POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'second-client' });
  const email = `second-client@${PROJECT}.iam.gserviceaccount.com`;
  const { bindings } = await aws.must('POST', `/v3/projects/${PROJECT}:getIamPolicy`, {});
  const roles = ['roles/secretmanager.admin', 'roles/coffer.keyAdmin', 'roles/coffer.keyEncrypter'];
  const more = roles.map((role) => ({ role, members: [`serviceAccount:${email}`] }));
  await aws.must('POST', `/v3/projects/${PROJECT}:setIamPolicy`, { policy: { bindings: [...bindings, ...more] } });
  const second = await aws.keyOf(email);
  const key = await newKey();
  await make('narrowed', 'one', key.Arn);
  await kms('CreateAlias', { AliasName: 'alias/narrowed', TargetKeyId: key.KeyId });
  const reads = (as?: SigningKey) => aws.call('GetSecretValue', { SecretId: 'narrowed' }, as);
  const arn = (name: string) => `arn:aws:iam::${ACCOUNT_ID}:${name}`;
  const policy = (...statements: object[]) =>
    JSON.stringify({ Version: '2012-10-17', Statement: statements.map((each) => ({ Resource: '*', ...each })) });
  const root = { Effect: 'Allow', Principal: { AWS: arn('root') }, Action: 'kms:*' };
  const set = (Policy: string, extra: object = {}, as?: SigningKey) =>
    aws.call('TrentService.PutKeyPolicy', { KeyId: key.KeyId, PolicyName: 'default', Policy, ...extra }, as);
  assert.equal((await reads(second)).json.SecretString, 'one');
  const denied = { Effect: 'Deny', Principal: { AWS: arn('user/second-client') }, Action: 'kms:Decrypt' };
  const text = policy(root, denied);
  assert.equal((await set(text)).status, 200);
  assert.equal((await kms('GetKeyPolicy', { KeyId: key.KeyId })).Policy, text);
  assert.equal((await reads()).json.SecretString, 'one');
  assert.equal(await googleValue('narrowed'), 'one');
  const [code, message] = await fails(reads(second));
  assert.equal(code, 'AccessDeniedException');
  assert.match(message, /explicit deny in a resource-based policy/);
  const value = { SecretId: 'narrowed', SecretString: 'two', ClientRequestToken: token('two') };
  assert.equal((await aws.call('PutSecretValue', value, second)).status, 200);
  // Nobody is granted more than is said, whatever IAM says.
  const admin = { Effect: 'Allow', Principal: { AWS: arn('user/client') }, Action: 'kms:*' };
  assert.equal((await set(policy(admin))).status, 200);
  assert.equal((await reads()).json.SecretString, 'two');
  const byGoogle = await google('narrowed');
  assert.deepEqual([byGoogle.status, byGoogle.json.error.status], [403, 'PERMISSION_DENIED']);
  for (const asked of [
    aws.call('PutSecretValue', { ...value, ClientRequestToken: token('three') }, second),
    aws.call('TrentService.DescribeKey', { KeyId: key.KeyId }, second),
    aws.call('TrentService.DisableKey', { KeyId: key.KeyId }, second),
    aws.call('TrentService.ScheduleKeyDeletion', { KeyId: key.KeyId }, second),
    aws.call('TrentService.CreateAlias', { AliasName: 'alias/second', TargetKeyId: key.KeyId }, second),
    aws.call('TrentService.DeleteAlias', { AliasName: 'alias/narrowed' }, second),
    aws.call('TrentService.UpdateAlias', { AliasName: 'alias/narrowed', TargetKeyId: (await newKey()).KeyId }, second),
    set(policy(root), {}, second),
  ]) {
    assert.equal((await fails(asked))[0], 'AccessDeniedException');
  }
  const lockout = policy({ ...admin, Action: 'kms:Decrypt' });
  assert.deepEqual(await fails(set(lockout)), [
    'MalformedPolicyDocumentException',
    'The new key policy will not allow you to update the key policy in the future.',
  ]);
  assert.equal(
    (await fails(aws.call('TrentService.CreateKey', { Policy: lockout })))[0],
    'MalformedPolicyDocumentException',
  );
  assert.equal((await fails(set('{"Statement": [')))[0], 'MalformedPolicyDocumentException');
  assert.equal((await set(lockout, { BypassPolicyLockoutSafetyCheck: true })).status, 200);
  assert.equal((await fails(set(policy(root))))[0], 'AccessDeniedException');
  const viaService = { StringEquals: { 'kms:ViaService': 'secretsmanager.eu-west-1.amazonaws.com' } };
  const made = (await kms('CreateKey', { Policy: policy({ ...admin, Condition: viaService }, admin) })).KeyMetadata;
  await make('by-service', 'one', made.KeyId);
  assert.equal((await read('by-service')).json.SecretString, 'one');
});
