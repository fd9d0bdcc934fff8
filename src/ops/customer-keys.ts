// The customer's key that wraps the data keys of a secret's versions, beside the project's: found for each use, so that a key
// which is disabled, about to be deleted or gone lets nothing be opened or sealed, whoever asks by whichever dialect.

import { awsAccountOf } from '../core/aws/access-key.ts';
import { AWS_RING, type AwsKeyId, type CustomerKeyRef, keyStateOf, parseKeyId } from '../core/aws/kms.ts';
import { Fault } from '../core/error.ts';
import type { KeyInUse } from '../core/keys/key.ts';
import { type ProjectId, parseProjectRef } from '../core/name.ts';
import type { Need, Needs, WrappingKey } from '../core/ports.ts';
import type { Project, Secret, Version } from '../core/secret.ts';
import { type Asking, checkKeyPolicy } from './aws/key-policy.ts';
import { demand } from './demand.ts';
import { keyNeed, keyTarget, ringTarget } from './keys-found.ts';
import { Wanting } from './wanting.ts';

/** What an operation has read, and who asks. */
interface Read extends Asking {
  readonly rows: object;
}

const NEWEST = 0;

/** The row of a key; throws Wanting where it was not read yet. */
export function customerKeyRow(
  { rows }: Pick<Read, 'rows'>,
  project: Project,
  { name, version }: CustomerKeyRef,
): KeyInUse | undefined {
  const row = rowName({ name, version });
  if (!Object.hasOwn(rows, row)) throw new Wanting({ [row]: needOf(project, { name, version }) });
  return (rows as Readonly<Record<string, KeyInUse | undefined>>)[row];
}

const rowName = ({ name, version }: CustomerKeyRef) => `customerKey ${name} ${version}`;

const needOf = ({ id }: Pick<Project, 'id'>, { name, version }: CustomerKeyRef): Need =>
  keyNeed({ project: parseProjectRef(id as ProjectId), ring: AWS_RING, name }, version);

/** The key that is under this name, where it may be used now; throws Wanting, CUSTOMER_KEY_UNUSABLE or PERMISSION_DENIED. */
function usable(read: Read, project: Project, ref: CustomerKeyRef, action: 'Decrypt' | 'GenerateDataKey'): WrappingKey {
  const found = customerKeyRow(read, project, ref);
  const state = found === undefined ? 'deleted' : keyStateOf(found.key);
  const { sealed, number = 0 } = found?.version ?? {};
  if (state !== 'Enabled' || sealed === undefined || found === undefined) {
    throw new Fault('CUSTOMER_KEY_UNUSABLE', { key: ref.name, state });
  }
  checkKeyPolicy(read, project, found.key, action);
  return { keyUid: found.key.uid, number, sealed };
}

/** What the version's data key is wrapped by, as a part of its place: nothing for one that is under the project's alone. */
export function wrappedBy(
  read: Read,
  project: Project,
  { attributes }: Pick<Version, 'attributes'>,
): { readonly customerKey?: WrappingKey } {
  const ref = attributes?.customerKey;
  return ref === undefined ? {} : { customerKey: usable(read, project, ref, 'Decrypt') };
}

/** What a new version of the secret is to be wrapped by, in the same form. */
export function wrappingFor(
  read: Read,
  project: Project,
  secret: Pick<Secret, 'aws'> | undefined,
): { readonly customerKey?: WrappingKey } {
  const name = secret?.aws?.customerKey;
  return name === undefined ? {} : { customerKey: usable(read, project, { name, version: NEWEST }, 'GenerateDataKey') };
}

/** Has the keys read of all these versions at once. */
export function wantKeys(
  { rows }: Pick<Read, 'rows'>,
  project: Project,
  versions: readonly Pick<Version, 'attributes'>[],
): void {
  const wanted: Record<string, Need> = {};
  for (const { attributes } of versions) {
    const ref = attributes?.customerKey;
    if (ref !== undefined && !Object.hasOwn(rows, rowName(ref))) wanted[rowName(ref)] = needOf(project, ref);
  }
  if (Object.keys(wanted).length > 0) throw new Wanting(wanted as Needs);
}

/** The name of the key that a KeyId means in a region of the project's account; undefined: there is none. */
export function keyMeant(
  project: Project,
  region: string,
  { account, region: named, key, alias }: AwsKeyId,
): string | undefined {
  if (account !== undefined && account !== awsAccountOf(project)) return undefined;
  if (named !== undefined && named !== region) return undefined;
  if (key !== undefined) return key;
  return project.settings.awsAliases?.find((each) => each.name === alias && each.region === region)?.key;
}

const DEFAULT_ALIAS = 'aws/secretsmanager';

/**
 * What a secret remembers of the key that a request names for it, which whoever asks must be allowed to seal with: nothing
 * for the account's own. Throws Wanting, CUSTOMER_KEY_UNUSABLE or PERMISSION_DENIED.
 */
export function namedKey(
  input: Read,
  project: Project,
  region: string,
  text: string | undefined,
): { readonly customerKey?: string } {
  if (text === undefined || text === '') return {};
  const id = parseKeyId(text);
  const isOwn = (id?.account ?? awsAccountOf(project)) === awsAccountOf(project);
  if (id?.alias === DEFAULT_ALIAS && isOwn) return {};
  const name = id === undefined ? undefined : keyMeant(project, region, id);
  const unusable = (state: string) =>
    new Fault('CUSTOMER_KEY_UNUSABLE', { key: text.slice(0, KEY_ECHO_CHARS_MAX), state });
  const ring = { project: parseProjectRef(project.id as ProjectId), ring: AWS_RING };
  // Before it is told whether there is such a key.
  demand(input, 'coffer.keys.encrypt', name === undefined ? ringTarget(ring) : keyTarget({ ...ring, name }));
  if (name === undefined) throw unusable('no key of this account and region');
  const found = customerKeyRow(input, project, { name, version: NEWEST });
  if (found?.key.aws?.region !== region) throw unusable('no key of this account and region');
  usable(input, project, { name, version: NEWEST }, 'GenerateDataKey');
  return { customerKey: name };
}

const KEY_ECHO_CHARS_MAX = 256;
