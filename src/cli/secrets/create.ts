// `coffer secrets create`: a secret, and with --data-file its first version.

import type { Context } from '../context.ts';
import { UsageError } from '../error.ts';
import { parseList, parseMap } from '../maps.ts';
import { parentPath, type SecretRef, secretRef } from '../names.ts';
import { readPayload } from '../payload.ts';
import { type Resource, showOne } from '../show.ts';
import { addVersion } from '../versions/add.ts';
import { confirmExpiry } from './expiry.ts';
import { readReplication } from './replication-file.ts';
import { type ScheduleFlags, scheduleFields } from './schedule.ts';
import { topicNames } from './topics.ts';

export interface CreateFlags extends ScheduleFlags {
  readonly replicationPolicy?: string;
  readonly replicationPolicyFile?: string;
  readonly locations?: readonly string[];
  readonly location?: string;
  readonly kmsKeyName?: string;
  readonly regionalKmsKeyName?: string;
  readonly dataFile?: string;
  readonly labels?: readonly string[];
  readonly setAnnotations?: readonly string[];
  readonly tags?: readonly string[];
  readonly topics?: readonly string[];
}

/** @throws UsageError for flags that exclude each other; ApiError as the server answers. */
export async function createSecret(this: Context, flags: CreateFlags, id: string): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  const body = await secretBody(this, flags, ref);
  // Before anything is made: a payload that cannot be read must not leave an empty secret behind.
  const payload = flags.dataFile === undefined ? undefined : await readPayload(this.io, flags.dataFile);
  await confirmExpiry(this, flags);
  const secret = await this.session.creating(ref.project, () => {
    return this.session.request<Resource>('POST', `${parentPath(ref)}/secrets`, body, { secretId: ref.secret });
  });
  if (payload === undefined || payload.length === 0) this.out.status(`Created secret [${ref.secret}].`);
  else await firstVersion(this, ref, payload);
  await showOne(this, secret, 'none');
}

async function firstVersion(context: Context, ref: SecretRef, payload: Buffer): Promise<void> {
  try {
    await addVersion(context, ref, payload);
  } catch (error) {
    context.out.status(`Created secret [${ref.secret}].`);
    throw error;
  }
}

async function secretBody(context: Context, flags: CreateFlags, { project, location }: SecretRef): Promise<object> {
  const labels = parseMap('labels', flags.labels);
  const annotations = parseMap('set-annotations', flags.setAnnotations);
  const tags = parseMap('tags', flags.tags);
  const topics = topicNames(project, parseList('topics', flags.topics));
  return {
    ...(await replicationFields(context, flags, location)),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
    ...(topics.length === 0 ? {} : { topics: topics.map((name) => ({ name })) }),
    ...scheduleFields(flags),
  };
}

/** A regional secret has no replication, a global one must have it: automatic unless told otherwise. */
async function replicationFields(context: Context, flags: CreateFlags, location: string | undefined): Promise<object> {
  const { replicationPolicy, replicationPolicyFile, locations, kmsKeyName, regionalKmsKeyName } = flags;
  const inline = replicationPolicy !== undefined || locations !== undefined || kmsKeyName !== undefined;
  if (location !== undefined) {
    if (inline || replicationPolicyFile !== undefined) {
      throw new UsageError(
        'argument --location: a regional secret has no replication policy, locations or --kms-key-name',
      );
    }
    return regionalKmsKeyName === undefined ? {} : { customerManagedEncryption: { kmsKeyName: regionalKmsKeyName } };
  }
  if (regionalKmsKeyName !== undefined) {
    throw new UsageError('argument --regional-kms-key-name: it needs --location');
  }
  if (replicationPolicyFile === undefined) return { replication: replication(flags) };
  if (inline) {
    throw new UsageError(
      'argument --replication-policy-file: it cannot be combined with --replication-policy, --locations or --kms-key-name',
    );
  }
  return { replication: await readReplication(context, replicationPolicyFile) };
}

function replication(flags: CreateFlags): object {
  const locations = parseList('locations', flags.locations);
  const key = flags.kmsKeyName === undefined ? {} : { customerManagedEncryption: { kmsKeyName: flags.kmsKeyName } };
  switch (flags.replicationPolicy ?? 'automatic') {
    case 'automatic':
      if (locations.length > 0) {
        throw new UsageError('argument --locations: locations need --replication-policy=user-managed');
      }
      return { automatic: key };
    case 'user-managed':
      if (locations.length === 0) throw new UsageError('argument --locations: a user-managed policy needs locations');
      if (flags.kmsKeyName !== undefined) {
        throw new UsageError('argument --kms-key-name: keys of a user-managed policy go in --replication-policy-file');
      }
      return { userManaged: { replicas: locations.map((location) => ({ location })) } };
    default:
      throw new UsageError('argument --replication-policy: must be "automatic" or "user-managed"');
  }
}
