// What entities and groups answer alike: found by id or by name they are read and taken away, and their names are listed.

import { Fault } from '../../core/error.ts';
import { all, byName, drop, type Found, found, type Kind } from './identity-rows.ts';
import type { Handler, VaultCall } from './route.ts';
import type { View } from './view.ts';

type Find<K extends Kind> = (call: VaultCall) => Found<K> | undefined;

/** 404, as Vault has it. */
export const missing = (what: string): Fault => new Fault('VAULT_ENTRY_NOT_FOUND', { path: what });

/** The handlers of one kind; `describe` is what a read answers. */
export function handlersOf<K extends Kind>(
  kind: K,
  describe: (view: View, known: Found<K>) => Readonly<Record<string, unknown>>,
) {
  const read =
    (find: Find<K>): Handler =>
    (call) => {
      const known = find(call);
      if (known === undefined) throw missing(kind);
      return { data: describe(call.view, known) };
    };
  const remove =
    (find: Find<K>): Handler =>
    (call) => {
      const known = find(call);
      if (known !== undefined) drop(call.view, kind, known.id);
      return {};
    };
  const ofId: Find<K> = ({ view, params }) => found(view, kind, params['id'] ?? '');
  const ofName: Find<K> = ({ view, params }) => byName(view, kind, params['name'] ?? '');
  const listNames: Handler = ({ view }) => {
    const names = all(view, kind).map(({ row }) => row.name);
    return { data: { keys: names.sort() } };
  };
  return {
    byId: { read: read(ofId), delete: remove(ofId) },
    byName: { read: read(ofName), delete: remove(ofName) },
    listNames,
  };
}
