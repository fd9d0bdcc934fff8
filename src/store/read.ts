// What a need becomes: a statement with the decoder of its rows.

import assert from 'node:assert/strict';
import { PAGE_SIZE_MAX } from '../core/limits.ts';
import type { Row, Rows, Statement, Value } from './statement.ts';

export interface Read extends Statement {
  /** It answers one row or none. */
  readonly isOne?: true;
  /** Counts what a list has in all. */
  readonly total?: Statement;
  /** What the answer is read by in place of `decode`, where that depends on these rows; undefined: nothing is there. */
  readonly next?: (rows: Rows) => Read | undefined;
  /** `totals` holds the rows of `total`. */
  readonly decode: (rows: Rows, totals: Rows) => unknown;
}

/** At most one row. */
export function one(sql: string, values: readonly Value[], decode: (row: Row) => unknown): Read {
  return { sql, values, isOne: true, decode: (rows) => (rows[0] === undefined ? undefined : decode(rows[0])) };
}

/** Every row. */
export function rowsOf(sql: string, values: readonly Value[], decode: (row: Row) => unknown): Read {
  // Not `map(decode)`: it would hand the decoder an index too.
  return { sql, values, decode: (rows) => rows.map((row) => decode(row)) };
}

/** A page with the total of its list. */
export function listed(sql: string, values: readonly Value[], decode: (row: Row) => unknown, total: Statement): Read {
  const rows = rowsOf(sql, values, decode);
  return { ...rows, total, decode: (page, totals) => ({ rows: rows.decode(page, []), total: totalOf(totals) }) };
}

/** How many rows there are. */
export function counted(sql: string): Read {
  return { sql, values: [], decode: totalOf };
}

/** One row more than a page tells whether another page follows. */
export function checkedLimit(need: { readonly limit: number }): number {
  assert(Number.isInteger(need.limit) && need.limit >= 0 && need.limit <= PAGE_SIZE_MAX + 1, 'a limit within bounds');
  return need.limit;
}

function totalOf(rows: Rows): number {
  const total = rows[0]?.[0];
  if (typeof total !== 'number') throw new TypeError('a count answers one number');
  return total;
}
