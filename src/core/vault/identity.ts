// Who a token of Vault's stands for: an entity, which the aliases of several auth methods may be, and the groups that it is
// in, by itself or by another group. Its policies are those of all of them, beside the token's own.
// Source: https://developer.hashicorp.com/vault/docs/concepts/identity

import type { VaultEntry } from './entry.ts';

export type Metadata = Readonly<Record<string, string>>;

export interface Alias {
  readonly id: string;
  /** What the auth method knows it by. */
  readonly name: string;
  /** Of the mount of that method. */
  readonly accessor: string;
  readonly customMetadata: Metadata | null;
  /** Milliseconds since 1970, as is the next. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Entity {
  readonly name: string;
  readonly metadata: Metadata | null;
  readonly policies: readonly string[];
  /** Its tokens are refused. */
  readonly disabled: boolean;
  readonly aliases: readonly Alias[];
  /** Ids of the groups that name it. */
  readonly groups: readonly string[];
  /** Ids of the entities that became this one. */
  readonly merged: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
  /** One more with each change. */
  readonly revision: number;
}

export interface Group {
  readonly name: string;
  readonly type: 'internal' | 'external';
  readonly metadata: Metadata | null;
  readonly policies: readonly string[];
  /** Ids; null: they were never set. */
  readonly entities: readonly string[] | null;
  readonly groups: readonly string[] | null;
  /** Ids of the groups that name it. */
  readonly parents: readonly string[];
  readonly alias: Alias | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly revision: number;
}

/** What a decision sees of it; plain data. */
export interface Identity {
  readonly id: string;
  readonly name: string;
  readonly metadata: Metadata;
  readonly aliases: readonly Alias[];
  readonly groups: readonly { readonly id: string; readonly name: string; readonly metadata: Metadata }[];
  /** Of the entity and of all its groups, sorted. */
  readonly policies: readonly string[];
  /** Another whenever anything of it has changed. */
  readonly key: string;
}

export function entityId(project: string, id: string): string {
  return `project/${project}/entity/${id}`;
}

/** Where an entity that became another one leads. */
export function mergedId(project: string, id: string): string {
  return `project/${project}/entity-merged/${id}`;
}

export function groupId(project: string, id: string): string {
  return `project/${project}/group/${id}`;
}

export const entityOf = (entry: VaultEntry): Entity => entry.data as unknown as Entity;
export const groupOf = (entry: VaultEntry): Group => entry.data as unknown as Group;

/** Groups that were read, by id; undefined: it is not there. */
export type KnownGroups = ReadonlyMap<string, Group | undefined>;

/** The groups that an entity is in by what is known, and those that have still to be read to tell. */
export function reachedGroups(
  direct: readonly string[],
  known: KnownGroups,
): { readonly reached: readonly string[]; readonly unread: readonly string[] } {
  const reached = new Set<string>();
  const unread: string[] = [];
  const queue = [...direct];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    if (!known.has(id)) unread.push(id);
    queue.push(...(known.get(id)?.parents ?? []));
  }
  return { reached: [...reached].filter((id) => known.get(id) !== undefined), unread };
}

/** The identity of an entity, once all its groups are known. */
export function identityOf(id: string, entity: Entity, known: KnownGroups): Identity {
  const policies = new Set(entity.policies);
  const keys = [`${id}.${entity.revision}`];
  const groups = reachedGroups(entity.groups, known)
    .reached.toSorted()
    .map((each) => {
      const { name, metadata, revision, policies: theirs } = known.get(each) as Group;
      for (const policy of theirs) policies.add(policy);
      keys.push(`${each}.${revision}`);
      return { id: each, name, metadata: metadata ?? {} };
    });
  const { name, metadata, aliases } = entity;
  return { id, name, metadata: metadata ?? {}, aliases, groups, policies: [...policies].sort(), key: keys.join(' ') };
}

/** What would make of a value more than a part of a segment, or nothing at all. */
const UNFIT = /^$|[*+/,{}$\x00-\x1f\x7f]/;

/**
 * A path with what its `{{…}}` stand for; undefined where one stands for nothing. A value that would widen the path counts
 * as none, except in a rule that denies.
 */
export function filledPath(path: string, identity: Identity | undefined, denies: boolean): string | undefined {
  if (identity === undefined) return undefined;
  let fits = true;
  const filled = path.replaceAll(/\{\{(.*?)\}\}/g, (_, asked: string) => {
    const value = meant(asked.trim(), identity);
    if (value === undefined || (UNFIT.test(value) && !denies) || value === '') fits = false;
    return value ?? '';
  });
  return fits && !filled.includes('{{') ? filled : undefined;
}

function meant(asked: string, identity: Identity): string | undefined {
  const [, subject, rest = ''] = /^identity\.(entity|groups)\.(.*)$/s.exec(asked) ?? [];
  if (subject === 'entity') return ofEntity(rest, identity);
  if (subject !== 'groups') return undefined;
  const [, by, which, field] = /^(ids|names)\.(.+)\.(id|name|metadata\.[^.]+)$/s.exec(rest) ?? [];
  const group = identity.groups.find((each) => (by === 'ids' ? each.id : each.name) === which);
  return group === undefined || field === undefined ? undefined : fieldOf(field, group);
}

function ofEntity(asked: string, identity: Identity): string | undefined {
  const [, accessor, field] = /^aliases\.([^.]+)\.(.+)$/s.exec(asked) ?? [];
  if (field === undefined) return fieldOf(asked, identity);
  const alias = identity.aliases.find((each) => each.accessor === accessor);
  if (alias === undefined) return undefined;
  const { customMetadata } = alias;
  return field.startsWith('custom_metadata.')
    ? own(customMetadata ?? {}, field.slice('custom_metadata.'.length))
    : fieldOf(field, { ...alias, metadata: {} });
}

function fieldOf(
  field: string,
  { id, name, metadata }: { readonly id: string; readonly name: string; readonly metadata: Metadata },
): string | undefined {
  if (field === 'id') return id;
  if (field === 'name') return name;
  return field.startsWith('metadata.') ? own(metadata, field.slice('metadata.'.length)) : undefined;
}

const own = (map: Metadata, key: string): string | undefined => (Object.hasOwn(map, key) ? map[key] : undefined);
