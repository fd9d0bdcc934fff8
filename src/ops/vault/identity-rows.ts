// Entities, aliases and groups as rows: found by id, by name, by the alias of an auth method. An entity holds its aliases
// and the groups it is in; a group its members and the groups it is in. Both ends of a membership change together.

import { Fault } from '../../core/error.ts';
import { isAccountEmail } from '../../core/name.ts';
import type { Account } from '../../core/secret.ts';
import { authTable, TOKEN_ACCESSOR } from '../../core/vault/auth-mounts.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import {
  type Alias,
  type Entity,
  entityId,
  entityOf,
  type Group,
  groupId,
  groupOf,
  type Metadata,
  mergedId,
} from '../../core/vault/identity.ts';
import { mountsId } from '../../core/vault/mounts.ts';
import { type Data, invalid, listField, mapField } from './fields.ts';
import { policyName } from './policies.ts';
import type { View } from './view.ts';

/** Ours: entities, or groups, of one project; members of a group, and groups of a member. */
export const IDENTITIES_MAX = 25_000;
export const MEMBERS_MAX = 5000;
const GROUPS_PER_MEMBER_MAX = 400;
const NAME_CHARS_MAX = 512;
const POLICIES_MAX = 100;
/** Vault's own bounds for custom metadata. */
const PAIRS_MAX = 64;

export type Kind = 'entity' | 'group';
type Known<K extends Kind> = K extends 'entity' ? Entity : Group;

export interface Found<K extends Kind> {
  readonly id: string;
  readonly row: Known<K>;
}

export const prefixOf = (view: View, folder: string): string => `project/${view.project.id}/${folder}/`;
const rowId = (view: View, kind: Kind, id: string) => (kind === 'entity' ? entityId : groupId)(view.project.id, id);
const nameId = (view: View, kind: Kind, name: string) => `${prefixOf(view, `${kind}-name`)}${name.toLowerCase()}`;
const aliasId = (view: View, kind: Kind, id: string) => `${prefixOf(view, `${kind}-alias`)}${id}`;
const methodId = (view: View, kind: Kind, { accessor, name }: Pick<Alias, 'accessor' | 'name'>) =>
  `${prefixOf(view, `${kind}-alias-of`)}${accessor}/${name}`;

/** A new id in the form of Vault's. */
export function newId(view: View): string {
  return view.entropy.uid().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function found<K extends Kind>(view: View, kind: K, id: string): Found<K> | undefined {
  const entry = view.get(rowId(view, kind, id));
  return entry === undefined ? undefined : { id, row: rowOf(kind, entry) };
}

const rowOf = <K extends Kind>(kind: K, entry: VaultEntry): Known<K> =>
  (kind === 'entity' ? entityOf(entry) : groupOf(entry)) as Known<K>;

/** Reads these at once, where they would be asked for one by one. */
export function load(view: View, kind: Kind, ids: readonly string[]): void {
  view.all(ids.map((id) => rowId(view, kind, id)));
}

function through<K extends Kind>(view: View, kind: K, index: string): Found<K> | undefined {
  const id = view.get(index)?.data['id'];
  return typeof id === 'string' ? found(view, kind, id) : undefined;
}

export function byName<K extends Kind>(view: View, kind: K, name: string): Found<K> | undefined {
  return name.length > NAME_CHARS_MAX ? undefined : through(view, kind, nameId(view, kind, name));
}

/** Whose alias this id is. */
export function byAlias<K extends Kind>(view: View, kind: K, id: string): Found<K> | undefined {
  return id.length > NAME_CHARS_MAX ? undefined : through(view, kind, aliasId(view, kind, id));
}

/** Whom an auth method means by a name. */
export function byMethod<K extends Kind>(view: View, kind: K, accessor: string, name: string): Found<K> | undefined {
  if (accessor.length + name.length > 2 * NAME_CHARS_MAX) return undefined;
  return through(view, kind, methodId(view, kind, { accessor, name }));
}

/** Reads at once what finds all these. */
export function loadMethods(view: View, kind: Kind, accessor: string, names: readonly string[]): void {
  const rows = view.all(names.map((name) => methodId(view, kind, { accessor, name })));
  load(
    view,
    kind,
    rows.flatMap((row) => (row === undefined ? [] : String(row.data['id']))),
  );
}

export function all<K extends Kind>(view: View, kind: K): readonly Found<K>[] {
  const prefix = rowId(view, kind, '');
  return view.below(prefix, IDENTITIES_MAX).map((entry) => ({
    id: entry.id.slice(prefix.length),
    row: rowOf(kind, entry),
  }));
}

/** One more or one less of a project's, by a count of its own: to look at all of them would cost more with each. */
function count(view: View, kind: Kind, change: 1 | -1): void {
  const id = `${prefixOf(view, 'identity-count')}${kind}`;
  const next = Number(view.get(id)?.data['count'] ?? 0) + change;
  if (next > IDENTITIES_MAX) {
    const what = kind === 'entity' ? 'entities of one project' : 'groups of one project';
    throw new Fault('LIMIT_REACHED', { what, limit: IDENTITIES_MAX });
  }
  view.put({ id, data: { count: Math.max(0, next) } });
}

/**
 * Adds a row of a new id, which nothing looks for: it is another whenever the request is judged anew. So is a name that
 * follows from it.
 */
export function insert<K extends Kind>(view: View, kind: K, { id, row }: Found<K>): Found<K> {
  count(view, kind, 1);
  view.put({ id: rowId(view, kind, id), data: row as unknown as VaultEntry['data'] });
  if (row.name === ownName(kind, id)) indexName(view, kind, id, row.name);
  else rename(view, kind, id, row.name);
  return { id, row };
}

/** Keeps a row as a new revision, found by its name from now on, and no more by the one before. */
export function keep<K extends Kind>(view: View, kind: K, { id, row }: Found<K>): Found<K> {
  const before = found(view, kind, id)?.row;
  const next = { ...row, updatedAt: view.now, revision: (before?.revision ?? 0) + 1 };
  view.put({ id: rowId(view, kind, id), data: next as unknown as VaultEntry['data'] });
  if (before?.name !== row.name) rename(view, kind, id, row.name, before?.name);
  return { id, row: next };
}

function rename(view: View, kind: Kind, id: string, name: string, before?: string): void {
  const named = nameId(view, kind, name);
  const old = before === undefined ? undefined : nameId(view, kind, before);
  if (named === old) return;
  if (view.get(named) !== undefined) throw invalid(`${kind} name is already in use`);
  if (old !== undefined) view.remove(old);
  indexName(view, kind, id, name);
}

function indexName(view: View, kind: Kind, id: string, name: string): void {
  view.put({ id: nameId(view, kind, name), owner: rowId(view, kind, id), data: { id } });
}

/** What one is called that was given no name. */
export function ownName(kind: Kind, id: string): string {
  return `${kind}_${id.replaceAll('-', '').slice(0, 20)}`;
}

/** The places by which an alias is found. `from`: the entity that becomes this one; nobody is tied then who was not tied to it. */
export function indexAlias(view: View, kind: Kind, id: string, alias: Alias, from?: string): void {
  const owner = rowId(view, kind, id);
  view.put({ id: aliasId(view, kind, alias.id), owner, data: { id } });
  view.put({ id: methodId(view, kind, alias), owner, data: { id } });
  if (kind === 'entity') tieAccount(view, alias, owner, from === undefined ? undefined : rowId(view, kind, from));
}

/**
 * An alias of `token/` by the address of a service account of the project makes that account the entity. One that is made
 * later under the same address is another. `before`: only one that is this entity so far.
 */
function tieAccount(view: View, alias: Alias, entity: string | undefined, before?: string): void {
  const account = accountOf(view, alias);
  if (account === undefined || (before !== undefined && account.entity !== before)) return;
  const { entity: _before, ...rest } = account;
  if (account.entity !== entity) view.putAccount(entity === undefined ? rest : { ...rest, entity });
}

function accountOf(view: View, { accessor, name }: Alias): Account | undefined {
  const account = accessor === TOKEN_ACCESSOR && isAccountEmail(name) ? view.account(name) : undefined;
  return account?.projectUid === view.project.uid ? account : undefined;
}

export function dropAlias(view: View, kind: Kind, alias: Alias): void {
  if (kind === 'entity') tieAccount(view, alias, undefined);
  view.remove(aliasId(view, kind, alias.id));
  view.remove(methodId(view, kind, alias));
}

/** Takes an entity or group away, and out of all that name it. What finds it goes with its row. */
export function drop(view: View, kind: Kind, id: string): void {
  const known = found(view, kind, id);
  if (known === undefined) return;
  const { row } = known;
  const above = 'parents' in row ? row.parents : row.groups;
  load(view, 'group', above);
  for (const each of above) leave(view, kind, each, id);
  if ('parents' in row) {
    setMembers(view, id, 'entity', row.entities ?? [], []);
    setMembers(view, id, 'group', row.groups ?? [], []);
  } else {
    for (const alias of row.aliases) tieAccount(view, alias, undefined, rowId(view, kind, id));
  }
  view.remove(rowId(view, kind, id));
  count(view, kind, -1);
}

/** The group's own end of a membership that is no more. */
function leave(view: View, kind: Kind, groupKey: string, member: string): void {
  const group = found(view, 'group', groupKey);
  if (group === undefined) return;
  const without = (list: readonly string[] | null) => list?.filter((each) => each !== member) ?? null;
  const { entities, groups } = group.row;
  const left = kind === 'entity' ? { entities: without(entities) } : { groups: without(groups) };
  keep(view, 'group', { id: groupKey, row: { ...group.row, ...left } });
}

export function leadMerged(view: View, from: string, to: string): void {
  view.put({ id: mergedId(view.project.id, from), owner: entityId(view.project.id, to), data: { id: to } });
}

/** The members' own end of the memberships of a group: those of `before` that are not in `after` end. */
export function setMembers(
  view: View,
  groupKey: string,
  kind: Kind,
  before: readonly string[],
  after: readonly string[],
): void {
  load(view, kind, [...before, ...after]);
  for (const id of before.filter((each) => !after.includes(each))) link(view, groupKey, kind, id, false);
  for (const id of after.filter((each) => !before.includes(each))) link(view, groupKey, kind, id, true);
}

function link(view: View, groupKey: string, kind: Kind, id: string, isMember: boolean): void {
  const member = found(view, kind, id);
  if (member === undefined) {
    if (isMember) throw invalid(`invalid ${kind} ID "${id.slice(0, 64)}"`);
    return;
  }
  const without = (list: readonly string[]) => list.filter((each) => each !== groupKey);
  const changed = (list: readonly string[]) => {
    const next = isMember ? [...without(list), groupKey] : without(list);
    if (next.length > GROUPS_PER_MEMBER_MAX)
      throw new Fault('LIMIT_REACHED', { what: 'groups of one member', limit: GROUPS_PER_MEMBER_MAX });
    return next;
  };
  if (kind === 'entity') {
    const row = member.row as Entity;
    keep(view, 'entity', { id, row: { ...row, groups: changed(row.groups) } });
  } else {
    const row = member.row as Group;
    keep(view, 'group', { id, row: { ...row, parents: changed(row.parents) } });
  }
}

/** Policies that others than the token itself may bring: never root, and never the grants of a principal. */
export function boundPolicies(data: Data): readonly string[] | undefined {
  const given = listField(data, 'policies')?.map(policyName);
  const refused = given?.find((name) => name === 'root' || name === 'iam');
  if (refused !== undefined) throw invalid(`policies cannot contain ${refused}`);
  if (given !== undefined && given.length > POLICIES_MAX) throw invalid(`at most ${POLICIES_MAX} policies are allowed`);
  return given === undefined ? undefined : [...new Set(given)];
}

/** A map, or `key=value` as the command line sends them. */
export function metadataField(data: Data, name: string): Metadata | undefined {
  const given = data[name];
  const list = typeof given === 'string' ? [given] : given;
  if (!Array.isArray(list)) return mapField(data, name);
  const pairs = list.map((each) => {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(String(each)) ?? [];
    if (key === undefined || value === undefined) throw invalid(`${name}: a map of texts belongs there`);
    return [key, value] as const;
  });
  if (pairs.length > PAIRS_MAX) throw invalid(`${name}: at most ${PAIRS_MAX} entries are allowed`);
  return mapField({ [name]: Object.fromEntries(pairs) }, name);
}

export function checkedName(name: string, what: string): string {
  if (name === '' || name.length > NAME_CHARS_MAX || /[\x00-\x1f\x7f]/.test(name))
    throw invalid(`missing or invalid ${what}`);
  return name;
}

export interface Method {
  readonly path: string;
  readonly type: string;
}

/** The auth method of an accessor; undefined where it is gone. */
export function methodOf(view: View, accessor: string): Method | undefined {
  if (accessor === TOKEN_ACCESSOR) return { path: 'auth/token/', type: 'token' };
  const methods = Object.entries(authTable(view.get(mountsId(view.project.id))));
  const at = methods.find(([, mount]) => mount.accessor === accessor);
  return at === undefined ? undefined : { path: `auth/${at[0]}`, type: at[1].type };
}
