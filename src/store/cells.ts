// Cells of a row as values. A cell that is not what its column holds is damage: an INTERNAL fault that names table and
// row, never a default.

import { Fault } from '../core/error.ts';
import type { JsonColumn } from './json.ts';
import type { Row } from './statement.ts';

/** For a value whose optional members are set after the others. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] };

export function text(table: string, row: Row, column: number): string {
  const cell = row[column];
  if (typeof cell !== 'string') throw damaged(table, row, `holds no text in column ${column}`);
  return cell;
}

export function integer(table: string, row: Row, column: number): number {
  const cell = row[column];
  if (!Number.isSafeInteger(cell)) throw damaged(table, row, `holds no whole number in column ${column}`);
  return cell as number;
}

export function flag(table: string, row: Row, column: number): boolean {
  const cell = row[column];
  if (cell !== 0 && cell !== 1) throw damaged(table, row, `holds neither 0 nor 1 in column ${column}`);
  return cell === 1;
}

export function bytes(table: string, row: Row, column: number): Uint8Array {
  const cell = row[column];
  if (!(cell instanceof Uint8Array)) throw damaged(table, row, `holds no bytes in column ${column}`);
  return cell;
}

export function json<T extends object>(kind: JsonColumn<T>, table: string, row: Row, column: number): T {
  const value = kind.decode(text(table, row, column));
  if (value === undefined) throw damaged(table, row, `holds JSON of another shape in column ${column}`);
  return value;
}

/** The first column names the row; a hash of a token is shown by its beginning only. */
export function damaged(table: string, row: Row, problem: string, cause?: unknown): Fault {
  const uid = table === 'tokens' ? String(row[0]).slice(0, 12) : String(row[0]);
  return new Fault('INTERNAL', { table, uid, problem: `row ${uid} of ${table} ${problem}` }, { cause });
}
