// Versions: immutable payloads under numbers that are never used again, and the one operation that lets a payload out.

import { crc32c } from '../core/crc32c.ts';
import { Fault } from '../core/error.ts';
import { PAYLOAD_BYTES_MAX, VERSIONS_MAX } from '../core/limits.ts';
import type { PayloadPlace } from '../core/ports.ts';
import type { Redacted } from '../core/redacted.ts';
import type { SealedPayload, Secret, Version, VersionState } from '../core/secret.ts';
import { moveVersion } from '../core/version-state.ts';
import { type Input, type Operation, operation, secretFacts } from './operation.ts';
import { type PageRequest, pageCursor, pageLimit, pageOf } from './paging.ts';
import { checkEtag, type SecretRef, type SecretResult, secretTarget } from './secrets.ts';

/** A version by number, or the current one. */
export type Selector = number | 'latest';

export interface VersionRef extends SecretRef {
  readonly selector: Selector;
}

export interface VersionResult extends SecretResult {
  readonly version: Version;
}

export interface AccessedVersion extends VersionResult {
  readonly payload: Redacted<Uint8Array>;
}

export interface AddVersion extends SecretRef {
  readonly payload: Redacted<Uint8Array>;
  /** The writer's own CRC-32C, checked before anything is stored. */
  readonly crc32c?: number;
}

export interface ListVersions extends SecretRef, PageRequest {}

export interface ListedVersions extends SecretResult {
  readonly versions: readonly Version[];
  readonly total: number;
  readonly nextPageToken: string;
}

export interface MoveVersion extends SecretRef {
  readonly number: number;
  readonly etag?: string;
}

const rowNumber = (selector: Selector) => (selector === 'latest' ? 0 : selector);

const versionTarget = (command: VersionRef) => secretTarget(command, `/versions/${command.selector}`);

function placeOf(projectUid: string, version: Version): PayloadPlace {
  return { projectUid, secretUid: version.secretUid, versionUid: version.uid };
}

/** The row, or VERSION_NOT_FOUND after the faults of the secret and project above it. */
function found<T>(input: Input<SecretRef, Record<never, never>, unknown>, row: T | undefined, asked: Selector): T {
  input.secret(input.command);
  if (row !== undefined) return row;
  const project = input.project(input.command.project);
  throw new Fault('VERSION_NOT_FOUND', { ...secretFacts(project, input.command.key), version: asked });
}

function checkPayload(payload: Uint8Array, sent: number | undefined): number {
  if (payload.length === 0) throw new Fault('PAYLOAD_EMPTY');
  if (payload.length > PAYLOAD_BYTES_MAX) {
    throw new Fault('PAYLOAD_TOO_LARGE', { bytes: payload.length, limitBytes: PAYLOAD_BYTES_MAX });
  }
  const sum = crc32c(payload);
  if (sent !== undefined && sent !== sum) throw new Fault('PAYLOAD_CHECKSUM');
  return sum;
}

interface Sealed {
  readonly uid: string;
  readonly secretUid: string;
  readonly crc32c: number;
  readonly sealed: SealedPayload;
}

export const addVersion: Operation<AddVersion, VersionResult> = operation({
  name: 'versions.add',
  help: 'add a version to a secret and make it the current one',
  kind: 'write',
  permission: 'secretmanager.versions.add',
  target: (command) => secretTarget(command),
  prepare: (input, keyring): Sealed => {
    const project = input.project(input.command.project);
    const secret = input.secret(input.command);
    const { payload } = input.command;
    const sum = checkPayload(payload.reveal(), input.command.crc32c);
    const uid = input.entropy.uid();
    const place = { projectUid: project.uid, secretUid: secret.uid, versionUid: uid };
    return { uid, secretUid: secret.uid, crc32c: sum, sealed: keyring.seal(project.wrappedKey, place, payload) };
  },
  decide: (input) => {
    const project = input.project(input.command.project);
    const before = input.secret(input.command);
    if (before.lastVersion >= VERSIONS_MAX) {
      throw new Fault('LIMIT_REACHED', { what: 'versions of one secret', limit: VERSIONS_MAX });
    }
    const number = before.lastVersion + 1;
    const secret: Secret = { ...before, lastVersion: number, currentVersion: number };
    const version: Version = {
      uid: input.prepared.uid,
      secretUid: input.prepared.secretUid,
      number,
      state: 'ENABLED',
      createdAt: input.now,
      etag: input.entropy.etag(),
      crc32c: input.prepared.crc32c,
      clientChecksum: input.command.crc32c !== undefined,
    };
    return {
      result: { project, secret, version },
      changes: [
        { change: 'version.insert', version, sealed: input.prepared.sealed },
        { change: 'secret.update', secret },
      ],
      version: number,
    };
  },
});

export const getVersion: Operation<VersionRef, VersionResult> = operation({
  name: 'versions.get',
  help: 'show what a version is, without its value',
  kind: 'read',
  permission: 'secretmanager.versions.get',
  target: versionTarget,
  needs: ({ project, key, selector }) =>
    ({ version: { need: 'version', project, key, number: rowNumber(selector) } }) as const,
  decide: (input) => {
    const version = found(input, input.rows.version, input.command.selector);
    const project = input.project(input.command.project);
    return { result: { project, secret: input.secret(input.command), version }, version: version.number };
  },
});

const listScope = (command: ListVersions) => `versions.list projects/${command.project}/secrets/${command.key}`;

export const listVersions: Operation<ListVersions, ListedVersions> = operation({
  name: 'versions.list',
  help: 'list the versions of a secret, newest first',
  kind: 'read',
  permission: 'secretmanager.versions.list',
  target: (command) => secretTarget(command),
  needs: (command, keyring) =>
    ({
      found: {
        need: 'versions',
        project: command.project,
        key: command.key,
        before: Number(pageCursor(keyring, listScope(command), command, '0')),
        limit: pageLimit(command) + 1,
      },
    }) as const,
  decide: (input) => ({
    result: {
      secret: input.secret(input.command),
      project: input.project(input.command.project),
      found: input.rows.found,
    },
  }),
  finish: ({ project, secret, found: listed }, command, { keyring }) => {
    const page = pageOf(keyring, listScope(command), command, listed.rows, (row) => String(row.number));
    return { project, secret, versions: page.rows, total: listed.total, nextPageToken: page.nextPageToken };
  },
});

export const accessVersion: Operation<VersionRef, AccessedVersion> = operation({
  name: 'versions.access',
  help: 'read the value of a version',
  kind: 'read',
  permission: 'secretmanager.versions.access',
  target: versionTarget,
  needs: ({ project, key, selector }) =>
    ({ row: { need: 'payload', project, key, number: rowNumber(selector) } }) as const,
  decide: (input) => {
    const { version, sealed } = found(input, input.rows.row, input.command.selector);
    const project = input.project(input.command.project);
    const secret = input.secret(input.command);
    if (version.state !== 'ENABLED' || sealed === undefined) {
      const facts = { ...secretFacts(project, secret.name), version: version.number, state: version.state };
      throw new Fault('VERSION_NOT_ENABLED', facts);
    }
    return { result: { project, secret, version, sealed }, version: version.number };
  },
  finish: ({ project, secret, version, sealed }, _command, { keyring, grant }) => {
    const corrupt = (cause?: unknown) =>
      new Fault('PAYLOAD_CORRUPT', { ...secretFacts(project, secret.name), version: version.number }, { cause });
    if (grant === undefined) throw new TypeError('versions.access without a grant');
    let payload: Redacted<Uint8Array>;
    try {
      payload = keyring.open(grant, project.wrappedKey, placeOf(project.uid, version), sealed);
    } catch (error) {
      throw error instanceof Fault && error.code === 'PAYLOAD_CORRUPT' ? corrupt(error) : error;
    }
    return { project, secret, version, payload };
  },
});

function moveTo(
  name: string,
  help: string,
  permission: 'secretmanager.versions.enable' | 'secretmanager.versions.disable' | 'secretmanager.versions.destroy',
  state: VersionState,
): Operation<MoveVersion, VersionResult> {
  return operation({
    name,
    help,
    kind: 'write',
    permission,
    target: (command) => secretTarget(command, `/versions/${command.number}`),
    needs: ({ project, key, number }) => ({ version: { need: 'version', project, key, number } }) as const,
    decide: (input) => {
      const before = found(input, input.rows.version, input.command.number);
      checkEtag(input.command.etag, before.etag);
      const secret = input.secret(input.command);
      const version = moveVersion(secret, before, state, input.now, input.entropy.etag());
      return {
        result: { project: input.project(input.command.project), secret, version },
        changes: [{ change: 'version.update', version }],
        version: version.number,
      };
    },
  });
}

export const enableVersion: Operation<MoveVersion, VersionResult> = moveTo(
  'versions.enable',
  'let a version be read again',
  'secretmanager.versions.enable',
  'ENABLED',
);

export const disableVersion: Operation<MoveVersion, VersionResult> = moveTo(
  'versions.disable',
  'keep a version from being read; it can be enabled again',
  'secretmanager.versions.disable',
  'DISABLED',
);

export const destroyVersion: Operation<MoveVersion, VersionResult> = moveTo(
  'versions.destroy',
  'destroy the value of a version for good',
  'secretmanager.versions.destroy',
  'DESTROYED',
);
