// Which secret an input names: by its name, its ARN, or its ARN without the last seven characters, seen from the region of the
// request. What belongs to another account is looked up there by its whole ARN alone; another region is another place.

import { parseRegion, parseSecretId, type SeenFrom } from '../../core/aws/secret.ts';
import { Fault } from '../../core/error.ts';
import type { Location } from '../../core/name.ts';
import { type AwsRef, awsRef } from '../../ops/aws/ref.ts';
import type { Call } from './call.ts';
import { type Json, member, textMember } from './json.ts';

/** The region of a request. */
export function regionOf(call: Call): Location {
  return parseRegion(call.region);
}

/** The secret that `id` names; throws SECRET_ID_INVALID, REGION_INVALID or SECRET_NOT_FOUND. */
export function refOf(
  call: Call,
  more: Pick<SeenFrom, 'changes' | 'deleted'> = {},
  id: string = textMember(call.input, 'SecretId') ?? '',
): AwsRef {
  const region = regionOf(call);
  const { account = call.account, region: named = region, name, suffix } = parseSecretId(id);
  if (account !== call.account || named !== region) throw new Fault('SECRET_NOT_FOUND', { secret: name });
  return awsRef(call.foreign?.project ?? call.project, {
    region,
    name,
    ...(suffix === undefined ? {} : { suffix }),
    ...more,
  });
}

/** The account that an input's secret is of by its whole ARN, where that is another than the caller's. */
export function foreignAccount(input: Json, own: string): string | undefined {
  const id = member(input, 'SecretId');
  if (typeof id !== 'string' || !id.startsWith('arn:')) return undefined;
  try {
    const { account, suffix } = parseSecretId(id);
    return account === undefined || account === own || suffix === undefined ? undefined : account;
  } catch (error) {
    // What is no name is for the operation to refuse.
    if (error instanceof Fault) return undefined;
    throw error;
  }
}
