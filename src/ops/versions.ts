// Versions: immutable payloads under numbers that are never used again, and the one operation that lets a payload out.

import { isUnderDefaultKey } from '../core/aws/secret.ts';
import { isPastShowing, stagesOfVersion } from '../core/aws/stages.ts';
import type { SightingOfVersion } from '../core/census.ts';
import { Fault } from '../core/error.ts';
import { versionEvent } from '../core/events.ts';
import { parseFilter } from '../core/filter.ts';
import { VERSION_FIELDS, versionRow } from '../core/filter-fields.ts';
import { PAYLOAD_BYTES_MAX, VERSIONS_MAX } from '../core/limits.ts';
import { locationPart } from '../core/name.ts';
import type { PayloadPlace } from '../core/ports.ts';
import type { Redacted } from '../core/redacted.ts';
import type { Project, Secret, Uid, Version } from '../core/secret.ts';
import { effectiveKv, type KvSettings } from '../core/vault/mounts.ts';
import { destroyVersionLater, moveVersion } from '../core/version-state.ts';
import { wrappedBy, wrappingFor } from './customer-keys.ts';
import type { FieldValues } from './fields.ts';
import { nativeFields, nativeSecret, nativeVersion } from './native-ref.ts';
import { sealNew, withVersion } from './new-version.ts';
import { type Input, type Operation, operation, type Scope, secretFacts, type Target } from './operation.ts';
import { type FilteredRequest, filteredPage, filteredScope, isFiltered, pageCursor, rowLimit } from './paging.ts';
import { censusNeed, type Guarded, guardFields, guardOf, guardReaders } from './reader-guard.ts';
import { checkEtag, eventOf, placeOf, type SecretRef, type SecretResult, secretTarget } from './secrets.ts';
import { Stale } from './writer.ts';

/**
 * A version by number, the current one, the one that the caller gave this name, or the one with this uid; or as AWS's API
 * names it, by a staging label or its id: where both are given they must mean the same.
 */
export type Selector =
  | number
  | 'latest'
  | { readonly alias: string }
  | { readonly uid: Uid }
  | { readonly stage: string }
  | { readonly versionId: string; readonly stage?: string };

export interface VersionRef extends SecretRef {
  readonly selector: Selector;
  /** Reads no secret that is under the project's default key. */
  readonly ownKeyOnly?: true;
}

export interface VersionResult extends SecretResult {
  readonly version: Version;
}

export interface AccessedVersion extends VersionResult {
  readonly payload: Redacted<Uint8Array>;
  /** Where the version lies in the store. */
  readonly ordinal: number;
}

export interface AddVersion extends SecretRef {
  readonly payload: Redacted<Uint8Array>;
  /** The writer's own CRC-32C, checked before anything is stored. */
  readonly crc32c?: number;
  /** It can be read by its number, and does not become the current one. */
  readonly candidate?: true;
  /** The number that must be current; 0: none may be. */
  readonly checkAndSet?: number;
  /** It is written by Vault's API: what its mount says. */
  readonly kv?: KvSettings;
}

export interface ListVersions extends SecretRef, FilteredRequest {}

export interface ListedVersions extends SecretResult {
  readonly versions: readonly Version[];
  /** 0 where the list is filtered. */
  readonly total: number;
  readonly nextPageToken: string;
}

export interface MoveVersion extends SecretRef, Guarded {
  readonly number: number;
  readonly etag?: string;
}

/** A number that no version ever has. */
const NO_NUMBER = VERSIONS_MAX + 1;

/** What a need asks for. To a store 0 means the current version, which a caller says by `latest` alone. */
export function rowOf(selector: Selector): {
  readonly number: number;
  readonly alias?: string;
  readonly uid?: Uid;
  readonly stage?: string;
  readonly versionId?: string;
} {
  if (selector === 'latest') return { number: 0 };
  if (typeof selector === 'object') {
    return 'versionId' in selector ? { number: 0, versionId: selector.versionId } : { number: 0, ...selector };
  }
  return { number: Number.isSafeInteger(selector) && selector > 0 ? selector : NO_NUMBER };
}

function spelled(selector: Selector): string {
  if (typeof selector !== 'object') return String(selector);
  if ('alias' in selector) return selector.alias;
  if ('uid' in selector) return selector.uid;
  // AWS's may hold anything: as a part of a resource's name nothing that has a meaning there.
  return ('versionId' in selector ? selector.versionId : selector.stage).replaceAll(/[^\w.+=@-]/g, '%');
}

export function versionTarget(command: VersionRef): Target {
  return secretTarget(command, spelled(command.selector));
}

export function payloadPlace(projectUid: string, version: Version): PayloadPlace {
  return { projectUid, secretUid: version.secretUid, versionUid: version.uid };
}

/** The row, or VERSION_NOT_FOUND or ALIAS_NOT_FOUND after the faults of the secret and project above it. */
export function found<T>(
  input: Input<SecretRef, Record<never, never>, unknown>,
  row: T | undefined,
  asked: Selector,
): T {
  input.secret(input.command);
  if (row !== undefined) return row;
  const { key, location } = input.command;
  const facts = secretFacts(input.project(input.command.project), key, location);
  if (typeof asked === 'object' && 'alias' in asked)
    throw new Fault('ALIAS_NOT_FOUND', { ...facts, alias: asked.alias });
  throw new Fault('VERSION_NOT_FOUND', { ...facts, version: typeof asked === 'number' ? asked : spelled(asked) });
}

/** Throws where AWS's API does not show the version, or it does not carry the label that the request names too. */
function checkNamed(input: Input<VersionRef, Record<never, never>, unknown>, version: Version): void {
  const { selector, key, location } = input.command;
  if (typeof selector !== 'object' || !('versionId' in selector)) return;
  const secret = input.secret(input.command);
  const { versionId, stage } = selector;
  if (isPastShowing(secret, version, input.now)) {
    const facts = secretFacts(input.project(input.command.project), key, location);
    throw new Fault('VERSION_NOT_FOUND', { ...facts, version: versionId });
  }
  if (stage !== undefined && !stagesOfVersion(secret, version.number).includes(stage)) {
    throw new Fault('STAGE_NOT_OF_VERSION', { stage, version: versionId });
  }
}

/** The version with what it belongs to, as it was found in this thread: neither has changed in what names it. */
function inScope(version: Version, { project, secret }: Scope): VersionResult {
  if (project === undefined || secret === undefined) throw new TypeError('a version was changed that was not found');
  return { project, secret, version };
}

/** Throws VERSION_NOT_ENABLED where the version cannot be read. */
export function checkEnabled(project: Project, secret: Secret, { number, state }: Version): void {
  if (state === 'ENABLED') return;
  const facts = { ...secretFacts(project, secret.name, secret.location), version: number, state };
  throw new Fault('VERSION_NOT_ENABLED', facts);
}

/** Throws where check-and-set stands against it. Answers after how many seconds it is deleted for Vault's clients. */
function checkKvRules(secret: Secret, { checkAndSet, kv }: AddVersion): number {
  if (checkAndSet !== undefined && checkAndSet !== secret.currentVersion) throw new Fault('CHECK_AND_SET_FAILED');
  if (kv === undefined) return 0;
  const { casRequired, deleteAfterSeconds } = effectiveKv(kv, secret.kv);
  if (casRequired && checkAndSet === undefined) {
    throw new Fault('VAULT_REQUEST_INVALID', { problem: 'check-and-set parameter required for this call' });
  }
  return deleteAfterSeconds;
}

export const addVersion: Operation<AddVersion, VersionResult> = operation({
  name: 'versions.add',
  help: 'add a version to a secret and make it the current one, unless it is a candidate',
  kind: 'write',
  permission: 'secretmanager.versions.add',
  api: {
    method: 'POST',
    path: '/versions:addCandidate',
    fields: {
      ...nativeFields,
      data: { type: 'bytes', help: 'the value in base64', required: true, max: PAYLOAD_BYTES_MAX },
      crc32c: { type: 'integer', help: 'the CRC-32C of the value', max: 0xffffffff },
    },
    command: ({ data, crc32c: sum, ...ref }) => ({
      ...nativeSecret(ref),
      payload: data,
      ...(sum === undefined ? {} : { crc32c: sum }),
      candidate: true,
    }),
  },
  anyNumbers: ({ candidate }) => !candidate,
  target: (command) => secretTarget(command),
  prepare: (input, keyring) => {
    const project = input.project(input.command.project);
    const secret = input.secret(input.command);
    const made = { secretUid: secret.uid, uid: input.entropy.uid(), ...wrappingFor(input, project, secret) };
    return { carried: sealNew(keyring, project, { ...input.command, ...made }) };
  },
  carried: ({ payload: _sealed, ...command }) => command,
  decide: (input) => {
    const project = input.project(input.command.project);
    const before = input.secret(input.command);
    // Deleted and made anew meanwhile: the payload was sealed for the one that is gone.
    if (before.uid !== input.prepared.secretUid) throw new Stale();
    const deleteAfterSeconds = checkKvRules(before, input.command);
    const { candidate } = input.command;
    const clientChecksum = input.command.crc32c !== undefined;
    const { secret, version } = withVersion(before, input, {
      clientChecksum,
      ...(candidate ? { candidate } : {}),
      ...(deleteAfterSeconds === 0 ? {} : { deletedAt: input.now + deleteAfterSeconds * 1000 }),
    });
    return {
      result: version,
      changes: [
        { change: 'version.insert', version, sealed: input.prepared.sealed },
        { change: 'secret.update', secret, before },
      ],
      events: [versionEvent('SECRET_VERSION_ADD', { ...eventOf(input, project, secret), version })],
      version: version.number,
      ...(candidate ? { details: { candidate: 'true' } } : {}),
    };
  },
  finish: (version, _command, { scope }) => inScope(version, scope),
});

export const getVersion: Operation<VersionRef, VersionResult> = operation({
  name: 'versions.get',
  help: 'show what a version is, without its value',
  kind: 'read',
  permission: 'secretmanager.versions.get',
  target: versionTarget,
  needs: (command) => ({ version: { need: 'version', ...placeOf(command), ...rowOf(command.selector) } }) as const,
  decide: (input) => {
    const version = found(input, input.rows.version, input.command.selector);
    const project = input.project(input.command.project);
    return { result: { project, secret: input.secret(input.command), version }, version: version.number };
  },
});

const listScope = (command: ListVersions) =>
  filteredScope(
    `versions.list projects/${command.project}/${locationPart(command.location)}secrets/${command.key}`,
    command,
  );

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
        ...placeOf(command),
        before: Number(pageCursor(keyring, listScope(command), command, '0')),
        limit: rowLimit(command),
      },
    }) as const,
  decide: (input) => ({
    result: {
      secret: input.secret(input.command),
      project: input.project(input.command.project),
      found: input.rows.found,
      belongs: parseFilter(input.command.filter ?? '', VERSION_FIELDS),
    },
  }),
  finish: ({ project, secret, found: listed, belongs }, command, { keyring }) => {
    const page = filteredPage(
      keyring,
      listScope(command),
      command,
      listed.rows,
      (row) => String(row.number),
      (row) => belongs(versionRow(project, secret, row)),
    );
    const total = isFiltered(command) ? 0 : listed.total;
    return { project, secret, versions: page.rows, total, nextPageToken: page.nextPageToken };
  },
});

export const accessVersion: Operation<VersionRef, AccessedVersion> = operation({
  name: 'versions.access',
  help: 'read the value of a version',
  kind: 'read',
  permission: 'secretmanager.versions.access',
  target: versionTarget,
  needs: (command) => ({ row: { need: 'payload', ...placeOf(command), ...rowOf(command.selector) } }) as const,
  decide: (input) => {
    const { version, ordinal, sealed } = found(input, input.rows.row, input.command.selector);
    checkNamed(input, version);
    const project = input.project(input.command.project);
    const secret = input.secret(input.command);
    checkEnabled(project, secret, version);
    if (input.command.ownKeyOnly && isUnderDefaultKey(secret)) {
      throw new Fault('DEFAULT_KEY_FOREIGN', secretFacts(project, secret.name, secret.location));
    }
    const place = { ...payloadPlace(project.uid, version), ...wrappedBy(input, project, version) };
    return { result: { project, secret, version, ordinal, sealed, place }, version: version.number };
  },
  seen: ({ project, secret, version, ordinal }) => ({
    projectUid: project.uid,
    secretUid: secret.uid,
    version: version.number,
    ordinal,
  }),
  finish: ({ project, secret, version, ordinal, sealed, place }, _command, { keyring, grant }) => {
    const facts = { ...secretFacts(project, secret.name, secret.location), version: version.number };
    const corrupt = (cause?: unknown) => new Fault('PAYLOAD_CORRUPT', facts, { cause });
    if (grant === undefined) throw new TypeError('versions.access without a grant');
    // An enabled version has its payload, or the stored bytes were changed.
    if (sealed === undefined) throw corrupt();
    let payload: Redacted<Uint8Array>;
    try {
      payload = keyring.open(grant, project.wrappedKey, place, sealed);
    } catch (error) {
      throw error instanceof Fault && error.code === 'PAYLOAD_CORRUPT' ? corrupt(error) : error;
    }
    return { project, secret, version, ordinal, payload };
  },
});

type Move = (secret: Secret, version: Version, now: number, etag: string) => Version;

type MoveVerb = 'enable' | 'disable' | 'destroy';

const etagField = { etag: { type: 'string', help: 'act only if this is the current etag', max: 64 } } as const;

/** By Coffer's own API, which guards what takes a version away. */
function moveApi(verb: MoveVerb): Pick<Operation<MoveVersion, VersionResult>, 'api' | 'census'> {
  if (verb === 'enable') return {};
  const fields = { ...nativeFields, ...nativeVersion, ...etagField, ...guardFields };
  const command = ({ version, etag, force, ...ref }: FieldValues) => ({
    ...nativeSecret(ref),
    number: version,
    ...(etag === undefined ? {} : { etag }),
    ...guardOf(force),
  });
  return { census: true, api: { method: 'POST', path: `/versions:${verb}`, fields, command } };
}

function moveTo(verb: MoveVerb, help: string, move: Move): Operation<MoveVersion, VersionResult> {
  return operation({
    name: `versions.${verb}`,
    help,
    kind: 'write',
    permission: `secretmanager.versions.${verb}`,
    ...moveApi(verb),
    target: (command) => secretTarget(command, String(command.number)),
    needs: (command) =>
      ({
        version: { need: 'version', ...placeOf(command), ...rowOf(command.number) },
        ...(verb === 'enable' ? {} : { readers: censusNeed(command) }),
      }) as const,
    decide: (input) => {
      const before = found(input, input.rows.version, input.command.number);
      checkEtag(input.command.etag, before.etag);
      const secret = input.secret(input.command);
      const project = input.project(input.command.project);
      const version = move(secret, before, input.now, input.entropy.etag());
      const readers = input.rows.readers as readonly SightingOfVersion[] | undefined;
      // Disabling what is disabled takes nothing away.
      const takes = readers !== undefined && (verb === 'destroy' || before.state === 'ENABLED');
      const question = { project, secret, version: version.number };
      return {
        result: version,
        changes: [{ change: 'version.update', version }],
        events: [versionEvent(eventTypeOf(version), { ...eventOf(input, project, secret), version })],
        version: version.number,
        details: takes ? guardReaders(input, { ...question, sightings: readers }) : {},
      };
    },
    finish: (version, _command, { scope }) => inScope(version, scope),
  });
}

/** What happened to a version that is now as it is. */
export function eventTypeOf({ state, scheduledDestroyAt }: Version): Parameters<typeof versionEvent>[0] {
  if (state === 'ENABLED') return 'SECRET_VERSION_ENABLE';
  if (state === 'DESTROYED') return 'SECRET_VERSION_DESTROY';
  return scheduledDestroyAt === undefined ? 'SECRET_VERSION_DISABLE' : 'SECRET_VERSION_DESTROY_SCHEDULED';
}

export const enableVersion: Operation<MoveVersion, VersionResult> = moveTo(
  'enable',
  'let a version be read again',
  (secret, version, now, etag) => moveVersion(secret, version, 'ENABLED', now, etag),
);

export const disableVersion: Operation<MoveVersion, VersionResult> = moveTo(
  'disable',
  'keep a version from being read; it can be enabled again',
  (secret, version, now, etag) => moveVersion(secret, version, 'DISABLED', now, etag),
);

export const destroyVersion: Operation<MoveVersion, VersionResult> = moveTo(
  'destroy',
  'destroy the value of a version for good, or after the delay that its secret asks for',
  destroyVersionLater,
);
