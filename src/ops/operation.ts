// The shape of one operation: a row of the operation table. An operation says which resource it is about, which rows it
// must see and which permission it takes; `decide` then judges plain data and answers plain data. Nothing here does
// I/O: the engine loads, authorises, audits and applies.

import type { Audit } from '../core/audit-port.ts';
import { homeOf, type SeenFrom } from '../core/aws/secret.ts';
import type { BackupSource } from '../core/backup-port.ts';
import type { Seen } from '../core/census-ports.ts';
import { Fault } from '../core/error.ts';
import type { Permission } from '../core/iam/permissions.ts';
import type { Grant, Policy } from '../core/iam/policy.ts';
import type { LoopbackProxy } from '../core/loopback-port.ts';
import {
  type AccountEmail,
  type Location,
  locationPart,
  type ProjectRef,
  type SecretKey,
  type SecretName,
} from '../core/name.ts';
import type { Change, Entropy, Keyring, Maybe, Needs, RowsOf, TokenSigner } from '../core/ports.ts';
import type { Caller } from '../core/principal.ts';
import type { RotationFunctions } from '../core/rotation/port.ts';
import type { Account, NewEvent, Project, Secret } from '../core/secret.ts';
import type { AuditFiles } from '../core/vault/audit-device.ts';
import type { VaultEntry } from '../core/vault/entry.ts';
import type { GithubApi } from '../core/vault/github.ts';
import type { Fields, FieldValues } from './fields.ts';
import type { AccountEntity } from './vault/entity-authority.ts';

/** What an operation is about: whose policies decide, and how the request called it. */
export interface Target {
  readonly project?: ProjectRef;
  readonly secret?: SecretKey;
  /** Of the secret; absent: global. */
  readonly location?: Location;
  /** The stored name that the secret must have; absent: any that is spelled alike. */
  readonly name?: SecretName;
  /** The version of the secret, as it was asked for: a number, `latest` or an alias. */
  readonly version?: string;
  /** The secret is meant even where it is deleted and only waits to be purged. */
  readonly deleted?: true;
  /** The secret is named as Azure spells names. */
  readonly spelled?: true;
  /** The secret is named as AWS's API names it, and seen from a region. */
  readonly from?: SeenFrom;
  readonly account?: AccountEmail;
  /** The name that a secret gets which is made by this, where there is none. */
  readonly stores?: SecretName;
  /** What a create is about to add below the project, for the audit: `secrets/NAME`. */
  readonly creates?: string;
  /** What lives below the project under its policy alone, for the audit: `topics/NAME`. */
  readonly below?: string;
  /** A tag key or value by its id: the policy of its project decides, as if that were the one above. */
  readonly tag?: { readonly kind: 'tagKeys' | 'tagValues'; readonly id: string };
  /** The resource as the request named it, for the refusal and, where nothing of the name exists, the audit. */
  readonly asked: string;
}

export interface Scope {
  readonly server: Policy;
  readonly project: Project | undefined;
  readonly secret: Secret | undefined;
  /** How many secrets the name can mean; absent: it names one by its key. */
  readonly spellings?: number | undefined;
  /** Of a caller by Vault's API: the entries of its policies. */
  readonly callerPolicies?: readonly (VaultEntry | undefined)[] | undefined;
  /** The service account that asks. */
  readonly callerAccount?: Account | undefined;
  /** The project of that account. */
  readonly callerProject?: Project | undefined;
  /** The entity of Vault's that it is; of a caller by Vault's API its own policies say all. */
  readonly callerEntity?: AccountEntity | undefined;
}

/** What `decide` judges. */
export class Input<C, N extends Needs, P = undefined> {
  readonly command: C;
  readonly rows: RowsOf<N>;
  readonly scope: Scope;
  readonly caller: Caller;
  readonly now: number;
  readonly entropy: Entropy;
  readonly prepared: P;

  constructor(fields: {
    command: C;
    rows: RowsOf<N>;
    scope: Scope;
    caller: Caller;
    now: number;
    entropy: Entropy;
    prepared: P;
  }) {
    this.command = fields.command;
    this.rows = fields.rows;
    this.scope = fields.scope;
    this.caller = fields.caller;
    this.now = fields.now;
    this.entropy = fields.entropy;
    this.prepared = fields.prepared;
  }

  /** The project that the target names; throws PROJECT_NOT_FOUND. */
  project(asked: ProjectRef): Project {
    if (this.scope.project === undefined) throw new Fault('PROJECT_NOT_FOUND', { project: asked });
    return this.scope.project;
  }

  /** The secret that the target names; throws PROJECT_NOT_FOUND or SECRET_NOT_FOUND. */
  secret(target: {
    readonly project: ProjectRef;
    readonly location?: Location;
    readonly key: SecretKey;
    readonly from?: SeenFrom;
  }): Secret {
    const project = this.project(target.project);
    if (this.scope.secret !== undefined && target.from !== undefined) {
      return checkSeen(project, this.scope.secret, target.from, this.now);
    }
    if (this.scope.secret === undefined) {
      const isAmbiguous = (this.scope.spellings ?? 0) > 1;
      const code = isAmbiguous ? 'SECRET_AMBIGUOUS' : 'SECRET_NOT_FOUND';
      throw new Fault(code, secretFacts(project, target.key, target.location));
    }
    return this.scope.secret;
  }
}

/**
 * The secret that AWS's API found, where the request may have it; throws SECRET_NOT_FOUND, SECRET_DELETED, or
 * REPLICA_READ_ONLY.
 */
function checkSeen(project: Project, secret: Secret, { deleted, changes, region }: SeenFrom, now: number): Secret {
  const facts = secretFacts(project, secret.name, secret.location);
  const { purgeAt } = secret;
  if (purgeAt !== undefined && purgeAt <= now) throw new Fault('SECRET_NOT_FOUND', facts);
  if (purgeAt !== undefined && !deleted) {
    throw new Fault('SECRET_DELETED', { ...facts, purgeTime: new Date(purgeAt).toISOString() });
  }
  const home = homeOf(secret) ?? region;
  if (changes && home !== region) throw new Fault('REPLICA_READ_ONLY', { ...facts, region: home });
  return secret;
}

/** The facts by which every fault about a secret names it; `within` is what its location adds to its name. */
export function secretFacts(
  project: Project,
  secret: string,
  location?: Location,
): { project: string; projectNumber: string; within: string; secret: string } {
  return { project: project.id, projectNumber: project.number, within: locationPart(location), secret };
}

export interface Decision<D> {
  readonly result: D;
  /** Only a write has any. */
  readonly changes?: readonly Change[];
  /** What to tell others of the change; kept in its transaction. */
  readonly events?: readonly NewEvent[];
  /** The version that the record is about. */
  readonly version?: number;
  readonly details?: Readonly<Record<string, string | number>>;
}

/** What the last step may reach: it turns a decision into an answer outside of the transaction. */
export interface Finish {
  readonly keyring: Keyring;
  readonly audit: Audit;
  readonly signer: TokenSigner;
  readonly proxy: LoopbackProxy;
  readonly backups: BackupSource;
  readonly exercisedBy: ExercisedBy;
  readonly scope: Scope;
  /** The grant that the permission check gave; absent where the operation takes none. */
  readonly grant: Grant | undefined;
}

/** What making ready may reach. */
export interface Prepare extends Pick<Finish, 'signer' | 'grant'> {
  readonly auditFiles: AuditFiles;
  readonly functions: Pick<RotationFunctions, 'exists'>;
  readonly github: GithubApi;
}

/** The dialects that have an operation which takes this permission. */
export type ExercisedBy = (permission: Permission) => readonly string[];

/** What `prepare` makes. */
export interface Prepared<P, K> {
  /** Plain data for `decide`, which may run in another thread. */
  readonly carried: P;
  /** What stays in the thread that answers, for `finish`. */
  readonly kept?: K;
}

/** A route of Coffer's own API, `/coffer/v1`, and the fields it takes. */
export interface Api {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly fields: Fields;
  /** The command that the values make; absent: the values are the command. */
  command?(values: FieldValues): unknown;
}

interface Spec<C, N extends Needs, P, K, D, R, M extends Needs> {
  /** `noun.verb`; the audit's and the metrics' name for it. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'read' | 'write';
  /**
   * `authenticated` takes any known principal; `open` anybody; `public` anybody, and is not audited; `system` the server
   * alone.
   */
  readonly permission: Permission | 'authenticated' | 'open' | 'public' | 'system';
  readonly api?: Api;
  target(command: C): Target;
  /** Of a policy change: the roles whose members it would alter, for conditions on who may grant what. */
  modifiedRoles?(command: C, scope: Scope): readonly string[];
  needs?(command: C, keyring: Keyring, caller: Caller): N;
  /** Of a read: what the keyring alone can tell of the command, such as the place that a page token names. */
  opens?(command: C, keyring: Keyring): P;
  /** `decide` may throw Wanting for rows that follow from others. */
  readonly explores?: true;
  /**
   * Of a write: neither what `prepare` makes nor what `finish` tells hangs on the numbers of the secret's versions, so that
   * others may add versions meanwhile. `decide` sees the true ones.
   */
  anyNumbers?(command: C): boolean;
  /** It asks who reads what: every sighting of every thread is in the store before it decides. */
  readonly census?: true;
  /** The version whose payload the answer holds: what the census is told. */
  seen?(result: R): Pick<Seen, 'projectUid' | 'secretUid' | 'version' | 'ordinal'>;
  /**
   * Of a write: work with keys and secrets that comes before the decision, in the thread that answers. It sees the scope
   * and the rows of `prepareNeeds`, and may throw Wanting for more; `decide` throws Stale where they have changed in what
   * was made for them.
   */
  prepare?(input: Input<C, M>, keyring: Keyring, at: Prepare): Maybe<Prepared<P, K>>;
  prepareNeeds?(command: C): M;
  /** The command without the secrets that `prepare` has used: what `decide` sees of it, plain data. */
  carried?(command: C): unknown;
  decide(input: Input<C, N, P>): Decision<D>;
  /** Work outside of the transaction, in the thread that answers: opening a payload, asking the audit. */
  finish?(result: D, command: C, at: Finish & { readonly kept: K }): Maybe<R>;
}

/** An operation as the engine and the dialects see it: what it needs in between is its own business. */
export type Operation<C, R> = Spec<C, Needs, unknown, unknown, unknown, R, Needs>;

/** Declares a row of the operation table. */
export function operation<
  C,
  const N extends Needs = Record<never, never>,
  D = undefined,
  R = D,
  P = undefined,
  K = undefined,
  const M extends Needs = Record<never, never>,
>(spec: Spec<C, N, P, K, D, R, M>): Operation<C, R> {
  return spec as unknown as Operation<C, R>;
}
