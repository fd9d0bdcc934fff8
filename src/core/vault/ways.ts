// What a permission is by Vault's API: which paths, asked how, do the same to the project's secrets and to the keys of its
// transit mounts. One table for every other API, so that a policy of an entity says the same there as in Vault's own.
// Sources: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 and .../transit

import type { Permission } from '../iam/permissions.ts';
import { isVersioned, type MountTable, mountOf, placeOfMount, ringOfMount, SHARED_MOUNT } from './mounts.ts';
import type { Capability } from './policy.ts';

export interface Way {
  readonly path: string;
  readonly capability: Capability;
}

export interface Ways {
  /** Any of these is enough, each by all that it takes. */
  readonly grants: readonly (readonly Way[])[];
  /** Whoever is denied one of these is denied it, mounted or not. */
  readonly denies: readonly string[];
  /** It shows all that lies below this path. */
  readonly below?: string;
  /** Vault's API has what is meant: else nothing is granted. */
  readonly isMounted: boolean;
}

/** What is asked for, by the names that are stored. */
export interface Meant {
  /** The secret that is there, or that is to be made. */
  readonly secret?: string;
  readonly exists: boolean;
  /** It is about the current version. */
  readonly isCurrent: boolean;
  readonly key?: { readonly ring: string; readonly name: string };
  /** It is about the global secrets of the project, none by its name. */
  readonly secrets: boolean;
}

/**
 * `CAPABILITY PART` of a secret, `write` being what its existence makes of it, `+` between those that are needed together.
 * A permission that is not here is none of Vault's.
 */
const OF_SECRET: Readonly<Partial<Record<Permission, readonly string[]>>> = {
  'secretmanager.versions.access': ['read data'],
  'secretmanager.versions.get': ['read metadata'],
  'secretmanager.versions.list': ['read metadata'],
  'secretmanager.versions.add': ['write data'],
  'secretmanager.versions.enable': ['update undelete'],
  // By its path, the data, only the current version is taken away.
  'secretmanager.versions.disable': ['update delete', 'delete data'],
  'secretmanager.versions.destroy': ['update destroy'],
  'secretmanager.secrets.get': ['read metadata'],
  'secretmanager.secrets.create': ['create data', 'create metadata'],
  'secretmanager.secrets.update': ['update metadata'],
  'secretmanager.secrets.delete': ['delete metadata'],
  'coffer.secrets.backup': ['read data+read metadata'],
  'coffer.secrets.restore': ['create data+create metadata'],
  'coffer.secrets.purge': ['delete metadata'],
};

/** Operations that do more than the permission says which they take. */
const BY_OPERATION: Readonly<Record<string, readonly string[]>> = {
  'rotations.start': ['update data+update metadata'],
  'rotations.cancel': ['update data+update metadata'],
  'secrets.replicate': [],
};

/** `CAPABILITY PATH` of a key. */
const OF_KEY: Readonly<Partial<Record<Permission, string>>> = {
  'coffer.keys.create': 'update keys/NAME',
  'coffer.keys.get': 'read keys/NAME',
  'coffer.keys.update': 'update keys/NAME/config',
  'coffer.keys.rotate': 'update keys/NAME/rotate',
  'coffer.keys.trim': 'update keys/NAME/trim',
  'coffer.keys.delete': 'delete keys/NAME',
  'coffer.keys.encrypt': 'update encrypt/NAME',
  'coffer.keys.decrypt': 'update decrypt/NAME',
  'coffer.keys.rewrap': 'update rewrap/NAME',
  'coffer.keys.sign': 'update sign/NAME',
  'coffer.keys.verify': 'update verify/NAME',
  'coffer.keys.mac': 'update hmac/NAME',
};

/** The ways of a permission; without a grant where Vault's API cannot do it, or not in these mounts. */
export function waysOf(permission: Permission, operation: string | undefined, meant: Meant, mounts: MountTable): Ways {
  const { secret, key } = meant;
  if (key !== undefined) return ofKey(permission, key, mounts);
  const isMounted = isShared(mounts);
  if (meant.secrets && permission === 'secretmanager.secrets.list') {
    return { grants: [], denies: [], below: `${SHARED_MOUNT}metadata/`, isMounted };
  }
  const known = (operation === undefined ? undefined : BY_OPERATION[operation]) ?? OF_SECRET[permission];
  if (secret === undefined || known === undefined) return noneOf(permission);
  const all = known.map((way) => way.split('+').map((each) => wayOf(each, secret, meant.exists)));
  const isPart = ({ capability, path }: Way) => capability === 'delete' && path.startsWith(`${SHARED_MOUNT}data/`);
  return {
    grants: meant.isCurrent ? all : all.filter((way) => !way.some(isPart)),
    denies: all.length === 0 ? noneOf(permission).denies : all.flat().map(({ path }) => path),
    isMounted,
  };
}

function wayOf(text: string, secret: string, exists: boolean): Way {
  const [verb = '', part = ''] = text.split(' ');
  const capability = verb === 'write' ? (exists ? 'update' : 'create') : (verb as Capability);
  return { capability, path: `${SHARED_MOUNT}${part}/${secret}` };
}

function ofKey(permission: Permission, { ring, name }: NonNullable<Meant['key']>, mounts: MountTable): Ways {
  const [capability, part = ''] = OF_KEY[permission]?.split(' ') ?? [];
  if (capability === undefined) return noneOf(permission);
  const path = `${ring}/${part.replace('NAME', () => name)}`;
  const at = mountOf(mounts, path);
  const isMounted = at?.mount.type === 'transit' && ringOfMount(at.path) === ring;
  return { grants: [[{ capability: capability as Capability, path }]], denies: [path], isMounted };
}

/** Only a rule that denies everything is about it. */
function noneOf(permission: Permission): Ways {
  return { grants: [], denies: [`coffer/${permission}`], isMounted: false };
}

/** Whether the project's secrets are what is mounted there. */
function isShared(mounts: MountTable): boolean {
  const mount = Object.hasOwn(mounts, SHARED_MOUNT) ? mounts[SHARED_MOUNT] : undefined;
  return mount !== undefined && isVersioned(mount) && placeOfMount(SHARED_MOUNT, mount) === '';
}
