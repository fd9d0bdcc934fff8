// A SQLite file as one side of a move. As a target it is a new file that nobody knows of yet: its rows are committed page
// by page, and it is taken away again where the move does not end well.

import type { AuditRecord } from '../../core/audit-record.ts';
import { Connection } from '../connection.ts';
import { prepareFile } from '../directory.ts';
import { MIGRATIONS } from '../migrations/all.ts';
import { insertRecords, readPending } from '../pending-audit.ts';
import { migrate } from '../schema.ts';
import type { Row, Rows, Value } from '../statement.ts';
import { StoreError } from '../store-error.ts';
import { ROWS_MAX, type Target } from './copy.ts';
import { insertInto, KEYS, NOT_MOVED, rowsAfter, type Table } from './tables.ts';

export class SqliteSide implements Target {
  readonly #connection: Connection;
  readonly tables: readonly Table[];

  /** Opens the file, making it where it is not there, and brings its schema up to date. Throws StoreError. */
  constructor(path: string) {
    prepareFile(path);
    this.#connection = new Connection(path);
    try {
      migrate(this.#connection, path, MIGRATIONS);
      this.tables = tablesOf(this.#connection);
      // An entry may come before the one that owns it; whatever is copied has kept its references.
      this.#connection.run('PRAGMA foreign_keys = OFF');
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  async rows(table: Table, after: Row | undefined): Promise<Rows> {
    const values = [...((after?.slice(0, table.key.length) ?? []) as Value[]), ROWS_MAX];
    return this.#connection.all(rowsAfter(table, after === undefined), values);
  }

  async insert(table: Table, rows: Rows): Promise<void> {
    const sql = insertInto(table);
    this.#connection.transaction(() => {
      if (table.name === 'server') this.#connection.run('DELETE FROM server');
      for (const row of rows) this.#connection.run(sql, row as Value[]);
    });
  }

  /** The records of changes that are in no segment yet. */
  waiting(): readonly AuditRecord[] {
    return readPending(this.#connection, Number.MAX_SAFE_INTEGER).flatMap(([, records]) => records);
  }

  insertWaiting(records: readonly AuditRecord[]): void {
    this.#connection.transaction(() => insertRecords(this.#connection, records));
  }

  close(): void {
    this.#connection.truncateLog();
    this.#connection.close();
  }
}

/** What the file has, held against what is known to be moved: a table that nobody thought of must not stay behind. */
function tablesOf(connection: Connection): readonly Table[] {
  const names = connection
    .all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .map(([name]) => String(name));
  const unknown = names.find((name) => KEYS[name] === undefined && !NOT_MOVED.has(name));
  if (unknown !== undefined) throw new StoreError(`nobody knows how to move the table ${unknown}`);
  return Object.entries(KEYS).map(([name, key]) => {
    const columns = connection.all('SELECT name FROM pragma_table_info(?)', [name]).map(([column]) => String(column));
    return { name, key, columns: [...key, ...columns.filter((column) => !key.includes(column))] };
  });
}
