// Groups by Vault's API: internal ones, whose members are set here, and external ones, whose members an auth method names
// by the group's one alias. A group may be in others, never in itself.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/identity/group and .../group-alias

import { formatTime } from '../../core/vault/duration.ts';
import type { Alias, Group } from '../../core/vault/identity.ts';
import { type Data, invalid, listField, textField } from './fields.ts';
import { aliasHandlersOf, describeAlias } from './identity-aliases.ts';
import { handlersOf } from './identity-handlers.ts';
import { withoutMembers } from './identity-memberships.ts';
import {
  all,
  boundPolicies,
  byAlias,
  byMethod,
  checkedName,
  dropAlias,
  type Found,
  found,
  indexAlias,
  insert,
  keep,
  load,
  MEMBERS_MAX,
  metadataField,
  methodOf,
  newId,
  ownName,
  setMembers,
} from './identity-rows.ts';
import type { Handler, Reply, VaultCall, VaultRoute } from './route.ts';
import type { View } from './view.ts';

type FoundGroup = Found<'group'>;

/** Ours: groups above one another. */
const DEPTH_MAX = 16;

function members(data: Data, name: string): readonly string[] | undefined {
  const given = listField(data, name);
  if (given !== undefined && given.length > MEMBERS_MAX) throw invalid(`${name}: at most ${MEMBERS_MAX} are allowed`);
  return given === undefined ? undefined : [...new Set(given)];
}

function typeOf(data: Data, known: FoundGroup | undefined): Group['type'] {
  const type = textField(data, 'type') || known?.row.type || 'internal';
  if (type !== 'internal' && type !== 'external') throw invalid(`invalid group type "${type.slice(0, 32)}"`);
  if (known !== undefined && known.row.type !== type) throw invalid('group type cannot be changed');
  return type;
}

function fresh(view: View, id: string, type: Group['type']): Group {
  return {
    ...{ name: ownName('group', id), type, metadata: null, policies: [], entities: null, groups: null },
    ...{ parents: [], alias: null, createdAt: view.now, updatedAt: view.now, revision: 0 },
  };
}

function writeGroup({ view, data }: VaultCall, known: FoundGroup | undefined, name: string | undefined): Reply {
  const type = typeOf(data, known);
  const policies = boundPolicies(data);
  const metadata = metadataField(data, 'metadata');
  const entities = members(data, 'member_entity_ids');
  const groups = members(data, 'member_group_ids');
  if (type === 'external' && entities !== undefined) {
    throw invalid("member entities can't be set manually for external groups");
  }
  const id = known?.id ?? newId(view);
  const row: Group = {
    ...(known?.row ?? fresh(view, id, type)),
    ...(name === undefined ? {} : { name: checkedName(name, 'group name') }),
    ...(policies === undefined ? {} : { policies }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(entities === undefined ? {} : { entities }),
    ...(groups === undefined ? {} : { groups }),
  };
  if (groups !== undefined) checkAcyclic(view, id, row.parents, groups);
  (known === undefined ? insert : keep)(view, 'group', { id, row });
  if (entities !== undefined) setMembers(view, id, 'entity', known?.row.entities ?? [], entities);
  if (groups !== undefined) setMembers(view, id, 'group', known?.row.groups ?? [], groups);
  return known === undefined ? { data: { id, name: row.name } } : {};
}

/** Neither is a group among those above it, nor is anything deeper than it may be. */
function checkAcyclic(view: View, id: string, parents: readonly string[], groups: readonly string[]): void {
  const above = levels(view, parents, ({ parents: more }) => more);
  const cyclic = groups.find((each) => each === id || above.ids.has(each));
  if (cyclic !== undefined) {
    throw invalid(`cyclic relationship detected for member group ID "${cyclic.slice(0, 64)}"`);
  }
  const below = levels(view, groups, ({ groups: more }) => more ?? []);
  if (above.depth + below.depth >= DEPTH_MAX) throw invalid(`groups are in one another at most ${DEPTH_MAX} deep`);
}

function levels(view: View, start: readonly string[], next: (group: Group) => readonly string[]) {
  const ids = new Set<string>();
  let depth = 0;
  for (let level = start; level.length > 0 && depth <= DEPTH_MAX; depth++) {
    load(view, 'group', level);
    const fresh = level.filter((each) => !ids.has(each));
    for (const each of fresh) ids.add(each);
    level = fresh.flatMap((each) => {
      const group = found(view, 'group', each);
      return group === undefined ? [] : next(group.row);
    });
  }
  return { ids, depth };
}

function ofGroup({
  custom_metadata: _custom,
  local: _local,
  ...rest
}: ReturnType<typeof describeAlias>): Readonly<Record<string, unknown>> {
  return rest;
}

export function describeGroup(view: View, { id, row }: FoundGroup): Readonly<Record<string, unknown>> {
  return {
    alias: row.alias === null ? {} : ofGroup(describeAlias(view, row.alias, id)),
    ...{ creation_time: formatTime(row.createdAt), last_update_time: formatTime(row.updatedAt), id },
    ...{ member_entity_ids: row.entities, member_group_ids: row.groups, metadata: row.metadata },
    ...{ modify_index: row.revision, name: row.name, namespace_id: 'root', type: row.type },
    parent_group_ids: row.parents.length === 0 ? null : row.parents,
    policies: row.policies.length === 0 ? null : row.policies,
  };
}

const of = handlersOf('group', { describe: describeGroup, save: writeGroup, unknownId: 'invalid group ID' });

const list: Handler = ({ view }) => {
  const groups = all(view, 'group');
  const info = groups.map(({ id, row }) => {
    const {
      id: alias,
      mount_accessor,
      mount_path,
      mount_type,
      name,
    } = row.alias === null ? ({} as Record<string, unknown>) : describeAlias(view, row.alias, id);
    const shown = {
      ...{ name: row.name, num_member_entities: row.entities?.length ?? 0, num_parent_groups: row.parents.length },
      ...(alias === undefined ? {} : { alias: { id: alias, mount_accessor, mount_path, mount_type, name } }),
    };
    return [id, shown] as const;
  });
  return { data: { keys: groups.map(({ id }) => id), key_info: Object.fromEntries(info) } };
};

/** The one alias of an external group, new or in place of the one before. */
const writeAlias: Handler = ({ view, data, params }) => {
  const asked = params['id'] ?? textField(data, 'id') ?? '';
  const known = asked === '' ? undefined : byAlias(view, 'group', asked);
  if (asked !== '' && known === undefined) throw invalid('invalid group alias ID');
  const before = known?.row.alias ?? undefined;
  const sent = checkedName(textField(data, 'name') ?? before?.name ?? '', 'alias name');
  const accessor = textField(data, 'mount_accessor') ?? before?.accessor ?? '';
  const method = methodOf(view, accessor);
  if (method === undefined) throw invalid(`invalid mount accessor "${accessor.slice(0, 64)}"`);
  const name = method.type === 'github' ? sent.toLowerCase() : sent;
  const taken = byMethod(view, 'group', accessor, name);
  const canonical = textField(data, 'canonical_id') || known?.id || taken?.id;
  if (taken !== undefined && taken.id !== canonical) {
    throw invalid('alias with combination of mount accessor and name already exists');
  }
  const group = canonical === undefined ? newGroup(view) : found(view, 'group', canonical);
  if (group === undefined) throw invalid("invalid group ID given in 'canonical_id'");
  if (group.row.type !== 'external') throw invalid("alias can't be set on an internal group");
  if (group.row.alias !== null) dropAlias(view, 'group', group.row.alias);
  if (known !== undefined && known.id !== group.id) {
    dropAlias(view, 'group', known.row.alias as Alias);
    keep(view, 'group', { id: known.id, row: { ...withoutMembers(view, known).row, alias: null } });
  }
  const made = { id: newId(view), createdAt: view.now, customMetadata: null };
  const alias: Alias = { ...(before ?? made), name, accessor, updatedAt: view.now };
  const isSame = group.row.alias?.name === name && group.row.alias.accessor === accessor;
  const { row } = isSame ? group : withoutMembers(view, group);
  keep(view, 'group', { id: group.id, row: { ...row, alias } });
  indexAlias(view, 'group', group.id, alias);
  return { data: { canonical_id: group.id, id: alias.id } };
};

function newGroup(view: View): FoundGroup {
  const id = newId(view);
  return insert(view, 'group', { id, row: fresh(view, id, 'external') });
}

const aliasHandlers = aliasHandlersOf('group', {
  aliasesOf: ({ alias }) => (alias === null ? [] : [alias]),
  without: (view, group) => ({ ...withoutMembers(view, group).row, alias: null }),
  shown: ofGroup,
  listed: (described) => described,
});

export const GROUP_ROUTES: readonly VaultRoute[] = [
  { path: 'identity/group', help: 'Make or change a group.', write: of.write },
  { path: 'identity/group/id', help: 'List the ids of the groups.', list, read: list },
  { path: 'identity/group/name', help: 'List the names of the groups.', ...of.names },
  {
    path: 'identity/group/id/:id',
    help: 'Read, change or delete a group by its id.',
    ...of.byId,
  },
  {
    path: 'identity/group/name/*name',
    help: 'Read, write or delete a group by its name.',
    ...of.byName,
  },
  { path: 'identity/group-alias', help: 'Make or change the alias of an external group.', write: writeAlias },
  { path: 'identity/group-alias/id', help: 'List the aliases of groups.', ...aliasHandlers.all },
  {
    path: 'identity/group-alias/id/:id',
    help: 'Read, change or delete the alias of a group.',
    ...{ ...aliasHandlers.byId, write: writeAlias },
  },
];
