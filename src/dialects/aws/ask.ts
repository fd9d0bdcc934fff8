// What a request asks for in the words of AWS's policies: its action, and the condition keys that its own members set. What
// has not the form of a member sets nothing here: the action itself refuses it.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html

import type { AwsAsk } from '../../core/aws/ask.ts';
import type { AwsSigner } from '../../ops/aws/door.ts';
import { type Json, member } from './json.ts';

export interface Asked {
  /** `secretsmanager`. */
  readonly service: string;
  /** `GetSecretValue`. */
  readonly action: string;
  readonly region: string;
  readonly signer: AwsSigner;
  readonly input: Json;
}

/** Members that are condition keys of the service under their own names, in small letters. */
const MEMBERS: ReadonlyMap<string, string> = new Map(
  [
    ...['BlockPublicPolicy', 'Description', 'ForceDeleteWithoutRecovery', 'ForceOverwriteReplicaSecret', 'KmsKeyId'],
    ...['Name', 'RecoveryWindowInDays', 'RotateImmediately', 'RotationLambdaARN', 'Type', 'VersionId', 'VersionStage'],
  ].map((name) => [name, name.toLowerCase()]),
);

const READING: ReadonlySet<string> = new Set(['GetSecretValue', 'BatchGetSecretValue']);

export function askOf({ service, action, region, signer, input }: Asked): AwsAsk {
  const keys: Record<string, readonly string[]> = {};
  for (const name in input) {
    const key = MEMBERS.get(name);
    const value = key === undefined ? undefined : textOf(input[name]);
    if (value !== undefined) keys[`${service}:${key}`] = [value];
  }
  // What names no version reads the current one.
  if (READING.has(action) && member(input, 'VersionId') === undefined && member(input, 'VersionStage') === undefined) {
    keys[`${service}:versionstage`] = ['AWSCURRENT'];
  }
  addTags(keys, input);
  const regions = listOf(member(input, 'AddReplicaRegions')).flatMap((each) => textOf(memberOf(each, 'Region')) ?? []);
  if (regions.length > 0) keys[`${service}:addreplicaregions`] = regions;
  if (member(input, 'RotationRules') !== undefined) keys[`${service}:modifyrotationrules`] = ['true'];
  const asked = { action: `${service}:${action}`, region, keys };
  return signer.arn.startsWith('arn:aws:sts:') ? { ...asked, sessionArn: signer.arn } : asked;
}

function addTags(keys: Record<string, readonly string[]>, input: Json): void {
  const names: string[] = [];
  for (const tag of listOf(member(input, 'Tags'))) {
    const name = textOf(memberOf(tag, 'Key'));
    if (name === undefined) continue;
    names.push(name);
    const key = `aws:requesttag/${name.toLowerCase()}`;
    keys[key] = [...(keys[key] ?? []), textOf(memberOf(tag, 'Value')) ?? ''];
  }
  for (const name of listOf(member(input, 'TagKeys'))) if (typeof name === 'string') names.push(name);
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
