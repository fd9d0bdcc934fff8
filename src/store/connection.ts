// One connection to a SQLite file: its settings, its prepared statements, its transactions. Every failure of SQLite
// leaves here as a Fault; what the work of a transaction throws passes through untouched, after the rollback.

import assert from 'node:assert/strict';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Fault } from '../core/error.ts';
import { faultOf } from './problem.ts';
import type { Row, Rows, Value } from './statement.ts';

/** SQLite waits inside the call, so nothing else runs meanwhile. Only a foreign program can make it wait. */
const BUSY_MS_MAX = 500;
const CACHE_KIB_MAX = 32 * 1024;
/** Of each thread that reads: enough for the inner pages of every index of a million secrets. */
const READING_CACHE_KIB_MAX = 8 * 1024;
/** Pages in the log that make a commit copy them back, 64 MiB: with fewer, many changes copy the same pages each time. */
const CHECKPOINT_PAGES = 16_000;

const COMMON = ['PRAGMA trusted_schema = OFF', 'PRAGMA temp_store = MEMORY', 'PRAGMA mmap_size = 0'];

const READING = [...COMMON, `PRAGMA cache_size = -${READING_CACHE_KIB_MAX}`];

const SETTINGS = [
  ...COMMON,
  // What is deleted is overwritten with zeros.
  'PRAGMA secure_delete = ON',
  `PRAGMA cache_size = -${CACHE_KIB_MAX}`,
  'PRAGMA synchronous = FULL',
  `PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`,
];

export class Connection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #busy = false;

  /** Opens the file; throws SQLite's own error, which the caller words for the operator. */
  constructor(path: string, use: 'writing' | 'reading' = 'writing') {
    const readOnly = use === 'reading';
    this.#database = new DatabaseSync(path, { timeout: BUSY_MS_MAX, enableForeignKeyConstraints: true, readOnly });
    try {
      for (const setting of readOnly ? READING : SETTINGS) this.#database.exec(setting);
      const mode = this.#database.prepare(readOnly ? 'PRAGMA journal_mode' : 'PRAGMA journal_mode = WAL').get()?.[
        'journal_mode'
      ];
      if (mode !== 'wal') throw new Error(`the file system allows journal mode ${mode} only, and wal is needed`);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** The rows of a statement, as arrays of columns. */
  all(sql: string, values: readonly Value[] = []): Rows {
    try {
      return this.#prepared(sql).all(...values) as unknown as Rows;
    } catch (error) {
      throw faultOf(error);
    }
  }

  /** The first row, or none. */
  first(sql: string, values: readonly Value[]): Rows {
    try {
      const row = this.#prepared(sql).get(...values);
      return row === undefined ? [] : [row as unknown as Row];
    } catch (error) {
      throw faultOf(error);
    }
  }

  /** Runs a statement; answers how many rows it changed. */
  run(sql: string, values: readonly Value[] = []): number {
    try {
      return Number(this.#prepared(sql).run(...values).changes);
    } catch (error) {
      throw faultOf(error);
    }
  }

  /** Inserts one row; answers its ordinal. */
  insert(sql: string, values: readonly Value[]): number {
    try {
      return Number(this.#prepared(sql).run(...values).lastInsertRowid);
    } catch (error) {
      throw faultOf(error);
    }
  }

  /** One snapshot for all that `work` reads. */
  snapshot<T>(work: () => T): T {
    return this.#transaction('BEGIN', work);
  }

  /** All that `work` writes, or nothing; durable when this returns. `commit` is handed the commit itself. */
  transaction<T>(work: () => T, commit: (commit: () => void) => void = (run) => run()): T {
    return this.#transaction('BEGIN IMMEDIATE', work, commit);
  }

  /** Within a transaction: all that `work` writes, or nothing of it alone. */
  savepoint<T>(work: () => T): T {
    assert(this.#busy, 'a savepoint lies within a transaction');
    // On its own a savepoint would commit by itself.
    if (!this.#database.isTransaction) throw new Fault('STORE_UNAVAILABLE', { problem: 'the transaction was undone' });
    this.run('SAVEPOINT job');
    try {
      const result = work();
      this.run('RELEASE job');
      return result;
    } catch (error) {
      // After some errors SQLite has rolled back the whole transaction; then its commit fails, and says so to everybody.
      if (this.#database.isTransaction) {
        this.run('ROLLBACK TO job');
        this.run('RELEASE job');
      }
      throw error;
    }
  }

  /** Outside any transaction: a read that would see what is not committed is a bug. */
  assertIdle(): void {
    assert(!this.#busy, 'the store is used from within its own transaction');
  }

  /** Copies the log back into the file and empties it; false where a foreign reader is in the way. */
  truncateLog(): boolean {
    this.assertIdle();
    // It would wait for that reader, again and again.
    this.run('PRAGMA busy_timeout = 0');
    try {
      const [row] = this.all('PRAGMA wal_checkpoint(TRUNCATE)');
      return row?.[0] === 0;
    } finally {
      this.run(`PRAGMA busy_timeout = ${BUSY_MS_MAX}`);
    }
  }

  /** Forgets the pages held in memory, so that the next read goes to the file. */
  dropPages(): void {
    this.assertIdle();
    this.run('PRAGMA shrink_memory');
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #transaction<T>(begin: string, work: () => T, commit: (commit: () => void) => void = (run) => run()): T {
    this.assertIdle();
    this.#busy = true;
    try {
      this.run(begin);
      const result = work();
      commit(() => this.run('COMMIT'));
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  /** SQLite has rolled back by itself after some errors. */
  #rollBack(): void {
    if (!this.#database.isTransaction) return;
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // The transaction stays open, so the next BEGIN fails and comes here again.
    }
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      // SQLite 3.53 plans a statement anew each time a bare parameter of LIMIT is bound, which costs more than running it.
      statement = this.#database.prepare(sql.replaceAll('LIMIT ?', 'LIMIT +?'));
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
