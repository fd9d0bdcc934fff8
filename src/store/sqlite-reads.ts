// What can be read of a SQLite store, by whichever connection: the writer's own, or one of a thread that only reads.

import { join } from 'node:path';
import type { AuditAnchor, AuditMark } from '../core/audit-port.ts';
import type { AuditRecord } from '../core/audit-record.ts';
import { Fault } from '../core/error.ts';
import type { Need, Needs, RowsOf } from '../core/ports.ts';
import { Connection } from './connection.ts';
import { type HeldRow, readPending } from './pending-audit.ts';
import type { Read } from './read.ts';
import { readOf } from './reads.ts';
import { readJoined } from './reads-joined.ts';
import { auditAnchorOf, auditMarkOf } from './rows.ts';
import { ANCHORS_SELECT, MARKS_SELECT } from './sql/audit.ts';
import { META_SELECT } from './sql/server.ts';
import type { Rows } from './statement.ts';

export const DATABASE_FILE = 'coffer.db';

export class SqliteReads {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  read<const N extends Needs>(needs: N): RowsOf<N> {
    this.#connection.assertIdle();
    const names = Object.keys(needs);
    const first = names.length === 1 ? readOf((needs as Needs)[names[0] as string] as Need) : undefined;
    // One statement is a snapshot of its own.
    if (first !== undefined && first.total === undefined && first.next === undefined) {
      return { [names[0] as string]: this.#answer(first) } as RowsOf<N>;
    }
    const joined = names.length === 2 ? readJoined(needs, names) : undefined;
    if (joined !== undefined) return this.#answer(joined) as RowsOf<N>;
    return this.#connection.snapshot(() => {
      const rows: Record<string, unknown> = {};
      for (const name of names) rows[name] = this.one((needs as Needs)[name] as Need);
      return rows as RowsOf<N>;
    });
  }

  pendingAudit(limit: number = Number.MAX_SAFE_INTEGER): readonly AuditRecord[] {
    return this.pendingRows(limit)
      .flatMap(([, records]) => records)
      .slice(0, limit);
  }

  /** What answers one need in the transaction that is open. */
  protected one(need: Need): unknown {
    return this.#answer(readOf(need));
  }

  /** The rows of the oldest records of changes, enough for a limit. */
  protected pendingRows(limit: number): readonly HeldRow[] {
    this.#connection.assertIdle();
    return readPending(this.#connection, limit);
  }

  auditMarks(): readonly AuditMark[] {
    this.#connection.assertIdle();
    return this.#connection.all(MARKS_SELECT).map(auditMarkOf);
  }

  auditAnchors(): readonly AuditAnchor[] {
    this.#connection.assertIdle();
    return this.#connection.all(ANCHORS_SELECT).map(auditAnchorOf);
  }

  meta(key: string): Uint8Array | undefined {
    this.#connection.assertIdle();
    const value = this.#connection.all(META_SELECT, [key])[0]?.[0];
    if (value === undefined || value instanceof Uint8Array) return value;
    throw new Fault('INTERNAL', { table: 'meta', uid: key, problem: `row ${key} of meta holds no bytes` });
  }

  #answer(read: Read): unknown {
    const rows = read.isOne
      ? this.#connection.first(read.sql, read.values)
      : this.#connection.all(read.sql, read.values);
    if (read.next !== undefined) {
      const next = read.next(rows);
      return next === undefined ? undefined : this.#answer(next);
    }
    const totals: Rows = read.total === undefined ? [] : this.#connection.all(read.total.sql, read.total.values);
    return read.decode(rows, totals);
  }
}

/** A second connection to the store that this process has open already, for a thread that only reads. */
export class SqliteReader extends SqliteReads {
  readonly #opened: Connection;

  constructor(directory: string) {
    const connection = new Connection(join(directory, DATABASE_FILE), 'reading');
    super(connection);
    this.#opened = connection;
  }

  close(): void {
    this.#opened.close();
  }
}
