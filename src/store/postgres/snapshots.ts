// Reads that come together share a snapshot, and what several of them ask for is asked once: after a commit every
// request misses the same rows at the same time. What is wrong with one row is told to who asked for it alone.

import type { Need, Needs } from '../../core/ports.ts';
import type { Statement } from '../statement.ts';
import { Loading, type Outcome } from './loading.ts';
import { type Moment, momentOf, READ_ANSWER_MS_MAX, READ_MS_MAX } from './moment.ts';
import type { Pool } from './pool.ts';
import { PostgresError } from './problem.ts';
import { BEGIN_READING, COMMIT, STAMPS_SELECT } from './sql.ts';

/** Needs of one snapshot; more wait for the next. */
const NEEDS_MAX = 256;

const BEGIN: Statement = { sql: BEGIN_READING, values: [] };
const STAMPS: Statement = { sql: STAMPS_SELECT, values: [] };
const END: Statement = { sql: COMMIT, values: [] };

/** What answers some needs, all of one snapshot of the primary, and its stamps. */
export interface Snapshot {
  readonly moment: Moment;
  readonly rows: Readonly<Record<string, unknown>>;
}

interface Asked {
  readonly needs: Needs;
  readonly settle: PromiseWithResolvers<Snapshot>;
}

export class Snapshots {
  readonly #pool: Pool;
  readonly #parallel: number;
  #asked: Asked[] = [];
  #running = 0;
  #isScheduled = false;

  /** `parallel` is how many connections the pool has. */
  constructor(pool: Pool, parallel: number) {
    this.#pool = pool;
    this.#parallel = parallel;
  }

  /** As of a moment after the call. Rejects with PostgresError, or the Fault of a damaged row. */
  read(needs: Needs): Promise<Snapshot> {
    const settle = Promise.withResolvers<Snapshot>();
    this.#asked.push({ needs, settle });
    this.#schedule();
    return settle.promise;
  }

  #schedule(): void {
    if (this.#isScheduled || this.#running >= this.#parallel || this.#asked.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#running += 1;
      void this.#round(this.#take()).finally(() => {
        this.#running -= 1;
        this.#schedule();
      });
      this.#schedule();
    });
  }

  #take(): readonly Asked[] {
    let [count, needs] = [0, 0];
    while (count < this.#asked.length && (count === 0 || needs < NEEDS_MAX)) {
      needs += Object.keys((this.#asked[count] as Asked).needs).length;
      count += 1;
    }
    return this.#asked.splice(0, count);
  }

  async #round(asked: readonly Asked[]): Promise<void> {
    const distinct = new Map<string, Need>();
    for (const { needs } of asked) for (const name in needs) distinct.set(keyOf(needs[name]), needs[name] as Need);
    try {
      const { moment, outcomes } = await loadSnapshot(this.#pool, [...distinct.values()]);
      const byKey = new Map([...distinct.keys()].map((key, at) => [key, outcomes[at] as Outcome]));
      for (const { needs, settle } of asked) answer(needs, settle, moment, byKey);
    } catch (error) {
      // One of them may hold what the database does not take.
      const isOnes = error instanceof PostgresError && error.failing === 'refused' && asked.length > 1;
      if (isOnes) for (const each of asked) await this.#round([each]);
      else for (const { settle } of asked) settle.reject(error);
    }
  }
}

function answer(
  needs: Needs,
  settle: PromiseWithResolvers<Snapshot>,
  moment: Moment,
  byKey: ReadonlyMap<string, Outcome>,
): void {
  const rows: Record<string, unknown> = {};
  for (const name in needs) {
    const outcome = byKey.get(keyOf(needs[name])) as Outcome;
    if ('error' in outcome) return settle.reject(outcome.error);
    rows[name] = outcome.row;
  }
  settle.resolve({ moment, rows });
}

function keyOf(need: Need | undefined): string {
  return JSON.stringify(need);
}

/** Rejects with PostgresError. */
export function loadSnapshot(
  pool: Pool,
  needs: readonly Need[],
): Promise<{ readonly moment: Moment; readonly outcomes: readonly Outcome[] }> {
  return pool.use(READ_MS_MAX, async (link) => {
    const loading = new Loading(needs);
    const end = loading.isLast ? [END] : [];
    const [, stamps, ...answers] = await link.run([BEGIN, STAMPS, ...loading.statements(), ...end], READ_ANSWER_MS_MAX);
    const moment = momentOf(stamps?.rows ?? []);
    loading.take(answers.slice(0, answers.length - end.length));
    if (end.length === 0) loading.take(await link.run([...loading.statements(), END], READ_ANSWER_MS_MAX));
    return { moment, outcomes: loading.outcomes };
  });
}
