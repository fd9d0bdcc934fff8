// Secrets Manager on real sockets: its answers and errors to the letter, and what an attacker would try of names, ARNs, tokens
// and regions.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type SigningKey, signed } from '../support/aws-sign.ts';
import { accountOf, type Json, OTHER_PROJECT, openAws } from './fixture.ts';

let aws: Awaited<ReturnType<typeof openAws>>;

before(async () => {
  aws = await openAws();
});
after(() => aws.close());

const token = (name: string) => name.padEnd(32, '0');
const asked = (name: string, value: string) => ({ ClientRequestToken: token(value), SecretString: value, Name: name });
const put = (id: string, value: string, more: object = {}) => ({
  ...{ SecretId: id, ClientRequestToken: token(value), SecretString: value },
  ...more,
});

/** The error of a call: its type, and its text, which stands under a name of its own for each kind. */
async function fails(operation: string, input: object, as?: SigningKey): Promise<readonly [string, string]> {
  const { status, json } = await aws.call(operation, input, as);
  assert.equal(status, 400, JSON.stringify(json));
  const isFront = /^(?:Validation|AccessDenied|Serialization|UnknownOperation)Exception$/.test(json.__type);
  assert.deepEqual(new Set(Object.keys(json)), new Set(['__type', isFront ? 'message' : 'Message']));
  return [json.__type, json.message ?? json.Message];
}

/** A call in another region than the usual one. */
async function inRegion(region: string, operation: string, input: object): Promise<Json> {
  const body = JSON.stringify(input);
  const all = { host: aws.host, headers: aws.targeted(operation), body, region, time: aws.world.clock.now() };
  return (await aws.send('POST', '/', signed(aws.key, all), body)).json;
}

test('a secret is made, read, changed, described and deleted in the words of AWS', async () => {
  const made = await aws.ok('CreateSecret', {
    ...asked('life', 'one'),
    Description: 'd',
    Tags: [{ Key: 'K', Value: 'v' }],
  });
  assert.deepEqual(Object.keys(made), ['ARN', 'Name', 'VersionId']);
  assert.match(made.ARN, /^arn:aws:secretsmanager:eu-west-1:123456789012:secret:life-[0-9a-f]{6}$/);
  const changed = await aws.ok('PutSecretValue', put(made.ARN, 'two', { VersionStages: ['AWSCURRENT', 'blue'] }));
  assert.deepEqual(changed.VersionStages, ['AWSCURRENT', 'blue']);
  const read = await aws.ok('GetSecretValue', { SecretId: made.ARN.slice(0, -7) });
  assert.deepEqual(
    [read.SecretString, read.VersionId, read.VersionStages],
    ['two', token('two'), ['AWSCURRENT', 'blue']],
  );
  const old = await aws.ok('GetSecretValue', { SecretId: 'life', VersionStage: 'AWSPREVIOUS' });
  assert.deepEqual([old.SecretString, old.CreatedDate < read.CreatedDate], ['one', true]);
  assert.deepEqual(
    Object.keys(await aws.ok('UpdateSecret', { SecretId: 'life', ClientRequestToken: token('u'), Description: '' })),
    ['ARN', 'Name'],
  );
  const told = await aws.ok('DescribeSecret', { SecretId: 'life' });
  const day = 24 * 3600;
  assert.equal(told.LastAccessedDate, Math.floor(aws.world.clock.now() / 1000 / day) * day);
  assert.deepEqual(told.VersionIdsToStages, {
    [token('one')]: ['AWSPREVIOUS'],
    [token('two')]: ['AWSCURRENT', 'blue'],
  });
  assert.deepEqual(
    ['Description', 'KmsKeyId', 'RotationEnabled', 'DeletedDate'].filter((name) => name in told),
    [],
  );
  assert.deepEqual(await aws.ok('UntagResource', { SecretId: 'life', TagKeys: ['K'] }), {});
  const binary = {
    SecretId: 'life',
    ClientRequestToken: token('b'),
    SecretBinary: Buffer.from('text').toString('base64'),
  };
  await aws.ok('PutSecretValue', binary);
  assert.equal((await aws.ok('GetSecretValue', { SecretId: 'life' })).SecretBinary, binary.SecretBinary);
  const listed = await aws.ok('ListSecretVersionIds', { SecretId: 'life', IncludeDeprecated: true });
  assert.deepEqual(
    listed.Versions.map(({ VersionId, KmsKeyIds }: Json) => [VersionId, ...KmsKeyIds]),
    [
      [token('one'), 'DefaultEncryptionKey'],
      [token('two'), 'DefaultEncryptionKey'],
      [token('b'), 'DefaultEncryptionKey'],
    ],
  );
  const gone = await aws.ok('DeleteSecret', { SecretId: 'life', RecoveryWindowInDays: 7 });
  assert.equal(gone.DeletionDate, aws.world.clock.now() / 1000 + 7 * day);
  assert.ok((await aws.ok('DescribeSecret', { SecretId: 'life' })).DeletedDate);
  await aws.ok('RestoreSecret', { SecretId: made.ARN });
  await aws.ok('GetSecretValue', { SecretId: 'life' });
  for (let again = 0; again < 2; again++)
    await aws.ok('DeleteSecret', { SecretId: 'life', ForceDeleteWithoutRecovery: true });
});

test('errors are those of AWS, to the letter', async () => {
  const { ARN } = await aws.ok('CreateSecret', asked('errors', 'one'));
  await aws.ok('CreateSecret', { Name: 'empty', ClientRequestToken: token('empty') });
  await aws.ok('CreateSecret', asked('going', 'one'));
  await aws.ok('DeleteSecret', { SecretId: 'going' });
  const missing = "Secrets Manager can't find the specified secret";
  const deleted = "You can't perform this operation on the secret because it was marked for deletion.";
  const value = 'ResourceNotFoundException';
  const cases: readonly (readonly [string, object, string, string])[] = [
    ['GetSecretValue', { SecretId: 'absent' }, value, `${missing}.`],
    ['GetSecretValue', { SecretId: 'empty' }, value, `${missing} value for staging label: AWSCURRENT`],
    [
      'GetSecretValue',
      { SecretId: 'errors', VersionId: token('no') },
      value,
      `${missing} value for VersionId: ${token('no')}`,
    ],
    [
      'GetSecretValue',
      { SecretId: 'errors', VersionId: token('one'), VersionStage: 'blue' },
      'InvalidRequestException',
      'You provided a VersionStage that is not associated to the provided VersionId.',
    ],
    [
      'CreateSecret',
      { Name: 'x', SecretString: 'x' },
      'InvalidRequestException',
      'You must provide a ClientRequestToken value. We recommend a UUID-type value.',
    ],
    [
      'CreateSecret',
      { ...asked('x', 'x'), CrossAccountPrimaryARN: ARN },
      'InvalidRequestException',
      'A replica of a secret of another account is not supported.',
    ],
    [
      'CreateSecret',
      asked('errors', 'two'),
      'ResourceExistsException',
      'The operation failed because the secret errors already exists.',
    ],
    [
      'CreateSecret',
      { ...asked('errors', 'one'), SecretString: 'two' },
      'ResourceExistsException',
      `You can't use ClientRequestToken ${token('one')} because that value is already in use for a version of secret ${ARN}.`,
    ],
    [
      'PutSecretValue',
      { ...put('errors', 'one'), SecretString: 'two' },
      'ResourceExistsException',
      `You can't use ClientRequestToken ${token('one')} because that value is already in use for a version of secret ${ARN}.`,
    ],
    [
      'CreateSecret',
      asked('going', 'two'),
      'InvalidRequestException',
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    ],
    ['GetSecretValue', { SecretId: 'going' }, 'InvalidRequestException', deleted],
    ['TagResource', { SecretId: 'going', Tags: [{ Key: 'a' }] }, 'InvalidRequestException', deleted],
    [
      'DeleteSecret',
      { SecretId: 'errors', RecoveryWindowInDays: 6 },
      'InvalidParameterException',
      'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
    ],
    ['DeleteSecret', { SecretId: 'absent' }, value, `${missing}.`],
    [
      'GetSecretValue',
      { SecretId: 'no name' },
      'ValidationException',
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    ],
    ['ListSecrets', { NextToken: 'forged' }, 'InvalidNextTokenException', 'You provided an invalid NextToken value.'],
    [
      'ListResourcePolicies',
      { SecretId: 'errors' },
      'UnknownOperationException',
      'ListResourcePolicies is no operation of this service.',
    ],
  ];
  for (const [operation, input, type, message] of cases)
    assert.deepEqual(await fails(operation, input), [type, message]);
  await aws.ok('PutSecretValue', put('errors', 'two', { VersionStages: ['blue'] }));
  const held = await fails('UpdateSecretVersionStage', {
    SecretId: 'errors',
    VersionStage: 'blue',
    MoveToVersionId: token('one'),
  });
  assert.deepEqual(held, [
    'InvalidParameterException',
    `The parameter RemoveFromVersionId can't be empty. Staging label blue is currently attached to version ${token('two')}, so you must explicitly reference that version in RemoveFromVersionId.`,
  ]);
});

test('a value that is refused is in no answer and no record', async () => {
  const secret = `canary-${'x'.repeat(65_536)}`;
  const [type, message] = await fails('CreateSecret', {
    Name: 'long',
    ClientRequestToken: token('l'),
    SecretString: secret,
  });
  assert.deepEqual([type, message.includes('canary')], ['ValidationException', false]);
  assert.match(
    message,
    /^1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536$/,
  );
  for (const input of [{ SecretString: { canary: 1 } }, { SecretBinary: 'canary!' }]) {
    assert.doesNotMatch(
      (await fails('CreateSecret', { Name: 'long', ClientRequestToken: token('l'), ...input })).join(),
      /canary!|:1/,
    );
  }
  await fails('PutSecretValue', { ...put('absent', 'canary-value'), RotationToken: 'canary-short' });
  assert.doesNotMatch(JSON.stringify(await aws.world.records()), /canary/);
});

test('the ARN of another account is refused and that of another region is not found, whether there is such a secret or not', async () => {
  const other = await aws.keyOf(accountOf(OTHER_PROJECT));
  const { ARN } = await aws.ok('CreateSecret', asked('theirs', 'value'), other);
  await aws.ok('CreateSecret', asked('mine', 'value'));
  const own = (await aws.ok('DescribeSecret', { SecretId: 'mine' })).ARN as string;
  const absent = ARN.replace('theirs', 'absent');
  for (const operation of [
    'GetSecretValue',
    'DescribeSecret',
    'DeleteSecret',
    'RestoreSecret',
    'ListSecretVersionIds',
  ]) {
    const [there, not] = [await fails(operation, { SecretId: ARN }), await fails(operation, { SecretId: absent })];
    assert.equal(there[0], 'AccessDeniedException', operation);
    assert.deepEqual([not[0], not[1].replaceAll('absent', 'theirs')], there);
    for (const SecretId of [own.replace('eu-west-1', 'us-east-1'), own.replace('mine', 'mini')]) {
      assert.equal((await fails(operation, { SecretId }))[0], 'ResourceNotFoundException', `${operation} ${SecretId}`);
    }
  }
  assert.deepEqual((await aws.ok('ListSecrets', { Filters: [{ Key: 'name', Values: ['theirs'] }] })).SecretList, []);
});

test('a region that is none, or means many, sees nothing', async () => {
  await aws.ok('CreateSecret', { ...asked('placed', 'one'), AddReplicaRegions: [{ Region: 'us-east-1' }] });
  assert.equal((await inRegion('us-east-1', 'GetSecretValue', { SecretId: 'placed' })).SecretString, 'one');
  for (const region of ['%', '_s-east-1', 'us-%', '%,%', "'"]) {
    assert.equal((await inRegion(region, 'GetSecretValue', { SecretId: 'placed' })).SecretString, undefined, region);
    assert.equal((await inRegion(region, 'ListSecrets', {})).SecretList, undefined, region);
  }
  assert.equal(
    (await inRegion('us-west-2', 'GetSecretValue', { SecretId: 'placed' })).__type,
    'ResourceNotFoundException',
  );
  const there = await inRegion('us-east-1', 'PutSecretValue', put('placed', 'two'));
  assert.equal(
    there.Message,
    "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
  );
  const left = await fails('DeleteSecret', { SecretId: 'placed', ForceDeleteWithoutRecovery: true });
  assert.match(
    left[1],
    /^You can't delete secret arn:\S+:placed-[0-9a-f]{6} that still has replica regions \[us-east-1\]$/,
  );
});

test('requests with one token at once make one version, and of two values one', async () => {
  const made = await Promise.all(Array.from({ length: 6 }, () => aws.call('CreateSecret', asked('race', 'one'))));
  assert.deepEqual(
    made.map(({ status }) => status),
    Array(6).fill(200),
  );
  assert.equal(new Set(made.map(({ json }) => json.ARN)).size, 1);
  const mixed = await Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      aws.call('PutSecretValue', { ...put('race', 'same'), SecretString: `v${n % 2}` }),
    ),
  );
  assert.deepEqual(mixed.map(({ status }) => status).sort(), [200, 200, 200, 400, 400, 400]);
  assert.equal((await aws.ok('ListSecretVersionIds', { SecretId: 'race' })).Versions.length, 2);
});

test('a token of a list is good for that list alone', async () => {
  for (const name of ['page/a', 'page/b', 'page/c']) await aws.ok('CreateSecret', asked(name, 'v'));
  const Filters = [{ Key: 'name', Values: ['page/'] }];
  const first = await aws.ok('ListSecrets', { Filters, MaxResults: 2 });
  assert.deepEqual(
    first.SecretList.map(({ Name }: Json) => Name),
    ['page/a', 'page/b'],
  );
  const { NextToken } = first;
  const rest = await aws.ok('ListSecrets', { Filters, MaxResults: 2, NextToken });
  assert.deepEqual([rest.SecretList.map(({ Name }: Json) => Name), rest.NextToken], [['page/c'], undefined]);
  const flipped = `${NextToken.slice(0, -1)}${NextToken.endsWith('A') ? 'B' : 'A'}`;
  const other = await aws.keyOf(accountOf(OTHER_PROJECT));
  for (const [input, as] of [
    [{ Filters, NextToken: flipped }],
    [{ NextToken }],
    [{ Filters, SortOrder: 'desc', NextToken }],
    [{ Filters, NextToken }, other],
  ] as const) {
    assert.equal((await fails('ListSecrets', input, as))[0], 'InvalidNextTokenException');
  }
  assert.equal(
    (await inRegion('us-east-1', 'ListSecrets', { Filters, NextToken })).__type,
    'InvalidNextTokenException',
  );
});

test('of many at once, what is not to be had is told beside the others', async () => {
  await aws.ok('CreateSecret', asked('batch', 'one'));
  const SecretIdList = ['batch', 'absent', 'no name'];
  const { SecretValues, Errors } = await aws.ok('BatchGetSecretValue', { SecretIdList });
  assert.deepEqual(
    SecretValues.map(({ SecretString }: Json) => SecretString),
    ['one'],
  );
  assert.deepEqual(
    Errors.map(({ SecretId, ErrorCode }: Json) => [SecretId, ErrorCode]),
    [
      ['absent', 'ResourceNotFoundException'],
      ['no name', 'ValidationException'],
    ],
  );
  const filtered = await aws.ok('BatchGetSecretValue', {
    Filters: [{ Key: 'name', Values: ['batch'] }],
    MaxResults: 1,
  });
  assert.deepEqual([filtered.SecretValues.length, filtered.Errors], [1, []]);
  for (const input of [{}, { SecretIdList, Filters: [] }, { SecretIdList, MaxResults: 2 }]) {
    assert.equal((await fails('BatchGetSecretValue', input))[0], 'InvalidParameterException');
  }
});

test('whoever may do nothing is denied everything, and changes nothing', async () => {
  await aws.ok('CreateSecret', asked('guarded', 'one'));
  await aws.must('POST', '/v1/projects/first-account/serviceAccounts', { accountId: 'stranger' });
  const stranger = await aws.keyOf('stranger@first-account.iam.gserviceaccount.com');
  const was = await aws.ok('DescribeSecret', { SecretId: 'guarded' });
  const cases: readonly (readonly [string, object])[] = [
    ['CreateSecret', asked('new', 'one')],
    ['GetSecretValue', { SecretId: 'guarded' }],
    ['PutSecretValue', put('guarded', 'two')],
    ['UpdateSecret', put('guarded', 'two')],
    ['UpdateSecretVersionStage', { SecretId: 'guarded', VersionStage: 'x', MoveToVersionId: token('one') }],
    ['DescribeSecret', { SecretId: 'guarded' }],
    ['ListSecrets', {}],
    ['ListSecretVersionIds', { SecretId: 'guarded' }],
    ['DeleteSecret', { SecretId: 'guarded', ForceDeleteWithoutRecovery: true }],
    ['RestoreSecret', { SecretId: 'guarded' }],
    ['TagResource', { SecretId: 'guarded', Tags: [{ Key: 'a', Value: 'b' }] }],
    ['UntagResource', { SecretId: 'guarded', TagKeys: ['a'] }],
    ['ReplicateSecretToRegions', { SecretId: 'guarded', AddReplicaRegions: [{ Region: 'us-east-1' }] }],
    ['RemoveRegionsFromReplication', { SecretId: 'guarded', RemoveReplicaRegions: ['us-east-1'] }],
  ];
  for (const [operation, input] of cases) {
    assert.equal((await fails(operation, input, stranger))[0], 'AccessDeniedException', operation);
    if (!('SecretId' in input)) continue;
    assert.equal(
      (await fails(operation, { ...input, SecretId: 'nothing' }, stranger))[0],
      'AccessDeniedException',
      operation,
    );
  }
  assert.deepEqual(await aws.ok('DescribeSecret', { SecretId: 'guarded' }), was);
});
