// Moves all rows of one store into another that is empty, then reads both and holds each row against its copy.

import type { Row, Rows } from '../statement.ts';
import { StoreError } from '../store-error.ts';
import type { Table } from './tables.ts';

/** Payloads are up to 64 KiB. */
export const ROWS_MAX = 128;

/** One of the two stores, whose rows do not change meanwhile. */
export interface Side {
  /** At most ROWS_MAX, those behind `after` in the order of the key. */
  rows(table: Table, after: Row | undefined): Promise<Rows>;
}

export interface Target extends Side {
  insert(table: Table, rows: Rows): Promise<void>;
}

/** Copies every table; answers how many rows there were. Throws StoreError where the target holds any. */
export async function copyTables(from: Side, to: Target, tables: readonly Table[]): Promise<number> {
  for (const table of tables) {
    // There is one row that every store has.
    if (table.name !== 'server' && (await to.rows(table, undefined)).length > 0) {
      throw new StoreError(`the store of --to is not empty (it has ${table.name}): name a new one`);
    }
  }
  let count = 0;
  for (const table of tables) {
    for await (const rows of pagesOf(from, table)) {
      await to.insert(table, rows);
      count += rows.length;
    }
  }
  return count;
}

/** Throws StoreError, which names the table and the row, where the two do not hold the same. */
export async function compareTables(from: Side, to: Side, tables: readonly Table[]): Promise<void> {
  for (const table of tables) {
    const copies = pagesOf(to, table)[Symbol.asyncIterator]();
    for await (const rows of pagesOf(from, table)) {
      const { value: copied = [] } = (await copies.next()) as { readonly value?: Rows };
      for (const [at, row] of rows.entries()) {
        if (!isSame(row, copied[at])) throw differs(table, row);
      }
      if (copied.length > rows.length) throw differs(table, copied[rows.length] as Row);
    }
    const { value: more } = (await copies.next()) as { readonly value?: Rows };
    if (more !== undefined) throw differs(table, more[0] as Row);
  }
}

async function* pagesOf(side: Side, table: Table): AsyncGenerator<Rows> {
  for (let after: Row | undefined; ; ) {
    const rows = await side.rows(table, after);
    if (rows.length > 0) yield rows;
    if (rows.length < ROWS_MAX) return;
    after = rows.at(-1);
  }
}

function isSame(row: Row, copy: Row | undefined): boolean {
  return copy?.length === row.length && row.every((cell, column) => isSameCell(cell, copy[column]));
}

function isSameCell(one: unknown, other: unknown): boolean {
  if (!(one instanceof Uint8Array)) return one === other;
  return other instanceof Uint8Array && Buffer.compare(one, other) === 0;
}

function differs({ name, key }: Table, row: Row): StoreError {
  const id = name === 'tokens' ? String(row[0]).slice(0, 12) : row.slice(0, key.length).join('/');
  return new StoreError(`row ${id} of ${name} is not the same in both stores: nothing was moved`);
}
