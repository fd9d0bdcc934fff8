// The parts of inputs that more than one operation has: a value with its token, tags, replicas, filters and pages. Each input
// was held to the model before.

import { FILTER_KEYS, type ListFilter } from '../../core/aws/filter.ts';
import { parseRegion } from '../../core/aws/secret.ts';
import { PAGE_SIZE_DEFAULT } from '../../core/limits.ts';
import { Redacted } from '../../core/redacted.ts';
import type { Labels } from '../../core/secret.ts';
import type { AwsValue } from '../../ops/aws/put-version.ts';
import type { AskedReplica } from '../../ops/aws/replicate.ts';
import type { PageRequest } from '../../ops/paging.ts';
import { AwsError } from './errors.ts';
import { type Json, member } from './json.ts';

export const textOf = (input: Json, name: string): string | undefined => member(input, name) as string | undefined;
export const flagOf = (input: Json, name: string): boolean | undefined => member(input, name) as boolean | undefined;
const listOf = (input: Json, name: string) => (member(input, name) as readonly Json[] | undefined) ?? [];

export const invalidRequest = (message: string): AwsError => new AwsError('InvalidRequestException', message);
export const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterException', message);

/** The token of a request that may come again; throws InvalidRequestException without one. */
function tokenOf(input: Json): string {
  const token = textOf(input, 'ClientRequestToken');
  if (token !== undefined) return token;
  throw invalidRequest('You must provide a ClientRequestToken value. We recommend a UUID-type value.');
}

/** The value of an input, or undefined where there is none; its token must be there even so. */
export function valueIn(input: Json): AwsValue | undefined {
  const token = tokenOf(input);
  const string = textOf(input, 'SecretString');
  const binary = textOf(input, 'SecretBinary');
  if (string !== undefined && binary !== undefined) {
    throw invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  if (string !== undefined) return { token, payload: new Redacted<Uint8Array>(Buffer.from(string)) };
  if (binary === undefined) return undefined;
  return { token, payload: new Redacted<Uint8Array>(Buffer.from(binary, 'base64')), isBinary: true };
}

/** Members that an input sets, under the names that the core has for them. */
export function settingsOf(input: Json): { description?: string; kmsKeyId?: string; type?: string } {
  const [description, kmsKeyId, type] = ['Description', 'KmsKeyId', 'Type'].map((name) => textOf(input, name));
  return {
    ...(description === undefined ? {} : { description }),
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
    ...(type === undefined ? {} : { type }),
  };
}

/** Throws InvalidParameterException for a tag without a key, or for two of one key. */
export function tagsOf(input: Json): Labels {
  const tags = new Map<string, string>();
  for (const tag of listOf(input, 'Tags')) {
    const key = textOf(tag, 'Key');
    if (key === undefined || tags.has(key)) throw invalidParameter('Each tag must have a key, and each key one value.');
    tags.set(key, textOf(tag, 'Value') ?? '');
  }
  return Object.fromEntries(tags);
}

/** Throws InvalidParameterException for a replica without a region, or for two in one. */
export function replicasOf(input: Json): readonly AskedReplica[] {
  const replicas = new Map<string, AskedReplica>();
  for (const replica of listOf(input, 'AddReplicaRegions')) {
    const region = textOf(replica, 'Region');
    if (region === undefined || replicas.has(region)) throw invalidParameter('Invalid replica region.');
    const kmsKeyId = textOf(replica, 'KmsKeyId');
    replicas.set(region, { region: parseRegion(region), ...(kmsKeyId === undefined ? {} : { kmsKeyId }) });
  }
  return [...replicas.values()];
}

export function filtersOf(input: Json): readonly ListFilter[] {
  return listOf(input, 'Filters').map((filter) => {
    const key = FILTER_KEYS.find((known) => known === textOf(filter, 'Key'));
    if (key === undefined) throw invalidParameter('Invalid filter key');
    const values = member(filter, 'Values') as readonly string[] | undefined;
    if (values === undefined) throw invalidParameter(`Invalid filter values for key: ${key}`);
    return { key, values };
  });
}

export function pageOf(input: Json): PageRequest {
  const pageSize = (member(input, 'MaxResults') as number | undefined) ?? PAGE_SIZE_DEFAULT;
  return { pageSize, pageToken: textOf(input, 'NextToken') ?? '' };
}

/** The token of the next page, where there is one. */
export function nextOf({ nextPageToken }: { readonly nextPageToken: string }): { readonly NextToken?: string } {
  return nextPageToken === '' ? {} : { NextToken: nextPageToken };
}
