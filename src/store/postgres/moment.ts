// How a thread knows, over any number of servers, whether anything was committed since it read: one row with a random
// stamp for each kind of rows that is kept. A commit that changes such rows changes their stamp in the same transaction,
// so two snapshots with the same stamp have the same rows, also on a primary that lost commits or was set back: a
// number that counts could come again there. Whatever is not kept changes no stamp.

import type { EpochKind } from '../epoch.ts';
import type { Rows } from '../statement.ts';
import type { Pool } from './pool.ts';
import { newer, SCHEMA } from './schema.ts';
import { STAMPS_SELECT } from './sql.ts';

/** The stamps of one snapshot. */
export interface Moment extends Readonly<Record<EpochKind, number>> {
  /** Of payloads that were destroyed: whoever keeps opened ones lets go of them. */
  readonly erasures: number;
}

/** Ours: how long a request waits for a primary that may be changing. */
export const READ_MS_MAX = 5_000;
/** Of one round trip of a read. */
export const READ_ANSWER_MS_MAX = 2_500;

/** The row of STAMPS_SELECT; throws where a newer program has changed the schema under us. */
export function momentOf(rows: Rows): Moment {
  const [authority, secrets, erasures, schema] = rows[0] ?? [];
  if (Number(schema) > SCHEMA) throw newer(`${schema} migrations`);
  return { authority: Number(authority), secrets: Number(secrets), erasures: Number(erasures) };
}

export class MomentGate {
  readonly #pool: Pool;
  #next: PromiseWithResolvers<Moment> | undefined;
  #isAsking = false;

  /** `pool` is its own: it has one question on its way at a time. */
  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** The stamps at a moment after this call. All who call while one question is on its way share the next. */
  now(): Promise<Moment> {
    if (this.#next === undefined) {
      this.#next = Promise.withResolvers<Moment>();
      if (!this.#isAsking) setImmediate(() => this.#ask());
    }
    return this.#next.promise;
  }

  async #ask(): Promise<void> {
    const asked = this.#next;
    if (asked === undefined) return;
    this.#next = undefined;
    this.#isAsking = true;
    try {
      const statement = { sql: STAMPS_SELECT, values: [] };
      const moment = await this.#pool.use(READ_MS_MAX, async (link) => {
        const [answer] = await link.run([statement], READ_ANSWER_MS_MAX);
        return momentOf(answer?.rows ?? []);
      });
      this.#isAsking = false;
      if (this.#next !== undefined) setImmediate(() => this.#ask());
      asked.resolve(moment);
    } catch (error) {
      this.#isAsking = false;
      asked.reject(error);
      // Nobody waits through two outages.
      const { reject } = (this.#next as PromiseWithResolvers<Moment> | undefined) ?? {};
      this.#next = undefined;
      reject?.(error);
    }
  }
}
