// Secrets and versions as messages of Google's protos: what they are, never what they hold. A regional secret has no
// replication; its key stands in a field of its own. Source: resources.proto.

import { create } from '@bufbuild/protobuf';
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';
import {
  CustomerManagedEncryptionSchema,
  Replication_AutomaticSchema,
  Replication_UserManaged_ReplicaSchema,
  Replication_UserManagedSchema,
  type Replication as ReplicationMessage,
  ReplicationSchema,
  type ReplicationStatus,
  ReplicationStatus_AutomaticStatusSchema,
  ReplicationStatus_UserManagedStatus_ReplicaStatusSchema,
  ReplicationStatus_UserManagedStatusSchema,
  ReplicationStatusSchema,
  type Rotation as RotationMessage,
  RotationSchema,
  type Secret as SecretMessage,
  SecretSchema,
  type SecretVersion,
  SecretVersion_State,
  SecretVersionSchema,
  TopicSchema,
} from '../../../gen/google/cloud/secretmanager/v1/resources_pb.js';
import { GLOBAL, locationPart, secretKey } from '../../core/name.ts';
import type { Project, Replication, Rotation, Secret, Version, VersionState } from '../../core/secret.ts';
import type { SecretResult } from '../../ops/secrets.ts';
import type { VersionResult } from '../../ops/versions.ts';

/** A moment, from milliseconds since 1970. */
export function timestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1_000_000 });
}

function duration(seconds: number): Duration {
  const whole = Math.trunc(seconds);
  return create(DurationSchema, { seconds: BigInt(whole), nanos: Math.round((seconds - whole) * 1e9) });
}

const quoted = (etag: string) => `"${etag}"`;

export function secretName(project: Project, { location, name }: Secret): string {
  return `projects/${project.number}/${locationPart(location)}secrets/${secretKey(name)}`;
}

export function versionName(project: Project, secret: Secret, { number }: Version): string {
  return `${secretName(project, secret)}/versions/${number}`;
}

/** True where Google's alphabet can spell the name; other dialects allow more. */
export function isSpellable(secret: Secret): boolean {
  return /^[A-Za-z0-9_-]{1,255}$/.test(secretKey(secret.name));
}

const encryption = (kmsKeyName: string) => create(CustomerManagedEncryptionSchema, { kmsKeyName });

export function encodeSecret({ project, secret }: SecretResult): SecretMessage {
  const { location, replication, expiresAt } = secret;
  const message = create(SecretSchema, {
    name: secretName(project, secret),
    createTime: timestamp(secret.createdAt),
    labels: { ...secret.labels },
    annotations: { ...secret.annotations },
    topics: secret.topics.map((name) => create(TopicSchema, { name })),
    versionAliases: Object.fromEntries(
      Object.entries(secret.versionAliases).map(([alias, number]) => [alias, BigInt(number)]),
    ),
    etag: quoted(secret.etag),
  });
  if (location === GLOBAL) message.replication = encodeReplication(replication);
  else if (replication.kmsKey !== undefined) message.customerManagedEncryption = encryption(replication.kmsKey);
  if (expiresAt !== undefined) message.expiration = { case: 'expireTime', value: timestamp(expiresAt) };
  if (secret.rotation !== undefined) message.rotation = encodeRotation(secret.rotation);
  if (secret.versionDestroyTtlSeconds !== undefined) {
    message.versionDestroyTtl = duration(secret.versionDestroyTtlSeconds);
  }
  return message;
}

function encodeRotation({ nextAt, periodSeconds }: Rotation): RotationMessage {
  const message = create(RotationSchema);
  if (nextAt !== undefined) message.nextRotationTime = timestamp(nextAt);
  if (periodSeconds !== undefined) message.rotationPeriod = duration(periodSeconds);
  return message;
}

function encodeReplication({ locations, kmsKey }: Replication): ReplicationMessage {
  if (locations.length === 0) {
    const value = create(Replication_AutomaticSchema);
    if (kmsKey !== undefined) value.customerManagedEncryption = encryption(kmsKey);
    return create(ReplicationSchema, { replication: { case: 'automatic', value } });
  }
  const replicas = locations.map((replica) => {
    const value = create(Replication_UserManaged_ReplicaSchema, { location: replica.location });
    if (replica.kmsKey !== undefined) value.customerManagedEncryption = encryption(replica.kmsKey);
    return value;
  });
  const value = create(Replication_UserManagedSchema, { replicas });
  return create(ReplicationSchema, { replication: { case: 'userManaged', value } });
}

/** No version says that a customer's key encrypts it: this server's own keys do, whichever key the secret names. */
function encodeReplicationStatus({ locations }: Replication): ReplicationStatus {
  if (locations.length === 0) {
    const value = create(ReplicationStatus_AutomaticStatusSchema);
    return create(ReplicationStatusSchema, { replicationStatus: { case: 'automatic', value } });
  }
  const replicas = locations.map(({ location }) =>
    create(ReplicationStatus_UserManagedStatus_ReplicaStatusSchema, { location }),
  );
  const value = create(ReplicationStatus_UserManagedStatusSchema, { replicas });
  return create(ReplicationStatusSchema, { replicationStatus: { case: 'userManaged', value } });
}

const STATES: Readonly<Record<VersionState, SecretVersion_State>> = {
  ENABLED: SecretVersion_State.ENABLED,
  DISABLED: SecretVersion_State.DISABLED,
  DESTROYED: SecretVersion_State.DESTROYED,
};

export function encodeVersion({ project, secret, version }: VersionResult): SecretVersion {
  const message = create(SecretVersionSchema, {
    name: versionName(project, secret, version),
    createTime: timestamp(version.createdAt),
    state: STATES[version.state],
    etag: quoted(version.etag),
    clientSpecifiedPayloadChecksum: version.clientChecksum,
  });
  if (version.destroyedAt !== undefined) message.destroyTime = timestamp(version.destroyedAt);
  if (version.scheduledDestroyAt !== undefined) message.scheduledDestroyTime = timestamp(version.scheduledDestroyAt);
  if (secret.location === GLOBAL) message.replicationStatus = encodeReplicationStatus(secret.replication);
  return message;
}
