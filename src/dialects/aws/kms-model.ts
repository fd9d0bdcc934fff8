// The inputs of the operations of KMS that are here, held to the numbers of the service's model, service-2.json of 2014-11-01.

import type { Shape, Structure } from './constraint.ts';

const string = (min: number, max: number): Shape => ({ type: 'string', min, max });
const flag: Shape = { type: 'boolean' };
const structure = (members: Structure['members'], required: readonly string[] = []): Structure => ({
  ...{ type: 'structure', members, required },
});

const KEY_ID = string(1, 2048);
const ALIAS: Shape = { type: 'string', min: 1, max: 256, pattern: '^[a-zA-Z0-9:/_-]+$' };
const POLICY = string(1, 131_072);
const PAGE = { Limit: { type: 'integer', min: 1, max: 1000 } as const, Marker: string(1, 1024) };
const OF_KEY = structure({ KeyId: KEY_ID }, ['KeyId']);
const OF_ALIAS = structure({ AliasName: ALIAS, TargetKeyId: KEY_ID }, ['AliasName', 'TargetKeyId']);

export const KMS_INPUTS = {
  CreateKey: structure({
    Policy: POLICY,
    Description: string(0, 8192),
    KeyUsage: string(0, 64),
    CustomerMasterKeySpec: string(0, 64),
    KeySpec: string(0, 64),
    Origin: string(0, 64),
    CustomKeyStoreId: string(1, 64),
    BypassPolicyLockoutSafetyCheck: flag,
    Tags: { type: 'list', of: structure({ TagKey: string(1, 128), TagValue: string(0, 256) }) },
    MultiRegion: flag,
    XksKeyId: string(1, 128),
  }),
  DescribeKey: OF_KEY,
  ListKeys: structure(PAGE),
  EnableKey: OF_KEY,
  DisableKey: OF_KEY,
  ScheduleKeyDeletion: structure({ KeyId: KEY_ID, PendingWindowInDays: { type: 'integer', min: 1, max: 365 } }, [
    'KeyId',
  ]),
  CancelKeyDeletion: OF_KEY,
  CreateAlias: OF_ALIAS,
  UpdateAlias: OF_ALIAS,
  DeleteAlias: structure({ AliasName: ALIAS }, ['AliasName']),
  ListAliases: structure({ KeyId: KEY_ID, ...PAGE }),
  GetKeyPolicy: structure({ KeyId: KEY_ID, PolicyName: string(1, 128) }, ['KeyId']),
  PutKeyPolicy: structure(
    { KeyId: KEY_ID, PolicyName: string(1, 128), Policy: POLICY, BypassPolicyLockoutSafetyCheck: flag },
    ['KeyId', 'Policy'],
  ),
  ListKeyPolicies: structure({ KeyId: KEY_ID, ...PAGE }, ['KeyId']),
} as const satisfies Readonly<Record<string, Structure>>;
