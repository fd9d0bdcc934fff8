// What a request asks for in the words of AWS's policies: its action, and the condition keys that its own members set. What
// has not the form of a member sets nothing here: the action itself refuses it.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html

import type { AwsAsk } from '../../core/aws/ask.ts';
import type { AwsSigner } from '../../ops/aws/door.ts';
import type { Json } from './json.ts';

export interface Asked {
  /** `secretsmanager`. */
  readonly service: string;
  /** `GetSecretValue`. */
  readonly action: string;
  readonly region: string;
  readonly signer: AwsSigner;
  readonly input: Json;
}

/** Members that are condition keys of the service under their own names. */
const MEMBERS = [
  ...['BlockPublicPolicy', 'Description', 'ForceDeleteWithoutRecovery', 'ForceOverwriteReplicaSecret', 'KmsKeyId'],
  ...['Name', 'RecoveryWindowInDays', 'RotateImmediately', 'RotationLambdaARN', 'Type', 'VersionId', 'VersionStage'],
];

const READING: ReadonlySet<string> = new Set(['GetSecretValue', 'BatchGetSecretValue']);

export function askOf({ service, action, region, signer, input }: Asked): AwsAsk {
  const keys: Record<string, readonly string[]> = {};
  // A member that is null was not sent.
  const members = new Map(Object.entries(input).filter(([, value]) => value !== null));
  for (const name of MEMBERS) {
    const value = textOf(members.get(name));
    if (value !== undefined) keys[`${service}:${name.toLowerCase()}`] = [value];
  }
  // What names no version reads the current one.
  if (READING.has(action) && !members.has('VersionId') && !members.has('VersionStage')) {
    keys[`${service}:versionstage`] = ['AWSCURRENT'];
  }
  addTags(keys, members);
  const regions = listOf(members.get('AddReplicaRegions')).flatMap((each) => textOf(memberOf(each, 'Region')) ?? []);
  if (regions.length > 0) keys[`${service}:addreplicaregions`] = regions;
  if (members.has('RotationRules')) keys[`${service}:modifyrotationrules`] = ['true'];
  const session = signer.arn.startsWith('arn:aws:sts:') ? { sessionArn: signer.arn } : {};
  return { action: `${service}:${action}`, region, ...session, keys };
}

function addTags(keys: Record<string, readonly string[]>, members: ReadonlyMap<string, unknown>): void {
  const names: string[] = [];
  for (const tag of listOf(members.get('Tags'))) {
    const name = textOf(memberOf(tag, 'Key'));
    if (name === undefined) continue;
    names.push(name);
    const key = `aws:requesttag/${name.toLowerCase()}`;
    keys[key] = [...(keys[key] ?? []), textOf(memberOf(tag, 'Value')) ?? ''];
  }
  for (const name of listOf(members.get('TagKeys'))) if (typeof name === 'string') names.push(name);
  if (names.length > 0) keys['aws:tagkeys'] = names;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function textOf(value: unknown): string | undefined {
  const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isText ? String(value) : undefined;
}
