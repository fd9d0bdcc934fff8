// What the core asks of the world. Adapters implement these; only the engine of `ops` looks whether a port answered at
// once (SQLite) or later (PostgreSQL), so that neither pays for the other.

import type { AccountDeletion } from './account-deletion.ts';
import type { AuditAnchor, AuditMark } from './audit-port.ts';
import type { AuditRecord } from './audit-record.ts';
import type { AwsKeys } from './aws/keys-port.ts';
import type { AwsNeed, AwsRowByNeed } from './aws/rows.ts';
import type { SeenFrom } from './aws/secret.ts';
import type { Sighting } from './census.ts';
import type { CensusNeed, CensusRowByNeed } from './census-ports.ts';
import type { CredentialKind } from './credential.ts';
import type { HandedOut } from './handed-out.ts';
import type { Grant, Policy } from './iam/policy.ts';
import type { Claims } from './jwt.ts';
import type { KeyCrypto } from './keys/port.ts';
import type { KeyChange, KeyNeed, KeyRowByNeed } from './keys/rows.ts';
import type { AccountEmail, Location, ProjectRef, SecretKey } from './name.ts';
import type { NoticeChange, NoticeNeed, NoticeRowByNeed } from './notice-rows.ts';
import type { Seen } from './principal.ts';
import type { ProjectDeletion, ProjectNeed, ProjectRowByNeed } from './project-deletion.ts';
import type { Redacted } from './redacted.ts';
import type { RotationChange, RotationNeed, RotationRowByNeed } from './rotation/rows.ts';
import type {
  Account,
  AccountKey,
  Project,
  SealedPayload,
  Secret,
  SecretChange,
  Token,
  Uid,
  Version,
} from './secret.ts';
import type { TagChange, TagNeed, TagRowByNeed } from './tag-rows.ts';
import type { VaultChange, VaultNeed, VaultRowByNeed } from './vault/entry.ts';
import type { Shape } from './vault/kv.ts';
import type { PkiCrypto } from './vault/pki.ts';

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
  credential(kind: CredentialKind): { readonly text: Redacted<string>; readonly hash: string };
}

/** How a secret is found. A deleted one is not, unless `deleted` asks for it too. */
export interface SecretPlace {
  readonly project: ProjectRef;
  /** Absent: global. */
  readonly location?: Location;
  readonly key: SecretKey;
  readonly deleted?: true;
  /** The key is a name as Azure spells it: an exact one wins, else the only secret that is spelled so. */
  readonly spelled?: true;
  /**
   * As AWS's API finds it, by its exact name, deleted or not: the one that lives in the region, else the global one that is
   * at home or has a replica there.
   */
  readonly from?: SeenFrom;
}

/** A row, or rows, that an operation must see. Every one is answered from the same snapshot. */
export type Need =
  | { readonly need: 'server' }
  | { readonly need: 'project'; readonly project: ProjectRef }
  /** The project that this account of AWS's is. */
  | { readonly need: 'projectOfAwsAccount'; readonly account: string }
  | { readonly need: 'projects'; readonly after: string; readonly limit: number }
  | { readonly need: 'projectCount' }
  /** `numbers: 'any'`: those of its versions may be of a moment ago; all else may not. */
  | ({ readonly need: 'secret'; readonly numbers?: 'any' } & SecretPlace)
  | {
      readonly need: 'secrets';
      readonly project: ProjectRef;
      /** Absent: the global ones only. */
      readonly location?: Location;
      readonly before: number;
      readonly limit: number;
    }
  | ({
      readonly need: 'version' | 'payload';
      readonly number: number;
      /** In place of the number, which then is not looked at: the one that this alias of the secret means. */
      readonly alias?: string;
      /** In place of the number: the one that was current before. */
      readonly previous?: true;
      /** In place of the number: the one with this uid. */
      readonly uid?: Uid;
      /** In place of the number: the one that carries this staging label. */
      readonly stage?: string;
      /** In place of the number: the one that AWS's API names so. */
      readonly versionId?: string;
    } & SecretPlace)
  /** How many secrets are spelled so. */
  | ({ readonly need: 'spellings' } & SecretPlace)
  /** Secrets that can be found by their spelling, each with its current version; `deleted`: those that are deleted. */
  | {
      readonly need: 'currentVersions';
      readonly project: ProjectRef;
      readonly deleted: boolean;
      readonly before: number;
      readonly limit: number;
    }
  /** Every version, by number. */
  | ({ readonly need: 'payloads'; readonly limit: number } & SecretPlace)
  | ({ readonly need: 'versions'; readonly before: number; readonly limit: number } & SecretPlace)
  | { readonly need: 'account'; readonly email: AccountEmail }
  | { readonly need: 'accountOfUid'; readonly uid: Uid }
  | { readonly need: 'accounts'; readonly project: ProjectRef; readonly after: string; readonly limit: number }
  | { readonly need: 'accountKey'; readonly id: string }
  | { readonly need: 'accountKeys'; readonly email: AccountEmail }
  | { readonly need: 'token'; readonly hash: string }
  /** Secrets that expire, or are purged, at or before this time, and those whose rotation is due. */
  | { readonly need: 'dueSecrets'; readonly until: number; readonly limit: number }
  /** Versions that are to be destroyed at or before this time. */
  | { readonly need: 'dueVersions'; readonly until: number; readonly limit: number }
  /** Versions of the server that hold the same value as this one, itself among them; none where it has no fingerprint. */
  | ({ readonly need: 'sameValue'; readonly number: number; readonly limit: number } & SecretPlace)
  | AwsNeed
  | CensusNeed
  | KeyNeed
  | NoticeNeed
  | ProjectNeed
  | RotationNeed
  | TagNeed
  | VaultNeed;

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

/** A secret in a list with its current version. */
export interface CurrentInList extends SecretInList {
  readonly version: Version;
}

export interface PayloadRow {
  readonly version: Version;
  /** Where the version lies in the store. */
  readonly ordinal: number;
  /** Absent once destroyed. */
  readonly sealed?: SealedPayload;
}

interface RowByNeed
  extends AwsRowByNeed,
    CensusRowByNeed,
    KeyRowByNeed,
    NoticeRowByNeed,
    ProjectRowByNeed,
    RotationRowByNeed,
    TagRowByNeed,
    VaultRowByNeed {
  readonly server: Policy;
  readonly project: Project | undefined;
  readonly projectOfAwsAccount: Project | undefined;
  /** By id, ascending. */
  readonly projects: readonly Project[];
  readonly projectCount: number;
  readonly secret: Secret | undefined;
  readonly secrets: Listed<SecretInList>;
  /** `number` 0 asks for the current version. */
  readonly version: Version | undefined;
  readonly payload: PayloadRow | undefined;
  /** By number, descending; `before` 0 starts at the newest. */
  readonly versions: Listed<Version>;
  readonly spellings: number;
  /** From the newest secret to the oldest; no total. */
  readonly currentVersions: readonly CurrentInList[];
  readonly payloads: readonly PayloadRow[];
  readonly account: Account | undefined;
  readonly accountOfUid: Account | undefined;
  /** By address, ascending. */
  readonly accounts: Listed<Account>;
  readonly accountKey: AccountKey | undefined;
  /** Oldest first. */
  readonly accountKeys: readonly AccountKey[];
  readonly token: Token | undefined;
  readonly dueSecrets: readonly SecretOfProject[];
  readonly dueVersions: readonly VersionOfSecret[];
  readonly sameValue: readonly VersionOfSecret[];
}

export interface SecretOfProject {
  readonly project: Project;
  readonly secret: Secret;
}

export interface VersionOfSecret extends SecretOfProject {
  readonly version: Version;
}

export type Needs = Readonly<Record<string, Need>>;
export type RowsOf<N extends Needs> = { readonly [K in keyof N]: RowByNeed[N[K]['need']] };

/** One change of the store, decided by an operation and applied in its transaction. */
export type Change =
  | { readonly change: 'server.policy'; readonly policy: Policy }
  | { readonly change: 'project.insert' | 'project.update'; readonly project: Project }
  | SecretChange
  /** Only of a destroyed one, as a backup brings it back, the payload is absent. */
  | { readonly change: 'version.insert'; readonly version: Version; readonly sealed?: SealedPayload }
  /** Moves the state; a DESTROYED version loses its sealed payload and key. */
  | { readonly change: 'version.update'; readonly version: Version }
  | { readonly change: 'account.insert' | 'account.update'; readonly account: Account }
  | AccountDeletion
  | { readonly change: 'accountKey.insert' | 'accountKey.update'; readonly key: AccountKey }
  /** Takes every token with it that was had by it. */
  | { readonly change: 'accountKey.delete'; readonly id: string }
  | { readonly change: 'token.insert'; readonly token: Token }
  /** Takes every token with it that was had by it. */
  | { readonly change: 'token.delete'; readonly hash: string }
  /** Revokes whatever this member holds. */
  | { readonly change: 'token.deleteAll'; readonly member: string }
  | KeyChange
  | NoticeChange
  | ProjectDeletion
  | RotationChange
  | TagChange
  | VaultChange;

export interface Decided<R> {
  readonly result: R;
  readonly changes: readonly Change[];
  readonly record: AuditRecord;
}

/** One of several decisions that share a transaction. */
export interface TransactionJob<R> {
  readonly needs: Needs;
  /** May run more than once; what it throws undoes this job alone. */
  decide(rows: RowsOf<Needs>): Decided<R>;
}

export type Settled<R> =
  | { readonly ok: true; readonly decided: Decided<R> }
  | { readonly ok: false; readonly error: unknown };

export interface Store {
  /** As of a moment after the call, or, with `seen`, of one that the same request has seen before. */
  read<const N extends Needs>(needs: N, seen?: Seen): Maybe<RowsOf<N>>;
  /**
   * Loads the rows, lets `decide` judge them, applies its changes and its audit record: one transaction, durable when
   * this returns. What `decide` throws rolls back and is thrown on. `decide` may run more than once.
   */
  transact<const N extends Needs, R>(needs: N, decide: (rows: RowsOf<N>) => Decided<R>): Maybe<Decided<R>>;
  /**
   * The same for several at once, in their order, which share one commit: each is done whole or not at all, whatever
   * becomes of the others. Answers what became of each; throws or rejects where the commit itself fails.
   */
  transactAll<R>(jobs: readonly TransactionJob<R>[]): Maybe<readonly Settled<R>[]>;
  /** Audit records of committed changes that were not yet said to be in a segment: all, or the `limit` oldest first. */
  pendingAudit(limit?: number): Maybe<readonly AuditRecord[]>;
  /** Drops those records and keeps the mark of its stream, in one transaction. */
  settleAudit(ids: readonly string[], mark: AuditMark | undefined): Maybe<void>;
  /** By stream, ascending. */
  auditMarks(): Maybe<readonly AuditMark[]>;
  /** Keeps the anchor of its stream, durable when this returns; one that would lead back is not kept. */
  anchorAudit(anchor: AuditAnchor): Maybe<void>;
  auditAnchors(): Maybe<readonly AuditAnchor[]>;
  /** Removes tokens that expired before `now`; answers how many. */
  sweepTokens(now: number): Maybe<number>;
  /** The same of entries of Vault's API, with all that they own. */
  sweepVault(now: number): Maybe<number>;
  /** Adds these sightings to those it has, in one transaction; those of secrets that are gone are dropped. */
  recordCensus(sightings: readonly Sighting[]): Maybe<void>;
  /** Forgets readers that were not seen since `before`; answers how many sightings that were. */
  sweepCensus(before: number): Maybe<number>;
  close(): Maybe<void>;
}

/** Small values beside the rows, of no operation: the seal's record, the local CA. A set one is durable on return. */
export interface MetaStore {
  meta(key: string): Maybe<Uint8Array | undefined>;
  setMeta(key: string, value: Uint8Array): Maybe<void>;
}

/** Names what a payload belongs to; it is part of what is authenticated, so a row moved elsewhere does not open. */
export interface PayloadPlace {
  readonly projectUid: Uid;
  readonly secretUid: Uid;
  readonly versionUid: Uid;
  /** What wraps its data key beside the project's key; absent: nothing does. */
  readonly customerKey?: WrappingKey;
}

/** A version of a customer's key, sealed: only its place and its bytes together open it. */
export interface WrappingKey {
  readonly keyUid: Uid;
  readonly number: number;
  readonly sealed: SealedPayload;
}

export interface SealStatus {
  readonly sealed: boolean;
  /** `file` or `shamir`. */
  readonly type: string;
  /** Names the key that opens the root key. */
  readonly keyId: string;
  /** How many shares that key has, and how many it takes; absent: it is not shared out. */
  readonly shares?: { readonly shares: number; readonly threshold: number };
}

export interface Keyring extends HandedOut {
  /** The keys that callers use without ever holding them; those that sign requests; those of authorities. */
  readonly keys: KeyCrypto;
  readonly aws: AwsKeys;
  readonly pki: PkiCrypto;
  status(): SealStatus;
  /** A new project key, wrapped by the root key; it stands before the `older` ones, which open what they once wrapped. */
  wrapProjectKey(projectUid: Uid, older?: Uint8Array): Uint8Array;
  seal(projectKey: Uint8Array, place: PayloadPlace, payload: Redacted<Uint8Array>): SealedPayload;
  /** Demands a grant of `secretmanager.versions.access`; throws PAYLOAD_CORRUPT where the bytes were changed. */
  open(grant: Grant, projectKey: Uint8Array, place: PayloadPlace, sealed: SealedPayload): Redacted<Uint8Array>;
  /** Whether a value is a JSON object, a text or neither: all that can be told of it without a grant. */
  shapeOf(projectKey: Uint8Array, place: PayloadPlace, sealed: SealedPayload): Shape;
  /** The same value sealed for another place: nobody sees it. Throws as `open` does. */
  copy(projectKey: Uint8Array, from: PayloadPlace, to: PayloadPlace, sealed: SealedPayload): SealedPayload;
  /** The keyed fingerprint of a value: 64 hex digits under one store-wide key, wrapped by the root. */
  fingerprint(payload: Redacted<Uint8Array>): string;
  /** By which the holder of this key of a service account may use the server's proxy: kept nowhere, made anew. */
  proxyPassword(keyId: string): Redacted<string>;
  /** In constant time. */
  isProxyPassword(keyId: string, password: string): boolean;
  /** Seals what leaves the server to come back: `purpose` must be given again to open it. */
  sealBytes(purpose: string, bytes: Uint8Array): Uint8Array;
  /** Throws where it was changed, or sealed for another purpose or by another server. */
  openBytes(purpose: string, sealed: Uint8Array): Uint8Array;
  /** By which the store knows the text of a token. */
  tokenHash(text: Redacted<string>): string;
  /** A GUID that is this store's for ever: what Azure calls a tenant. */
  tenantId(): string;
}

/** The token authority's pen. */
export interface TokenSigner {
  /** A JWT over these claims, RS256, by a key that the authority publishes. */
  sign(claims: Claims): Maybe<Redacted<string>>;
}
