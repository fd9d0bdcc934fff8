// The settings of a kv mount of version 2, which hold for every secret that has none of its own.

import { Fault } from '../../core/error.ts';
import { formatDuration } from '../../core/vault/duration.ts';
import { isVersioned, type KvSettings, type Mount, mountsId } from '../../core/vault/mounts.ts';
import { booleanField, type Data, durationField, integerField, invalid } from './fields.ts';
import { tableOf } from './mount-table.ts';
import type { Handler, VaultCall, VaultRoute } from './route.ts';

/** Ours: more than that would only cost. */
const MAX_VERSIONS_MAX = 100_000;
export const NO_SETTINGS: KvSettings = { maxVersions: 0, casRequired: false, deleteAfterSeconds: 0 };
/** Not a path by itself: which it is follows from the mount. */
export const KV_CONFIG_ROUTE = 'internal:kv-config';

/** Settings as a request changes them; what it does not name stays. */
export function kvSettings(data: Data, known: KvSettings): KvSettings {
  const maxVersions = integerField(data, 'max_versions') ?? known.maxVersions;
  if (maxVersions < 0 || maxVersions > MAX_VERSIONS_MAX) throw invalid(`max_versions is from 0 to ${MAX_VERSIONS_MAX}`);
  const after = durationField(data, 'delete_version_after') ?? known.deleteAfterSeconds;
  return {
    maxVersions,
    casRequired: booleanField(data, 'cas_required') ?? known.casRequired,
    // Anything below nothing switches it off.
    deleteAfterSeconds: after < 0 ? -1 : after,
  };
}

export function describeSettings(settings: KvSettings): Readonly<Record<string, unknown>> {
  return {
    cas_required: settings.casRequired,
    delete_version_after: formatDuration(Math.max(0, settings.deleteAfterSeconds)),
    max_versions: settings.maxVersions,
  };
}

function mountAt({ view, params }: VaultCall): { readonly path: string; readonly mount: Mount } {
  const path = params['mount'] ?? '';
  const table = tableOf(view);
  const mount = Object.hasOwn(table, path) ? table[path] : undefined;
  if (mount === undefined || !isVersioned(mount)) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'config' });
  return { path, mount };
}

const read: Handler = (call) => ({ data: describeSettings(mountAt(call).mount.settings ?? NO_SETTINGS) });

const write: Handler = (call) => {
  const { path, mount } = mountAt(call);
  const { view } = call;
  const settings = kvSettings(call.data, mount.settings ?? NO_SETTINGS);
  const id = mountsId(view.project.id);
  const mounts = { ...tableOf(view), [path]: { ...mount, settings } };
  view.put({ id, data: { ...view.get(id)?.data, mounts } });
  return {};
};

export const KV_CONFIG_ROUTES: readonly VaultRoute[] = [
  { path: KV_CONFIG_ROUTE, help: 'The settings of a kv mount.', read, write },
];
