// Keys that callers use without holding them: made, shown, listed, configured, trimmed and deleted. Material is made and
// sealed in the thread that answers; the writer sees it sealed alone.

import { Fault } from '../core/error.ts';
import { type Key, type KeySettings, NEW_KEY_SETTINGS } from '../core/keys/key.ts';
import { changedKey, checkNewKey, type KeyChanges, scheduled, trimmedKey } from '../core/keys/rules.ts';
import type { KeyType } from '../core/keys/type.ts';
import type { ProjectRef } from '../core/name.ts';
import type { Maybe } from '../core/ports.ts';
import type { Project } from '../core/secret.ts';
import {
  foundKey,
  type KeyRef,
  type KeyResult,
  keyNeed,
  keyTarget,
  makeReady,
  opened,
  type ReadyVersion,
  ringTarget,
  shown,
  versionOf,
  versionsNeed,
} from './keys-found.ts';
import { type Operation, operation, type Prepared } from './operation.ts';
import { type PageRequest, pageCursor, pageLimit, pageOf } from './paging.ts';

/** What a new key can be given. */
export type NewKeySettings = Partial<
  Pick<
    KeySettings,
    'derived' | 'convergent' | 'exportable' | 'plaintextBackup' | 'autoRotateSeconds' | 'importedRotation' | 'keyBytes'
  >
>;

export interface CreateKey extends KeyRef {
  readonly type: KeyType;
  readonly settings: NewKeySettings;
  /** Answers the key of this name that is there in place of refusing, whatever it is like. */
  readonly orExisting?: true;
}

export interface CreatedKey extends KeyResult {
  readonly isNew: boolean;
}

/** A key of these settings, made now, with the one version that was made ready for it. */
export function newKey(
  { uid: projectUid }: Project,
  { ring, name, type }: Pick<CreateKey, 'ring' | 'name' | 'type'>,
  settings: KeySettings,
  { keyUid: uid, number: latestVersion }: Pick<ReadyVersion, 'keyUid' | 'number'>,
  now: number,
): Key {
  const key = { ...settings, uid, projectUid, ring, name, type, createdAt: now, updatedAt: now, latestVersion };
  return scheduled(key, undefined, now);
}

/** The settings of a new key of this type; throws INVALID_FIELD for those that it cannot have. */
function settingsOfNew({ type, settings }: Pick<CreateKey, 'type' | 'settings'>): KeySettings {
  const whole = { ...NEW_KEY_SETTINGS, ...settings };
  const sized = type === 'hmac' ? { ...whole, keyBytes: whole.keyBytes ?? MAC_KEY_BYTES } : whole;
  checkNewKey(type, sized);
  return sized;
}

/** Of a key for MACs that names no size: as long as what SHA-256 makes. */
const MAC_KEY_BYTES = 32;

export const createKey: Operation<CreateKey, CreatedKey> = operation({
  name: 'keys.create',
  help: 'make a key, with its first version',
  kind: 'write',
  permission: 'coffer.keys.create',
  target: (command: CreateKey) => keyTarget(command),
  prepareNeeds: (command) => ({ existing: keyNeed(command) }) as const,
  prepare: (input, keyring): Maybe<Prepared<ReadyVersion | undefined, undefined>> => {
    const project = input.project(input.command.project);
    const settings = settingsOfNew(input.command);
    // What is not going to be used is not made: it may take seconds.
    if (input.rows.existing !== undefined) return { carried: undefined };
    const place = { keyUid: input.entropy.uid(), number: 1 };
    return makeReady(keyring, project, place, { ...settings, type: input.command.type });
  },
  needs: (command) => ({ existing: keyNeed(command), versions: versionsNeed(command) }) as const,
  decide: (input) => {
    const { command, prepared, now } = input;
    const project = input.project(command.project);
    const { existing } = input.rows;
    if (existing !== undefined) {
      if (!command.orExisting) throw new Fault('KEY_EXISTS', { key: command.name });
      return { result: { project, key: existing.key, versions: shown(input.rows.versions), isNew: false } };
    }
    // It was there when the request came, and was deleted since.
    if (prepared === undefined) throw new Fault('KEY_NOT_FOUND', { key: command.name });
    const key = newKey(project, command, settingsOfNew(command), prepared, now);
    const version = versionOf(prepared, now);
    return {
      result: { project, key, versions: shown([version]), isNew: true },
      changes: [
        { change: 'key.insert', key },
        { change: 'keyVersion.insert', version },
      ],
      version: 1,
      details: { type: command.type },
    };
  },
});

export interface GetKey extends KeyRef {
  /** Of a derived key: shows what verifies for this context. */
  readonly context?: Uint8Array;
}

export const getKey: Operation<GetKey, KeyResult> = operation({
  name: 'keys.get',
  help: 'show a key and its versions',
  kind: 'read',
  permission: 'coffer.keys.get',
  target: (command: GetKey) => keyTarget(command),
  needs: (command) => ({ found: keyNeed(command), versions: versionsNeed(command) }) as const,
  decide: (input) => {
    const { key } = foundKey(input, input.rows.found);
    return { result: { project: input.project(input.command.project), key, versions: input.rows.versions } };
  },
  finish: ({ project, key, versions }, { context }, at) => {
    if (!key.derived || context === undefined) return { project, key, versions: shown(versions) };
    const derived = versions.map((version) => {
      if (version.publicKey === undefined || version.number < key.minDecryptionVersion) return version;
      return { ...version, publicKey: opened(at, key, version, version.number).derivedPublicKey(context) };
    });
    return { project, key, versions: shown(derived) };
  },
});

export interface ListKeys extends PageRequest {
  readonly project: ProjectRef;
  readonly ring: string;
}

export interface ListedKeys {
  readonly project: Project;
  readonly keys: readonly Key[];
  readonly nextPageToken: string;
}

const listScope = ({ project, ring }: ListKeys) => `keys.list projects/${project}/keyRings/${ring}`;

export const listKeys: Operation<ListKeys, ListedKeys> = operation({
  name: 'keys.list',
  help: 'list the keys of a ring',
  kind: 'read',
  permission: 'coffer.keys.list',
  target: (command: ListKeys) => ringTarget(command),
  needs: (command, keyring) =>
    ({
      found: {
        need: 'keys',
        project: command.project,
        ring: command.ring,
        after: pageCursor(keyring, listScope(command), command, ''),
        limit: pageLimit(command) + 1,
      },
    }) as const,
  decide: (input) => ({ result: { project: input.project(input.command.project), rows: input.rows.found } }),
  finish: ({ project, rows }, command, { keyring }) => {
    const page = pageOf(keyring, listScope(command), command, rows, ({ name }) => name);
    return { project, keys: page.rows, nextPageToken: page.nextPageToken };
  },
});

export interface UpdateKey extends KeyRef {
  readonly changes: KeyChanges;
}

export const updateKey: Operation<UpdateKey, KeyResult> = operation({
  name: 'keys.update',
  help: 'change the settings of a key',
  kind: 'write',
  permission: 'coffer.keys.update',
  target: (command: UpdateKey) => keyTarget(command),
  needs: (command) => ({ found: keyNeed(command), versions: versionsNeed(command) }) as const,
  decide: (input) => {
    const { key: before } = foundKey(input, input.rows.found);
    const key = changedKey(before, input.command.changes, input.now);
    const { exportable, plaintextBackup, deletionAllowed, minDecryptionVersion, minEncryptionVersion } = key;
    return {
      result: { project: input.project(input.command.project), key, versions: shown(input.rows.versions) },
      changes: [{ change: 'key.update', key }],
      details: {
        ...{ exportable: String(exportable), plaintextBackup: String(plaintextBackup) },
        ...{ deletionAllowed: String(deletionAllowed), minDecryptionVersion, minEncryptionVersion },
      },
    };
  },
});

export interface TrimKey extends KeyRef {
  readonly minAvailableVersion: number;
}

export const trimKey: Operation<TrimKey, KeyResult> = operation({
  name: 'keys.trim',
  help: 'destroy the versions of a key before one, for good',
  kind: 'write',
  permission: 'coffer.keys.trim',
  target: (command: TrimKey) => keyTarget(command),
  needs: (command) => ({ found: keyNeed(command), versions: versionsNeed(command) }) as const,
  decide: (input) => {
    const { minAvailableVersion: before } = input.command;
    const key = trimmedKey(foundKey(input, input.rows.found).key, before, input.now);
    const versions = shown(input.rows.versions).filter(({ number }) => number >= before);
    return {
      result: { project: input.project(input.command.project), key, versions },
      changes: [
        { change: 'key.update', key },
        { change: 'keyVersions.destroy', keyUid: key.uid, before },
      ],
      details: { minAvailableVersion: before },
    };
  },
});

export const deleteKey: Operation<KeyRef, undefined> = operation({
  name: 'keys.delete',
  help: 'delete a key with all its versions, for good',
  kind: 'write',
  permission: 'coffer.keys.delete',
  target: (command: KeyRef) => keyTarget(command),
  needs: (command) => ({ found: keyNeed(command) }) as const,
  decide: (input) => {
    const { key } = foundKey(input, input.rows.found);
    if (!key.deletionAllowed) throw new Fault('KEY_DELETION_FORBIDDEN', { key: key.name });
    return {
      result: undefined,
      changes: [{ change: 'key.delete', uid: key.uid }],
      details: { versions: key.latestVersion },
    };
  },
});
