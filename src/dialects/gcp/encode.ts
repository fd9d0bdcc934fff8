// What the core answers, as messages of Google's protos. Names carry the project's number, etags stand in quotes, times
// are timestamps. This is the one file of the dialect that lets a payload or a token out (`reveal`).

import { create } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import { anyPack, type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';
import {
  CreateProjectMetadataSchema,
  Project_State,
  type Project as ProjectMessage,
  ProjectSchema,
} from '../../../gen/google/cloud/resourcemanager/v3/projects_pb.js';
import {
  type Replication as ReplicationMessage,
  ReplicationSchema,
  type ReplicationStatus,
  ReplicationStatusSchema,
  type Secret as SecretMessage,
  SecretPayloadSchema,
  SecretSchema,
  type SecretVersion,
  SecretVersion_State,
  SecretVersionSchema,
} from '../../../gen/google/cloud/secretmanager/v1/resources_pb.js';
import {
  type AccessSecretVersionResponse,
  AccessSecretVersionResponseSchema,
} from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';
import { type ServiceAccount, ServiceAccountSchema } from '../../../gen/google/iam/admin/v1/iam_pb.js';
import {
  type GenerateAccessTokenResponse,
  GenerateAccessTokenResponseSchema,
} from '../../../gen/google/iam/credentials/v1/common_pb.js';
import { type Policy as PolicyMessage, PolicySchema } from '../../../gen/google/iam/v1/policy_pb.js';
import { type Operation as OperationMessage, OperationSchema } from '../../../gen/google/longrunning/operations_pb.js';
import { FRESH_POLICY_ETAG, type Policy } from '../../core/iam/policy.ts';
import type { Account, Project, Replication, Secret, VersionState } from '../../core/secret.ts';
import type { AccountResult } from '../../ops/accounts.ts';
import type { SecretResult } from '../../ops/secrets.ts';
import type { IssuedToken } from '../../ops/tokens.ts';
import type { AccessedVersion, VersionResult } from '../../ops/versions.ts';

/** A moment, from milliseconds since 1970. */
function timestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1_000_000 });
}

const quoted = (etag: string) => `"${etag}"`;

function secretName(project: Project, secret: Secret): string {
  return `projects/${project.number}/secrets/${secret.name.replaceAll('/', '--')}`;
}

/** True where Google's alphabet can spell the name; other dialects allow more. */
export function isSpellable(secret: Secret): boolean {
  return /^[A-Za-z0-9/_-]+$/.test(secret.name);
}

export function encodeSecret({ project, secret }: SecretResult): SecretMessage {
  return create(SecretSchema, {
    name: secretName(project, secret),
    replication: encodeReplication(secret.replication),
    createTime: timestamp(secret.createdAt),
    labels: { ...secret.labels },
    annotations: { ...secret.annotations },
    etag: quoted(secret.etag),
  });
}

function encodeReplication({ locations }: Replication): ReplicationMessage {
  return create(ReplicationSchema, {
    replication:
      locations.length === 0
        ? { case: 'automatic', value: {} }
        : { case: 'userManaged', value: { replicas: locations.map((location) => ({ location })) } },
  });
}

function encodeReplicationStatus({ locations }: Replication): ReplicationStatus {
  return create(ReplicationStatusSchema, {
    replicationStatus:
      locations.length === 0
        ? { case: 'automatic', value: {} }
        : { case: 'userManaged', value: { replicas: locations.map((location) => ({ location })) } },
  });
}

const STATES: Readonly<Record<VersionState, SecretVersion_State>> = {
  ENABLED: SecretVersion_State.ENABLED,
  DISABLED: SecretVersion_State.DISABLED,
  DESTROYED: SecretVersion_State.DESTROYED,
};

export function encodeVersion({ project, secret, version }: VersionResult): SecretVersion {
  return create(SecretVersionSchema, {
    name: `${secretName(project, secret)}/versions/${version.number}`,
    createTime: timestamp(version.createdAt),
    ...(version.destroyedAt === undefined ? {} : { destroyTime: timestamp(version.destroyedAt) }),
    state: STATES[version.state],
    replicationStatus: encodeReplicationStatus(secret.replication),
    etag: quoted(version.etag),
    clientSpecifiedPayloadChecksum: version.clientChecksum,
  });
}

export function encodeAccessed({ project, secret, version, payload }: AccessedVersion): AccessSecretVersionResponse {
  const answer = create(AccessSecretVersionResponseSchema);
  answer.name = `${secretName(project, secret)}/versions/${version.number}`;
  answer.payload = create(SecretPayloadSchema);
  answer.payload.data = payload.reveal() as Uint8Array<ArrayBuffer>;
  answer.payload.dataCrc32c = BigInt(version.crc32c);
  return answer;
}

/** The format version is 1 while nothing has a condition; a policy that was never set has none. */
export function encodePolicy({ bindings, etag }: Policy): PolicyMessage {
  return create(PolicySchema, {
    version: bindings.length === 0 && etag === FRESH_POLICY_ETAG ? 0 : 1,
    bindings: bindings.map(({ role, members }) => ({ role, members: [...members] })),
    etag: base64Decode(etag),
  });
}

export function encodeProject(project: Project): ProjectMessage {
  return create(ProjectSchema, {
    name: `projects/${project.number}`,
    projectId: project.id,
    state: Project_State.ACTIVE,
    displayName: project.displayName,
    createTime: timestamp(project.createdAt),
    updateTime: timestamp(project.updatedAt),
    etag: `W/"${project.etag}"`,
    labels: { ...project.labels },
  });
}

/** The operation that made a project: done when it is answered. */
export function encodeCreatedProject(project: Project): OperationMessage {
  const metadata = create(CreateProjectMetadataSchema, {
    createTime: timestamp(project.createdAt),
    gettable: true,
    ready: true,
  });
  return create(OperationSchema, {
    name: `operations/cp.${project.number}`,
    metadata: anyPack(CreateProjectMetadataSchema, metadata),
    done: true,
    result: { case: 'response', value: anyPack(ProjectSchema, encodeProject(project)) },
  });
}

export function encodeAccount({ project, account }: AccountResult): ServiceAccount {
  return create(ServiceAccountSchema, {
    name: `projects/${project.id}/serviceAccounts/${account.email}`,
    projectId: project.id,
    uniqueId: account.uniqueId,
    email: account.email,
    displayName: account.displayName,
    description: account.description,
    oauth2ClientId: account.uniqueId,
    etag: etagBytes(account),
  });
}

function etagBytes({ etag }: Account): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(etag.match(/[0-9a-f]{2}/g) ?? [], (byte) => Number.parseInt(byte, 16));
}

export function encodeToken({ token, expiresAt }: IssuedToken): GenerateAccessTokenResponse {
  return create(GenerateAccessTokenResponseSchema, {
    accessToken: token.reveal(),
    expireTime: timestamp(expiresAt),
  });
}
