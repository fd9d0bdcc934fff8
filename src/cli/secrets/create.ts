// `coffer secrets create`: a secret, and with --data-file its first version.

import type { Context } from '../context.ts';
import { CliError, UsageError } from '../error.ts';
import { parseList, parseMap } from '../maps.ts';
import { parentPath, type SecretRef, secretRef } from '../names.ts';
import { readDocument, readPayload } from '../payload.ts';
import { type Resource, showOne } from '../show.ts';
import { addVersion } from '../versions/add.ts';
import { confirmExpiry } from './expiry.ts';
import { destroyTtl, rotation } from './schedule.ts';

export interface CreateFlags {
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
  readonly nextRotationTime?: string;
  readonly rotationPeriod?: string;
  readonly expireTime?: string;
  readonly ttl?: string;
  readonly versionDestroyTtl?: string;
}

/** @throws UsageError for flags that exclude each other; ApiError as the server answers. */
export async function createSecret(this: Context, flags: CreateFlags, id: string): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  const body = await secretBody(this, flags);
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

async function secretBody(context: Context, flags: CreateFlags): Promise<object> {
  const labels = parseMap('labels', flags.labels);
  const annotations = parseMap('set-annotations', flags.setAnnotations);
  const tags = parseMap('tags', flags.tags);
  const topics = parseList('topics', flags.topics);
  const turns = rotation(flags);
  if (flags.expireTime !== undefined && flags.ttl !== undefined) {
    throw new UsageError('argument --expire-time: at most one of --expire-time | --ttl can be specified');
  }
  return {
    ...(await replicationFields(context, flags)),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
    ...(topics.length === 0 ? {} : { topics: topics.map((name) => ({ name })) }),
    ...(turns === undefined ? {} : { rotation: turns }),
    ...(flags.expireTime === undefined ? {} : { expireTime: flags.expireTime }),
    ...(flags.ttl === undefined ? {} : { ttl: flags.ttl }),
    ...(flags.versionDestroyTtl === undefined ? {} : { versionDestroyTtl: destroyTtl(flags.versionDestroyTtl) }),
  };
}

/** A regional secret has no replication, a global one must have it: automatic unless told otherwise. */
async function replicationFields(context: Context, flags: CreateFlags): Promise<object> {
  const { replicationPolicy, replicationPolicyFile, locations, location, kmsKeyName, regionalKmsKeyName } = flags;
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
  return { replication: await replicationFile(context, replicationPolicyFile) };
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

async function replicationFile(context: Context, path: string): Promise<object> {
  const { parseYaml } = await import('../format/yaml.ts');
  const where = `the replication policy file [${path}]`;
  const value = parseYaml(await readDocument(context.io, path), where);
  if (typeof value === 'object' && value !== null && ('automatic' in value || 'userManaged' in value)) return value;
  throw new CliError(`${where} must have either "automatic" or "userManaged"`);
}
