// Keys that were made elsewhere: one version, wrapped for this server or a public half alone, and whole keys from a
// backup. What comes in is taken only as what it says it is, and rests sealed like any other.

import { Fault } from '../core/error.ts';
import { type Key, type KeyInUse, type KeySettings, NEW_KEY_SETTINGS, wrappingKeyPlace } from '../core/keys/key.ts';
import type { KeyMaterial, PlainKey } from '../core/keys/port.ts';
import { checkNewKey, nextVersion, scheduled } from '../core/keys/rules.ts';
import { type HashName, isAsymmetric, type KeyType } from '../core/keys/type.ts';
import { KEY_VERSIONS_MAX } from '../core/limits.ts';
import type { Change, Keyring, Maybe } from '../core/ports.ts';
import type { Project } from '../core/secret.ts';
import { type NewKeySettings, newKey } from './keys.ts';
import type { PlainVersion } from './keys-export.ts';
import {
  foundKey,
  type KeyRef,
  keyNeed,
  keyTarget,
  makeReady,
  opened,
  type ReadyVersion,
  readyVersion,
  ringTarget,
  versionOf,
  versionsNeed,
  wrappingNeed,
} from './keys-found.ts';
import { type Finish, type Operation, operation, type Prepared } from './operation.ts';
import { Stale } from './writer.ts';

const WRAPPING_TYPE: KeyType = 'rsa-4096';

export type KeyRing = Omit<KeyRef, 'name'>;

/** The public key, in PEM, under which keys for this ring are wrapped; made where there is none. */
export const getWrappingKey: Operation<KeyRing, { readonly publicKey: string }> = operation({
  name: 'keys.getWrappingKey',
  help: 'show the key under which keys are wrapped that are to come into a ring',
  kind: 'write',
  permission: 'coffer.keys.import',
  target: (command: KeyRing) => ringTarget(command),
  prepareNeeds: (command) => ({ existing: wrappingNeed(command) }) as const,
  prepare: (input, keyring): Maybe<Prepared<ReadyVersion | undefined, undefined>> => {
    const project = input.project(input.command.project);
    if (input.rows.existing !== undefined) return { carried: undefined };
    return makeReady(keyring, project, { keyUid: input.entropy.uid(), number: 1 }, { type: WRAPPING_TYPE });
  },
  needs: (command) => ({ existing: wrappingNeed(command) }) as const,
  decide: (input) => {
    const project = input.project(input.command.project);
    const existing = input.rows.existing?.version?.publicKey;
    if (existing !== undefined) return { result: { publicKey: existing } };
    if (input.prepared?.publicKey === undefined) throw new Stale();
    const named = { ...wrappingKeyPlace(input.command), type: WRAPPING_TYPE };
    const key = newKey(project, named, NEW_KEY_SETTINGS, input.prepared, input.now);
    return {
      result: { publicKey: input.prepared.publicKey },
      changes: [
        { change: 'key.insert', key },
        { change: 'keyVersion.insert', version: versionOf(input.prepared, input.now) },
      ],
    };
  },
});

/** What is imported: a key that was wrapped for this ring, or a public half. */
export type Imported = { readonly wrapped: Uint8Array; readonly hash: HashName } | { readonly publicKey: string };

export interface ImportKey extends KeyRef {
  readonly type: KeyType;
  readonly settings: NewKeySettings;
  readonly imported: Imported;
}

type At = Pick<Finish, 'keyring' | 'grant' | 'scope'>;

/** The material of what is imported. Throws KEY_IMPORT_INVALID. */
function importedMaterial(at: At, type: KeyType, imported: Imported, wrapping: KeyInUse | undefined): KeyMaterial {
  if ('publicKey' in imported) return at.keyring.keys.adopt(type, { publicKey: imported.publicKey });
  if (wrapping === undefined) {
    throw new Fault('KEY_IMPORT_INVALID', { problem: 'it is not wrapped by the wrapping key' });
  }
  const key = opened(at, wrapping.key, wrapping.version, wrapping.key.latestVersion);
  const plain = key.unwrap(imported.wrapped, imported.hash);
  const material = at.keyring.keys.adopt(type, isAsymmetric(type) ? { pkcs8: plain } : { raw: plain });
  plain.reveal().fill(0);
  return material;
}

function settingsOfImported({ type, settings }: Pick<ImportKey, 'type' | 'settings'>, keyBytes?: number): KeySettings {
  const whole = { ...NEW_KEY_SETTINGS, ...settings, imported: true, ...(keyBytes === undefined ? {} : { keyBytes }) };
  if (whole.convergent) {
    throw new Fault('INVALID_FIELD', { field: 'convergent', problem: 'no imported key is', rule: 'imported' });
  }
  checkNewKey(type, whole);
  return whole;
}

interface ReadyImport {
  readonly ready: ReadyVersion;
  /** Of a key for MACs. */
  readonly keyBytes: number | undefined;
}

export const importKey: Operation<ImportKey, undefined> = operation({
  name: 'keys.import',
  help: 'make a key of material that was made elsewhere',
  kind: 'write',
  permission: 'coffer.keys.import',
  target: (command: ImportKey) => keyTarget(command),
  prepareNeeds: (command) => ({ wrapping: wrappingNeed(command), existing: keyNeed(command) }) as const,
  prepare: (input, keyring, { grant }): Prepared<ReadyImport, undefined> => {
    const { command, scope } = input;
    const project = input.project(command.project);
    settingsOfImported(command);
    if (input.rows.existing !== undefined) throw new Fault('KEY_EXISTS', { key: command.name });
    const material = importedMaterial({ keyring, grant, scope }, command.type, command.imported, input.rows.wrapping);
    checkDerivable(command.settings, material);
    const place = { keyUid: input.entropy.uid(), number: 1 };
    const { keyBytes } = command.type === 'hmac' ? material : {};
    return { carried: { ready: readyVersion(keyring, project, place, material), keyBytes } };
  },
  carried: ({ imported: _secret, ...command }) => command,
  needs: (command) => ({ existing: keyNeed(command) }) as const,
  decide: (input) => {
    const { command, now } = input;
    const { ready, keyBytes } = input.prepared;
    const project = input.project(command.project);
    if (input.rows.existing !== undefined) throw new Fault('KEY_EXISTS', { key: command.name });
    const key = newKey(project, command, settingsOfImported(command, keyBytes), ready, now);
    return {
      result: undefined,
      changes: [
        { change: 'key.insert', key },
        { change: 'keyVersion.insert', version: versionOf(ready, now) },
      ],
      version: 1,
      details: { type: command.type },
    };
  },
});

/** What is derived from a public half is nothing that anybody could use. */
function checkDerivable({ derived }: NewKeySettings, { publicOnly }: KeyMaterial): void {
  if (derived && publicOnly) {
    throw new Fault('KEY_IMPORT_INVALID', { problem: 'a derived key needs more than its public half' });
  }
}

export interface ImportVersion extends KeyRef {
  readonly imported: Imported;
  /** The version whose private half this is; absent: the newest if it lacks one that fits, else a new one. */
  readonly version?: number;
}

export const importKeyVersion: Operation<ImportVersion, undefined> = operation({
  name: 'keys.importVersion',
  help: 'add a version that was made elsewhere to an imported key, or the private half of one',
  kind: 'write',
  permission: 'coffer.keys.import',
  target: (command: ImportVersion) => keyTarget(command),
  prepareNeeds: (command) =>
    ({ wrapping: wrappingNeed(command), found: keyNeed(command, command.version ?? 0) }) as const,
  prepare: (input, keyring, { grant }): Prepared<ReadyVersion, undefined> => {
    const { command, scope } = input;
    const project = input.project(command.project);
    const { key, version } = foundKey(input, input.rows.found);
    checkImportable(key);
    const material = importedMaterial({ keyring, grant, scope }, key.type, command.imported, input.rows.wrapping);
    checkDerivable(key, material);
    const completes = version?.publicOnly && !material.publicOnly && version.publicKey === material.publicKey;
    if (command.version !== undefined && !completes) {
      const problem = 'that version has no public half alone that this completes';
      throw new Fault('KEY_NOT_IMPORTED', { key: key.name, problem });
    }
    const number = completes ? (version as { number: number }).number : nextVersion(key);
    return { carried: readyVersion(keyring, project, { keyUid: key.uid, number }, material) };
  },
  carried: ({ imported: _secret, ...command }) => command,
  needs: (command) => ({ found: keyNeed(command), versions: versionsNeed(command) }) as const,
  decide: (input) => {
    const { now, prepared } = input;
    const { key: before } = foundKey(input, input.rows.found);
    checkImportable(before);
    const existing = input.rows.versions.find(({ number }) => number === prepared.number);
    if (before.uid !== prepared.keyUid || (existing !== undefined && !existing.publicOnly)) throw new Stale();
    if (existing !== undefined) {
      const version = versionOf(prepared, existing.createdAt);
      return { result: undefined, changes: [{ change: 'keyVersion.update', version }], version: version.number };
    }
    if (nextVersion(before) !== prepared.number) throw new Stale();
    const key = scheduled({ ...before, latestVersion: prepared.number, updatedAt: now }, undefined, now);
    return {
      result: undefined,
      changes: [
        { change: 'key.update', key },
        { change: 'keyVersion.insert', version: versionOf(prepared, now) },
      ],
      version: prepared.number,
    };
  },
});

function checkImportable(key: Key): void {
  if (!key.imported)
    throw new Fault('KEY_NOT_IMPORTED', { key: key.name, problem: 'its newest version was made here' });
}

export interface RestoreKey extends KeyRef {
  readonly type: KeyType;
  readonly settings: KeySettings;
  readonly latestVersion: number;
  readonly versions: readonly PlainVersion[];
  /** Whether a key of that name is replaced, for good. */
  readonly force: boolean;
}

interface Restored {
  readonly keyUid: string;
  readonly versions: readonly (ReadyVersion & { readonly createdAt: number })[];
}

export const restoreKey: Operation<RestoreKey, undefined> = operation({
  name: 'keys.restore',
  help: 'make a key anew from a backup',
  kind: 'write',
  permission: 'coffer.keys.import',
  target: (command: RestoreKey) => keyTarget(command),
  prepareNeeds: (command) => ({ existing: keyNeed(command) }) as const,
  prepare: (input, keyring): Prepared<Restored, undefined> => {
    const { command } = input;
    const project = input.project(command.project);
    if (input.rows.existing !== undefined && !command.force) throw new Fault('KEY_EXISTS', { key: command.name });
    checkBackup(command);
    const keyUid = input.entropy.uid();
    const versions = command.versions.map(({ number, createdAt, plain }) => ({
      ...restoredVersion(keyring, project, { keyUid, number }, command.type, plain),
      createdAt,
    }));
    return { carried: { keyUid, versions } };
  },
  carried: ({ versions: _secret, ...command }) => command,
  needs: (command) => ({ existing: keyNeed(command) }) as const,
  decide: (input) => {
    const { command, now, prepared } = input;
    const project = input.project(command.project);
    const { existing } = input.rows;
    if (existing !== undefined && !command.force) throw new Fault('KEY_EXISTS', { key: command.name });
    const settings = { ...command.settings, restore: { time: now, version: command.latestVersion } };
    const first = { keyUid: prepared.keyUid, number: command.latestVersion };
    const key = newKey(project, command, settings, first, now);
    const replaced: Change[] = existing === undefined ? [] : [{ change: 'key.delete', uid: existing.key.uid }];
    const versions = prepared.versions.map(({ createdAt, ...ready }): Change => {
      return { change: 'keyVersion.insert', version: versionOf(ready, createdAt) };
    });
    return {
      result: undefined,
      changes: [...replaced, { change: 'key.insert', key }, ...versions],
      details: { versions: versions.length, replaced: String(existing !== undefined) },
    };
  },
});

function restoredVersion(
  keyring: Keyring,
  project: Project,
  place: { readonly keyUid: string; readonly number: number },
  type: KeyType,
  plain: PlainKey,
): ReadyVersion {
  return readyVersion(keyring, project, place, keyring.keys.adopt(type, plain));
}

/** Throws KEY_IMPORT_INVALID where a backup does not hold together. */
function checkBackup({ type, settings, latestVersion, versions }: RestoreKey): void {
  const wrong = (problem: string) => new Fault('KEY_IMPORT_INVALID', { problem });
  const { minDecryptionVersion, minEncryptionVersion, minAvailableVersion } = settings;
  checkNewKey(type, settings);
  if (versions.length > KEY_VERSIONS_MAX) throw wrong(`the backup has more than ${KEY_VERSIONS_MAX} versions`);
  const numbers = new Set(versions.map(({ number }) => number));
  if (numbers.size !== versions.length) throw wrong('the backup has a version twice');
  for (const number of numbers) {
    if (!Number.isSafeInteger(number) || number < 1 || number > latestVersion) throw wrong('a version has no number');
  }
  if (!Number.isSafeInteger(latestVersion) || !numbers.has(latestVersion)) throw wrong('the newest version is missing');
  const least = [minDecryptionVersion, minEncryptionVersion, minAvailableVersion];
  if (least.some((number) => !Number.isSafeInteger(number) || number < 0 || number > latestVersion)) {
    throw wrong('a least version is none of the key');
  }
  if (minDecryptionVersion < 1 || minAvailableVersion > minDecryptionVersion) {
    throw wrong('its least versions do not fit each other');
  }
}
