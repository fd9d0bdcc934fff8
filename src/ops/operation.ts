// The shape of one operation: a row of the operation table. An operation says which resource it is about, which rows it
// must see and which permission it takes; `decide` then judges plain data and answers plain data. Nothing here does
// I/O: the engine loads, authorises, audits and applies.

import { Fault } from '../core/error.ts';
import type { Permission } from '../core/iam/permissions.ts';
import type { Grant, Policy } from '../core/iam/policy.ts';
import type { AccountEmail, ProjectRef, SecretKey } from '../core/name.ts';
import type { Audit, Change, Entropy, Keyring, Maybe, Needs, RowsOf } from '../core/ports.ts';
import type { Caller } from '../core/principal.ts';
import type { Project, Secret } from '../core/secret.ts';
import type { Fields } from './fields.ts';

/** What an operation is about: whose policies decide, and how the request called it. */
export interface Target {
  readonly project?: ProjectRef;
  readonly secret?: SecretKey;
  readonly account?: AccountEmail;
  /** What a create is about to add below the project, for the audit: `secrets/NAME`. */
  readonly creates?: string;
  /** The resource as the request named it, for the refusal and, where nothing of the name exists, the audit. */
  readonly asked: string;
}

export interface Scope {
  readonly server: Policy;
  readonly project: Project | undefined;
  readonly secret: Secret | undefined;
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
  secret(target: { readonly project: ProjectRef; readonly key: SecretKey }): Secret {
    const project = this.project(target.project);
    if (this.scope.secret === undefined) throw new Fault('SECRET_NOT_FOUND', secretFacts(project, target.key));
    return this.scope.secret;
  }
}

/** The facts by which every fault about a secret names it. */
export function secretFacts(
  project: Project,
  secret: string,
): { project: string; projectNumber: string; secret: string } {
  return { project: project.id, projectNumber: project.number, secret };
}

export interface Decision<D> {
  readonly result: D;
  /** Only a write has any. */
  readonly changes?: readonly Change[];
  /** The version that the record is about. */
  readonly version?: number;
  readonly details?: Readonly<Record<string, string | number>>;
}

/** What the last step may reach: it turns a decision into an answer outside of the transaction. */
export interface Finish {
  readonly keyring: Keyring;
  readonly audit: Audit;
  readonly scope: Scope;
  /** The grant that the permission check gave; absent where the operation takes none. */
  readonly grant: Grant | undefined;
}

/** A route of Coffer's own API, `/coffer/v1`, and the fields it takes. */
export interface Api {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly fields: Fields;
}

interface Spec<C, N extends Needs, P, D, R> {
  /** `noun.verb`; the audit's and the metrics' name for it. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'read' | 'write';
  /** `authenticated` takes any known principal; `public` anybody, and is not audited. */
  readonly permission: Permission | 'authenticated' | 'public';
  readonly api?: Api;
  target(command: C): Target;
  needs?(command: C, keyring: Keyring): N;
  /** Work with keys that comes before the decision: sealing a payload. */
  prepare?(input: Input<C, N>, keyring: Keyring): P;
  decide(input: Input<C, N, P>): Decision<D>;
  /** Work outside of the transaction: opening a payload, asking the audit. */
  finish?(result: D, command: C, at: Finish): Maybe<R>;
}

/** An operation as the engine and the dialects see it: what it needs in between is its own business. */
export type Operation<C, R> = Spec<C, Needs, unknown, unknown, R>;

/** Declares a row of the operation table. */
export function operation<C, const N extends Needs = Record<never, never>, D = undefined, R = D, P = undefined>(
  spec: Spec<C, N, P, D, R>,
): Operation<C, R> {
  return spec as unknown as Operation<C, R>;
}
