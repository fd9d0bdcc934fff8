// A statement with its values, and what a row is: plain data, so that every engine can run the same ones.

export type Value = string | number | null | Uint8Array;

/** The columns of one row in the order of the statement. */
export type Row = readonly unknown[];
export type Rows = readonly Row[];

export interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
}
