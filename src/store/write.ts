// What a change becomes: statements that must touch so many rows, and those that depend on what is there.

import type { Rows, Statement, Value } from './statement.ts';

export interface Write extends Statement {
  readonly touches: 'one row' | 'any rows';
}

/** The statements that follow from the rows of a query, which run right after it. */
export interface Rewrite {
  readonly query: Statement;
  readonly writes: (rows: Rows) => readonly Write[];
}

/** Touching another number of rows than one is a bug of the caller, and rolls everything back. */
export function one(sql: string, values: readonly Value[]): Write {
  return { sql, values, touches: 'one row' };
}

export function any(sql: string, values: readonly Value[]): Write {
  return { sql, values, touches: 'any rows' };
}
