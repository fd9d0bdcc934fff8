// AWS KMS, as far as Secrets Manager's rules need it: keys that wrap the data keys of secrets, and their names. Nothing is
// sealed or opened by it. Source: the KMS API reference.

import { AWS_RING, type AwsKeyId, isReservedAlias, keyStateOf, kmsArn, parseKeyId } from '../../core/aws/kms.ts';
import { Fault } from '../../core/error.ts';
import type { Key } from '../../core/keys/key.ts';
import {
  createKmsAlias,
  deleteKmsAlias,
  listKmsAliases,
  type SetKmsAlias,
  updateKmsAlias,
} from '../../ops/aws/kms-aliases.ts';
import {
  cancelKmsKeyDeletion,
  createKmsKey,
  disableKmsKey,
  enableKmsKey,
  getKmsKey,
  getKmsKeyPolicy,
  type KmsKey,
  type KmsKeyRef,
  scheduleKmsKeyDeletion,
  setKmsKeyPolicy,
} from '../../ops/aws/kms-keys.ts';
import { listKeys } from '../../ops/keys.ts';
import { then } from '../../ops/maybe.ts';
import type { Operation } from '../../ops/operation.ts';
import type { Call } from './call.ts';
import { checkInput } from './constraint.ts';
import { AwsError } from './errors.ts';
import { explainKms } from './kms-errors.ts';
import { KMS_INPUTS } from './kms-model.ts';
import { seconds } from './secret-encode.ts';
import { flagOf, textOf } from './secret-input.ts';
import { regionOf } from './secret-ref.ts';
import type { Action, Service } from './service.ts';

const DAYS = { least: 7, most: 30 };
const LIMIT = { keys: 100, aliases: 50 };
const SYMMETRIC = 'SYMMETRIC_DEFAULT';
const DEFAULT_KEY = 'aws/secretsmanager';

const unsupported = (what: string) => new AwsError('UnsupportedOperationException', `${what} is not supported.`);
const invalid = (message: string) => new AwsError('ValidationException', message);

/** What a KeyId means; a text that can name nothing is the id of no key. */
function idOf(text: string): AwsKeyId {
  const id = parseKeyId(text);
  if (id !== undefined) return id;
  if (text.startsWith('arn:')) throw new AwsError('InvalidArnException', `Invalid arn ${text.slice(0, 256)}`);
  throw new Fault('KEY_NOT_FOUND', { key: text.slice(0, 256) });
}

function keyRef(call: Call, text: string = textOf(call.input, 'KeyId') ?? ''): KmsKeyRef {
  return { project: call.project, region: regionOf(call), id: idOf(text) };
}

const arnOf = (call: Call, key: string) => kmsArn(call.account, call.region, `key/${key}`);

function metadata(call: Call, key: Key): object {
  const state = keyStateOf(key);
  const { description = '', deletionAt } = key.aws ?? {};
  return {
    ...{ AWSAccountId: call.account, KeyId: key.name, Arn: arnOf(call, key.name) },
    ...{ CreationDate: seconds(key.createdAt), Enabled: state === 'Enabled', Description: description },
    ...{ KeyUsage: 'ENCRYPT_DECRYPT', KeyState: state },
    ...(deletionAt === undefined ? {} : { DeletionDate: seconds(deletionAt) }),
    ...{ Origin: 'AWS_KMS', KeyManager: 'CUSTOMER', CustomerMasterKeySpec: SYMMETRIC, KeySpec: SYMMETRIC },
    ...{ EncryptionAlgorithms: [SYMMETRIC], MultiRegion: false },
  };
}

/** What a new key would have that no key here has. */
const ONLY: Readonly<Record<string, string>> = {
  KeyUsage: 'ENCRYPT_DECRYPT',
  CustomerMasterKeySpec: SYMMETRIC,
  KeySpec: SYMMETRIC,
  Origin: 'AWS_KMS',
};

const bypasses = ({ input }: Call) => flagOf(input, 'BypassPolicyLockoutSafetyCheck') === true;

const createKey: Action = (call) => {
  const { input } = call;
  for (const [name, only] of Object.entries(ONLY)) {
    const asked = textOf(input, name);
    if (asked !== undefined && asked !== only) throw unsupported(`${name} ${asked}`);
  }
  for (const name of ['CustomKeyStoreId', 'Tags', 'XksKeyId']) {
    if (Object.hasOwn(input, name)) throw unsupported(name);
  }
  if (flagOf(input, 'MultiRegion') === true) throw unsupported('MultiRegion');
  const description = textOf(input, 'Description');
  const policy = textOf(input, 'Policy');
  const command = {
    project: call.project,
    region: regionOf(call),
    ...(policy === undefined ? {} : { policy, unsafe: bypasses(call) }),
  };
  return then(
    call.run(createKmsKey, { ...command, ...(description === undefined ? {} : { description }) }),
    ({ key }) => ({
      KeyMetadata: metadata(call, key),
    }),
  );
};

const describeKey: Action = (call) =>
  then(call.run(getKmsKey, keyRef(call)), ({ key }) => ({ KeyMetadata: metadata(call, key) }));

function pageOf({ input }: Call, usual: number) {
  return { pageSize: (input['Limit'] as number | undefined) ?? usual, pageToken: textOf(input, 'Marker') ?? '' };
}

const listAll: Action = (call) =>
  then(
    call.run(listKeys, { project: call.project, ring: AWS_RING, ...pageOf(call, LIMIT.keys) }),
    ({ keys, nextPageToken }) => ({
      Keys: keys
        .filter(({ aws }) => aws?.region === call.region)
        .map(({ name }) => ({ KeyId: name, KeyArn: arnOf(call, name) })),
      ...(nextPageToken === '' ? { Truncated: false } : { Truncated: true, NextMarker: nextPageToken }),
    }),
  );

/** Those that change a key take it by its id alone. */
function ownRef(call: Call): KmsKeyRef {
  const ref = keyRef(call);
  if (ref.id.key !== undefined) return ref;
  throw new AwsError('InvalidArnException', 'An alias is no valid identifier of a key for this operation.');
}

const nothing = () => ({});

const changing =
  (change: Operation<KmsKeyRef, KmsKey>, encode: (call: Call, key: Key) => object): Action =>
  (call) =>
    then(call.run(change, ownRef(call)), ({ key }) => encode(call, key));

const scheduleKeyDeletion: Action = (call) => {
  const days = (call.input['PendingWindowInDays'] as number | undefined) ?? DAYS.most;
  if (days < DAYS.least || days > DAYS.most) {
    throw invalid(`PendingWindowInDays must be between ${DAYS.least} and ${DAYS.most}, inclusive.`);
  }
  return then(call.run(scheduleKmsKeyDeletion, { ...ownRef(call), days }), ({ key }) => ({
    KeyId: arnOf(call, key.name),
    DeletionDate: seconds(key.aws?.deletionAt ?? 0),
    ...{ KeyState: keyStateOf(key), PendingWindowInDays: days },
  }));
};

/** The name of an alias without `alias/`; throws for one that none can have. */
function aliasIn(call: Call): string {
  const text = textOf(call.input, 'AliasName') ?? '';
  const { alias, account, region } = parseKeyId(text) ?? {};
  if (alias === undefined || account !== undefined || region !== undefined) {
    throw invalid('Alias must start with the prefix "alias/". Please see the API reference for the valid names.');
  }
  if (isReservedAlias(alias)) throw new AwsError('NotAuthorizedException', 'The aliases below aws/ are reserved.');
  return alias;
}

const settingAlias =
  (set: Operation<SetKmsAlias, unknown>): Action =>
  (call) => {
    const name = aliasIn(call);
    const target = keyRef(call, textOf(call.input, 'TargetKeyId'));
    if (target.id.key === undefined) throw invalid('Aliases must refer to keys. Not aliases');
    return then(call.run(set, { ...target, name }), () => ({}));
  };

const deleteAlias: Action = (call) =>
  then(call.run(deleteKmsAlias, { project: call.project, region: regionOf(call), name: aliasIn(call) }), () => ({}));

/** All of them at once: a project has no more than a page of AWS's. */
const listAliases: Action = (call) => {
  const asked = textOf(call.input, 'KeyId');
  const target = asked === undefined ? undefined : keyRef(call, asked).id.key;
  return then(call.run(listKmsAliases, { project: call.project, region: regionOf(call) }), ({ aliases }) => {
    const named = (name: string) => ({
      AliasName: `alias/${name}`,
      AliasArn: kmsArn(call.account, call.region, `alias/${name}`),
    });
    const own = aliases.map(({ name, key, createdAt, updatedAt }) => ({
      ...named(name),
      ...{ TargetKeyId: key, CreationDate: seconds(createdAt), LastUpdatedDate: seconds(updatedAt) },
    }));
    const shown =
      asked === undefined ? [named(DEFAULT_KEY), ...own] : own.filter((each) => each.TargetKeyId === target);
    return { Aliases: shown, Truncated: false };
  });
};

/** The one that AWS gives a key: IAM decides. */
function policyOf(call: Call): string {
  const statement = {
    ...{ Sid: 'Enable IAM User Permissions', Effect: 'Allow' },
    ...{ Principal: { AWS: `arn:aws:iam::${call.account}:root` }, Action: 'kms:*', Resource: '*' },
  };
  return JSON.stringify({ Version: '2012-10-17', Id: 'key-default-1', Statement: [statement] });
}

const POLICY = 'default';

const getKeyPolicy: Action = (call) =>
  then(call.run(getKmsKeyPolicy, ownRef(call)), ({ key }) => {
    checkPolicyName(call);
    return { Policy: key.aws?.policy ?? policyOf(call), PolicyName: POLICY };
  });

const putKeyPolicy: Action = (call) => {
  checkPolicyName(call);
  const command = { ...ownRef(call), policy: textOf(call.input, 'Policy') ?? '', unsafe: bypasses(call) };
  return then(call.run(setKmsKeyPolicy, command), nothing);
};

function checkPolicyName({ input }: Call): void {
  if ((textOf(input, 'PolicyName') ?? POLICY) !== POLICY) {
    throw new AwsError('NotFoundException', 'No such policy exists');
  }
}

const listKeyPolicies: Action = (call) =>
  then(call.run(getKmsKeyPolicy, ownRef(call)), () => ({ PolicyNames: [POLICY], Truncated: false }));

const idAlone = (call: Call, { name }: Key) => ({ KeyId: arnOf(call, name) });

const ACTIONS: Readonly<Record<keyof typeof KMS_INPUTS, Action>> = {
  CreateKey: createKey,
  DescribeKey: describeKey,
  ListKeys: listAll,
  EnableKey: changing(enableKmsKey, nothing),
  DisableKey: changing(disableKmsKey, nothing),
  ScheduleKeyDeletion: scheduleKeyDeletion,
  CancelKeyDeletion: changing(cancelKmsKeyDeletion, idAlone),
  CreateAlias: settingAlias(createKmsAlias),
  UpdateAlias: settingAlias(updateKmsAlias),
  DeleteAlias: deleteAlias,
  ListAliases: listAliases,
  GetKeyPolicy: getKeyPolicy,
  PutKeyPolicy: putKeyPolicy,
  ListKeyPolicies: listKeyPolicies,
};

const checked = Object.entries(KMS_INPUTS).map(([name, shape]): [string, Action] => {
  const action = ACTIONS[name as keyof typeof KMS_INPUTS];
  const run: Action = (call) => {
    checkInput(call.input, shape);
    return action(call);
  };
  return [name, run];
});

export const KMS: Service = {
  name: 'kms',
  windowSeconds: 300,
  actions: Object.fromEntries(checked),
  explain: explainKms,
};
