// The deciding half of every change, in the one thread that writes: what a serving thread submits is judged again, on the
// rows of its own transaction, and applied with its record and its events or not at all. A submission is plain data.

import type { AuditRecord } from '../core/audit-record.ts';
import type { Audit, Change, Clock, Entropy, Keyring, Maybe, Settled, Store, TransactionJob } from '../core/ports.ts';
import type { Caller } from '../core/principal.ts';
import { Request } from './judgement.ts';
import { then } from './maybe.ts';
import { type Decision, Input, type Operation } from './operation.ts';

/** A change that somebody asks for, as the serving thread hands it on. */
export interface Submission {
  readonly operation: Operation<unknown, unknown>;
  readonly command: unknown;
  readonly caller: Caller;
  /** What `prepare` made for `decide`. */
  readonly prepared: unknown;
}

export interface Writer {
  /** The result of the decision once it is durable; throws or rejects with a Fault, or with Stale. */
  submit(submission: Submission): Maybe<unknown>;
}

/** What was prepared was prepared for rows that are no longer there: the request must be made ready anew. */
export class Stale extends Error {}

export interface WriterDeps {
  readonly store: Pick<Store, 'transactAll'>;
  readonly keyring: Keyring;
  readonly audit: Pick<Audit, 'copy'>;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

interface Outcome {
  readonly result: unknown;
  readonly changes: readonly Change[];
  readonly record: AuditRecord;
}

/** Decides each submission as it comes, in a transaction of its own. */
export function createWriter(deps: WriterDeps): Writer {
  return {
    submit: (submission) =>
      then(deps.store.transactAll([jobOf(deps, submission)]), ([settled]) =>
        resultOf(deps, settled as Settled<unknown>),
      ),
  };
}

/** Submissions that may wait to be decided; more are refused at once. */
const WAITING_MAX = 20_000;
/** What one commit takes together at the most: whoever came first must not wait for all who came later. */
const GROUP_MAX = 256;

interface Waiting {
  readonly submission: Submission;
  readonly settle: PromiseWithResolvers<unknown>;
}

/** Decides all that arrived in one turn of the event loop in one transaction, each in a savepoint of its own. */
export function createGroupWriter(deps: WriterDeps, busy: () => Error): Writer {
  const waiting: Waiting[] = [];
  const commit = async (): Promise<void> => {
    const group = waiting.splice(0, GROUP_MAX);
    if (waiting.length > 0) setImmediate(commit);
    try {
      const all = await deps.store.transactAll(group.map(({ submission }) => jobOf(deps, submission)));
      group.forEach(({ settle }, index) => {
        try {
          settle.resolve(resultOf(deps, all[index] as Settled<unknown>));
        } catch (error) {
          settle.reject(error);
        }
      });
    } catch (error) {
      for (const { settle } of group) settle.reject(error);
    }
  };
  return {
    submit: (submission) => {
      if (waiting.length >= WAITING_MAX) throw busy();
      const settle = Promise.withResolvers<unknown>();
      waiting.push({ submission, settle });
      if (waiting.length === 1) setImmediate(commit);
      return settle.promise;
    },
  };
}

function resultOf({ audit }: WriterDeps, settled: Settled<unknown>): unknown {
  if (!settled.ok) throw settled.error;
  audit.copy(settled.decided.record);
  return settled.decided.result;
}

function jobOf(deps: WriterDeps, { operation, command, caller, prepared }: Submission): TransactionJob<unknown> {
  const { keyring, clock, entropy } = deps;
  const request = new Request(operation, caller, command);
  return {
    needs: request.needs(operation.needs?.(command, keyring)),
    decide: (rows): Outcome => {
      const scope = request.scopeOf(rows as never);
      const now = clock.now();
      const grant = request.authorise(scope, now);
      const decision = operation.decide(new Input({ command, rows, scope, caller, now, entropy, prepared }));
      const record = request.record({ time: clock.now(), entropy }, 'allowed', undefined, { scope, grant }, decision);
      return { result: decision.result, changes: changesOf(decision), record };
    },
  };
}

/** The changes of a decision, its events among them: both are kept or neither is. */
function changesOf({ changes = [], events = [] }: Decision<unknown>): readonly Change[] {
  if (events.length === 0) return changes;
  return [...changes, ...events.map((event) => ({ change: 'event.insert', event }) as const)];
}
