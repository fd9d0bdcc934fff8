// The JSON columns of the schema, each with the exact shape that it takes: every member named here, and no other.

import type { AwsSettings, Replica } from '../core/aws/secret.ts';
import type { Condition } from '../core/iam/condition.ts';
import type { Binding, Policy } from '../core/iam/policy.ts';
import type { KeySettings } from '../core/keys/key.ts';
import type { RotationDetails } from '../core/rotation/machine.ts';
import type {
  Labels,
  ProjectSettings,
  ReplicaLocation,
  Replication,
  Secret,
  VersionAttributes,
} from '../core/secret.ts';
import { JsonColumn } from './json.ts';

/** What a secret has that no query looks for. */
export interface SecretSettings
  extends Pick<
    Secret,
    | 'tags'
    | 'versionAliases'
    | 'topics'
    | 'versionDestroyTtlSeconds'
    | 'deletedAt'
    | 'kv'
    | 'awsPolicy'
    | 'candidateVersion'
  > {
  readonly rotationPeriodSeconds?: number;
}

type Check = (value: unknown) => boolean;

export const labelsColumn: JsonColumn<Labels> = new JsonColumn(isLabels);

/** Of events, no two of which are alike. */
export const attributesColumn: JsonColumn<Labels> = new JsonColumn(isLabels, 'distinct');
export const topicsColumn: JsonColumn<readonly string[]> = new JsonColumn(isTexts);

export const replicationColumn: JsonColumn<Replication> = new JsonColumn((value): value is Replication =>
  hasShape(value, { locations: listOf(isReplicaLocation) }, { kmsKey: isText }),
);

export const policyColumn: JsonColumn<Policy> = new JsonColumn((value): value is Policy =>
  hasShape(value, { bindings: listOf(isBinding), etag: isText }),
);

export const secretSettingsColumn: JsonColumn<SecretSettings> = new JsonColumn((value): value is SecretSettings =>
  hasShape(
    value,
    { tags: isLabels, versionAliases: isAliases, topics: isTexts },
    {
      versionDestroyTtlSeconds: isCount,
      rotationPeriodSeconds: isCount,
      deletedAt: isCount,
      kv: isKvSettings,
      awsPolicy: isText,
      candidateVersion: isCount,
    },
  ),
);

export const awsSettingsColumn: JsonColumn<AwsSettings> = new JsonColumn(
  (value): value is AwsSettings =>
    hasShape(
      value,
      { changedAt: isCount },
      {
        ...{
          description: isText,
          kmsKeyId: isText,
          customerKey: isText,
          type: isText,
          owningService: isText,
          home: isText,
        },
        ...{ replicas: listOf(isReplica), stages: isAliases, reserved: isReservation, rotation: isRotationSettings },
      },
    ),
  'distinct',
);

export const versionAttributesColumn: JsonColumn<VersionAttributes> = new JsonColumn(
  (value): value is VersionAttributes =>
    hasShape(
      value,
      {},
      {
        contentType: isText,
        tags: isLabels,
        notBefore: isCount,
        expiresAt: isCount,
        updatedAt: isCount,
        kind: (kind) => kind === 'binary',
        requestToken: isText,
        customerKey: isCustomerKey,
      },
    ),
);

export const projectSettingsColumn: JsonColumn<ProjectSettings> = new JsonColumn((value): value is ProjectSettings =>
  hasShape(
    value,
    {},
    {
      accessPerMinute: isCount,
      readPerMinute: isCount,
      writePerMinute: isCount,
      readerGuard: (guard) => guard === 'refuse',
      readerWindowSeconds: isCount,
      awsAliases: listOf(isAwsAlias),
      annotations: isLabels,
    },
  ),
);

export const keySettingsColumn: JsonColumn<KeySettings> = new JsonColumn((value): value is KeySettings =>
  hasShape(
    value,
    {
      ...{ derived: isFlag, convergent: isFlag, exportable: isFlag, plaintextBackup: isFlag, deletionAllowed: isFlag },
      ...{ minDecryptionVersion: isCount, minEncryptionVersion: isCount, minAvailableVersion: isCount },
      ...{ imported: isFlag, importedRotation: isFlag },
    },
    { autoRotateSeconds: isCount, keyBytes: isCount, aws: isAwsKey, backup: isKeyMoment, restore: isKeyMoment },
  ),
);

export const rotationDetailsColumn: JsonColumn<RotationDetails> = new JsonColumn(
  (value): value is RotationDetails =>
    hasShape(
      value,
      { attempts: isCount },
      {
        ...{
          claimed: (claimed) => claimed === true,
          version: isText,
          number: isCount,
          until: isCount,
          problem: isText,
        },
      },
    ),
  'distinct',
);

function isKeyMoment(value: unknown): boolean {
  return hasShape(value, { time: isCount, version: isCount });
}

function isAwsKey(value: unknown): boolean {
  return hasShape(
    value,
    { region: isText },
    { description: isText, policy: isText, isDisabled: isFlag, deletionAt: isCount },
  );
}

function isAwsAlias(value: unknown): boolean {
  return hasShape(value, { region: isText, name: isText, key: isText, createdAt: isCount, updatedAt: isCount });
}

function isCustomerKey(value: unknown): boolean {
  return hasShape(value, { name: isText, version: isCount });
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isBinding(value: unknown): value is Binding {
  return hasShape(value, { role: isText, members: isTexts }, { condition: isCondition });
}

function isCondition(value: unknown): value is Condition {
  return hasShape(value, { title: isText, description: isText, expression: isText });
}

function isReplicaLocation(value: unknown): value is ReplicaLocation {
  return hasShape(value, { location: isText }, { kmsKey: isText });
}

function isReplica(value: unknown): value is Replica {
  return hasShape(value, { region: isText }, { kmsKeyId: isText, problem: isText });
}

function isReservation(value: unknown): boolean {
  return hasShape(value, { versionId: isText, at: isCount });
}

function isRotationSettings(value: unknown): boolean {
  const rules: Check = (of) => hasShape(of, {}, { afterDays: isCount, schedule: isText, duration: isText });
  return hasShape(value, { functionArn: isText, isEnabled: isFlag, rules }, { rotatedAt: isCount, nextBy: isCount });
}

function isLabels(value: unknown): value is Labels {
  return isObject(value) && Object.values(value).every(isText);
}

function isKvSettings(value: unknown): boolean {
  return hasShape(value, {
    maxVersions: isCount,
    casRequired: (flag) => typeof flag === 'boolean',
    deleteAfterSeconds: Number.isSafeInteger,
  });
}

function isAliases(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((number) => isCount(number) && number > 0);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

/** An object with every member of `required`, any of `optional`, and no other. */
function hasShape(
  value: unknown,
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): boolean {
  if (!isObject(value) || !Object.keys(required).every((key) => Object.hasOwn(value, key))) return false;
  return Object.entries(value).every(([key, inner]) => checkOf(key, required, optional)?.(inner) === true);
}

function checkOf(key: string, ...shapes: Readonly<Record<string, Check>>[]): Check | undefined {
  return shapes.find((shape) => Object.hasOwn(shape, key))?.[key];
}
