// Members of external groups. An auth method names the groups that it knows somebody to be in, at each login: by the aliases
// that its own groups have, and for no other method's. What a group is called there is no longer its members' once it is
// called otherwise.
// Source: https://developer.hashicorp.com/vault/docs/concepts/identity ("External vs internal groups").

import { Fault } from '../../core/error.ts';
import { byMethod, type Found, found, keep, loadMethods, MEMBERS_MAX, setMembers } from './identity-rows.ts';
import type { View } from './view.ts';

/** An entity is in those of the method's groups that have one of these names, and in no other of them. */
export function refreshMemberships(view: View, entity: string, accessor: string, names: readonly string[]): void {
  loadMethods(view, 'group', accessor, names);
  const named = new Set(names.flatMap((name) => byMethod(view, 'group', accessor, name)?.id ?? []));
  const before = found(view, 'entity', entity)?.row.groups ?? [];
  for (const id of before)
    if (!named.has(id) && isOf(found(view, 'group', id), accessor)) change(view, id, entity, false);
  for (const id of named) if (!before.includes(id)) change(view, id, entity, true);
}

function isOf(group: Found<'group'> | undefined, accessor: string): boolean {
  return group?.row.type === 'external' && group.row.alias?.accessor === accessor;
}

function change(view: View, id: string, entity: string, joins: boolean): void {
  const { row } = found(view, 'group', id) as Found<'group'>;
  const others = (row.entities ?? []).filter((each) => each !== entity);
  const entities = joins ? [...others, entity] : others;
  if (entities.length > MEMBERS_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'members of one group', limit: MEMBERS_MAX });
  }
  keep(view, 'group', { id, row: { ...row, entities } });
  setMembers(view, id, 'entity', joins ? [] : [entity], joins ? [entity] : []);
}

/** The group without those members whom a method named; its row has still to be kept. */
export function withoutMembers(view: View, { id, row }: Found<'group'>): Found<'group'> {
  if (row.type !== 'external' || row.entities === null) return { id, row };
  setMembers(view, id, 'entity', row.entities, []);
  return { id, row: { ...row, entities: null } };
}
