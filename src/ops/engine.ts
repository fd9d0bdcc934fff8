// The one door. Every operation of every dialect goes through `call`: load the rows, authorise, decide, apply, audit,
// answer, in this order. Invariants kept here: deny by default; no answer with a secret before its record is written;
// no change without its record in the same transaction; a refusal tells nothing about what exists.

import type { AuditRecord, Outcome } from '../core/audit-record.ts';
import { workloadOf } from '../core/census.ts';
import { Fault, type FaultCode } from '../core/error.ts';
import type { ConditionContext } from '../core/iam/condition.ts';
import { authorise, type Grant, type PolicyScope } from '../core/iam/policy.ts';
import { AUDIT_TEXT_CHARS_MAX } from '../core/limits.ts';
import { locationPart } from '../core/name.ts';
import type {
  Audit,
  Census,
  Change,
  Clock,
  Entropy,
  Keyring,
  LoopbackProxy,
  Maybe,
  Need,
  Needs,
  RowsOf,
  Store,
  TokenSigner,
} from '../core/ports.ts';
import { type Caller, SYSTEM } from '../core/principal.ts';
import { contextOf } from './conditions.ts';
import { type Decision, type ExercisedBy, Input, type Operation, type Scope, type Target } from './operation.ts';
import { type Charge, createCharge } from './quotas.ts';

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
  readonly signer: TokenSigner;
  readonly proxy: LoopbackProxy;
  readonly census: Census;
  /** Brings every sighting so far into the store. */
  settleCensus(): Maybe<void>;
  readonly exercisedBy: ExercisedBy;
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
  const all: CallDeps = { ...deps, charge: createCharge() };
  return { call: (operation, caller, command) => new Call(all, operation, caller, command).run() };
}

interface CallDeps extends EngineDeps {
  readonly charge: Charge;
}

type ScopeNeeds = { readonly server: Need & { need: 'server' } } & Needs;

class Call<C, R> {
  readonly #deps: CallDeps;
  readonly #operation: Operation<C, R>;
  readonly #caller: Caller;
  readonly #command: C;
  readonly #target: Target;
  #scope: Scope | undefined;
  #grant: Grant | undefined;
  #charged = false;

  constructor(deps: CallDeps, operation: Operation<C, R>, caller: Caller, command: C) {
    this.#deps = deps;
    this.#operation = operation;
    this.#caller = caller;
    this.#command = command;
    this.#target = operation.target(command);
  }

  run(): Maybe<R> {
    return attempt(
      () =>
        then(this.#operation.census ? this.#deps.settleCensus() : undefined, () =>
          this.#operation.kind === 'read' ? this.#read() : this.#write(),
        ),
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
        return then(settled, () => this.#see(answer));
      });
    });
  }

  #see(answer: R): R {
    const read = this.#operation.seen?.(answer);
    if (read === undefined) return answer;
    const { principal, dialect, workload, userAgent } = this.#caller;
    const reader = { principal: principal.member, workload: workload ?? workloadOf(userAgent), dialect };
    this.#deps.census.seen({ ...read, ...reader }, this.#deps.clock.now());
    return answer;
  }

  #write(): Maybe<R> {
    this.#refuseBadCredential();
    const work = this.#deps.store.transact(this.#needs(), (rows) => {
      const decision = this.#decide(rows);
      return {
        result: decision,
        changes: changesOf(decision),
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
    const { project, secret, location, deleted, tag } = this.#target;
    return {
      ...(this.#operation.needs?.(this.#command, this.#deps.keyring) ?? {}),
      server: { need: 'server' },
      ...(tag === undefined ? {} : { scopeProject: { need: 'projectOfTag', ...tag } as const }),
      ...(project === undefined ? {} : { scopeProject: { need: 'project', project } as const }),
      ...(project === undefined || secret === undefined
        ? {}
        : {
            scopeSecret: {
              need: 'secret',
              project,
              key: secret,
              ...(location === undefined ? {} : { location }),
              ...(deleted === undefined ? {} : { deleted }),
            } as const,
          }),
    };
  }

  #decide(rows: RowsOf<ScopeNeeds>): Decision<unknown> {
    const row = rows as Record<string, unknown>;
    const scope = { server: rows.server, project: row['scopeProject'], secret: row['scopeSecret'] } as Scope;
    this.#scope = scope;
    const { entropy, keyring, clock } = this.#deps;
    const now = clock.now();
    this.#grant = this.#authorise(scope, now);
    this.#chargeOnce(scope, now);
    const fields = { command: this.#command, rows, scope, caller: this.#caller, now, entropy };
    const prepared = this.#operation.prepare?.(new Input({ ...fields, prepared: undefined }), keyring);
    return this.#operation.decide(new Input({ ...fields, prepared }));
  }

  #authorise(scope: Scope, now: number): Grant | undefined {
    const { permission } = this.#operation;
    if (permission === 'public') return undefined;
    if (permission === 'authenticated') {
      if (this.#caller.principal.member === 'anonymous') throw new Fault('CREDENTIAL_MISSING');
      return undefined;
    }
    if (permission === 'system') {
      if (this.#caller.principal === SYSTEM) return undefined;
      throw new Fault('PERMISSION_DENIED', { permission, resource: this.#target.asked });
    }
    const grant = authorise(permission, this.#caller.principal, policyChain(scope), this.#context(scope, now));
    if (grant === undefined) {
      // A caller without any credential is told to bring one, as the real services do.
      if (this.#caller.principal.member === 'anonymous') throw new Fault('CREDENTIAL_MISSING');
      throw new Fault('PERMISSION_DENIED', { permission, resource: this.#target.asked });
    }
    return grant;
  }

  #context(scope: Scope, time: number): ConditionContext {
    const context = contextOf(this.#target, scope, time);
    const { modifiedRoles } = this.#operation;
    if (modifiedRoles === undefined) return context;
    return { ...context, modifiedRoles: () => modifiedRoles(this.#command, scope) };
  }

  /** A store may decide twice; the request is one. The server's own work is none. */
  #chargeOnce({ project }: Scope, now: number): void {
    if (this.#charged || project === undefined || this.#caller.principal === SYSTEM) return;
    this.#deps.charge(project, this.#operation, now);
    this.#charged = true;
  }

  #refuseBadCredential(): void {
    const { refused, problem } = this.#caller;
    if (refused) throw new Fault('CREDENTIAL_INVALID', problem === undefined ? {} : { problem });
  }

  #finish(decision: Decision<unknown>): Maybe<R> {
    const { finish } = this.#operation;
    if (finish === undefined) return decision.result as R;
    const { keyring, audit, signer, proxy, exercisedBy } = this.#deps;
    const at = { keyring, audit, signer, proxy, exercisedBy, scope: this.#scope as Scope, grant: this.#grant };
    return finish(decision.result, this.#command, at);
  }

  /** Audits what did not happen and throws on why. Bugs and failing disks are audited as the internal fault they are. */
  #refuse(error: unknown): Maybe<R> {
    const code = error instanceof Fault ? error.code : 'INTERNAL';
    const denied = error instanceof Fault && (error.class === 'denied' || error.class === 'unauthenticated');
    const outcome = denied ? 'denied' : 'failed';
    this.#count(outcome, code);
    const version = error instanceof Fault ? error.facts['version'] : undefined;
    // A number that no version can have is no fact to keep.
    const isNumber = typeof version === 'number' && Number.isSafeInteger(version);
    const known = isNumber ? { result: undefined, version } : undefined;
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
      ...this.#details(decision),
    };
  }

  /** What the operation keeps, and under which condition it was allowed. */
  #details(decision: Decision<unknown> | undefined): Pick<AuditRecord, 'details'> {
    const condition = decision === undefined ? undefined : this.#grant?.condition;
    if (condition === undefined) return decision?.details === undefined ? {} : { details: decision.details };
    return { details: { ...decision?.details, condition } };
  }

  #count(outcome: Outcome, code: FaultCode | undefined): void {
    this.#deps.onCall?.(this.#operation.name, outcome, code);
  }
}

/** The changes of a decision, its events among them: both are kept or neither is. */
function changesOf({ changes = [], events = [] }: Decision<unknown>): readonly Change[] {
  return [...changes, ...events.map((event) => ({ change: 'event.insert', event }) as const)];
}

/** The policies that decide, from the server down to the secret. */
export function policyChain(scope: Scope): readonly PolicyScope[] {
  const chain: PolicyScope[] = [{ resource: SERVER, policy: scope.server }];
  if (scope.project !== undefined)
    chain.push({ resource: `projects/${scope.project.id}`, policy: scope.project.policy });
  if (scope.project !== undefined && scope.secret !== undefined) {
    const { location, name, policy } = scope.secret;
    chain.push({ resource: `projects/${scope.project.id}/${locationPart(location)}secrets/${name}`, policy });
  }
  return chain;
}

function resourceName(scope: Scope | undefined, target: Target): string {
  const project = scope?.project;
  if (project === undefined) return target.asked.slice(0, AUDIT_TEXT_CHARS_MAX * 2);
  const below = target.creates ?? target.below;
  if (below !== undefined) return `projects/${project.id}/${below}`;
  if (target.account !== undefined) return `projects/${project.id}/serviceAccounts/${target.account}`;
  if (target.secret === undefined) return `projects/${project.id}`;
  const within = locationPart(target.location);
  return `projects/${project.id}/${within}secrets/${scope?.secret?.name ?? target.secret}`;
}
