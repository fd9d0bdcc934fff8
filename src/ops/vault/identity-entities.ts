// Entities by Vault's API: made, changed, merged, taken away, by id or by name. And their aliases: the names by which the
// auth methods mean them, at most one a method.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/identity/entity and .../entity-alias

import { formatTime } from '../../core/vault/duration.ts';
import type { Alias, Entity } from '../../core/vault/identity.ts';
import { booleanField, invalid, listField, textField } from './fields.ts';
import { aliasHandlersOf, describeAlias } from './identity-aliases.ts';
import { handlersOf } from './identity-handlers.ts';
import {
  all,
  boundPolicies,
  byAlias,
  byMethod,
  checkedName,
  drop,
  dropAlias,
  type Found,
  found,
  indexAlias,
  insert,
  keep,
  leadMerged,
  load,
  MEMBERS_MAX,
  metadataField,
  methodOf,
  newId,
  ownName,
} from './identity-rows.ts';
import type { Handler, Reply, VaultCall, VaultRoute } from './route.ts';
import type { View } from './view.ts';

type FoundEntity = Found<'entity'>;

/** A new entity, by the name given or one of its own. */
export function addEntity(view: View, name: string | undefined, rest: Partial<Entity> = {}): FoundEntity {
  const id = newId(view);
  const row: Entity = {
    name: checkedName(name ?? ownName('entity', id), 'entity name'),
    ...{ metadata: null, policies: [], disabled: false, aliases: [], groups: [], merged: [] },
    ...{ createdAt: view.now, updatedAt: view.now, revision: 0 },
    ...rest,
  };
  return insert(view, 'entity', { id, row });
}

/** `known`: the entity that the path names, or the fields. */
function writeEntity({ view, data }: VaultCall, known: FoundEntity | undefined, name: string | undefined): Reply {
  const policies = boundPolicies(data);
  const metadata = metadataField(data, 'metadata');
  const disabled = booleanField(data, 'disabled');
  const given = {
    ...(policies === undefined ? {} : { policies }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(disabled === undefined ? {} : { disabled }),
  };
  if (known === undefined) {
    const made = addEntity(view, name, given);
    return { data: { aliases: null, id: made.id, name: made.row.name } };
  }
  const named = name === undefined ? {} : { name: checkedName(name, 'entity name') };
  keep(view, 'entity', { id: known.id, row: { ...known.row, ...given, ...named } });
  return {};
}

export function describeEntity(view: View, { id, row }: FoundEntity): Readonly<Record<string, unknown>> {
  const reached = view.identity(id)?.groups.map((group) => group.id) ?? [];
  return {
    aliases: row.aliases.map((alias) => describeAlias(view, alias, id)),
    ...{ creation_time: formatTime(row.createdAt), last_update_time: formatTime(row.updatedAt) },
    ...{ direct_group_ids: row.groups, group_ids: reached },
    inherited_group_ids: reached.filter((each) => !row.groups.includes(each)),
    ...{ disabled: row.disabled, id, name: row.name, namespace_id: 'root' },
    ...{ metadata: row.metadata, policies: row.policies },
    merged_entity_ids: row.merged.length === 0 ? null : row.merged,
  };
}

const removeMany: Handler = ({ view, data }) => {
  const ids = listField(data, 'entity_ids') ?? [];
  if (ids.length === 0) throw invalid('missing entity ids to delete');
  if (ids.length > MEMBERS_MAX) throw invalid(`at most ${MEMBERS_MAX} entities at once`);
  loadAll(view, ids);
  for (const id of ids) drop(view, 'entity', id);
  return {};
};

const of = handlersOf('entity', { describe: describeEntity, save: writeEntity, unknownId: 'entity not found from id' });

const list: Handler = ({ view }) => {
  const entities = all(view, 'entity');
  const info = entities.map(({ id, row }) => {
    const aliases = row.aliases.map((alias) => {
      const { id: aliasKey, mount_accessor, mount_path, mount_type, name } = describeAlias(view, alias, id);
      return { id: aliasKey, mount_accessor, mount_path, mount_type, name };
    });
    return [id, { name: row.name, ...(aliases.length === 0 ? {} : { aliases }) }] as const;
  });
  return { data: { keys: entities.map(({ id }) => id), key_info: Object.fromEntries(info) } };
};

/** Makes several entities one: it gets their aliases and groups, never their policies. */
const merge: Handler = ({ view, data }) => {
  const from = [...new Set(listField(data, 'from_entity_ids') ?? [])];
  const to = textField(data, 'to_entity_id') ?? '';
  const kept = listField(data, 'conflicting_alias_ids_to_keep') ?? [];
  const force = booleanField(data, 'force') ?? false;
  if (from.length === 0) throw invalid('missing entity ids to merge from');
  if (from.length > MEMBERS_MAX) throw invalid(`at most ${MEMBERS_MAX} entities at once`);
  if (found(view, 'entity', to) === undefined) throw invalid('entity id to merge to is invalid');
  if (from.includes(to)) throw invalid('to_entity_id should not be present in from_entity_ids');
  loadAll(view, from);
  for (const id of from) mergeOne(view, id, to, kept, force);
  return {};
};

/** With the groups that they are in. */
function loadAll(view: View, ids: readonly string[]): void {
  load(view, 'entity', ids);
  load(
    view,
    'group',
    ids.flatMap((id) => found(view, 'entity', id)?.row.groups ?? []),
  );
}

function mergeOne(view: View, from: string, to: string, kept: readonly string[], force: boolean): void {
  const source = found(view, 'entity', from);
  const target = found(view, 'entity', to) as FoundEntity;
  if (source === undefined) throw invalid('entity id to merge from is invalid');
  const aliases = [...target.row.aliases];
  for (const alias of source.row.aliases) {
    const clash = aliases.findIndex(({ accessor }) => accessor === alias.accessor);
    const other = aliases[clash];
    if (other === undefined) {
      aliases.push(alias);
    } else if (kept.includes(alias.id)) {
      dropAlias(view, 'entity', other);
      aliases[clash] = alias;
    } else if (force || kept.includes(other.id)) {
      dropAlias(view, 'entity', alias);
    } else {
      throw invalid(
        'conflicting mount accessors in following alias IDs and neither is present in conflicting_alias_ids_to_keep',
      );
    }
  }
  for (const each of source.row.groups) replaceMember(view, each, from, to);
  const merged = [...target.row.merged, ...source.row.merged, from];
  const groups = [...new Set([...target.row.groups, ...source.row.groups])];
  keep(view, 'entity', { id: to, row: { ...target.row, aliases, merged, groups } });
  for (const alias of aliases) indexAlias(view, 'entity', to, alias, from);
  for (const each of [...source.row.merged, from]) leadMerged(view, each, to);
  keep(view, 'entity', { id: from, row: { ...source.row, groups: [] } });
  drop(view, 'entity', from);
}

function replaceMember(view: View, groupKey: string, from: string, to: string): void {
  const group = found(view, 'group', groupKey);
  if (group === undefined) return;
  const entities = new Set((group.row.entities ?? []).map((each) => (each === from ? to : each)));
  keep(view, 'group', { id: groupKey, row: { ...group.row, entities: [...entities] } });
}

/** The alias of a method's name: a new one, one that is changed, or one that moves to another entity. */
const writeAlias: Handler = ({ view, data, params }) => {
  const asked = params['id'] ?? textField(data, 'id') ?? '';
  const known = asked === '' ? undefined : byAlias(view, 'entity', asked);
  if (asked !== '' && known === undefined) throw invalid('invalid alias ID provided');
  const before = known?.row.aliases.find(({ id }) => id === asked);
  const sent = checkedName(textField(data, 'name') ?? before?.name ?? '', 'alias name');
  const accessor = textField(data, 'mount_accessor') ?? before?.accessor ?? '';
  const method = methodOf(view, accessor);
  if (method === undefined) throw invalid(`invalid mount accessor "${accessor.slice(0, 64)}"`);
  // Names are one there whatever their case.
  const name = ['github', 'token', 'userpass'].includes(method.type) ? sent.toLowerCase() : sent;
  const taken = byMethod(view, 'entity', accessor, name);
  const same = taken?.row.aliases.find((each) => each.accessor === accessor && each.name === name);
  if (before !== undefined && same !== undefined && same.id !== before.id) {
    throw invalid('alias with combination of mount accessor and name already exists');
  }
  const canonical = textField(data, 'canonical_id') ?? textField(data, 'entity_id') ?? '';
  const owner =
    (canonical === '' ? undefined : found(view, 'entity', canonical)) ??
    (canonical === '' ? (known ?? taken) : undefined);
  if (canonical !== '' && owner === undefined) throw invalid('invalid canonical ID');
  const customMetadata = metadataField(data, 'custom_metadata');
  const old = before ?? same;
  const alias: Alias = {
    ...(old ?? { id: newId(view), createdAt: view.now, customMetadata: null }),
    ...{ name, accessor, updatedAt: view.now },
    ...(customMetadata === undefined ? {} : { customMetadata }),
  };
  const holder = putAlias(view, owner, alias, known ?? taken, old);
  return old === undefined || params['id'] !== undefined ? { data: { canonical_id: holder, id: alias.id } } : {};
};

/** Gives an alias to an entity, or to a new one, in place of `before`, which another may have had. Answers whose it is. */
export function putAlias(
  view: View,
  owner: FoundEntity | undefined,
  alias: Alias,
  holder?: FoundEntity,
  before?: Alias,
): string {
  if (owner?.row.aliases.some(({ accessor, id }) => accessor === alias.accessor && id !== alias.id)) {
    throw invalid('Alias already exists for requested entity and mount accessor');
  }
  if (holder !== undefined && before !== undefined) {
    dropAlias(view, 'entity', before);
    const aliases = holder.row.aliases.filter(({ id }) => id !== before.id);
    keep(view, 'entity', { id: holder.id, row: { ...holder.row, aliases } });
  }
  const { id } = owner ?? addEntity(view, undefined);
  const { row } = found(view, 'entity', id) as FoundEntity;
  keep(view, 'entity', { id, row: { ...row, aliases: [...row.aliases, alias] } });
  indexAlias(view, 'entity', id, alias);
  return id;
}

const aliasHandlers = aliasHandlersOf('entity', {
  aliasesOf: (row) => row.aliases,
  without: (_view, { row }, id) => ({ ...row, aliases: row.aliases.filter((each) => each.id !== id) }),
  shown: (described) => described,
  listed: ({ id: _id, creation_time: _made, last_update_time: _changed, merged_from_canonical_ids: _from, ...rest }) =>
    rest,
});

export const ENTITY_ROUTES: readonly VaultRoute[] = [
  { path: 'identity/entity', help: 'Make or change an entity.', write: of.write },
  { path: 'identity/entity/id', help: 'List the ids of the entities.', list, read: list },
  { path: 'identity/entity/name', help: 'List the names of the entities.', ...of.names },
  {
    path: 'identity/entity/id/:id',
    help: 'Read, change or delete an entity by its id.',
    ...of.byId,
  },
  {
    path: 'identity/entity/name/*name',
    help: 'Read, write or delete an entity by its name.',
    ...of.byName,
  },
  { path: 'identity/entity/batch-delete', help: 'Delete several entities.', write: removeMany },
  { path: 'identity/entity/merge', help: 'Make several entities one.', write: merge },
  { path: 'identity/entity-alias', help: 'Make or change an alias of an entity.', write: writeAlias },
  { path: 'identity/entity-alias/id', help: 'List the aliases of entities.', ...aliasHandlers.all },
  {
    path: 'identity/entity-alias/id/:id',
    help: 'Read, change or delete an alias of an entity.',
    ...{ ...aliasHandlers.byId, write: writeAlias },
  },
];
