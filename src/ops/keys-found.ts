// What the operations on keys have in common: how a key is named and found, and its material opened for a use of it.

import { Fault } from '../core/error.ts';
import { type Key, type KeyInUse, type KeyVersion, keyPath, wrappingKeyPlace } from '../core/keys/key.ts';
import type { KeyMaterial, KeyPlace, OpenKey } from '../core/keys/port.ts';
import type { KeyPlaceInRing } from '../core/keys/rows.ts';
import type { Keyring, Maybe, Need } from '../core/ports.ts';
import type { Project, SealedPayload, Uid } from '../core/secret.ts';
import { then } from './maybe.ts';
import type { Finish, Input, Prepared, Target } from './operation.ts';

export type { KeyPlaceInRing as KeyRef };

/** A key with what belongs to it; of its versions, nothing that is sealed. */
export interface KeyResult {
  readonly project: Project;
  readonly key: Key;
  /** Those that are not destroyed, by number. */
  readonly versions: readonly KeyVersion[];
}

export function keyTarget(ref: KeyPlaceInRing): Target {
  const below = keyPath(ref);
  return { project: ref.project, below, asked: `projects/${ref.project}/${below}` };
}

export function ringTarget({ project, ring }: Omit<KeyPlaceInRing, 'name'>): Target {
  const below = `keyRings/${ring}`;
  return { project, below, asked: `projects/${project}/${below}` };
}

/** A key with one of its versions; 0: the newest. */
export function keyNeed({ project, ring, name }: KeyPlaceInRing, number = 0): Need & { need: 'key' } {
  return { need: 'key', project, ring, name, number };
}

/** Every version that is left. */
export function versionsNeed({ project, ring, name }: KeyPlaceInRing): Need & { need: 'keyVersions' } {
  return { need: 'keyVersions', project, ring, name, from: 1 };
}

export function wrappingNeed(ref: Omit<KeyPlaceInRing, 'name'>): Need & { need: 'key' } {
  return keyNeed(wrappingKeyPlace(ref));
}

/** The row, or KEY_NOT_FOUND after PROJECT_NOT_FOUND. */
export function foundKey(
  input: Pick<Input<KeyPlaceInRing, Record<never, never>, unknown>, 'command' | 'project'>,
  row: KeyInUse | undefined,
): KeyInUse {
  input.project(input.command.project);
  if (row === undefined) throw new Fault('KEY_NOT_FOUND', { key: input.command.name });
  return row;
}

/** The versions as anybody may see them who may see the key. */
export function shown(versions: readonly KeyVersion[]): readonly KeyVersion[] {
  return versions.map(({ sealed: _sealed, ...version }) => version);
}

/** A version that was made ready: plain data. */
export interface ReadyVersion {
  readonly keyUid: Uid;
  readonly number: number;
  readonly sealed: SealedPayload;
  readonly publicKey?: string;
  readonly publicOnly: boolean;
}

/** Seals new material for its place. */
export function readyVersion(
  keyring: Keyring,
  project: Project,
  { keyUid, number }: Omit<KeyPlace, 'projectUid'>,
  material: KeyMaterial,
): ReadyVersion {
  const { publicKey, publicOnly } = material;
  const sealed = keyring.keys.seal(project.wrappedKey, { projectUid: project.uid, keyUid, number }, material);
  return { keyUid, number, sealed, publicOnly, ...(publicKey === undefined ? {} : { publicKey }) };
}

/** Makes new material, which may take seconds, and seals it for its place. */
export function makeReady(
  keyring: Keyring,
  project: Project,
  place: Omit<KeyPlace, 'projectUid'>,
  { type, keyBytes }: Pick<Key, 'type' | 'keyBytes'>,
): Maybe<Prepared<ReadyVersion, undefined>> {
  return then(keyring.keys.make(type, keyBytes), (material): Prepared<ReadyVersion, undefined> => {
    return { carried: readyVersion(keyring, project, place, material) };
  });
}

export function versionOf(ready: ReadyVersion, createdAt: number): KeyVersion {
  return { ...ready, state: 'ENABLED', createdAt };
}

/** Opens a version's material for what the caller was granted. Throws KEY_VERSION_NOT_FOUND where there is none. */
export function opened(
  { keyring, grant, scope }: Pick<Finish, 'keyring' | 'grant' | 'scope'>,
  key: Key,
  version: KeyVersion | undefined,
  number: number,
): OpenKey {
  if (grant === undefined || scope.project === undefined) throw new TypeError('a key was opened without a grant');
  if (version?.sealed === undefined) throw new Fault('KEY_VERSION_NOT_FOUND', { key: key.name, version: number });
  const place = { projectUid: key.projectUid, keyUid: key.uid, number: version.number };
  const { publicKey } = version;
  const what = { place, type: key.type, ...(publicKey === undefined ? {} : { publicKey }) };
  return keyring.keys.open(grant, scope.project.wrappedKey, what, version.sealed);
}
