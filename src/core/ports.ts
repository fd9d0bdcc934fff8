// What the core asks of the world. Adapters implement these; only the engine of `ops` looks whether a port answered at
// once (SQLite) or later (PostgreSQL), so that neither pays for the other.

import type { AuditPage, AuditQuery, AuditRecord, AuditVerdict } from './audit-record.ts';
import type { Grant, Policy } from './iam/policy.ts';
import type { AccountEmail, ProjectRef, SecretKey } from './name.ts';
import type { Redacted } from './redacted.ts';
import type { Account, Project, SealedPayload, Secret, Token, Uid, Version } from './secret.ts';

export type Maybe<T> = T | Promise<T>;

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Entropy {
  /** 128 random bits in hex. */
  uid(): Uid;
  /** What a resource's etag is renewed with: 14 hex digits. */
  etag(): string;
  /** `count` random decimal digits, the first not 0. */
  digits(count: number): string;
  /** `count` random characters of `[A-Za-z0-9_-]`. */
  text(count: number): string;
  /** A new credential of this kind, and the hash that the store keeps in its place. */
  credential(kind: Token['kind']): { readonly text: Redacted<string>; readonly hash: string };
}

/** A row, or rows, that an operation must see. Every one is answered from the same snapshot. */
export type Need =
  | { readonly need: 'server' }
  | { readonly need: 'project'; readonly project: ProjectRef }
  | { readonly need: 'projects'; readonly after: string; readonly limit: number }
  | { readonly need: 'secret'; readonly project: ProjectRef; readonly key: SecretKey }
  | { readonly need: 'secrets'; readonly project: ProjectRef; readonly before: number; readonly limit: number }
  | {
      readonly need: 'version' | 'payload';
      readonly project: ProjectRef;
      readonly key: SecretKey;
      readonly number: number;
    }
  | {
      readonly need: 'versions';
      readonly project: ProjectRef;
      readonly key: SecretKey;
      readonly before: number;
      readonly limit: number;
    }
  | { readonly need: 'account'; readonly email: AccountEmail }
  | { readonly need: 'accounts'; readonly project: ProjectRef; readonly after: string; readonly limit: number }
  | { readonly need: 'token'; readonly hash: string };

export interface Listed<T> {
  readonly rows: readonly T[];
  /** How many there are in all. */
  readonly total: number;
}

/** A secret in a list, with the cursor that continues after it: lists run from the newest to the oldest. */
export interface SecretInList {
  readonly secret: Secret;
  readonly cursor: number;
}

export interface PayloadRow {
  readonly version: Version;
  /** Absent once destroyed. */
  readonly sealed?: SealedPayload;
}

interface RowByNeed {
  readonly server: Policy;
  readonly project: Project | undefined;
  /** By id, ascending. */
  readonly projects: readonly Project[];
  readonly secret: Secret | undefined;
  readonly secrets: Listed<SecretInList>;
  /** `number` 0 asks for the current version. */
  readonly version: Version | undefined;
  readonly payload: PayloadRow | undefined;
  /** By number, descending; `before` 0 starts at the newest. */
  readonly versions: Listed<Version>;
  readonly account: Account | undefined;
  /** By address, ascending. */
  readonly accounts: Listed<Account>;
  readonly token: Token | undefined;
}

export type Needs = Readonly<Record<string, Need>>;
export type RowsOf<N extends Needs> = { readonly [K in keyof N]: RowByNeed[N[K]['need']] };

/** One change of the store, decided by an operation and applied in its transaction. */
export type Change =
  | { readonly change: 'server.policy'; readonly policy: Policy }
  | { readonly change: 'project.insert' | 'project.update'; readonly project: Project }
  | { readonly change: 'secret.insert' | 'secret.update'; readonly secret: Secret }
  | { readonly change: 'secret.delete'; readonly uid: Uid }
  | { readonly change: 'version.insert'; readonly version: Version; readonly sealed: SealedPayload }
  /** Moves the state; a DESTROYED version loses its sealed payload and key. */
  | { readonly change: 'version.update'; readonly version: Version }
  | { readonly change: 'account.insert' | 'account.update'; readonly account: Account }
  /** Takes every token of the account with it. */
  | { readonly change: 'account.delete'; readonly email: AccountEmail }
  | { readonly change: 'token.insert'; readonly token: Token }
  | { readonly change: 'token.delete'; readonly hash: string }
  /** Revokes whatever this member holds. */
  | { readonly change: 'token.deleteAll'; readonly member: string };

export interface Decided<R> {
  readonly result: R;
  readonly changes: readonly Change[];
  readonly record: AuditRecord;
}

/** How far the audit segments are known to reach: what `verify` holds a cut tail against. */
export interface AuditMark {
  readonly segment: string;
  readonly sequence: number;
  readonly lengthBytes: number;
  readonly head: string;
  /** Keyed by the root key, over all of the above. */
  readonly mac: string;
}

export interface Store {
  read<const N extends Needs>(needs: N): Maybe<RowsOf<N>>;
  /**
   * Loads the rows, lets `decide` judge them, applies its changes and its audit record: one transaction, durable when
   * this returns. What `decide` throws rolls back and is thrown on. `decide` may run more than once.
   */
  transact<const N extends Needs, R>(needs: N, decide: (rows: RowsOf<N>) => Decided<R>): Maybe<Decided<R>>;
  /** Audit records of committed changes that were not yet said to be in a segment, oldest first. */
  pendingAudit(): Maybe<readonly AuditRecord[]>;
  /** Drops those records and keeps the mark, in one transaction. */
  settleAudit(ids: readonly string[], mark: AuditMark | undefined): Maybe<void>;
  auditMark(): Maybe<AuditMark | undefined>;
  /** Removes tokens that expired before `now`; answers how many. */
  sweepTokens(now: number): Maybe<number>;
  close(): Maybe<void>;
}

/** A few small values that rest beside the rows and belong to no operation: the seal's record, the local CA. */
export interface MetaStore {
  meta(key: string): Maybe<Uint8Array | undefined>;
  /** Durable when this returns. */
  setMeta(key: string, value: Uint8Array): Maybe<void>;
}

export interface Audit {
  /** Returns once the kernel has the record; throws AUDIT_UNAVAILABLE where it cannot be written. */
  append(record: AuditRecord): Maybe<void>;
  /** Copies the record of a committed change; the store forgets its row once the copy is fsynced. */
  copy(record: AuditRecord): void;
  query(query: AuditQuery): Maybe<AuditPage>;
  verify(): Maybe<AuditVerdict>;
}

/** Names what a payload belongs to; it is part of what is authenticated, so a row moved elsewhere does not open. */
export interface PayloadPlace {
  readonly projectUid: Uid;
  readonly secretUid: Uid;
  readonly versionUid: Uid;
}

export interface SealStatus {
  readonly sealed: boolean;
  /** `file`. */
  readonly type: string;
  /** Names the key that opens the root key. */
  readonly keyId: string;
}

export interface Keyring {
  status(): SealStatus;
  /** A new project key, wrapped by the root key. */
  wrapProjectKey(projectUid: Uid): Uint8Array;
  seal(projectKey: Uint8Array, place: PayloadPlace, payload: Redacted<Uint8Array>): SealedPayload;
  /** Demands a grant of `secretmanager.versions.access`; throws PAYLOAD_CORRUPT where the bytes were changed. */
  open(grant: Grant, projectKey: Uint8Array, place: PayloadPlace, sealed: SealedPayload): Redacted<Uint8Array>;
  /** A page token that only this server can have made, for this list of this project. */
  signPage(scope: string, cursor: string): string;
  /** The cursor of a page token; undefined where it was forged, or made for another list. */
  openPage(scope: string, token: string): string | undefined;
}
