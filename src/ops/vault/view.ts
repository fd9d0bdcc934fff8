// What the judgement of a request by Vault's API sees and changes: entries by their paths, as the store has them and as
// it has left them itself. Rows that were not read yet are asked for, and the judgement begins anew with them.

import { Fault } from '../../core/error.ts';
import { PROJECTS_MAX } from '../../core/limits.ts';
import type { Change, Entropy, Need, Needs } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import type { Project } from '../../core/secret.ts';
import { aclOf, authoriseByAcl, IAM_POLICY, ROOT_POLICY, type VaultAuthority } from '../../core/vault/authority.ts';
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
import type { Capability } from '../../core/vault/policy.ts';
import { type KnownToken, tokenId, tokenOf } from '../../core/vault/token.ts';
import type { Input } from '../operation.ts';
import { Wanting } from '../writer.ts';

/** What the store names at once. */
const NAMED_MAX = 500;

/** A row of the store, and the name by which a view knows it. */
export function entryNeed(id: string): Needs {
  return { [rowName(id)]: { need: 'vaultEntry', id } };
}

const rowName = (key: string) => `vault ${key}`;

export class View {
  readonly now: number;
  readonly entropy: Entropy;
  readonly caller: Caller;
  readonly changes: Change[] = [];
  readonly #rows: Readonly<Record<string, unknown>>;
  readonly #policies: readonly (VaultEntry | undefined)[];
  readonly #project: Project | undefined;
  readonly #changed = new Map<string, VaultEntry | undefined>();
  /** Read together with others. */
  readonly #named = new Map<string, VaultEntry | undefined>();

  constructor(input: Input<unknown, Needs, unknown>) {
    const { now, entropy, caller, rows, scope } = input;
    this.now = now;
    this.entropy = entropy;
    this.caller = caller;
    this.#rows = rows as Record<string, unknown>;
    this.#policies = scope.callerPolicies ?? [];
    this.#project = scope.project;
  }

  get project(): Project {
    if (this.#project === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'namespace' });
    return this.#project;
  }

  get authority(): VaultAuthority {
    const { vault } = this.caller;
    if (vault === undefined) throw new Fault('CREDENTIAL_MISSING');
    return vault;
  }

  /** The entries of the policies of its token. */
  get callerPolicies(): readonly (VaultEntry | undefined)[] {
    return this.#policies;
  }

  get isRoot(): boolean {
    return this.authority.policies.includes(ROOT_POLICY);
  }

  /** The policies of the caller's token alone, without those of its entity: what it may pass on. */
  get ownPolicies(): readonly string[] {
    return this.authority.tokenPolicies ?? this.authority.policies;
  }

  /** The living entry of this path. */
  get(id: string): VaultEntry | undefined {
    if (this.#changed.has(id)) return this.#changed.get(id);
    if (this.#named.has(id)) return this.#named.get(id);
    return this.#living(this.#row({ need: 'vaultEntry', id }, id) as VaultEntry | undefined);
  }

  /** The same of many, in their order; `get` then has them. */
  all(ids: readonly string[]): readonly (VaultEntry | undefined)[] {
    const unread = [...new Set(ids)].filter((id) => !this.#changed.has(id) && !this.#named.has(id));
    for (let at = 0; at < unread.length; at += NAMED_MAX) {
      const some = unread.slice(at, at + NAMED_MAX);
      const rows = this.#row({ need: 'vaultEntriesNamed', ids: some }, `all ${some.join('\n')}`) as readonly (
        | VaultEntry
        | undefined
      )[];
      for (const [index, id] of some.entries()) this.#named.set(id, this.#living(rows[index]));
    }
    return ids.map((id) => this.get(id));
  }

  /** Living entries below a path that ends in `/`, by id; those put by this judgement are not among them. */
  below(prefix: string, limit: number, after = ''): readonly VaultEntry[] {
    const need = { need: 'vaultEntries', prefix, after, limit } as const;
    const rows = this.#row(need, `${prefix}\n${after}\n${limit}`) as readonly VaultEntry[];
    return rows.filter((row) => this.#living(row) !== undefined && !this.#changed.has(row.id));
  }

  /** All projects of the server, by id. */
  projects(): readonly Project[] {
    return this.#row({ need: 'projects', after: '', limit: PROJECTS_MAX }, 'projects') as readonly Project[];
  }

  put(entry: VaultEntry): void {
    this.#changed.set(entry.id, entry);
    this.changes.push({ change: 'vaultEntry.put', entry });
  }

  remove(id: string): void {
    this.#changed.set(id, undefined);
    this.changes.push({ change: 'vaultEntry.delete', id });
  }

  /** What owns the entries below a path that ends in `/`, with all that it owns. */
  removeOwnersBelow(prefix: string): void {
    this.changes.push({ change: 'vaultEntry.deleteOwnersBelow', prefix });
  }

  /** The token of the caller; undefined where its credential is another of Coffer's. */
  callerToken(): KnownToken | undefined {
    const { tokenId: id } = this.authority;
    const entry = id === undefined ? undefined : this.get(id);
    return entry === undefined ? undefined : tokenOf(entry);
  }

  tokenByHash(hash: string): KnownToken | undefined {
    const entry = this.get(tokenId(hash));
    return entry === undefined ? undefined : tokenOf(entry);
  }

  /** The identity of an entity by its id, or by that of one that became it; undefined: there is none. */
  identity(id: string): Identity | undefined {
    const { project } = this.authority;
    const lead = () => this.get(mergedId(project, id))?.data['id'];
    const own = this.get(entityId(project, id));
    const now = own === undefined ? lead() : id;
    const entry = typeof now === 'string' ? (own ?? this.get(entityId(project, now))) : undefined;
    if (entry === undefined) return undefined;
    const entity = entityOf(entry);
    const known = new Map<string, Group | undefined>();
    for (;;) {
      const { unread } = reachedGroups(entity.groups, known);
      if (unread.length === 0) return identityOf(String(now), entity, known);
      const rows = this.all(unread.map((each) => groupId(project, each)));
      unread.forEach((each, index) => {
        const row = rows[index];
        known.set(each, row === undefined ? undefined : groupOf(row));
      });
    }
  }

  /** Whether the caller may do this too: beside what the request itself was allowed. */
  may(path: string, capability: Capability, sudo: boolean): boolean {
    if (this.isRoot) return true;
    const ask = { path, capability, ...(sudo ? { sudo: true as const } : {}) };
    return authoriseByAcl('coffer.vault.use', { ...this.authority, ask }, this.#policies, true) !== undefined;
  }

  /** Whether anything may be done at or below a path that ends in `/`; what IAM grants there is only known by asking. */
  reachesInto(prefix: string): boolean {
    if (this.isRoot || this.authority.policies.includes(IAM_POLICY)) return true;
    return aclOf(this.authority, this.#policies).reachesInto(prefix);
  }

  #row(need: Need, key: string): unknown {
    const name = rowName(key);
    if (!Object.hasOwn(this.#rows, name)) throw new Wanting({ [name]: need });
    return this.#rows[name];
  }

  #living(entry: VaultEntry | undefined): VaultEntry | undefined {
    return entry?.expiresAt !== undefined && entry.expiresAt <= this.now ? undefined : entry;
  }
}
