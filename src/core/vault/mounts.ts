// The mount table of a project: which engine answers below which path. One document, since every request looks at it.
// `secret/` is the project's secrets, the same that every dialect has; other kv mounts have a place of their own.

import type { Location, ProjectId } from '../name.ts';
import type { VaultEntry } from './entry.ts';

/** Engines by their type. What a type can do is its routes' business; a type that is not here cannot be mounted. */
export const ENGINE_TYPES = ['kv', 'transit', 'pki', 'cubbyhole', 'system', 'identity'] as const;
export type EngineType = (typeof ENGINE_TYPES)[number];

export interface Mount {
  readonly type: EngineType;
  /** 32 hex digits. */
  readonly uid: string;
  readonly accessor: string;
  readonly description: string;
  /** Of kv: `version`. */
  readonly options: Readonly<Record<string, string>> | null;
  readonly config: MountConfig;
  readonly local: boolean;
  readonly sealWrap: boolean;
  /** Settings of the engine itself: kv's `config`. */
  readonly settings?: KvSettings;
}

export interface MountConfig {
  /** Seconds; 0: the server's. */
  readonly defaultSeconds: number;
  readonly maxSeconds: number;
  readonly forceNoCache: boolean;
  readonly listingVisibility?: string;
}

export interface KvSettings {
  /** 0: the default, ten. */
  readonly maxVersions: number;
  readonly casRequired: boolean;
  /** 0: versions stay. */
  readonly deleteAfterSeconds: number;
}

/** By path, which ends in `/`. */
export type MountTable = Readonly<Record<string, Mount>>;

/** The mount that is the project's secrets. */
export const SHARED_MOUNT = 'secret/';
/** Paths that are always there and cannot be moved. */
export const FIXED_MOUNTS: readonly string[] = ['cubbyhole/', 'identity/', 'sys/'];
/** Ours: mounts of one project, and characters of a path. */
export const MOUNTS_MAX = 500;
export const MOUNT_PATH_CHARS_MAX = 128;

export const NO_CONFIG: MountConfig = { defaultSeconds: 0, maxSeconds: 0, forceNoCache: false };

export function mountsId(project: string): string {
  return `project/${project}/mounts`;
}

function builtIn(project: ProjectId, type: EngineType, description: string): Mount {
  // The same at each start, and another in each project.
  const seed = [...`${project}/${type}`].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 0x7fffffff, 7);
  const id = seed.toString(16).padStart(8, '0');
  const options = type === 'kv' ? { version: '2' } : null;
  return {
    ...{ type, uid: id.repeat(4), accessor: `${type}_${id}`, description, options, config: NO_CONFIG },
    ...{ local: type === 'cubbyhole', sealWrap: false },
  };
}

/** The table of a project from its entry; before anything was mounted there is what every project has. */
export function mountTable(project: ProjectId, entry: VaultEntry | undefined): MountTable {
  if (entry !== undefined) return entry.data['mounts'] as MountTable;
  return {
    'cubbyhole/': builtIn(project, 'cubbyhole', 'per-token private secret storage'),
    'identity/': builtIn(project, 'identity', 'identity store'),
    [SHARED_MOUNT]: builtIn(project, 'kv', "the project's secrets"),
    'sys/': builtIn(project, 'system', 'system endpoints used for control, policy and debugging'),
  };
}

interface MountAt {
  readonly path: string;
  readonly mount: Mount;
}

interface Found {
  readonly mounts: ReadonlyMap<string, MountAt>;
  /** The path that was asked for last, and what it falls under: a request asks several times. */
  path: string;
  at: MountAt | undefined;
}

/** To look up a text that was just cut costs an object far more than a map. */
const byTable = new WeakMap<MountTable, Found>();

/** The mount that a path below `/v1/` falls under: the longest one. */
export function mountOf(table: MountTable, path: string): MountAt | undefined {
  let known = byTable.get(table);
  if (known === undefined) {
    const mounts = new Map(Object.entries(table).map(([at, mount]) => [at, { path: at, mount }]));
    known = { mounts, path: '', at: undefined };
    byTable.set(table, known);
  }
  if (known.path !== path) {
    known.at = longestOf(known.mounts, path);
    known.path = path;
  }
  return known.at;
}

function longestOf(mounts: ReadonlyMap<string, MountAt>, path: string): MountAt | undefined {
  for (let end = path.lastIndexOf('/') + 1; end > 1; end = path.lastIndexOf('/', end - 2) + 1) {
    const found = mounts.get(path.slice(0, end));
    if (found !== undefined) return found;
  }
  return undefined;
}

export function isVersioned({ type, options }: Mount): boolean {
  return type === 'kv' && options?.['version'] === '2';
}

/** Where the secrets of a kv mount live: nowhere that another dialect can spell, unless they are the project's own. */
export function placeOfMount(path: string, mount: Mount): Location {
  return (path === SHARED_MOUNT && isVersioned(mount) ? '' : `kv:${mount.uid}`) as Location;
}

/** Versions that are shown where nobody says how many. */
const VERSIONS_SHOWN = 10;

/** What holds for a secret by its own settings and those of its mount; `maxVersions` then is a number of versions. */
export function effectiveKv(mount: KvSettings | undefined, own: KvSettings | undefined): KvSettings {
  const [ours, theirs] = [own?.deleteAfterSeconds ?? 0, mount?.deleteAfterSeconds ?? 0];
  const both = [ours, theirs].filter((seconds) => seconds > 0);
  return {
    maxVersions: own?.maxVersions || mount?.maxVersions || VERSIONS_SHOWN,
    casRequired: own?.casRequired === true || mount?.casRequired === true,
    deleteAfterSeconds: ours < 0 || both.length === 0 ? 0 : Math.min(...both),
  };
}

/** The ring of the keys of a transit mount: other dialects know them by it too. */
export function ringOfMount(path: string): string {
  return path.slice(0, -1);
}

/** Where what a PKI mount keeps lies. */
export function pkiHome(uid: string): string {
  return `pki/${uid}/`;
}
