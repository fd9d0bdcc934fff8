// The one door. Every operation of every dialect goes through `call`: load the rows, authorise, decide, apply, audit,
// answer, in this order. Invariants kept here: deny by default; no answer with a secret before its record is written;
// no change without its record in the same transaction; a refusal tells nothing about what exists.

import type { AuditRecord, Outcome } from '../core/audit-record.ts';
import { Fault, type FaultCode } from '../core/error.ts';
import { authorise, type Grant, type PolicyScope } from '../core/iam/policy.ts';
import { AUDIT_TEXT_CHARS_MAX } from '../core/limits.ts';
import type { Audit, Clock, Entropy, Keyring, Maybe, Need, Needs, RowsOf, Store } from '../core/ports.ts';
import type { Caller } from '../core/principal.ts';
import { type Decision, Input, type Operation, type Scope, type Target } from './operation.ts';

export interface Engine {
  /** Runs an operation for a caller; throws or rejects with a Fault. */
  call<C, R>(operation: Operation<C, R>, caller: Caller, command: C): Maybe<R>;
}

export interface EngineDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Told of every call that ended, for the metrics. */
  onCall?(operation: string, outcome: Outcome, code: FaultCode | undefined): void;
}

const SERVER = 'server';

/** Continues with `next` at once where the port answered at once. */
export function then<T, R>(value: Maybe<T>, next: (value: T) => Maybe<R>): Maybe<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

function attempt<T>(work: () => Maybe<T>, failed: (error: unknown) => Maybe<T>): Maybe<T> {
  try {
    const value = work();
    return value instanceof Promise ? value.catch(failed) : value;
  } catch (error) {
    return failed(error);
  }
}

export function createEngine(deps: EngineDeps): Engine {
  return { call: (operation, caller, command) => new Call(deps, operation, caller, command).run() };
}

type ScopeNeeds = { readonly server: Need & { need: 'server' } } & Needs;

class Call<C, R> {
  readonly #deps: EngineDeps;
  readonly #operation: Operation<C, R>;
  readonly #caller: Caller;
  readonly #command: C;
  readonly #target: Target;
  #scope: Scope | undefined;
  #grant: Grant | undefined;

  constructor(deps: EngineDeps, operation: Operation<C, R>, caller: Caller, command: C) {
    this.#deps = deps;
    this.#operation = operation;
    this.#caller = caller;
    this.#command = command;
    this.#target = operation.target(command);
  }

  run(): Maybe<R> {
    return attempt(
      () => (this.#operation.kind === 'read' ? this.#read() : this.#write()),
      (error) => this.#refuse(error),
    );
  }

  #read(): Maybe<R> {
    this.#refuseBadCredential();
    return then(this.#deps.store.read(this.#needs()), (rows) => {
      const decision = this.#decide(rows);
      return then(this.#finish(decision), (answer) => {
        const settled = this.#append(this.#record('allowed', undefined, decision));
        this.#count('allowed', undefined);
        return then(settled, () => answer);
      });
    });
  }

  #write(): Maybe<R> {
    this.#refuseBadCredential();
    const work = this.#deps.store.transact(this.#needs(), (rows) => {
      const decision = this.#decide(rows);
      return {
        result: decision,
        changes: decision.changes ?? [],
        record: this.#record('allowed', undefined, decision),
      };
    });
    return then(work, ({ result, record }) => {
      this.#deps.audit.copy(record);
      this.#count('allowed', undefined);
      return this.#finish(result);
    });
  }

  #needs(): ScopeNeeds {
    const { project, secret } = this.#target;
    return {
      ...(this.#operation.needs?.(this.#command, this.#deps.keyring) ?? {}),
      server: { need: 'server' },
      ...(project === undefined ? {} : { scopeProject: { need: 'project', project } as const }),
      ...(project === undefined || secret === undefined
        ? {}
        : { scopeSecret: { need: 'secret', project, key: secret } as const }),
    };
  }

  #decide(rows: RowsOf<ScopeNeeds>): Decision<unknown> {
    const row = rows as Record<string, unknown>;
    const scope = { server: rows.server, project: row['scopeProject'], secret: row['scopeSecret'] } as Scope;
    this.#scope = scope;
    this.#grant = this.#authorise(scope);
    const { entropy, keyring, clock } = this.#deps;
    const now = clock.now();
    const fields = { command: this.#command, rows, scope, caller: this.#caller, now, entropy };
    const prepared = this.#operation.prepare?.(new Input({ ...fields, prepared: undefined }), keyring);
    return this.#operation.decide(new Input({ ...fields, prepared }));
  }

  #authorise(scope: Scope): Grant | undefined {
    const { permission } = this.#operation;
    if (permission === 'public') return undefined;
    if (permission === 'authenticated') {
      if (this.#caller.principal.member === 'anonymous') throw new Fault('CREDENTIAL_MISSING');
      return undefined;
    }
    const grant = authorise(permission, this.#caller.principal, policyChain(scope));
    if (grant === undefined) {
      // A caller without any credential is told to bring one, as the real services do.
      if (this.#caller.principal.member === 'anonymous') throw new Fault('CREDENTIAL_MISSING');
      throw new Fault('PERMISSION_DENIED', { permission, resource: this.#target.asked });
    }
    return grant;
  }

  #refuseBadCredential(): void {
    if (this.#caller.refused) throw new Fault('CREDENTIAL_INVALID');
  }

  #finish(decision: Decision<unknown>): Maybe<R> {
    const { finish } = this.#operation;
    if (finish === undefined) return decision.result as R;
    const { keyring, audit } = this.#deps;
    return finish(decision.result, this.#command, { keyring, audit, scope: this.#scope as Scope, grant: this.#grant });
  }

  /** Audits what did not happen and throws on why. Bugs and failing disks are audited as the internal fault they are. */
  #refuse(error: unknown): Maybe<R> {
    const code = error instanceof Fault ? error.code : 'INTERNAL';
    const denied = error instanceof Fault && (error.class === 'denied' || error.class === 'unauthenticated');
    const outcome = denied ? 'denied' : 'failed';
    this.#count(outcome, code);
    const version = error instanceof Fault ? error.facts['version'] : undefined;
    const known = typeof version === 'number' ? { result: undefined, version } : undefined;
    return then(this.#append(this.#record(outcome, code, known)), () => {
      throw error;
    });
  }

  #append(record: AuditRecord): Maybe<void> {
    if (this.#operation.permission === 'public') return undefined;
    return this.#deps.audit.append(record);
  }

  #record(outcome: Outcome, code: FaultCode | undefined, decision: Decision<unknown> | undefined): AuditRecord {
    const { principal, credential, dialect, peer, requestId, userAgent } = this.#caller;
    const version = decision?.version;
    return {
      id: this.#deps.entropy.uid(),
      time: this.#deps.clock.now(),
      operation: this.#operation.name,
      outcome,
      ...(code === undefined ? {} : { code }),
      principal: principal.member,
      ...(credential === undefined ? {} : { credential: credential.hash.slice(0, 12) }),
      resource: resourceName(this.#scope, this.#target),
      ...(version === undefined ? {} : { version }),
      dialect,
      peer,
      requestId,
      ...(userAgent === undefined ? {} : { userAgent: userAgent.slice(0, AUDIT_TEXT_CHARS_MAX) }),
      ...(decision?.details === undefined ? {} : { details: decision.details }),
    };
  }

  #count(outcome: Outcome, code: FaultCode | undefined): void {
    this.#deps.onCall?.(this.#operation.name, outcome, code);
  }
}

/** The policies that decide, from the server down to the secret. */
export function policyChain(scope: Scope): readonly PolicyScope[] {
  const chain: PolicyScope[] = [{ resource: SERVER, policy: scope.server }];
  if (scope.project !== undefined)
    chain.push({ resource: `projects/${scope.project.id}`, policy: scope.project.policy });
  if (scope.project !== undefined && scope.secret !== undefined) {
    chain.push({ resource: `projects/${scope.project.id}/secrets/${scope.secret.name}`, policy: scope.secret.policy });
  }
  return chain;
}

function resourceName(scope: Scope | undefined, target: Target): string {
  const project = scope?.project;
  if (project === undefined) return target.asked.slice(0, AUDIT_TEXT_CHARS_MAX * 2);
  if (target.creates !== undefined) return `projects/${project.id}/${target.creates}`;
  if (target.account !== undefined) return `projects/${project.id}/serviceAccounts/${target.account}`;
  if (target.secret === undefined) return `projects/${project.id}`;
  return `projects/${project.id}/secrets/${scope?.secret?.name ?? target.secret}`;
}
