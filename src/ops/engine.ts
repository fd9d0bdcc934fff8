// The one door. Every operation of every dialect goes through `call`: load the rows, authorise, decide, apply, audit,
// answer, in this order. Reads end in this thread; changes are made ready here and submitted to the writer, which judges
// them again in its transaction. Invariants kept here: deny by default; no answer with a secret before its record is
// written; no change without its record in the same transaction; a refusal tells nothing about what exists.

import type { Audit } from '../core/audit-port.ts';
import type { AuditRecord, Outcome } from '../core/audit-record.ts';
import type { BackupSource } from '../core/backup-port.ts';
import { workloadOf } from '../core/census.ts';
import type { Census } from '../core/census-ports.ts';
import { Fault, type FaultCode } from '../core/error.ts';
import type { LoopbackProxy } from '../core/loopback-port.ts';
import type { Clock, Entropy, Keyring, Maybe, Needs, Store, TokenSigner } from '../core/ports.ts';
import { type Caller, SYSTEM } from '../core/principal.ts';
import type { RotationFunctions } from '../core/rotation/port.ts';
import type { AuditFiles } from '../core/vault/audit-device.ts';
import type { GithubApi } from '../core/vault/github.ts';
import { type Admission, Request } from './judgement.ts';
import { attempt, then } from './maybe.ts';
import { type Decision, type ExercisedBy, Input, type Operation, type Prepared, type Scope } from './operation.ts';
import type { Charge } from './quotas.ts';
import { Wanting } from './wanting.ts';
import { Stale, type Submission, type Writer } from './writer.ts';

export interface Engine {
  /** Runs an operation for a caller; throws or rejects with a Fault. */
  call<C, R>(operation: Operation<C, R>, caller: Caller, command: C): Maybe<R>;
}

export interface EngineDeps {
  readonly store: Pick<Store, 'read'>;
  readonly writer: Writer;
  readonly keyring: Keyring;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly signer: TokenSigner;
  /** Of Vault's audit devices, as this thread writes them. */
  readonly auditFiles: AuditFiles;
  readonly functions: Pick<RotationFunctions, 'exists'>;
  readonly github: GithubApi;
  readonly proxy: LoopbackProxy;
  readonly backups: BackupSource;
  readonly charge: Charge;
  readonly census: Census;
  /** Brings every sighting so far, of every thread, into the store. */
  settleCensus(): Maybe<void>;
  readonly exercisedBy: ExercisedBy;
  /** Told of every call that ended, for the metrics. */
  onCall?(operation: string, outcome: Outcome, code: FaultCode | undefined): void;
}

/** How often a change is made ready anew where somebody else changed what it was made ready for. */
const ATTEMPTS_MAX = 5;

export function createEngine(deps: EngineDeps): Engine {
  return { call: (operation, caller, command) => new Call(deps, operation, caller, command).run() };
}

class Call<C, R> {
  readonly #deps: EngineDeps;
  readonly #request: Request<C, R>;
  #scope: Scope | undefined;
  #admission: Admission | undefined;
  #charged = false;

  constructor(deps: EngineDeps, operation: Operation<C, R>, caller: Caller, command: C) {
    this.#deps = deps;
    this.#request = new Request(operation, caller, command);
  }

  run(): Maybe<R> {
    try {
      return this.#request.operation.census ? this.#then(this.#settleCensus(), () => this.#work()) : this.#work();
    } catch (error) {
      return this.#refuse(error);
    }
  }

  #work(): Maybe<R> {
    return this.#request.operation.kind === 'read' ? this.#read({}, 1) : this.#write(1);
  }

  /** Continues with `next`; what ends badly is refused at once, so that no step waits for what the next ones end in. */
  #then<T, U>(value: Maybe<T>, next: (value: T) => Maybe<U>): Maybe<U> {
    if (!(value instanceof Promise)) return next(value);
    const refuse = (error: unknown) => this.#refuse(error) as Maybe<never>;
    return value.then((settled) => {
      try {
        return next(settled);
      } catch (error) {
        return refuse(error);
      }
    }, refuse);
  }

  #read(wanted: Needs, round: number): Maybe<R> {
    const { operation, command, caller } = this.#request;
    const { store, keyring, clock, entropy } = this.#deps;
    this.#request.checkCredential();
    const own = operation.needs?.(command, keyring, caller);
    const needs = this.#request.needs(round === 1 ? own : { ...own, ...wanted });
    return this.#then(store.read(needs, caller.seen), (rows) => {
      const judged = this.#scopeOf(rows);
      if (judged === undefined) return this.#read(wanted, nextRound(round));
      const now = clock.now();
      const { scope } = this.#admit(judged, now);
      const fields = { command, rows, scope, caller, now, entropy, prepared: operation.opens?.(command, keyring) };
      const decision = decideOrWant(operation, new Input(fields));
      if (decision instanceof Wanting) return this.#read(more(wanted, decision, round), round + 1);
      return this.#then(this.#finish(decision.result, undefined), (answer) => {
        const settled = this.#append(now, 'allowed', undefined, decision);
        this.#count('allowed', undefined);
        return this.#then(settled, () => this.#see(answer, now));
      });
    });
  }

  /** Every thread is asked for what it has seen, so only for a caller who may know. */
  #settleCensus(round = 1): Maybe<void> {
    const { store, clock, settleCensus } = this.#deps;
    this.#request.checkCredential();
    return then(store.read(this.#request.needs(undefined)), (rows) => {
      const scope = this.#scopeOf(rows);
      if (scope === undefined) return this.#settleCensus(nextRound(round));
      this.#request.authorise(scope, clock.now());
      return settleCensus();
    });
  }

  /** Tells the census of a payload that may leave now. */
  #see(answer: R, now: number): R {
    const { operation, caller } = this.#request;
    const read = operation.seen?.(answer);
    if (read === undefined) return answer;
    const { principal, dialect, workload, userAgent } = caller;
    const reader = { principal: principal.member, workload: workload ?? workloadOf(userAgent), dialect };
    this.#deps.census.seen({ ...read, ...reader }, now);
    return answer;
  }

  /** `wanted`: rows that making ready asked for, `wants` times so far. */
  #write(round: number, wanted: Needs = {}, wants = 1): Maybe<R> {
    const { operation, command, caller } = this.#request;
    const { store, writer, keyring, clock, entropy, signer, auditFiles, functions, github } = this.#deps;
    this.#request.checkCredential();
    const needs = this.#request.needs({ ...operation.prepareNeeds?.(command), ...wanted });
    return this.#then(store.read(needs, caller.seen), (rows) => {
      const judged = this.#scopeOf(rows);
      if (judged === undefined) return this.#write(round, wanted, nextRound(wants));
      const now = clock.now();
      const { scope, grant } = this.#admit(judged, now);
      const fields = { command, rows, scope, caller, now, entropy, prepared: undefined };
      const at = { signer, grant, auditFiles, functions, github };
      const ready = attempt<Prepared<unknown, unknown> | Wanting | undefined>(
        () => operation.prepare?.(new Input(fields), keyring, at),
        orWanting,
      );
      return this.#then(ready, (made) => {
        if (made instanceof Wanting) return this.#write(round, more(wanted, made, wants), wants + 1);
        const submission = {
          operation: operation as Operation<unknown, unknown>,
          command: operation.carried?.(command) ?? command,
          caller,
          prepared: made?.carried,
        };
        if (!operation.explores) {
          const { wanted: judging } = this.#request;
          const whole = judging === undefined ? submission : { ...submission, wanted: judging };
          return this.#submit(writer, whole, made?.kept, round);
        }
        const explored = attempt<Needs | undefined>(() => this.#explore(submission, {}, 1), unlessStale(round));
        return this.#then(explored, (found) => {
          if (found === undefined) return this.#again(round);
          return this.#submit(
            writer,
            { ...submission, wanted: { ...found, ...this.#request.wanted } },
            made?.kept,
            round,
          );
        });
      });
    });
  }

  /** Tries the decision here, only to learn which rows it takes; what it ends badly in is the end of the request. */
  #explore(submission: Submission, wanted: Needs, round: number): Maybe<Needs> {
    const { operation, command, caller, prepared } = submission;
    const { store, keyring, clock, entropy } = this.#deps;
    const needs = this.#request.needs({ ...operation.needs?.(command, keyring, caller), ...wanted });
    return then(store.read(needs, caller.seen), (rows) => {
      const scope = this.#scopeOf(rows);
      if (scope === undefined) return this.#explore(submission, wanted, nextRound(round));
      const input = new Input({ command, rows, scope, caller, now: clock.now(), entropy, prepared });
      const decision = decideOrWant(operation, input);
      if (decision instanceof Wanting) return this.#explore(submission, more(wanted, decision, round), round + 1);
      return wanted;
    });
  }

  #submit(writer: Writer, submission: Submission, kept: unknown, round: number): Maybe<R> {
    const { seen } = submission.caller;
    // What it asks for after a change of its own is as of after that.
    if (seen !== undefined) seen.moment = undefined;
    const submitted = () => then(writer.submit(submission), (settled) => ({ settled }));
    const result = attempt<{ readonly settled: unknown } | undefined>(submitted, unlessStale(round));
    return this.#then(result, (done) => {
      if (done === undefined) return this.#again(round);
      this.#count('allowed', undefined);
      return this.#then(this.#finish(done.settled, kept), (answer) => answer);
    });
  }

  /** Makes a change ready anew, for rows that are there now. */
  #again(round: number): Maybe<R> {
    const { seen } = this.#request.caller;
    if (seen !== undefined) seen.moment = undefined;
    return this.#write(round + 1);
  }

  /** Undefined where the request needs further rows to be judged by. */
  #scopeOf(rows: Parameters<Request<C, R>['scopeOf']>[0]): Scope | undefined {
    try {
      return this.#request.scopeOf(rows);
    } catch (error) {
      orWanting(error);
      return undefined;
    }
  }

  #admit(scope: Scope, now: number): Admission {
    this.#scope = scope;
    const admission = { scope, grant: this.#request.authorise(scope, now) };
    this.#admission = admission;
    this.#chargeOnce(scope, now);
    return admission;
  }

  /** A change may be made ready twice; the request is one. The server's own work is none. */
  #chargeOnce({ project }: Scope, now: number): void {
    if (this.#charged || project === undefined || this.#request.caller.principal === SYSTEM) return;
    this.#deps.charge(project, this.#request.operation, now);
    this.#charged = true;
  }

  #finish(result: unknown, kept: unknown): Maybe<R> {
    const { operation, command } = this.#request;
    if (operation.finish === undefined) return result as R;
    const { keyring, audit, signer, proxy, backups, exercisedBy } = this.#deps;
    const { scope, grant } = this.#admission as Admission;
    return operation.finish(result, command, {
      keyring,
      audit,
      signer,
      proxy,
      backups,
      exercisedBy,
      scope,
      grant,
      kept,
    });
  }

  /** Audits what did not happen and throws on why. Bugs and failing disks are audited as the internal fault they are. */
  #refuse(error: unknown): Maybe<R> {
    const code = error instanceof Fault ? error.code : 'INTERNAL';
    const denied = error instanceof Fault && (error.class === 'denied' || error.class === 'unauthenticated');
    const outcome = denied ? 'denied' : 'failed';
    this.#count(outcome, code);
    const version = error instanceof Fault ? error.facts['version'] : undefined;
    // A number that no version can have is no fact to keep.
    const known = typeof version === 'number' && Number.isSafeInteger(version) ? { version } : {};
    const deniedBy = error instanceof Fault ? error.facts['deniedBy'] : undefined;
    const told = deniedBy === undefined ? known : { ...known, details: { deniedBy } };
    return then(this.#append(this.#deps.clock.now(), outcome, code, told), () => {
      throw error;
    });
  }

  #append(
    time: number,
    outcome: Outcome,
    code: FaultCode | undefined,
    decision: Pick<Decision<unknown>, 'version' | 'details'> | undefined,
  ): Maybe<void> {
    if (this.#request.operation.permission === 'public') return undefined;
    const { entropy, audit } = this.#deps;
    // A refusal is told of the scope as far as it was loaded.
    const admission = this.#admission ?? (this.#scope === undefined ? {} : { scope: this.#scope });
    const record: AuditRecord = this.#request.record({ time, entropy }, outcome, code, admission, decision);
    return audit.append(record);
  }

  #count(outcome: Outcome, code: FaultCode | undefined): void {
    this.#deps.onCall?.(this.#request.operation.name, outcome, code);
  }
}

/** How often a decision may find that it needs further rows. */
const WANTS_MAX = 64;

function decideOrWant<C, R>(operation: Operation<C, R>, input: Input<C, Needs, unknown>): Decision<unknown> | Wanting {
  try {
    return operation.decide(input);
  } catch (error) {
    return orWanting(error);
  }
}

/** Undefined where a change has to be made ready anew, and may be. */
function unlessStale(round: number): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof Stale) || round >= ATTEMPTS_MAX) throw error;
  };
}

function orWanting(error: unknown): Wanting {
  if (error instanceof Wanting) return error;
  throw error;
}

function more(wanted: Needs, { needs }: Wanting, round: number): Needs {
  nextRound(round);
  return { ...wanted, ...needs };
}

function nextRound(round: number): number {
  if (round >= WANTS_MAX) throw new TypeError('a decision never has the rows that it needs');
  return round + 1;
}
