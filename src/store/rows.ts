// Rows to domain values. The order of columns is that of `sql/`. A cell that is not what its column holds is damage: an
// INTERNAL fault that names table and row, never a default.

import type { AuditRecord } from '../core/audit-record.ts';
import { Fault } from '../core/error.ts';
import type { Policy } from '../core/iam/policy.ts';
import type { AccountEmail, ProjectId, SecretName } from '../core/name.ts';
import type { AuditMark, PayloadRow, SecretInList } from '../core/ports.ts';
import type { Account, Project, Secret, Token, Version, VersionState } from '../core/secret.ts';
import { isObject, isText, type JsonColumn, labelsColumn, policyColumn, replicationColumn } from './json.ts';
import type { Row, Rows } from './statement.ts';

export function serverPolicyOf(rows: Rows): Policy {
  if (rows[0] === undefined) throw damaged('server', ['1'], 'is not there');
  return json(policyColumn, 'server', rows[0], 0);
}

export function projectOf(row: Row): Project {
  return {
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
  };
}

export function secretOf(row: Row): Secret {
  return {
    uid: text('secrets', row, 0),
    projectUid: text('secrets', row, 1),
    name: text('secrets', row, 2) as SecretName,
    createdAt: integer('secrets', row, 3),
    labels: json(labelsColumn, 'secrets', row, 4),
    annotations: json(labelsColumn, 'secrets', row, 5),
    replication: json(replicationColumn, 'secrets', row, 6),
    etag: text('secrets', row, 7),
    policy: json(policyColumn, 'secrets', row, 8),
    lastVersion: integer('secrets', row, 9),
    currentVersion: integer('secrets', row, 10),
  };
}

export function secretInListOf(row: Row): SecretInList {
  return { secret: secretOf(row), cursor: integer('secrets', row, 11) };
}

const STATES: ReadonlySet<unknown> = new Set<VersionState>(['ENABLED', 'DISABLED', 'DESTROYED']);

export function versionOf(row: Row): Version {
  const state = text('versions', row, 3);
  if (!STATES.has(state)) throw damaged('versions', row, 'is in a state that does not exist');
  const version: Version = {
    uid: text('versions', row, 0),
    secretUid: text('versions', row, 1),
    number: integer('versions', row, 2),
    state: state as VersionState,
    createdAt: integer('versions', row, 4),
    etag: text('versions', row, 6),
    crc32c: integer('versions', row, 7),
    clientChecksum: flag('versions', row, 8),
  };
  return row[5] === null ? version : { ...version, destroyedAt: integer('versions', row, 5) };
}

export function payloadOf(row: Row): PayloadRow {
  const version = versionOf(row);
  if (version.state === 'DESTROYED') return { version };
  return { version, sealed: { wrappedKey: bytes('versions', row, 9), ciphertext: bytes('versions', row, 10) } };
}

export function accountOf(row: Row): Account {
  return {
    uid: text('accounts', row, 0),
    projectUid: text('accounts', row, 1),
    email: text('accounts', row, 2) as AccountEmail,
    uniqueId: text('accounts', row, 3),
    displayName: text('accounts', row, 4),
    description: text('accounts', row, 5),
    createdAt: integer('accounts', row, 6),
    etag: text('accounts', row, 7),
  };
}

export function tokenOf(row: Row): Token {
  const kind = text('tokens', row, 2);
  if (kind !== 'owner' && kind !== 'access') throw damaged('tokens', row, 'is of a kind that does not exist');
  const token: Token = {
    hash: text('tokens', row, 0),
    member: text('tokens', row, 1),
    kind,
    createdAt: integer('tokens', row, 3),
  };
  return row[4] === null ? token : { ...token, expiresAt: integer('tokens', row, 4) };
}

const RECORD_TEXTS = ['id', 'operation', 'outcome', 'principal', 'resource', 'dialect', 'peer', 'requestId'] as const;

export function auditRecordOf(row: Row): AuditRecord {
  let record: unknown;
  try {
    record = JSON.parse(text('audit_pending', row, 1));
  } catch (error) {
    throw damaged('audit_pending', row, 'is not JSON', error);
  }
  const whole =
    isObject(record) &&
    record['id'] === row[0] &&
    Number.isSafeInteger(record['time']) &&
    RECORD_TEXTS.every((name) => isText(record[name]));
  if (!whole) throw damaged('audit_pending', row, 'is not an audit record');
  return record as unknown as AuditRecord;
}

export function auditMarkOf(row: Row): AuditMark {
  return {
    segment: text('audit_mark', row, 0),
    sequence: integer('audit_mark', row, 1),
    lengthBytes: integer('audit_mark', row, 2),
    head: text('audit_mark', row, 3),
    mac: text('audit_mark', row, 4),
  };
}

export function totalOf(rows: Rows): number {
  const total = rows[0]?.[0];
  if (typeof total !== 'number') throw new TypeError('a count answers one number');
  return total;
}

function text(table: string, row: Row, column: number): string {
  const cell = row[column];
  if (typeof cell !== 'string') throw damaged(table, row, `holds no text in column ${column}`);
  return cell;
}

function integer(table: string, row: Row, column: number): number {
  const cell = row[column];
  if (!Number.isSafeInteger(cell)) throw damaged(table, row, `holds no whole number in column ${column}`);
  return cell as number;
}

function flag(table: string, row: Row, column: number): boolean {
  const cell = row[column];
  if (cell !== 0 && cell !== 1) throw damaged(table, row, `holds neither 0 nor 1 in column ${column}`);
  return cell === 1;
}

function bytes(table: string, row: Row, column: number): Uint8Array {
  const cell = row[column];
  if (!(cell instanceof Uint8Array)) throw damaged(table, row, `holds no bytes in column ${column}`);
  return cell;
}

function json<T extends object>(kind: JsonColumn<T>, table: string, row: Row, column: number): T {
  const value = kind.decode(text(table, row, column));
  if (value === undefined) throw damaged(table, row, `holds JSON of another shape in column ${column}`);
  return value;
}

/** The first column names the row; a hash of a token is shown by its beginning only. */
function damaged(table: string, row: Row, problem: string, cause?: unknown): Fault {
  const uid = table === 'tokens' ? String(row[0]).slice(0, 12) : String(row[0]);
  return new Fault('INTERNAL', { table, uid, problem: `row ${uid} of ${table} ${problem}` }, { cause });
}
