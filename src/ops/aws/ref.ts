// A secret as AWS's API names it, and what is needed of a version by each operation: which secret is meant is found in the
// store, by `SeenFrom`, so that every policy is judged on what was found.

import { arnSuffix, type SeenFrom } from '../../core/aws/secret.ts';
import { Fault } from '../../core/error.ts';
import { GLOBAL, type ProjectRef, secretKey } from '../../core/name.ts';
import type { Need, SecretPlace } from '../../core/ports.ts';
import type { Secret, Version } from '../../core/secret.ts';
import type { NewSealed } from '../new-version.ts';
import { placeOf, type SecretRef, type SecretResult } from '../secrets.ts';

export interface AwsRef extends SecretRef {
  readonly from: SeenFrom;
}

/** What an operation answers of a secret, with the version that it made or found. */
export interface AwsResult extends SecretResult {
  readonly version?: Version;
}

export function awsRef(project: ProjectRef, from: SeenFrom): AwsRef {
  return { project, location: GLOBAL, key: secretKey(from.name), from };
}

/** The version that AWS's API names by this id. */
export function idNeed(
  ref: SecretRef,
  versionId: string,
): Extract<Need, { need: 'version' | 'payload' }> & { need: 'version' } {
  return { need: 'version', ...placeOf(ref), number: 0, versionId };
}

/** Where a secret is that was found. */
export function placeOfFound(project: ProjectRef, { location, name }: Secret): SecretPlace {
  return { project, location, key: secretKey(name), deleted: true };
}

/**
 * The version that a request has made before, if it is the same request: its token wrote the same value. Throws
 * REQUEST_TOKEN_USED where it wrote another.
 */
export function repeated(
  secret: Secret,
  before: Version | undefined,
  { fingerprint }: Pick<NewSealed, 'fingerprint'>,
  { token, isBinary }: { readonly token: string; readonly isBinary?: true },
): Version | undefined {
  if (before === undefined) return undefined;
  const isSame = before.fingerprint === fingerprint && (before.attributes?.kind === 'binary') === (isBinary === true);
  if (isSame) return before;
  throw new Fault('REQUEST_TOKEN_USED', { token, secret: secret.name, suffix: arnSuffix(secret.uid) });
}
