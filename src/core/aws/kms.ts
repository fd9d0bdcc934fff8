// Keys as AWS KMS has them, as far as Secrets Manager's rules need: keys of the key engine in a ring of their own, each named by
// its uid as a UUID, and aliases that the project keeps. A key is of one region, as there.
// Source: the KMS API reference, "Key identifiers (KeyId)" and "Key states of AWS KMS keys".

import type { Key } from '../keys/key.ts';
import type { Uid } from '../secret.ts';

/** No dialect has a name with a star, so that only what is for AWS's API reaches them. */
export const AWS_RING = '*aws';

/** What AWS's API keeps of a key. */
export interface AwsKeySettings {
  readonly region: string;
  readonly description?: string;
  /** The text of its policy, as it was put; absent: IAM decides. */
  readonly policy?: string;
  readonly isDisabled?: true;
  /** When it is purged; absent: it stays. Milliseconds since 1970. */
  readonly deletionAt?: number;
}

/** Which key wraps the data key of a version: its name in the ring, and the version of that key. */
export interface CustomerKeyRef {
  readonly name: string;
  readonly version: number;
}

export type AwsKeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';

export function keyStateOf({ aws }: Pick<Key, 'aws'>): AwsKeyState {
  if (aws?.deletionAt !== undefined) return 'PendingDeletion';
  return aws?.isDisabled ? 'Disabled' : 'Enabled';
}

/** What a KeyId names: a key by its id, or one by an alias, without `alias/`. */
export interface AwsKeyId {
  /** Of an ARN; absent: the caller's. */
  readonly account?: string;
  readonly region?: string;
  readonly key?: string;
  readonly alias?: string;
}

const ARN = /^arn:(?:aws|aws-cn|aws-us-gov):kms:([a-z0-9-]{1,32}):(\d{12}):(.{1,400})$/;
const ALIAS = /^alias\/([a-zA-Z0-9/_-]{1,250})$/;
const KEY = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An id, an alias, or the ARN of either; undefined for any other text. */
export function parseKeyId(text: string): AwsKeyId | undefined {
  const arn = ARN.exec(text);
  const [, region, account, resource = ''] = arn ?? [];
  const place = account === undefined || region === undefined ? {} : { account, region };
  const alias = ALIAS.exec(arn === null ? text : resource)?.[1];
  if (alias !== undefined) return { ...place, alias };
  const key = arn === null ? text : resource.startsWith('key/') ? resource.slice('key/'.length) : '';
  return KEY.test(key) ? { ...place, key } : undefined;
}

/** The id of the key with this uid. */
export function keyIdOf(uid: Uid): string {
  return uid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** `resource`: `key/ID` or `alias/NAME`. */
export function kmsArn(account: string, region: string, resource: string): string {
  return `arn:aws:kms:${region}:${account}:${resource}`;
}

/** An alias of a project: of one region, and of the key that it means. */
export interface AwsAlias {
  readonly region: string;
  /** Without `alias/`. */
  readonly name: string;
  readonly key: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** AWS keeps these names for its own services. */
export function isReservedAlias(name: string): boolean {
  return name === 'aws' || name.startsWith('aws/');
}
