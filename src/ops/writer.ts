// The deciding half of every change, in the one thread that writes: what a serving thread submits is judged again, on the
// rows of its own transaction, and applied with its record and its events or not at all. A submission is plain data.

import type { Audit } from '../core/audit-port.ts';
import type { AuditRecord } from '../core/audit-record.ts';
import type { Change, Clock, Entropy, Keyring, Maybe, Needs, Store, TransactionJob } from '../core/ports.ts';
import type { Caller } from '../core/principal.ts';
import type { Secret } from '../core/secret.ts';
import { Request } from './judgement.ts';
import { then } from './maybe.ts';
import { type Decision, Input, type Operation } from './operation.ts';
import { Wanting } from './wanting.ts';

/** A change that somebody asks for, as the serving thread hands it on. */
export interface Submission {
  readonly operation: Operation<unknown, unknown>;
  readonly command: unknown;
  readonly caller: Caller;
  /** What `prepare` made for `decide`. */
  readonly prepared: unknown;
  /** The rows that `decide` asked for when it was tried. */
  readonly wanted?: Needs;
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
  return { submit: (submission) => then(decideAll(deps, [submission]), ([decided]) => (decided as Decided)()) };
}

/** Gives the result of one submission, or throws what it ended in. */
export type Decided = () => unknown;

/** Decides several in one transaction, each of them whole or not at all; throws or rejects where its commit fails. */
export function decideAll(deps: WriterDeps, submissions: readonly Submission[]): Maybe<readonly Decided[]> {
  const jobs = submissions.map((submission) => jobOf(deps, submission));
  return then(deps.store.transactAll(jobs), (all) =>
    all.map((settled) => {
      if (settled.ok) deps.audit.copy(settled.decided.record);
      return () => {
        if (!settled.ok) throw settled.error;
        return settled.decided.result;
      };
    }),
  );
}

function jobOf(
  deps: WriterDeps,
  { operation, command, caller, prepared, wanted }: Submission,
): TransactionJob<unknown> {
  const { keyring, clock, entropy } = deps;
  const request = new Request(operation, caller, command);
  return {
    needs: request.needs({ ...operation.needs?.(command, keyring, caller), ...wanted, ...request.credentialNeeds() }),
    decide: (rows): Outcome => {
      const now = clock.now();
      // It may have waited: whoever was told that a credential is revoked sees no change by it any more.
      request.checkAlive(rows as never, now);
      const scope = unlessUnread(() => request.scopeOf(rows as never));
      const grant = request.authorise(scope, now);
      const input = new Input({ command, rows, scope, caller, now, entropy, prepared });
      const decision = unlessUnread(() => operation.decide(input));
      const record = request.record({ time: now, entropy }, 'allowed', undefined, { scope, grant }, decision);
      return { result: decision.result, changes: changesOf(decision, now), record };
    },
  };
}

/** Rows that nobody has read are those of somebody else's change: the request finds out anew what it takes. */
function unlessUnread<T>(judge: () => T): T {
  try {
    return judge();
  } catch (error) {
    throw error instanceof Wanting ? new Stale() : error;
  }
}

/** The changes of a decision, its events among them: both are kept or neither is. */
function changesOf({ changes: decided = [], events = [] }: Decision<unknown>, now: number): readonly Change[] {
  const changes = decided.map((change) => (change.change === 'secret.update' ? touch(change, now) : change));
  if (events.length === 0) return changes;
  return [...changes, ...events.map((event) => ({ change: 'event.insert', event }) as const)];
}

/** Of a secret that AWS's API knows, the time of its last change grows with every one, by whichever dialect. */
function touch(change: Extract<Change, { readonly secret: Secret }>, now: number): Change {
  const { aws } = change.secret;
  if (aws === undefined) return change;
  return { ...change, secret: { ...change.secret, aws: { ...aws, changedAt: Math.max(now, aws.changedAt + 1) } } };
}
