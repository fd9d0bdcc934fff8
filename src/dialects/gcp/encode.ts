// What the core answers, as messages of Google's protos. Names carry the project's number, times are timestamps. This is
// the one file of the dialect that lets a payload or a token out (`reveal`).

import { create } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  CreateProjectMetadataSchema,
  Project_State,
  type Project as ProjectMessage,
  ProjectSchema,
} from '../../../gen/google/cloud/resourcemanager/v3/projects_pb.js';
import type { AccessSecretVersionResponse } from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';
import { type ServiceAccount, ServiceAccountSchema } from '../../../gen/google/iam/admin/v1/iam_pb.js';
import {
  type GenerateAccessTokenResponse,
  GenerateAccessTokenResponseSchema,
} from '../../../gen/google/iam/credentials/v1/common_pb.js';
import { type Operation as OperationMessage, OperationSchema } from '../../../gen/google/longrunning/operations_pb.js';
import type { Account, Project } from '../../core/secret.ts';
import type { AccountResult } from '../../ops/accounts.ts';
import type { IssuedToken } from '../../ops/tokens.ts';
import type { AccessedVersion } from '../../ops/versions.ts';
import { timestamp, versionName } from './encode-secret.ts';

export function encodeAccessed({ project, secret, version, payload }: AccessedVersion): AccessSecretVersionResponse {
  // As `create` would make them, at a tenth of its cost: every read of a payload comes here.
  return {
    $typeName: 'google.cloud.secretmanager.v1.AccessSecretVersionResponse',
    name: versionName(project, secret, version),
    payload: {
      $typeName: 'google.cloud.secretmanager.v1.SecretPayload',
      data: payload.reveal(),
      dataCrc32c: BigInt(version.crc32c),
    },
  };
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
