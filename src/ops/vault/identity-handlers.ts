// What entities and groups do alike: by an id or a name they are written, read and taken away, and their names are listed.

import { Fault } from '../../core/error.ts';
import { invalid, textField } from './fields.ts';
import { all, byName, drop, type Found, found, type Kind } from './identity-rows.ts';
import type { Handler, Reply, VaultCall } from './route.ts';
import type { View } from './view.ts';

type Find<K extends Kind> = (call: VaultCall) => Found<K> | undefined;

export interface KindWays<K extends Kind> {
  /** What a read answers. */
  describe(view: View, known: Found<K>): Readonly<Record<string, unknown>>;
  /** `known`: the one that is meant, where there is one; `name`: what it is to be called. */
  save(call: VaultCall, known: Found<K> | undefined, name: string | undefined): Reply;
  /** What a write by an id that is nobody's is told. */
  readonly unknownId: string;
}

/** 404, as Vault has it. */
export const missing = (what: string): Fault => new Fault('VAULT_ENTRY_NOT_FOUND', { path: what });

/** The handlers of one kind. */
export function handlersOf<K extends Kind>(kind: K, { describe, save, unknownId }: KindWays<K>) {
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
  const write: Handler = (call) => {
    const { view, data, params } = call;
    const name = textField(data, 'name') || undefined;
    const id = params['id'] ?? textField(data, 'id') ?? '';
    if (id === '') return save(call, name === undefined ? undefined : byName(view, kind, name), name);
    const known = found(view, kind, id);
    if (known === undefined) throw invalid(unknownId);
    return save(call, known, name);
  };
  const writeNamed: Handler = (call) => save(call, ofName(call), call.params['name'] ?? '');
  const listNames: Handler = ({ view }) => {
    const names = all(view, kind).map(({ row }) => row.name);
    return { data: { keys: names.sort() } };
  };
  return {
    write,
    byId: { read: read(ofId), write, delete: remove(ofId) },
    byName: { read: read(ofName), write: writeNamed, delete: remove(ofName) },
    names: { list: listNames, read: listNames },
  };
}
