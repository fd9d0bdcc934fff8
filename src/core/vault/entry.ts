// What Vault's API keeps beside the secrets: tokens, policies, mounts, cubbyholes. One kind of row for all of it, found
// by a path, as Vault itself stores them. An entry goes with the entry that owns it: revoking a token takes its children.

import type { Location, ProjectRef, SecretName } from '../name.ts';
import type { SealedPayload, Uid } from '../secret.ts';

export interface VaultEntry {
  /** A path such as `token/HASH` or `project/ID/policy/NAME`. */
  readonly id: string;
  /** The id of the entry with which this one goes. */
  readonly owner?: string;
  /** Milliseconds since 1970. Past it the entry counts as gone, and is swept. */
  readonly expiresAt?: number;
  /** Plain JSON; never a secret. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly sealed?: SealedPayload;
}

/** Entries below a path, by id. */
export interface VaultEntryRange {
  /** Ends in `/`. */
  readonly prefix: string;
  /** The id after which to go on; empty: from the start. */
  readonly after: string;
  readonly limit: number;
}

export type VaultNeed =
  | { readonly need: 'vaultEntry'; readonly id: string }
  /** Several at once, in the order asked for. */
  | { readonly need: 'vaultEntriesNamed'; readonly ids: readonly string[] }
  | ({ readonly need: 'vaultEntries' } & VaultEntryRange)
  /** Names of secrets whose keys begin so, after this one, by key. */
  | {
      readonly need: 'secretNames';
      readonly project: ProjectRef;
      readonly location: Location;
      readonly prefix: string;
      readonly after: string;
      readonly limit: number;
    };

export interface VaultRowByNeed {
  readonly vaultEntry: VaultEntry | undefined;
  readonly vaultEntriesNamed: readonly (VaultEntry | undefined)[];
  readonly vaultEntries: readonly VaultEntry[];
  readonly secretNames: readonly SecretName[];
}

export type VaultChange =
  /** Adds the entry, or replaces the one of its id. */
  | { readonly change: 'vaultEntry.put'; readonly entry: VaultEntry }
  /** With all that it owns; one that is not there is no failure. */
  | { readonly change: 'vaultEntry.delete'; readonly id: string }
  /** Every secret of a location that is a mount's. */
  | { readonly change: 'secrets.deleteAt'; readonly projectUid: Uid; readonly location: Location }
  | { readonly change: 'vaultEntry.deleteBelow'; readonly prefix: string }
  /** What owns the entries below this path, with all that it owns. */
  | { readonly change: 'vaultEntry.deleteOwnersBelow'; readonly prefix: string }
  /** Entries below this path that have this owner have none from now on. */
  | { readonly change: 'vaultEntry.release'; readonly owner: string; readonly prefix: string };

/** The text that follows everything below a path: for ranges of ids. */
export function pastPrefix(prefix: string): string {
  return `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
}
