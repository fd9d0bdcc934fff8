// Rows of Vault's as a judgement was given them, found by their ids. One that was not read yet is asked for, by a name that
// says which it is, and the judgement begins anew with it.

import type { Need, Needs } from '../../core/ports.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import {
  entityId,
  entityOf,
  type Group,
  groupId,
  groupOf,
  type Identity,
  identityOf,
  mergedId,
  reachedGroups,
} from '../../core/vault/identity.ts';
import { Wanting } from '../wanting.ts';

/** What the store names at once. */
const NAMED_MAX = 500;

/** A row of the store, and the name by which it is found. */
export function entryNeed(id: string): Needs {
  return { [rowName(id)]: { need: 'vaultEntry', id } };
}

const rowName = (key: string) => `vault ${key}`;

/** What looks entries up: the rows themselves, or what is seen of them in between. */
export interface EntryReader {
  get(id: string): VaultEntry | undefined;
  /** The same of many, in their order. */
  all(ids: readonly string[]): readonly (VaultEntry | undefined)[];
}

export class Entries implements EntryReader {
  readonly #rows: Readonly<Record<string, unknown>>;
  readonly #now: number;
  /** All that was looked up, by the names of their rows. */
  readonly needs: Record<string, Need> = {};
  /** Read together with others. */
  readonly #named = new Map<string, VaultEntry | undefined>();

  constructor(rows: object, now: number) {
    this.#rows = rows as Readonly<Record<string, unknown>>;
    this.#now = now;
  }

  /** The living entry of this path. Throws Wanting. */
  get(id: string): VaultEntry | undefined {
    if (this.#named.has(id)) return this.#named.get(id);
    return this.living(this.row({ need: 'vaultEntry', id }, id) as VaultEntry | undefined);
  }

  /** `get` then has them. Throws Wanting. */
  all(ids: readonly string[]): readonly (VaultEntry | undefined)[] {
    const unread = [...new Set(ids)].filter((id) => !this.#named.has(id));
    for (let at = 0; at < unread.length; at += NAMED_MAX) {
      const some = unread.slice(at, at + NAMED_MAX);
      for (const [index, row] of this.rowsNamed(some).entries()) {
        this.#named.set(some[index] as string, this.living(row));
      }
    }
    return ids.map((id) => this.#named.get(id));
  }

  /** These as the store answered them, dead ones among them: at most 500. Throws Wanting. */
  rowsNamed(ids: readonly string[]): readonly (VaultEntry | undefined)[] {
    return this.row({ need: 'vaultEntriesNamed', ids }, `all ${ids.join('\n')}`) as readonly (VaultEntry | undefined)[];
  }

  /** The answer to this need, which `key` tells from every other. Throws Wanting. */
  row(need: Need, key: string): unknown {
    const name = rowName(key);
    if (!Object.hasOwn(this.#rows, name)) throw new Wanting({ [name]: need });
    this.needs[name] = need;
    return this.#rows[name];
  }

  living(entry: VaultEntry | undefined): VaultEntry | undefined {
    return entry?.expiresAt !== undefined && entry.expiresAt <= this.#now ? undefined : entry;
  }
}

/** The identity of an entity of a project by its id, or by that of one that became it; undefined: there is none. */
export function identityIn(entries: EntryReader, project: string, id: string): Identity | undefined {
  const own = entries.get(entityId(project, id));
  const now = own === undefined ? entries.get(mergedId(project, id))?.data['id'] : id;
  const entry = typeof now === 'string' ? (own ?? entries.get(entityId(project, now))) : undefined;
  return entry === undefined ? undefined : identityOfEntry(entries, project, String(now), entry);
}

/** The same of its entry, with all the groups that it is in. */
export function identityOfEntry(entries: EntryReader, project: string, id: string, entry: VaultEntry): Identity {
  const entity = entityOf(entry);
  const known = new Map<string, Group | undefined>();
  for (;;) {
    const { unread } = reachedGroups(entity.groups, known);
    if (unread.length === 0) return identityOf(id, entity, known);
    const rows = entries.all(unread.map((each) => groupId(project, each)));
    unread.forEach((each, index) => {
      const row = rows[index];
      known.set(each, row === undefined ? undefined : groupOf(row));
    });
  }
}
