// Each change as the statements that make it. Plain data, shared by every engine. A statement that must touch exactly
// one row says so: an update or a deletion of nothing is a bug of its caller and rolls everything back.

import { secretKey } from '../core/name.ts';
import type { Change } from '../core/ports.ts';
import { accountPrincipal } from '../core/principal.ts';
import type { Account, Project, SealedPayload, Secret, Token, Version } from '../core/secret.ts';
import { labelsColumn, policyColumn, replicationColumn } from './json.ts';
import { ACCOUNT_DELETE, ACCOUNT_INSERT, ACCOUNT_UPDATE } from './sql/accounts.ts';
import { PROJECT_INSERT, PROJECT_UPDATE } from './sql/projects.ts';
import { SECRET_DELETE, SECRET_INSERT, SECRET_UPDATE } from './sql/secrets.ts';
import { SERVER_UPDATE } from './sql/server.ts';
import { TOKEN_DELETE, TOKEN_INSERT, TOKENS_DELETE_OF_MEMBER } from './sql/tokens.ts';
import { VERSION_DESTROY, VERSION_INSERT, VERSION_UPDATE } from './sql/versions.ts';
import type { Statement, Value } from './statement.ts';

export interface Write extends Statement {
  readonly touches: 'one row' | 'any rows';
}

/** The statements of a change, in their order. */
export function writesOf(change: Change): readonly Write[] {
  switch (change.change) {
    case 'server.policy':
      return [one(SERVER_UPDATE, [policyColumn.encode(change.policy)])];
    case 'project.insert':
      return [insertProject(change.project)];
    case 'project.update':
      return [updateProject(change.project)];
    case 'secret.insert':
      return [insertSecret(change.secret)];
    case 'secret.update':
      return [updateSecret(change.secret)];
    case 'secret.delete':
      return [one(SECRET_DELETE, [change.uid])];
    case 'version.insert':
      return [insertVersion(change.version, change.sealed)];
    case 'version.update':
      return [updateVersion(change.version)];
    case 'account.insert':
      return [insertAccount(change.account)];
    case 'account.update':
      return [updateAccount(change.account)];
    case 'account.delete':
      return [
        one(ACCOUNT_DELETE, [change.email]),
        any(TOKENS_DELETE_OF_MEMBER, [accountPrincipal(change.email).member]),
      ];
    case 'token.insert':
      return [insertToken(change.token)];
    case 'token.delete':
      // A sweep may have been first.
      return [any(TOKEN_DELETE, [change.hash])];
    case 'token.deleteAll':
      return [any(TOKENS_DELETE_OF_MEMBER, [change.member])];
  }
}

/** True where a change leaves sealed bytes behind in the log of the engine, which has to forget them too. */
export function erases(change: Change): boolean {
  return (
    change.change === 'secret.delete' || (change.change === 'version.update' && change.version.state === 'DESTROYED')
  );
}

function one(sql: string, values: readonly Value[]): Write {
  return { sql, values, touches: 'one row' };
}

function any(sql: string, values: readonly Value[]): Write {
  return { sql, values, touches: 'any rows' };
}

function insertProject(project: Project): Write {
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
  ]);
}

function updateProject(project: Project): Write {
  return one(PROJECT_UPDATE, [
    project.displayName,
    project.updatedAt,
    labelsColumn.encode(project.labels),
    project.etag,
    policyColumn.encode(project.policy),
    project.wrappedKey,
    project.uid,
    project.id,
    project.number,
    project.createdAt,
  ]);
}

function insertSecret(secret: Secret): Write {
  return one(SECRET_INSERT, [
    secret.uid,
    secret.projectUid,
    secret.name,
    secret.createdAt,
    labelsColumn.encode(secret.labels),
    labelsColumn.encode(secret.annotations),
    replicationColumn.encode(secret.replication),
    secret.etag,
    policyColumn.encode(secret.policy),
    secret.lastVersion,
    secret.currentVersion,
    '',
    secretKey(secret.name),
  ]);
}

function updateSecret(secret: Secret): Write {
  return one(SECRET_UPDATE, [
    labelsColumn.encode(secret.labels),
    labelsColumn.encode(secret.annotations),
    replicationColumn.encode(secret.replication),
    secret.etag,
    policyColumn.encode(secret.policy),
    secret.lastVersion,
    secret.currentVersion,
    secret.uid,
    secret.projectUid,
    secret.name,
    secret.createdAt,
  ]);
}

function insertVersion(version: Version, sealed: SealedPayload): Write {
  return one(VERSION_INSERT, [
    version.uid,
    version.secretUid,
    version.number,
    version.state,
    version.createdAt,
    version.destroyedAt ?? null,
    version.etag,
    version.crc32c,
    version.clientChecksum ? 1 : 0,
    sealed.wrappedKey,
    sealed.ciphertext,
  ]);
}

function updateVersion(version: Version): Write {
  return one(version.state === 'DESTROYED' ? VERSION_DESTROY : VERSION_UPDATE, [
    version.state,
    version.destroyedAt ?? null,
    version.etag,
    version.uid,
    version.secretUid,
    version.number,
    version.createdAt,
  ]);
}

function insertAccount(account: Account): Write {
  return one(ACCOUNT_INSERT, [
    account.uid,
    account.projectUid,
    account.email,
    account.uniqueId,
    account.displayName,
    account.description,
    account.createdAt,
    account.etag,
  ]);
}

function updateAccount(account: Account): Write {
  return one(ACCOUNT_UPDATE, [
    account.displayName,
    account.description,
    account.etag,
    account.uid,
    account.projectUid,
    account.email,
    account.uniqueId,
    account.createdAt,
  ]);
}

function insertToken(token: Token): Write {
  return one(TOKEN_INSERT, [token.hash, token.member, token.kind, token.createdAt, token.expiresAt ?? null]);
}
