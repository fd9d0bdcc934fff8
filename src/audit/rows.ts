// The rows of one index that may match, found by looking through its columns in either direction.

import type { RowFilter } from './filter.ts';
import type { Columns } from './index-builder.ts';
import type { Known, SegmentIndex } from './indexes.ts';

/** False where no row of the segment can match. */
export function mayHold(summary: Known, filter: RowFilter): boolean {
  if (summary.rows === 0 || summary.latest < filter.since || summary.earliest >= filter.until) return false;
  return filter.hashes.every(({ column, hash }) => {
    const hashes = summary.distinct[column];
    return hashes === undefined || has(hashes, hash);
  });
}

export class Rows {
  readonly summary: Known;
  readonly #filter: RowFilter;
  readonly #time: Float64Array | undefined;
  readonly #outcome: Uint8Array | undefined;
  readonly #hashes: readonly { readonly column: Uint32Array; readonly hash: number }[];
  readonly #index: SegmentIndex;

  private constructor(index: SegmentIndex, filter: RowFilter, columns: Partial<Columns>) {
    this.summary = index.summary;
    this.#index = index;
    this.#filter = filter;
    this.#time = columns.time;
    this.#outcome = columns.outcome;
    this.#hashes = filter.hashes.map(({ column, hash }) => ({ column: columns[column] as Uint32Array, hash }));
  }

  /** Reads the columns that the filter needs; undefined where the index cannot be had. */
  static async open(index: SegmentIndex, filter: RowFilter): Promise<Rows | undefined> {
    const { earliest, latest } = index.summary;
    const inTime = earliest >= filter.since && latest < filter.until;
    const names: (keyof Columns)[] = [
      ...(inTime ? [] : (['time'] as const)),
      ...(filter.outcome === undefined ? [] : (['outcome'] as const)),
      ...filter.hashes.map(({ column }) => column),
    ];
    const columns: Record<string, Columns[keyof Columns]> = {};
    for (const name of names) {
      const column = await index.column(name);
      if (column === undefined) return undefined;
      columns[name] = column;
    }
    return new Rows(index, filter, columns as Partial<Columns>);
  }

  /** Where each row's line begins; undefined where the index is gone. */
  offset(): Promise<Uint32Array | undefined> {
    return this.#index.column('offset');
  }

  /** Up to `count` rows that may match, from `row` on, upwards or downwards. */
  find(row: number, step: 1 | -1, count: number): number[] {
    const found: number[] = [];
    const { rows } = this.summary;
    for (let at = row; at >= 0 && at < rows && found.length < count; at += step) {
      if (this.#fits(at)) found.push(at);
    }
    return found;
  }

  #fits(row: number): boolean {
    for (const { column, hash } of this.#hashes) if (column[row] !== hash) return false;
    if (this.#outcome !== undefined && this.#outcome[row] !== this.#filter.outcome) return false;
    if (this.#time === undefined) return true;
    const time = this.#time[row] as number;
    return time >= this.#filter.since && time < this.#filter.until;
  }
}

function has(ascending: Uint32Array, wanted: number): boolean {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === wanted;
}
