// What of keys the store is asked for, how it answers, and what can be changed in it: part of the ports of the core.

import type { ProjectRef } from '../name.ts';
import type { Project, Uid } from '../secret.ts';
import type { Key, KeyInUse, KeyVersion } from './key.ts';

/** How a key is found. */
export interface KeyPlaceInRing {
  readonly project: ProjectRef;
  readonly ring: string;
  readonly name: string;
}

export type KeyNeed =
  /** A key with one version of it, and that version's sealed material. Number 0: the newest. */
  | ({ readonly need: 'key'; readonly number: number } & KeyPlaceInRing)
  /** Every version from this number on that is not destroyed, with its sealed material. */
  | ({ readonly need: 'keyVersions'; readonly from: number } & KeyPlaceInRing)
  | {
      readonly need: 'keys';
      readonly project: ProjectRef;
      readonly ring: string;
      readonly after: string;
      readonly limit: number;
    }
  /** Keys that are to have a new version, or to be purged, at or before this time. */
  | { readonly need: 'dueKeys'; readonly until: number; readonly limit: number };

export interface KeyOfProject {
  readonly project: Project;
  readonly key: Key;
}

export interface KeyRowByNeed {
  readonly key: KeyInUse | undefined;
  /** By number, ascending. */
  readonly keyVersions: readonly KeyVersion[];
  /** By name, ascending. */
  readonly keys: readonly Key[];
  readonly dueKeys: readonly KeyOfProject[];
}

export type KeyChange =
  | { readonly change: 'key.insert' | 'key.update'; readonly key: Key }
  /** Takes every version with it. */
  | { readonly change: 'key.delete'; readonly uid: Uid }
  | { readonly change: 'keyVersion.insert' | 'keyVersion.update'; readonly version: KeyVersion }
  /** Destroys the versions before this number: their material is gone for good. */
  | { readonly change: 'keyVersions.destroy'; readonly keyUid: Uid; readonly before: number }
  /** Takes every key of the ring, or moves them to one that has none; that under which others are imported goes along. */
  | { readonly change: 'keyRing.delete'; readonly projectUid: Uid; readonly ring: string }
  | { readonly change: 'keyRing.move'; readonly projectUid: Uid; readonly ring: string; readonly to: string };
