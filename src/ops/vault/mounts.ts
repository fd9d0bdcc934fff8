// Mounting engines: what stands where, tuned, taken away. Taking a mount away deletes what it holds, except that
// of `secret/`, which is but a view of the project's secrets.
// Source: https://developer.hashicorp.com/vault/api-docs/system/mounts

import { Fault } from '../../core/error.ts';
import { formatDuration } from '../../core/vault/duration.ts';
import {
  ENGINE_TYPES,
  type EngineType,
  FIXED_MOUNTS,
  isVersioned,
  MOUNT_PATH_CHARS_MAX,
  MOUNTS_MAX,
  type Mount,
  type MountTable,
  mountOf,
  NO_CONFIG,
  pkiHome,
  placeOfMount,
  ringOfMount,
} from '../../core/vault/mounts.ts';
import { VAULT_TTL_SECONDS_MAX } from '../../core/vault/token.ts';
import { booleanField, type Data, durationField, invalid, mapField, textField } from './fields.ts';
import { keepMounts, tableOf } from './mount-table.ts';
import type { Handler, Reply, VaultCall, VaultRoute } from './route.ts';
import { alphanumeric } from './token-create.ts';

const SEGMENT = /^[^\s*+\x00-\x1f\x7f]+$/;

/** A mount path as it is kept, with its closing slash. */
export function mountPath(text: string): string {
  const path = `${text.replaceAll(/^\/+|\/+$/g, '')}/`;
  const parts = path.slice(0, -1).split('/');
  const isPath = parts.every((part) => SEGMENT.test(part) && part !== '.' && part !== '..');
  if (!isPath || path.length > MOUNT_PATH_CHARS_MAX) throw invalid('the path of a mount is not valid');
  return path;
}

export function describeMount(mount: Mount, effective = false): Readonly<Record<string, unknown>> {
  const { config } = mount;
  const seconds = (own: number) => (effective && own === 0 ? VAULT_TTL_SECONDS_MAX : own);
  const settings = {
    default_lease_ttl: seconds(config.defaultSeconds),
    max_lease_ttl: seconds(config.maxSeconds),
    force_no_cache: config.forceNoCache,
    ...(config.listingVisibility === undefined ? {} : { listing_visibility: config.listingVisibility }),
  };
  if (effective) return { ...settings, description: mount.description, options: mount.options };
  const uuid = mount.uid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return {
    ...{ type: mount.type, accessor: mount.accessor, uuid, description: mount.description, options: mount.options },
    ...{ config: settings, local: mount.local, seal_wrap: mount.sealWrap, external_entropy_access: false },
    ...{ plugin_version: '', running_plugin_version: '', running_sha256: '' },
  };
}

const list: Handler = ({ view }) => ({
  data: Object.fromEntries(Object.entries(tableOf(view)).map(([path, mount]) => [path, describeMount(mount)])),
});

function existing(call: VaultCall): { readonly path: string; readonly mount: Mount; readonly table: MountTable } {
  const table = tableOf(call.view);
  const path = mountPath(call.params['path'] ?? '');
  const mount = Object.hasOwn(table, path) ? table[path] : undefined;
  if (mount === undefined) throw invalid(`no matching mount at ${path}`);
  return { path, mount, table };
}

const read: Handler = (call) => ({ data: describeMount(existing(call).mount) });

function versionOf(type: string, options: Readonly<Record<string, string>> | undefined): string {
  const version = type === 'kv-v2' ? '2' : (options?.['version'] ?? '1');
  if (version !== '1' && version !== '2') throw invalid('the version of a kv mount is 1 or 2');
  return version;
}

const mountIt: Handler = ({ view, params, data }) => {
  const table = tableOf(view);
  const path = mountPath(params['path'] ?? '');
  const asked = textField(data, 'type') ?? '';
  if (asked === '') throw invalid('backend type must be specified as a string');
  const type = asked === 'kv-v2' || asked === 'kv-v1' || asked === 'generic' ? 'kv' : asked;
  if (!ENGINE_TYPES.some((each) => each === type) || FIXED_MOUNTS.includes(`${type}/`) || type === 'system') {
    throw invalid(`plugin not found in the catalog: ${asked.slice(0, 64)}`);
  }
  checkFree(table, path);
  if (Object.keys(table).length >= MOUNTS_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'mounts of one project', limit: MOUNTS_MAX });
  }
  const options = mapField(data, 'options');
  const mount: Mount = {
    type: type as EngineType,
    uid: view.entropy.uid(),
    accessor: `${type}_${alphanumeric(view, 8).toLowerCase()}`,
    description: (textField(data, 'description') ?? '').slice(0, 1024),
    options: type === 'kv' ? { ...options, version: versionOf(asked, options) } : null,
    config: configOf((data['config'] ?? {}) as Data, NO_CONFIG),
    local: booleanField(data, 'local') ?? false,
    sealWrap: booleanField(data, 'seal_wrap') ?? false,
  };
  keepMounts(view, { ...table, [path]: mount });
  return {};
};

/** No mount may stand over or under another. */
/** Throws where something stands at the path, above it or below. */
export function checkFree(table: MountTable, path: string): void {
  const first = path.slice(0, path.indexOf('/') + 1);
  if (first === 'auth/' || FIXED_MOUNTS.includes(first)) throw invalid(`cannot mount at ${path}`);
  const over = Object.keys(table).find((each) => each.startsWith(path) || path.startsWith(each));
  if (over !== undefined) throw invalid(`path is already in use at ${over}`);
}

export function configOf(data: Data, known: Mount['config']): Mount['config'] {
  const seconds = (name: string, own: number) => {
    const asked = data[name] === 'system' ? 0 : (durationField(data, name) ?? own);
    if (asked < 0) throw invalid(`${name} must be positive`);
    return asked;
  };
  const defaultSeconds = seconds('default_lease_ttl', known.defaultSeconds);
  const maxSeconds = seconds('max_lease_ttl', known.maxSeconds);
  const most = maxSeconds === 0 ? VAULT_TTL_SECONDS_MAX : maxSeconds;
  if (defaultSeconds > most) {
    throw invalid(
      `backend max lease TTL of ${formatDuration(most)} is less than the default of ${formatDuration(defaultSeconds)}`,
    );
  }
  const listing = textField(data, 'listing_visibility') ?? known.listingVisibility;
  if (listing !== undefined && !['', 'hidden', 'unauth'].includes(listing))
    throw invalid('invalid listing_visibility value');
  return {
    ...{ defaultSeconds, maxSeconds },
    forceNoCache: booleanField(data, 'force_no_cache') ?? known.forceNoCache,
    ...(listing === undefined || listing === '' ? {} : { listingVisibility: listing }),
  };
}

const unmount: Handler = ({ view, params }) => {
  const table = tableOf(view);
  const path = mountPath(params['path'] ?? '');
  const mount = Object.hasOwn(table, path) ? table[path] : undefined;
  if (mount === undefined) return {};
  if (FIXED_MOUNTS.includes(path)) throw invalid(`cannot unmount "${path}"`);
  const { [path]: _gone, ...rest } = table;
  keepMounts(view, rest);
  const location = placeOfMount(path, mount);
  if (mount.type === 'kv' && location !== '') {
    view.changes.push({ change: 'secrets.deleteAt', projectUid: view.project.uid, location });
  }
  if (mount.type === 'pki') {
    view.changes.push({ change: 'vaultEntry.deleteBelow', prefix: pkiHome(mount.uid) });
  }
  if (mount.type === 'transit') {
    view.changes.push({ change: 'keyRing.delete', projectUid: view.project.uid, ring: ringOfMount(path) });
  }
  return {};
};

const tuning: Handler = (call) => ({ data: describeMount(existing(call).mount, true) });

/** The settings of `token/`, which are fixed. */
export function authTuning(): Reply {
  const seconds = { default_lease_ttl: VAULT_TTL_SECONDS_MAX, max_lease_ttl: VAULT_TTL_SECONDS_MAX };
  return {
    data: { ...seconds, description: 'token based credentials', force_no_cache: false, token_type: 'default-service' },
  };
}

const tune: Handler = (call) => {
  const { path, mount, table } = existing(call);
  const { view, data } = call;
  const options = mapField(data, 'options');
  const version = options?.['version'];
  const upgrade = mount.type === 'kv' && version === '2' && !isVersioned(mount);
  if (version !== undefined && !upgrade && version !== (mount.options?.['version'] ?? '1')) {
    throw invalid(`cannot downgrade mount from version ${mount.options?.['version'] ?? '1'}`);
  }
  const description = textField(data, 'description');
  keepMounts(view, {
    ...table,
    [path]: {
      ...mount,
      config: configOf(data, mount.config),
      ...(description === undefined ? {} : { description: description.slice(0, 1024) }),
      ...(options === undefined || mount.type !== 'kv' ? {} : { options: { ...mount.options, ...options } }),
    },
  });
  return upgrade ? { data: {}, warnings: ['Upgrading mount to version 2.'] } : {};
};

const preflight: Handler = ({ view, params }) => {
  const asked = params['path'] ?? '';
  const found = mountOf(tableOf(view), `${asked.replace(/\/$/, '')}/`);
  if (found === undefined || !view.reachesInto(found.path)) {
    throw new Fault('PERMISSION_DENIED', {
      permission: 'read',
      resource: `sys/internal/ui/mounts/${asked}`.slice(0, 200),
    });
  }
  return { data: { ...describeMount(found.mount), path: found.path } };
};

const visible: Handler = ({ view }) => {
  const shown = Object.entries(tableOf(view)).filter(
    ([path, { config }]) =>
      config.listingVisibility === 'unauth' ||
      (view.caller.vault !== undefined && view.caller.principal.member !== 'anonymous' && view.reachesInto(path)),
  );
  return { data: { auth: {}, secret: Object.fromEntries(shown.map(([path, mount]) => [path, describeMount(mount)])) } };
};

export const MOUNT_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/mounts', help: 'List the mounted secret engines.', read: list },
  { path: 'sys/mounts/*path/tune', help: 'Read or change the settings of a mount.', read: tuning, write: tune },
  { path: 'sys/mounts/*path', help: 'Mount a secret engine, or take it away.', read, write: mountIt, delete: unmount },
  { path: 'sys/internal/ui/mounts', help: 'The mounts that the request may see.', open: true, read: visible },
  { path: 'sys/internal/ui/mounts/*path', help: 'The mount of a path.', open: true, read: preflight },
];
