// Aliases: the names by which auth methods mean entities and groups. Shown, taken away and listed alike for both.

import { formatTime } from '../../core/vault/duration.ts';
import type { Alias } from '../../core/vault/identity.ts';
import { missing } from './identity-handlers.ts';
import { all, byAlias, dropAlias, type Found, type Kind, keep, methodOf } from './identity-rows.ts';
import type { Handler, VaultCall } from './route.ts';
import type { View } from './view.ts';

type Described = ReturnType<typeof describeAlias>;

export interface AliasWays<K extends Kind> {
  aliasesOf(row: Found<K>['row']): readonly Alias[];
  /** The row without the alias of that id, and without what hangs on it. */
  without(view: View, known: Found<K>, id: string): Found<K>['row'];
  /** What a read shows of one, and what a list does. */
  shown(described: Described): object;
  listed(described: Described): object;
}

/** `canonical`: the id of the one whose alias it is. */
export function describeAlias(view: View, alias: Alias, canonical: string) {
  const { path = '', type = '' } = methodOf(view, alias.accessor) ?? {};
  return {
    ...{ canonical_id: canonical, creation_time: formatTime(alias.createdAt), custom_metadata: alias.customMetadata },
    ...{ id: alias.id, last_update_time: formatTime(alias.updatedAt), local: false, merged_from_canonical_ids: null },
    ...{ metadata: null, mount_accessor: alias.accessor, mount_path: path, mount_type: type, name: alias.name },
  };
}

/** The handlers of the aliases of one kind, but for the one that writes them. */
export function aliasHandlersOf<K extends Kind>(kind: K, { aliasesOf, without, shown, listed }: AliasWays<K>) {
  const meant = ({ view, params }: VaultCall) => {
    const { id = '' } = params;
    const known = byAlias(view, kind, id);
    const alias = known === undefined ? undefined : aliasesOf(known.row).find((each) => each.id === id);
    return known === undefined || alias === undefined ? undefined : { known, alias };
  };
  const read: Handler = (call) => {
    const found = meant(call);
    if (found === undefined) throw missing(`${kind} alias`);
    return { data: { ...shown(describeAlias(call.view, found.alias, found.known.id)), namespace_id: 'root' } };
  };
  const remove: Handler = (call) => {
    const found = meant(call);
    if (found === undefined) return {};
    const { known, alias } = found;
    dropAlias(call.view, kind, alias);
    keep(call.view, kind, { id: known.id, row: without(call.view, known, alias.id) });
    return {};
  };
  const list: Handler = ({ view }) => {
    const aliases = all(view, kind).flatMap(({ id, row }) =>
      aliasesOf(row).map((alias) => describeAlias(view, alias, id)),
    );
    const info = aliases.map((each) => [each.id, listed(each)]);
    return { data: { keys: aliases.map(({ id }) => id).sort(), key_info: Object.fromEntries(info) } };
  };
  return { byId: { read, delete: remove }, all: { list, read: list } };
}
