// Needs as the statements of as few round trips as they take: one, but for a need whose second statement depends on what
// the first has found.

import type { Need } from '../../core/ports.ts';
import type { Read } from '../read.ts';
import { readOf } from '../reads.ts';
import type { Statement } from '../statement.ts';
import type { Answer } from './batch.ts';

interface Loaded {
  /** Undefined once the row is known. */
  read: Read | undefined;
  row: unknown;
}

export class Loading {
  readonly #loaded: readonly Loaded[];

  constructor(needs: readonly Need[]) {
    this.#loaded = needs.map((need) => ({ read: readOf(need), row: undefined }));
  }

  /** What each need is answered with, in their order, once `isDone`. */
  get rows(): readonly unknown[] {
    return this.#loaded.map(({ row }) => row);
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
      if (read.next !== undefined) {
        loaded.read = read.next(rows);
        continue;
      }
      const totals = read.total === undefined ? [] : (answers[at++] as Answer).rows;
      loaded.row = read.decode(rows, totals);
      loaded.read = undefined;
    }
  }
}
