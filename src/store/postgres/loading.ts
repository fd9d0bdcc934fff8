// Needs as the statements of as few round trips as they take: one, but for a need whose second statement depends on what
// the first has found.

import type { Need } from '../../core/ports.ts';
import type { Read } from '../read.ts';
import { readOf } from '../reads.ts';
import type { Rows, Statement } from '../statement.ts';
import type { Answer } from './batch.ts';

/** A row, or why it cannot be told: damage of that row alone. */
export type Outcome = { readonly row: unknown } | { readonly error: unknown };

interface Loaded {
  /** Undefined once the outcome is known. */
  read: Read | undefined;
  outcome: Outcome;
}

const NOTHING: Outcome = { row: undefined };

export class Loading {
  readonly #loaded: readonly Loaded[];

  constructor(needs: readonly Need[]) {
    this.#loaded = needs.map((need) => ({ read: readOf(need), outcome: NOTHING }));
  }

  /** What each need is answered with, in their order, once `isDone`. */
  get outcomes(): readonly Outcome[] {
    return this.#loaded.map(({ outcome }) => outcome);
  }

  get isDone(): boolean {
    return this.#loaded.every(({ read }) => read === undefined);
  }

  /** Whether all is known after one more round trip. */
  get isLast(): boolean {
    return this.#loaded.every(({ read }) => read?.next === undefined);
  }

  /** What to run next. */
  statements(): Statement[] {
    return this.#loaded.flatMap(({ read }) => {
      if (read === undefined) return [];
      return read.total === undefined ? [read] : [read, read.total];
    });
  }

  /** Takes the answers to `statements()`. */
  take(answers: readonly Answer[]): void {
    let at = 0;
    for (const loaded of this.#loaded) {
      const { read } = loaded;
      if (read === undefined) continue;
      const rows = (answers[at] as Answer).rows;
      at += 1;
      const totals = read.total === undefined ? [] : (answers[at] as Answer).rows;
      if (read.total !== undefined) at += 1;
      settle(loaded, read, rows, totals);
    }
  }
}

function settle(loaded: Loaded, read: Read, rows: Rows, totals: Rows): void {
  loaded.read = undefined;
  try {
    if (read.next === undefined) loaded.outcome = { row: read.decode(rows, totals) };
    else loaded.read = read.next(rows);
  } catch (error) {
    loaded.outcome = { error };
  }
}

/** The row; throws what is wrong with it. */
export function rowOf(outcome: Outcome | undefined): unknown {
  if (outcome !== undefined && 'error' in outcome) throw outcome.error;
  return outcome?.row;
}
