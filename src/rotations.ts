// Carries out rotations that are due: one at a time of a secret, a few of a project, some of all. Each step is a call of a
// function outside, and its end a transition of its own in the store; while one runs, the lease is renewed. What a server
// leaves behind is taken up by the next: at once where it is the only one of its store, else when the lease is over.

import { Fault } from './core/error.ts';
import { ROTATIONS_AT_ONCE_MAX, ROTATIONS_LOOKED_AT_MAX, ROTATIONS_OF_PROJECT_AT_ONCE_MAX } from './core/limits.ts';
import type { Clock, Entropy, Maybe, Store } from './core/ports.ts';
import { type Caller, SYSTEM } from './core/principal.ts';
import { LEASE_MS } from './core/rotation/machine.ts';
import { FunctionProblem, type RotationFunctions } from './core/rotation/port.ts';
import type { RotationOfSecret } from './core/rotation/rows.ts';
import type { Uid } from './core/secret.ts';
import type { Engine } from './ops/engine.ts';
import type { Operation } from './ops/operation.ts';
import {
  claimRotation,
  type NextStep,
  type RotationRef,
  renewRotation,
  stepRotation,
} from './ops/rotation/advance-rotation.ts';
import { refOf } from './ops/secrets.ts';
import { startSweeper } from './sweeper.ts';

const LOOK_MS = 1_000;
const RENEW_MS: number = LEASE_MS / 3;

export interface RotationsDeps {
  readonly store: Pick<Store, 'read'>;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly functions: RotationFunctions;
  /** No other server can be at a rotation of this store. */
  readonly isAlone: boolean;
  failed(error: unknown): void;
}

/** Starts looking for rotations that are due; what it answers stops that, and what is under way. */
export function startRotations(deps: RotationsDeps): () => Promise<void> {
  const rotations = new Rotations(deps);
  const stop = startSweeper({
    everyMs: LOOK_MS,
    sweep: async () => {
      await rotations.look();
      return false;
    },
    failed: deps.failed,
  });
  return async () => {
    await stop();
    await rotations.stop();
  };
}

/** What carries them out, a look at a time. */
export class Rotations {
  readonly #deps: RotationsDeps;
  readonly #stopping = new AbortController();
  readonly #running = new Map<Uid, { readonly projectUid: Uid; readonly done: Promise<void> }>();
  readonly #beganAt: number;

  constructor(deps: RotationsDeps) {
    this.#deps = deps;
    this.#beganAt = deps.clock.now();
  }

  async look(): Promise<void> {
    const { store, clock, isAlone } = this.#deps;
    const now = clock.now();
    // What was claimed before this server began was claimed by one that is gone.
    const orphansUntil = isAlone ? this.#beganAt + LEASE_MS : 0;
    const until = Math.max(now, orphansUntil);
    const { due } = await store.read({ due: { need: 'dueRotations', until, limit: ROTATIONS_LOOKED_AT_MAX } });
    for (const row of due) {
      const { dueAt = until, details } = row.rotation;
      const isOrphan = details.claimed === true && dueAt < orphansUntil;
      if ((isOrphan || dueAt <= now) && this.#hasRoom(row)) this.#begin(row, isOrphan);
    }
  }

  get runningCount(): number {
    return this.#running.size;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.idle();
  }

  /** Resolves when none of those that were begun is being worked at. */
  async idle(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  #hasRoom({ project, secret }: RotationOfSecret): boolean {
    if (this.#running.has(secret.uid) || this.#running.size >= ROTATIONS_AT_ONCE_MAX) return false;
    const ofProject = [...this.#running.values()].filter(({ projectUid }) => projectUid === project.uid);
    return ofProject.length < ROTATIONS_OF_PROJECT_AT_ONCE_MAX;
  }

  #begin(row: RotationOfSecret, isOrphan: boolean): void {
    const { uid } = row.secret;
    const done = this.#carryOut(row, isOrphan)
      .catch((error: unknown) => {
        // Whoever came first, or cancelled it: it is not ours any more.
        if (!(error instanceof Fault && error.class === 'missing')) this.#deps.failed(error);
      })
      .finally(() => this.#running.delete(uid));
    this.#running.set(uid, { projectUid: row.project.uid, done });
  }

  async #carryOut({ project, secret, rotation }: RotationOfSecret, isOrphan: boolean): Promise<void> {
    const ref = { ...refOf({ project, secret }), secretUid: secret.uid };
    const trial = rotation.details.number === undefined ? {} : { trial: rotation.details.number };
    const claim = { ...ref, epoch: rotation.epoch, ...(isOrphan ? { isOrphan: true as const } : {}) };
    let next = await this.#ask(claimRotation, claim);
    while (next !== undefined) {
      const step = await this.#invoke(ref, next);
      if (step === undefined) return;
      next = await this.#ask(stepRotation, { ...ref, ...step, ...trial });
    }
  }

  /** Why the step was not done, if it was not, and under which epoch; undefined: the server stops. */
  async #invoke(
    ref: Omit<RotationRef, 'epoch'>,
    { epoch: claimedAt, call, isRefused }: NextStep,
  ): Promise<{ readonly epoch: number; readonly problem?: string } | undefined> {
    if (isRefused) return { epoch: claimedAt, problem: 'the function is not of the account of the secret' };
    const lost = new AbortController();
    let epoch = claimedAt;
    let renewing: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      renewing = renewing
        .then(async () => {
          ({ epoch } = await this.#ask(renewRotation, { ...ref, epoch }));
        })
        .catch(() => lost.abort());
    }, RENEW_MS);
    try {
      await this.#deps.functions.invoke(call, AbortSignal.any([this.#stopping.signal, lost.signal]));
      await renewing;
      return { epoch };
    } catch (error) {
      await renewing;
      if (this.#stopping.signal.aborted) {
        await this.#ask(renewRotation, { ...ref, epoch, gives: true });
        return undefined;
      }
      if (!(error instanceof FunctionProblem)) throw error;
      return { epoch, problem: error.message };
    } finally {
      clearInterval(timer);
    }
  }

  async #ask<C, R>(operation: Operation<C, R>, command: C): Promise<R> {
    const { engine, entropy } = this.#deps;
    const caller: Caller = { principal: SYSTEM, dialect: 'server', peer: 'local', requestId: entropy.uid() };
    const answer: Maybe<R> = engine.call(operation, caller, command);
    return answer;
  }
}
