// What the judgement of a request by Vault's API sees and changes: entries by their paths, as the store has them and as
// it has left them itself. Rows that were not read yet are asked for, and the judgement begins anew with them.

import { Fault } from '../../core/error.ts';
import { PROJECTS_MAX } from '../../core/limits.ts';
import type { AccountEmail } from '../../core/name.ts';
import type { Change, Entropy, Needs } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import type { Account, Project } from '../../core/secret.ts';
import { aclOf, authoriseByAcl, IAM_POLICY, ROOT_POLICY, type VaultAuthority } from '../../core/vault/authority.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import type { Identity } from '../../core/vault/identity.ts';
import type { Capability } from '../../core/vault/policy.ts';
import { type KnownToken, tokenId, tokenOf } from '../../core/vault/token.ts';
import type { Input } from '../operation.ts';
import { Entries, identityIn } from './entries.ts';

export class View {
  readonly now: number;
  readonly entropy: Entropy;
  readonly caller: Caller;
  readonly changes: Change[] = [];
  readonly #entries: Entries;
  readonly #policies: readonly (VaultEntry | undefined)[];
  readonly #project: Project | undefined;
  readonly #changed = new Map<string, VaultEntry | undefined>();
  readonly #accounts = new Map<AccountEmail, Account>();

  constructor(input: Input<unknown, Needs, unknown>) {
    const { now, entropy, caller, rows, scope } = input;
    this.now = now;
    this.entropy = entropy;
    this.caller = caller;
    this.#entries = new Entries(rows, now);
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
    return this.#entries.get(id);
  }

  /** The same of many, in their order; `get` then has them. */
  all(ids: readonly string[]): readonly (VaultEntry | undefined)[] {
    this.#entries.all(ids.filter((id) => !this.#changed.has(id)));
    return ids.map((id) => this.get(id));
  }

  /** Living entries below a path that ends in `/`, by id; those put by this judgement are not among them. */
  below(prefix: string, limit: number, after = ''): readonly VaultEntry[] {
    const need = { need: 'vaultEntries', prefix, after, limit } as const;
    const rows = this.#entries.row(need, `${prefix}\n${after}\n${limit}`) as readonly VaultEntry[];
    return rows.filter((row) => this.#entries.living(row) !== undefined && !this.#changed.has(row.id));
  }

  /** All projects of the server, by id. */
  projects(): readonly Project[] {
    return this.#entries.row({ need: 'projects', after: '', limit: PROJECTS_MAX }, 'projects') as readonly Project[];
  }

  account(email: AccountEmail): Account | undefined {
    const changed = this.#accounts.get(email);
    return changed ?? (this.#entries.row({ need: 'account', email }, `account ${email}`) as Account | undefined);
  }

  putAccount(account: Account): void {
    this.#accounts.set(account.email, account);
    this.changes.push({ change: 'account.update', account });
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
    return identityIn(this, this.project.id, id);
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
}
