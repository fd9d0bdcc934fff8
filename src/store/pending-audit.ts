// The records of changes that are in no segment of the audit log yet, in the transaction of their changes. Those of one
// commit lie together, as many in a row as a page holds: a statement for each would cost more than what it writes.

import type { AuditRecord } from '../core/audit-record.ts';
import { integer } from './cells.ts';
import type { Connection } from './connection.ts';
import { auditRecordsOf } from './rows.ts';
import { AUDIT_INSERT, AUDIT_PENDING, AUDIT_ROW_SELECT, AUDIT_ROW_UPDATE, AUDIT_SETTLE } from './sql/audit.ts';

/** Of one row, so that it lies in one page of 4,096 bytes. */
const ROW_CHARS_MAX = 3900;

interface PendingRow {
  readonly ordinal: number;
  /** How many records it holds. */
  left: number;
}

/** What was written by `insert`, for `keep` once it is committed. */
export type Inserted = readonly (readonly [row: PendingRow, records: readonly AuditRecord[]])[];

export class PendingAudit {
  readonly #connection: Connection;
  /** Where the records lie that were not settled yet, by their ids. */
  readonly #rows = new Map<string, PendingRow>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Within the transaction of their changes. */
  insert(records: readonly AuditRecord[]): Inserted {
    return insertRecords(this.#connection, records).map(([ordinal, held]) => [{ ordinal, left: held.length }, held]);
  }

  keep(inserted: Inserted): void {
    for (const [row, records] of inserted) for (const { id } of records) this.#rows.set(id, row);
  }

  /** The rows of the oldest records, enough for a limit. */
  read(limit: number): readonly HeldRow[] {
    const found = readPending(this.#connection, limit);
    this.keep(found.map(([ordinal, records]) => [{ ordinal, left: records.length }, records]));
    return found;
  }

  /** Drops records, within a transaction; what is answered is to be called once it is committed. */
  settle(ids: readonly string[]): () => void {
    const settled = new Map<PendingRow, Set<string>>();
    for (const id of ids) {
      const row = this.#rows.get(id);
      if (row === undefined) continue;
      const known = settled.get(row);
      if (known === undefined) settled.set(row, new Set([id]));
      else known.add(id);
    }
    const whole: number[] = [];
    for (const [row, gone] of settled) {
      if (gone.size === row.left) whole.push(row.ordinal);
      else this.#shorten(row.ordinal, gone);
    }
    for (const run of runsOf(whole)) this.#connection.run(AUDIT_SETTLE, run);
    return () => {
      for (const [row, gone] of settled) {
        row.left -= gone.size;
        for (const id of gone) this.#rows.delete(id);
      }
    };
  }

  #shorten(ordinal: number, gone: ReadonlySet<string>): void {
    const [row] = this.#connection.all(AUDIT_ROW_SELECT, [ordinal]);
    if (row === undefined) return;
    const left = auditRecordsOf(row).filter(({ id }) => !gone.has(id));
    this.#connection.run(AUDIT_ROW_UPDATE, [left[0]?.id ?? '', JSON.stringify(left), ordinal]);
  }
}

/** A row, and the records that it holds. */
export type HeldRow = readonly [ordinal: number, records: readonly AuditRecord[]];

/** Writes records, within a transaction. */
export function insertRecords(connection: Connection, records: readonly AuditRecord[]): readonly HeldRow[] {
  const rows: HeldRow[] = [];
  let first = 0;
  let text = '';
  const end = (next: number): void => {
    const held = records.slice(first, next);
    if (held[0] !== undefined) rows.push([connection.insert(AUDIT_INSERT, [held[0].id, `[${text}]`]), held]);
    first = next;
    text = '';
  };
  records.forEach((record, at) => {
    const json = JSON.stringify(record);
    if (text.length + json.length > ROW_CHARS_MAX) end(at);
    text = text === '' ? json : `${text},${json}`;
  });
  end(records.length);
  return rows;
}

/** The oldest rows, until they hold so many records. */
export function readPending(connection: Connection, limit: number): readonly HeldRow[] {
  const found: HeldRow[] = [];
  let count = 0;
  for (const row of connection.all(AUDIT_PENDING, [limit])) {
    if (count >= limit) break;
    const records = auditRecordsOf(row);
    found.push([integer('audit_pending', row, 2), records]);
    count += records.length;
  }
  return found;
}

/** Ordinals as the first and last of each unbroken run: records are copied in about the order in which they were written. */
function runsOf(ordinals: readonly number[]): readonly (readonly [first: number, last: number])[] {
  const runs: [number, number][] = [];
  for (const ordinal of ordinals.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && ordinal === run[1] + 1) run[1] = ordinal;
    else runs.push([ordinal, ordinal]);
  }
  return runs;
}
