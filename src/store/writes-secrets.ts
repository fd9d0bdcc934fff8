// Projects, secrets and versions as the statements that keep them. The order of values is that of `sql/`.

import { liveReplicas } from '../core/aws/secret.ts';
import { secretKey } from '../core/name.ts';
import type { Project, SealedPayload, Secret, Version } from '../core/secret.ts';
import { onlyAdvances } from './advancing.ts';
import {
  awsSettingsColumn,
  labelsColumn,
  policyColumn,
  projectSettingsColumn,
  replicationColumn,
  type SecretSettings,
  secretSettingsColumn,
  versionAttributesColumn,
} from './columns.ts';
import { PROJECT_INSERT, PROJECT_UPDATE } from './sql/projects.ts';
import { SECRET_ADVANCE, SECRET_INSERT, SECRET_UPDATE } from './sql/secrets.ts';
import { VERSION_DESTROY, VERSION_INSERT, VERSION_UPDATE } from './sql/versions.ts';
import type { Value } from './statement.ts';
import { one, type Rewrite, type Write } from './write.ts';
import { changeMembers } from './writes-members.ts';

export function insertProject(project: Project): Write {
  return one(PROJECT_INSERT, [
    project.uid,
    project.id,
    project.number,
    project.displayName,
    project.createdAt,
    project.updatedAt,
    labelsColumn.encode(project.labels),
    project.etag,
    policyColumn.encode(project.policy),
    project.wrappedKey,
    projectSettingsColumn.encode(project.settings),
    project.awsAccount ?? null,
  ]);
}

export function updateProject(project: Project): Write {
  return one(PROJECT_UPDATE, [
    project.displayName,
    project.updatedAt,
    labelsColumn.encode(project.labels),
    project.etag,
    policyColumn.encode(project.policy),
    project.wrappedKey,
    projectSettingsColumn.encode(project.settings),
    project.awsAccount ?? null,
    project.uid,
    project.id,
    project.number,
    project.createdAt,
  ]);
}

export function insertSecret(secret: Secret): Write {
  return one(SECRET_INSERT, [
    secret.uid,
    secret.projectUid,
    secret.location,
    secret.name,
    secret.createdAt,
    ...changing(secret),
    secretKey(secret.name),
  ]);
}

/** `before` is what the store has, where that is known. */
export function updateSecret(secret: Secret, before: Secret | undefined): readonly (Write | Rewrite)[] {
  if (before !== undefined && onlyAdvances(before, secret)) {
    const { lastVersion, currentVersion, previousVersion } = secret;
    return [one(SECRET_ADVANCE, [lastVersion, currentVersion, previousVersion, ...identity(secret)])];
  }
  return [...changeMembers(secret), one(SECRET_UPDATE, [...changing(secret), ...identity(secret)])];
}

function identity({ uid, projectUid, location, name, createdAt }: Secret): readonly Value[] {
  return [uid, projectUid, location, name, createdAt];
}

/** The columns that an update sets, and an insert has in the same order. */
function changing(secret: Secret): Value[] {
  return [
    labelsColumn.encode(secret.labels),
    labelsColumn.encode(secret.annotations),
    replicationColumn.encode(secret.replication),
    secretSettingsColumn.encode(settingsOf(secret)),
    secret.etag,
    policyColumn.encode(secret.policy),
    secret.lastVersion,
    secret.currentVersion,
    secret.previousVersion,
    secret.expiresAt ?? null,
    secret.rotation?.nextAt ?? null,
    secret.purgeAt ?? null,
    ...awsOf(secret),
  ];
}

/** What AWS's API keeps, and by what it finds the secret from a region. */
function awsOf({ aws }: Secret): readonly Value[] {
  if (aws === undefined) return [null, null, null];
  const replicas = liveReplicas({ aws });
  return [awsSettingsColumn.encode(aws), aws.home ?? null, replicas.length === 0 ? null : `,${replicas.join(',')},`];
}

function settingsOf(secret: Secret): SecretSettings {
  const {
    tags,
    versionAliases,
    topics,
    versionDestroyTtlSeconds,
    rotation,
    deletedAt,
    kv,
    awsPolicy,
    candidateVersion,
  } = secret;
  return {
    tags,
    versionAliases,
    topics,
    ...(versionDestroyTtlSeconds === undefined ? {} : { versionDestroyTtlSeconds }),
    ...(kv === undefined ? {} : { kv }),
    ...(awsPolicy === undefined ? {} : { awsPolicy }),
    ...(rotation?.periodSeconds === undefined ? {} : { rotationPeriodSeconds: rotation.periodSeconds }),
    ...(deletedAt === undefined ? {} : { deletedAt }),
    ...(candidateVersion === undefined ? {} : { candidateVersion }),
  };
}

export function insertVersion(version: Version, sealed: SealedPayload | undefined): Write {
  return one(VERSION_INSERT, [
    version.secretUid,
    version.number,
    version.uid,
    version.secretUid,
    version.number,
    version.state,
    version.createdAt,
    version.destroyedAt ?? null,
    version.etag,
    version.crc32c,
    version.clientChecksum ? 1 : 0,
    version.scheduledDestroyAt ?? null,
    version.fingerprint ?? null,
    attributesOf(version),
    version.deletedAt ?? null,
    sealed?.wrappedKey ?? null,
    sealed?.ciphertext ?? null,
  ]);
}

function attributesOf({ attributes }: Version): Value {
  return attributes === undefined ? null : versionAttributesColumn.encode(attributes);
}

export function updateVersion(version: Version): Write {
  const destroyed = version.state === 'DESTROYED';
  return one(destroyed ? VERSION_DESTROY : VERSION_UPDATE, [
    version.state,
    version.destroyedAt ?? null,
    version.etag,
    ...(destroyed ? [] : [version.scheduledDestroyAt ?? null]),
    attributesOf(version),
    version.deletedAt ?? null,
    version.secretUid,
    version.number,
    version.uid,
    version.secretUid,
    version.createdAt,
  ]);
}
