// Rows to domain values. The order of columns is that of `sql/`. A cell that is not what its column holds is damage: an
// INTERNAL fault that names table and row, never a default.

import type { AuditAnchor, AuditMark } from '../core/audit-port.ts';
import type { AuditRecord } from '../core/audit-record.ts';
import type { Policy } from '../core/iam/policy.ts';
import type { Location, ProjectId, SecretName } from '../core/name.ts';
import type { CurrentInList, PayloadRow, SecretInList, SecretOfProject, VersionOfSecret } from '../core/ports.ts';
import type { Project, Rotation, Secret, Version, VersionState } from '../core/secret.ts';
import { bytes, damaged, flag, integer, json, text, type Writable } from './cells.ts';
import {
  awsSettingsColumn,
  isObject,
  isText,
  labelsColumn,
  policyColumn,
  projectSettingsColumn,
  replicationColumn,
  type SecretSettings,
  secretSettingsColumn,
  versionAttributesColumn,
} from './columns.ts';
import type { JsonColumn } from './json.ts';
import { PROJECT_COLUMNS } from './sql/projects.ts';
import { columnCount } from './sql/reference.ts';
import { SECRET_COLUMNS, USUAL_CELLS } from './sql/secrets.ts';
import type { Row, Rows } from './statement.ts';

/** Where the columns of a secret begin, and end, in a row that a project's come first in. */
const SECRET_AT = columnCount(PROJECT_COLUMNS);
const VERSION_AT: number = SECRET_AT + columnCount(SECRET_COLUMNS);
/** The cursor of a list comes after the secret's own columns. */
const CURSOR_AT = columnCount(SECRET_COLUMNS);

export function serverPolicyOf(rows: Rows): Policy {
  if (rows[0] === undefined) throw damaged('server', ['1'], 'is not there');
  return json(policyColumn, 'server', rows[0], 0);
}

export function projectOf(row: Row): Project {
  const project: Writable<Project> = {
    uid: text('projects', row, 0),
    id: text('projects', row, 1) as ProjectId,
    number: text('projects', row, 2),
    displayName: text('projects', row, 3),
    createdAt: integer('projects', row, 4),
    updatedAt: integer('projects', row, 5),
    labels: json(labelsColumn, 'projects', row, 6),
    etag: text('projects', row, 7),
    policy: json(policyColumn, 'projects', row, 8),
    wrappedKey: bytes('projects', row, 9),
    settings: json(projectSettingsColumn, 'projects', row, 10),
  };
  if (row[11] !== null) project.awsAccount = text('projects', row, 11);
  return project;
}

export function secretOf(row: Row): Secret {
  const settings = usualOr(secretSettingsColumn, row, 8);
  const secret: Writable<Secret> = {
    uid: text('secrets', row, 0),
    projectUid: text('secrets', row, 1),
    location: text('secrets', row, 2) as Location,
    name: text('secrets', row, 3) as SecretName,
    createdAt: integer('secrets', row, 4),
    labels: usualOr(labelsColumn, row, 5),
    annotations: usualOr(labelsColumn, row, 6),
    tags: settings.tags,
    replication: usualOr(replicationColumn, row, 7),
    versionAliases: settings.versionAliases,
    topics: settings.topics,
    etag: text('secrets', row, 9),
    policy: usualOr(policyColumn, row, 10),
    lastVersion: integer('secrets', row, 11),
    currentVersion: integer('secrets', row, 12),
    previousVersion: integer('secrets', row, 13),
  };
  const { versionDestroyTtlSeconds, kv, awsPolicy, candidateVersion } = settings;
  if (candidateVersion !== undefined) secret.candidateVersion = candidateVersion;
  if (kv !== undefined) secret.kv = kv;
  if (awsPolicy !== undefined) secret.awsPolicy = awsPolicy;
  if (versionDestroyTtlSeconds !== undefined) secret.versionDestroyTtlSeconds = versionDestroyTtlSeconds;
  if (row[14] !== null) secret.expiresAt = integer('secrets', row, 14);
  const rotation = rotationOf(row, settings);
  if (rotation !== undefined) secret.rotation = rotation;
  if (row[16] !== null) secret.purgeAt = integer('secrets', row, 16);
  if (settings.deletedAt !== undefined) secret.deletedAt = settings.deletedAt;
  if (row[17] !== null) secret.aws = json(awsSettingsColumn, 'secrets', row, 17);
  return secret;
}

/** Of a secret; NULL is what `secretCells` reads in place of what is usual. */
function usualOr<T extends object>(kind: JsonColumn<T>, row: Row, column: number): T {
  const usual = row[column] === null ? USUAL_CELLS[column] : undefined;
  return (usual === undefined ? undefined : kind.decode(usual)) ?? json(kind, 'secrets', row, column);
}

function rotationOf(row: Row, { rotationPeriodSeconds }: SecretSettings): Rotation | undefined {
  if (row[15] === null) {
    return rotationPeriodSeconds === undefined ? undefined : { periodSeconds: rotationPeriodSeconds };
  }
  const nextAt = integer('secrets', row, 15);
  return rotationPeriodSeconds === undefined ? { nextAt } : { nextAt, periodSeconds: rotationPeriodSeconds };
}

export function secretInListOf(row: Row): SecretInList {
  return { secret: secretOf(row), cursor: integer('secrets', row, CURSOR_AT) };
}

/** A secret, its cursor, and then its version. */
export function currentInListOf(row: Row): CurrentInList {
  return { ...secretInListOf(row), version: versionOf(row.slice(CURSOR_AT + 1)) };
}

export function secretOfProjectOf(row: Row): SecretOfProject {
  return { project: projectOf(row.slice(0, SECRET_AT)), secret: secretOf(row.slice(SECRET_AT, VERSION_AT)) };
}

export function versionOfSecretOf(row: Row): VersionOfSecret {
  return { ...secretOfProjectOf(row), version: versionOf(row.slice(VERSION_AT)) };
}

const STATES: ReadonlySet<unknown> = new Set<VersionState>(['ENABLED', 'DISABLED', 'DESTROYED']);

export function versionOf(row: Row): Version {
  const version: Writable<Version> = {
    uid: text('versions', row, 0),
    secretUid: text('versions', row, 1),
    number: integer('versions', row, 2),
    state: versionStateOf('versions', row, 3),
    createdAt: integer('versions', row, 4),
    etag: text('versions', row, 6),
    crc32c: integer('versions', row, 7),
    clientChecksum: flag('versions', row, 8),
  };
  if (row[5] !== null) version.destroyedAt = integer('versions', row, 5);
  if (row[9] !== null) version.scheduledDestroyAt = integer('versions', row, 9);
  if (row[10] !== null) version.fingerprint = text('versions', row, 10);
  if (row[11] !== null) version.attributes = json(versionAttributesColumn, 'versions', row, 11);
  if (row[12] !== null) version.deletedAt = integer('versions', row, 12);
  return version;
}

/** A secret, and then its version with the payload, or nothing. */
export function secretAndPayloadOf(row: Row): { readonly secret: Secret; readonly payload: PayloadRow | undefined } {
  return {
    secret: secretOf(row),
    payload: row[CURSOR_AT] === null ? undefined : payloadOf(row.slice(CURSOR_AT)),
  };
}

export function versionStateOf(table: string, row: Row, column: number): VersionState {
  const state = text(table, row, column);
  if (!STATES.has(state)) throw damaged(table, row, 'is in a state that does not exist');
  return state as VersionState;
}

export function payloadOf(row: Row): PayloadRow {
  const version = versionOf(row);
  const ordinal = integer('versions', row, 15);
  if (version.state === 'DESTROYED') return { version, ordinal };
  return {
    version,
    ordinal,
    sealed: { wrappedKey: bytes('versions', row, 13), ciphertext: bytes('versions', row, 14) },
  };
}

const RECORD_TEXTS = ['id', 'operation', 'outcome', 'principal', 'resource', 'dialect', 'peer', 'requestId'] as const;

/** The records that lie in a row: one alone, or a list. The row is known by the first. */
export function auditRecordsOf(row: Row): readonly AuditRecord[] {
  let held: unknown;
  try {
    held = JSON.parse(text('audit_pending', row, 1));
  } catch (error) {
    throw damaged('audit_pending', row, 'is not JSON', error);
  }
  const records = Array.isArray(held) ? held : [held];
  const whole = records.length > 0 && records.every(isAuditRecord) && records[0]?.id === row[0];
  if (!whole) throw damaged('audit_pending', row, 'is not an audit record');
  return records;
}

/** Of a row that holds one alone. */
export function auditRecordOf(row: Row): AuditRecord {
  const [record, ...others] = auditRecordsOf(row);
  if (record === undefined || others.length > 0) throw damaged('audit_pending', row, 'is not one audit record');
  return record;
}

function isAuditRecord(value: unknown): value is AuditRecord {
  return isObject(value) && Number.isSafeInteger(value['time']) && RECORD_TEXTS.every((name) => isText(value[name]));
}

export function auditMarkOf(row: Row): AuditMark {
  const streams = text('audit_marks', row, 5);
  return {
    stream: text('audit_marks', row, 0),
    segment: text('audit_marks', row, 1),
    sequence: integer('audit_marks', row, 2),
    lengthBytes: integer('audit_marks', row, 3),
    head: text('audit_marks', row, 4),
    streams: streams === '' ? [] : streams.split(','),
    mac: text('audit_marks', row, 6),
  };
}

export function auditAnchorOf(row: Row): AuditAnchor {
  return {
    stream: text('audit_anchors', row, 0),
    segment: text('audit_anchors', row, 1),
    sequence: integer('audit_anchors', row, 2),
    head: text('audit_anchors', row, 3),
    mac: text('audit_anchors', row, 4),
  };
}
