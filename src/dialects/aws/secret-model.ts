// The inputs of Secrets Manager's operations: which members they have, which they must have, and what each must be. The
// numbers are those of the service's model, service-2.json of 2017-10-17.

import { FILTER_KEYS } from '../../core/aws/filter.ts';
import { AWS_NAME_CHARS_MAX, AWS_POLICY_CHARS_MAX, PAYLOAD_BYTES_MAX } from '../../core/limits.ts';
import type { Shape, Structure } from './constraint.ts';

const string = (min: number, max: number): Shape => ({ type: 'string', min, max });
const boolean: Shape = { type: 'boolean' };
const structure = (members: Structure['members'], required: readonly string[] = []): Structure => ({
  type: 'structure',
  members,
  required,
});
const list = (of: Shape, bounds: { readonly min?: number; readonly max?: number } = {}): Shape => ({
  type: 'list',
  of,
  ...bounds,
});

const TOKEN = string(32, 64);
const STAGE = string(1, 256);
const SECRET_ID = string(1, 2048);
const KMS_KEY = string(0, 2048);
const DESCRIPTION = string(0, 2048);
const TYPE = string(0, 256);
const NEXT = string(1, 4096);
const SECRET_STRING: Shape = { type: 'string', min: 1, max: PAYLOAD_BYTES_MAX, isSensitive: true };
const SECRET_BINARY: Shape = { type: 'blob', min: 1, max: PAYLOAD_BYTES_MAX, isSensitive: true };
const REGION: Shape = { type: 'string', min: 1, max: 128, pattern: '^([a-z]+-)+\\d+$' };
const REPLICAS = list(structure({ Region: REGION, KmsKeyId: KMS_KEY }), { min: 1 });
const TAG_KEY = string(1, 128);
const TAGS = list(structure({ Key: TAG_KEY, Value: string(0, 256) }));
const FILTERS = list(
  structure({
    Key: { type: 'string', values: FILTER_KEYS },
    Values: list(
      { type: 'string', max: 512, pattern: '^\\!?[a-zA-Z0-9 :_@\\/\\+\\=\\.\\-\\!]*$' },
      { min: 1, max: 10 },
    ),
  }),
  { max: 10 },
);
const POLICY = string(1, AWS_POLICY_CHARS_MAX);
const POLICY_NAME: Shape = { type: 'string', min: 1, max: 64, pattern: '[0-9A-Za-z\\-\\_]+' };
const MAX_RESULTS: Shape = { type: 'integer', min: 1, max: 100 };
const VALUE = { SecretString: SECRET_STRING, SecretBinary: SECRET_BINARY };

/** Of an operation on one secret. */
const ofSecret = (members: Structure['members'] = {}, required: readonly string[] = []) =>
  structure({ SecretId: SECRET_ID, ...members }, ['SecretId', ...required]);

export const INPUTS = {
  CreateSecret: structure(
    {
      Name: string(1, AWS_NAME_CHARS_MAX),
      ClientRequestToken: TOKEN,
      Description: DESCRIPTION,
      KmsKeyId: KMS_KEY,
      ...VALUE,
      Tags: TAGS,
      AddReplicaRegions: REPLICAS,
      ForceOverwriteReplicaSecret: boolean,
      Type: TYPE,
    },
    ['Name'],
  ),
  GetSecretValue: ofSecret({ VersionId: TOKEN, VersionStage: STAGE }),
  BatchGetSecretValue: structure({
    SecretIdList: list(SECRET_ID, { min: 1, max: 20 }),
    Filters: FILTERS,
    MaxResults: { type: 'integer', min: 1, max: 20 },
    NextToken: NEXT,
  }),
  PutSecretValue: ofSecret({
    ClientRequestToken: TOKEN,
    ...VALUE,
    VersionStages: list(STAGE, { min: 1, max: 20 }),
    RotationToken: { type: 'string', min: 36, max: 256, pattern: '^[a-zA-Z0-9\\-]+$', isSensitive: true },
  }),
  UpdateSecret: ofSecret({
    ClientRequestToken: TOKEN,
    Description: DESCRIPTION,
    KmsKeyId: KMS_KEY,
    ...VALUE,
    Type: TYPE,
  }),
  UpdateSecretVersionStage: ofSecret({ VersionStage: STAGE, RemoveFromVersionId: TOKEN, MoveToVersionId: TOKEN }, [
    'VersionStage',
  ]),
  DescribeSecret: ofSecret(),
  RotateSecret: ofSecret({
    ClientRequestToken: TOKEN,
    RotationLambdaARN: string(0, 2048),
    RotationRules: structure({
      AutomaticallyAfterDays: { type: 'integer', min: 1, max: 1000 },
      Duration: { type: 'string', min: 2, max: 3, pattern: '[0-9]+h' },
      ScheduleExpression: { type: 'string', min: 1, max: 256, pattern: '[0-9A-Za-z\\(\\)#\\?\\*\\-\\/, ]+' },
    }),
    RotateImmediately: boolean,
    ExternalSecretRotationMetadata: list(structure({ Key: string(1, 256), Value: string(1, 2048) })),
    ExternalSecretRotationRoleArn: string(20, 2048),
  }),
  CancelRotateSecret: ofSecret(),
  ListSecrets: structure({
    IncludePlannedDeletion: boolean,
    MaxResults: MAX_RESULTS,
    NextToken: NEXT,
    Filters: FILTERS,
    SortOrder: { type: 'string', values: ['asc', 'desc'] },
    SortBy: { type: 'string', values: ['created-date', 'last-accessed-date', 'last-changed-date', 'name'] },
  }),
  ListSecretVersionIds: ofSecret({ MaxResults: MAX_RESULTS, NextToken: NEXT, IncludeDeprecated: boolean }),
  DeleteSecret: ofSecret({ RecoveryWindowInDays: { type: 'integer' }, ForceDeleteWithoutRecovery: boolean }),
  RestoreSecret: ofSecret(),
  TagResource: ofSecret({ Tags: TAGS }, ['Tags']),
  UntagResource: ofSecret({ TagKeys: list(TAG_KEY) }, ['TagKeys']),
  ReplicateSecretToRegions: ofSecret({ AddReplicaRegions: REPLICAS, ForceOverwriteReplicaSecret: boolean }, [
    'AddReplicaRegions',
  ]),
  RemoveRegionsFromReplication: ofSecret({ RemoveReplicaRegions: list(REGION, { min: 1 }) }, ['RemoveReplicaRegions']),
  GetResourcePolicy: ofSecret({ PolicyName: POLICY_NAME }),
  PutResourcePolicy: ofSecret({ ResourcePolicy: POLICY, PolicyName: POLICY_NAME, BlockPublicPolicy: boolean }, [
    'ResourcePolicy',
  ]),
  DeleteResourcePolicy: ofSecret({ PolicyName: POLICY_NAME }),
  ValidateResourcePolicy: structure({ SecretId: SECRET_ID, ResourcePolicy: POLICY }, ['ResourcePolicy']),
  StopReplicationToReplica: ofSecret(),
  GetRandomPassword: structure({
    PasswordLength: { type: 'integer', min: 1, max: 4096 },
    ExcludeCharacters: string(0, 4096),
    ExcludeNumbers: boolean,
    ExcludePunctuation: boolean,
    ExcludeUppercase: boolean,
    ExcludeLowercase: boolean,
    IncludeSpace: boolean,
    RequireEachIncludedType: boolean,
  }),
} as const satisfies Readonly<Record<string, Structure>>;
