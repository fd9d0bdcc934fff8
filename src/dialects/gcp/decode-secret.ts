// Google's secrets as commands of the core. What is wrong with a field travels with the command, so that the caller
// learns of it only after permission, existence and etag, as from the real service. A field that is not built is refused
// by name where it is set: never ignored in silence. Source: resources.proto; masks as measured on the real service.

import type {
  Replication_UserManaged_Replica as ReplicaMessage,
  Secret as SecretMessage,
} from '../../../gen/google/cloud/secretmanager/v1/resources_pb.js';
import type {
  CreateSecretRequest,
  UpdateSecretRequest,
} from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';
import { Fault, type FaultData } from '../../core/error.ts';
import { GLOBAL } from '../../core/name.ts';
import type { Expiration } from '../../core/schedule.ts';
import type { ReplicaLocation, Replication } from '../../core/secret.ts';
import type { CreateSecret, SecretRef, UpdateSecret } from '../../ops/secrets.ts';
import { decodeDuration, decodeEtag, decodeTime } from './decode.ts';
import { invalidField, unsupported } from './invalid.ts';
import { parseParent, parseSecretId, parseSecretRef } from './names.ts';

/** Throws for a name that is none; whatever else is wrong, the command carries. */
export function decodeCreateSecret(
  { parent, secretId, secret }: CreateSecretRequest,
  host: string | undefined,
): CreateSecret {
  const place = parseParent(parent, host);
  const name = parseSecretId(secretId);
  return { ...place, name, ...(secret === undefined ? {} : carried(() => decodeSettings(secret))) };
}

/** Throws for a name that is none; whatever else is wrong, the command carries. */
export function decodeUpdateSecret(
  { secret, updateMask }: UpdateSecretRequest,
  host: string | undefined,
): UpdateSecret {
  if (secret === undefined) throw invalidField('secret', 'is required', 'Field [secret] is required.');
  const ref = parseSecretRef(secret.name, 'secret.name', host);
  return { ...ref, ...decodeEtag(secret.etag), ...carried(() => decodeChanges(secret, updateMask?.paths, ref)) };
}

/** The fields, or why they are none. */
function carried<T>(read: () => T): T | { readonly invalid: FaultData } {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { invalid: { code: error.code, facts: error.facts } };
  }
}

type Settings = Omit<CreateSecret, 'project' | 'location' | 'name' | 'invalid'>;

function decodeSettings(secret: SecretMessage): Settings {
  if (secret.secretType !== 0) throw unsupported('Field [secret.secret_type]');
  return {
    labels: secret.labels,
    annotations: secret.annotations,
    tags: secret.tags,
    versionAliases: decodeAliases(secret),
    topics: decodeTopics(secret),
    ...given('replication', decodeReplication(secret)),
    ...given('kmsKey', secret.customerManagedEncryption?.kmsKeyName),
    ...given('expiration', decodeExpiration(secret)),
    ...given('versionDestroyTtlSeconds', decodeDestroyTtl(secret)),
    ...given('nextRotationAt', decodeNextRotation(secret)),
    ...given('rotationPeriodSeconds', decodePeriod(secret)),
  };
}

function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });
}

type Changes = Omit<UpdateSecret, keyof SecretRef | 'etag' | 'invalid'>;

/** What a path of a mask sets, or clears where the secret sent does not have it. */
const CHANGES: ReadonlyMap<string, (secret: SecretMessage) => Changes> = new Map<
  string,
  (secret: SecretMessage) => Changes
>([
  ['labels', ({ labels }) => ({ labels })],
  ['annotations', ({ annotations }) => ({ annotations })],
  ['version_aliases', (secret) => ({ versionAliases: decodeAliases(secret) })],
  // Two fields of one choice: each means whatever of it was sent.
  ['expire_time', (secret) => ({ expiration: decodeExpiration(secret) ?? null })],
  ['ttl', (secret) => ({ expiration: decodeExpiration(secret) ?? null })],
  ['version_destroy_ttl', (secret) => ({ versionDestroyTtlSeconds: decodeDestroyTtl(secret) ?? null })],
  ['topics', (secret) => ({ topics: decodeTopics(secret) })],
  ['rotation', (secret) => ({ ...nextRotationChange(secret), ...periodChange(secret) })],
  ['rotation.next_rotation_time', nextRotationChange],
  ['rotation.rotation_period', periodChange],
  ['customer_managed_encryption', kmsKeyChange],
  ['customer_managed_encryption.kms_key_name', kmsKeyChange],
  ['replication', replicationChange],
  ['replication.automatic', replicationChange],
  ['replication.automatic.customer_managed_encryption', replicationChange],
  ['replication.automatic.customer_managed_encryption.kms_key_name', replicationChange],
  ['replication.user_managed', replicationChange],
  ['replication.user_managed.replicas', replicationChange],
]);

const IGNORED_PATHS: ReadonlySet<string> = new Set(['name', 'create_time', 'etag', 'tags']);
const IMMUTABLE_PATHS: ReadonlySet<string> = new Set(['secret_type', 'policy_member']);

function decodeChanges(secret: SecretMessage, mask: readonly string[] | undefined, { location }: SecretRef): Changes {
  if (mask === undefined) throw new Fault('UPDATE_MASK_MISSING');
  let changes: Changes = {};
  for (const path of new Set(mask.map(snakePath))) {
    if (IGNORED_PATHS.has(path)) continue;
    if (IMMUTABLE_PATHS.has(path)) throw new Fault('FIELD_IMMUTABLE', { field: path });
    const change = CHANGES.get(path);
    if (change === undefined) throw new Fault('UPDATE_MASK_INVALID', { path: 'a path that no secret has' });
    if ((location ?? GLOBAL) !== GLOBAL && path.startsWith('replication')) throw regionalReplication(path);
    changes = { ...changes, ...change(secret) };
  }
  return changes;
}

/** A path of a mask in the proto's spelling. */
function snakePath(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function regionalReplication(path: string): Fault {
  const said = 'Field mask paths starting with "replication" are not supported in updates of regional secret.';
  return invalidField(path, 'a regional secret has no replication', said);
}

function nextRotationChange(secret: SecretMessage): Changes {
  return { nextRotationAt: decodeNextRotation(secret) ?? null };
}

function periodChange(secret: SecretMessage): Changes {
  return { rotationPeriodSeconds: decodePeriod(secret) ?? null };
}

function kmsKeyChange(secret: SecretMessage): Changes {
  return { kmsKey: secret.customerManagedEncryption?.kmsKeyName ?? null };
}

/** It cannot be cleared: a mask that names it without one is wrong. */
function replicationChange(secret: SecretMessage): Changes {
  const replication = decodeReplication(secret);
  if (replication === undefined) throw new Fault('UPDATE_MASK_INVALID', { path: 'replication' });
  return { replication };
}

function decodeReplication({ replication }: SecretMessage): Replication | undefined {
  const choice = replication?.replication;
  if (choice === undefined || choice.case === undefined) return undefined;
  if (choice.case === 'automatic') {
    return { locations: [], ...given('kmsKey', choice.value.customerManagedEncryption?.kmsKeyName) };
  }
  const { replicas } = choice.value;
  if (replicas.length === 0) throw invalidField('secret.replication.user_managed.replicas', 'must not be empty');
  return { locations: replicas.map(decodeReplica) };
}

function decodeReplica({ location, customerManagedEncryption: encryption }: ReplicaMessage): ReplicaLocation {
  return { location, ...given('kmsKey', encryption?.kmsKeyName) };
}

function decodeTopics({ topics }: SecretMessage): readonly string[] {
  return topics.map(({ name }) => name);
}

/** A number beyond what is exact names no version, as any number does that is too large. */
function decodeAliases({ versionAliases }: SecretMessage): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(versionAliases).map(([alias, number]) => [alias, Number(number)]));
}

function decodeExpiration({ expiration }: SecretMessage): Expiration | undefined {
  switch (expiration.case) {
    case 'expireTime':
      return { at: decodeTime(expiration.value, 'secret.expire_time') };
    case 'ttl':
      return { ttlSeconds: decodeDuration(expiration.value, 'secret.ttl') };
    default:
      return undefined;
  }
}

function decodeDestroyTtl({ versionDestroyTtl: ttl }: SecretMessage): number | undefined {
  return ttl && decodeDuration(ttl, 'secret.version_destroy_ttl');
}

function decodeNextRotation({ rotation }: SecretMessage): number | undefined {
  return rotation?.nextRotationTime && decodeTime(rotation.nextRotationTime, 'secret.rotation.next_rotation_time');
}

function decodePeriod({ rotation }: SecretMessage): number | undefined {
  return rotation?.rotationPeriod && decodeDuration(rotation.rotationPeriod, 'secret.rotation.rotation_period');
}
