// The store port on SQLite, in this process and synchronous. It keeps the rule that a change, its audit record and all
// it was decided on are one durable transaction. One directory has one store: it is locked while it is open.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRecord } from '../core/audit-record.ts';
import type { Sighting } from '../core/census.ts';
import { Fault } from '../core/error.ts';
import type { AuditMark, Change, Decided, MetaStore, Needs, RowsOf, Store } from '../core/ports.ts';
import { erases, writesOf } from './changes.ts';
import { Connection } from './connection.ts';
import { prepareDirectory, prepareFile, syncDirectory } from './directory.ts';
import { Eraser } from './eraser.ts';
import { type DirectoryLock, lockDirectory } from './lock.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { problemOf } from './problem.ts';
import type { Read } from './read.ts';
import { readOf } from './reads.ts';
import { auditMarkOf, auditRecordOf } from './rows.ts';
import { migrate } from './schema.ts';
import { AUDIT_INSERT, AUDIT_PENDING, AUDIT_SETTLE, MARK_SELECT, MARK_UPSERT } from './sql/audit.ts';
import { CENSUS_SWEEP } from './sql/census.ts';
import { META_SELECT, META_UPSERT } from './sql/server.ts';
import { TOKENS_SWEEP } from './sql/tokens.ts';
import type { Rows } from './statement.ts';
import { StoreError } from './store-error.ts';
import { addSighting } from './writes-census.ts';

const DATABASE_FILE = 'coffer.db';
/** A file up to this size is checked whole at every start: some 20 ms. */
const CHECKED_BYTES_MAX = 4 * 1024 * 1024;
/** Rows that one sweep removes; the next one goes on. */
const SWEEP_ROWS_MAX = 10_000;

export interface SqliteOptions {
  /** The data directory; made, private, where it is not there. */
  readonly directory: string;
}

/**
 * Opens the store of a directory, brings its schema up to date and locks it.
 * Throws StoreError, one line for the operator, where that cannot be.
 */
export function openSqlite(options: SqliteOptions): SqliteStore {
  const directory = prepareDirectory(options.directory);
  const lock = lockDirectory(directory);
  const path = join(directory, DATABASE_FILE);
  let connection: Connection | undefined;
  try {
    prepareFile(path);
    connection = new Connection(path);
    migrate(connection, path, MIGRATIONS);
    checkSmallFile(connection, path);
    syncDirectory(directory);
    const eraser = new Eraser({ connection, path });
    // What a killed server destroyed is still to be erased. Not now: a full disk must not keep the data from being read.
    eraser.soon();
    return new SqliteStore(connection, eraser, lock);
  } catch (error) {
    connection?.close();
    lock.release();
    throw openingError(path, error);
  }
}

export class SqliteStore implements Store, MetaStore {
  readonly #connection: Connection;
  readonly #eraser: Eraser;
  readonly #lock: DirectoryLock;
  #open = true;

  constructor(connection: Connection, eraser: Eraser, lock: DirectoryLock) {
    this.#connection = connection;
    this.#eraser = eraser;
    this.#lock = lock;
  }

  read<const N extends Needs>(needs: N): RowsOf<N> {
    this.#connection.assertIdle();
    const names = Object.keys(needs);
    const first = names.length === 1 ? readOf((needs as Needs)[names[0] as string] as Needs[string]) : undefined;
    // One statement is a snapshot of its own.
    if (first !== undefined && first.total === undefined && first.next === undefined) {
      return { [names[0] as string]: this.#answer(first) } as RowsOf<N>;
    }
    return this.#connection.snapshot(() => this.#load(needs));
  }

  transact<const N extends Needs, R>(needs: N, decide: (rows: RowsOf<N>) => Decided<R>): Decided<R> {
    const decided = this.#connection.transaction(() => {
      const outcome = decide(this.#load(needs));
      for (const change of outcome.changes) this.#apply(change);
      this.#connection.run(AUDIT_INSERT, [outcome.record.id, JSON.stringify(outcome.record)]);
      return outcome;
    });
    if (decided.changes.some(erases)) this.#eraser.soon();
    return decided;
  }

  pendingAudit(): readonly AuditRecord[] {
    this.#connection.assertIdle();
    return this.#connection.all(AUDIT_PENDING).map(auditRecordOf);
  }

  settleAudit(ids: readonly string[], mark: AuditMark | undefined): void {
    if (ids.length === 0 && mark === undefined) return;
    this.#connection.transaction(() => {
      for (const id of ids) this.#connection.run(AUDIT_SETTLE, [id]);
      if (mark === undefined) return;
      this.#connection.run(MARK_UPSERT, [mark.segment, mark.sequence, mark.lengthBytes, mark.head, mark.mac]);
    });
  }

  auditMark(): AuditMark | undefined {
    this.#connection.assertIdle();
    const [row] = this.#connection.all(MARK_SELECT);
    return row === undefined ? undefined : auditMarkOf(row);
  }

  /** Removes at most ten thousand at a time, so that a sweep never holds up the requests for long. */
  sweepTokens(now: number): number {
    this.#connection.assertIdle();
    return this.#connection.run(TOKENS_SWEEP, [now, SWEEP_ROWS_MAX]);
  }

  /** Not a change that anybody decided: it has no audit record. */
  recordCensus(sightings: readonly Sighting[]): void {
    if (sightings.length === 0) return;
    this.#connection.transaction(() => {
      for (const sighting of sightings) {
        const { query, writes } = addSighting(sighting);
        for (const { sql, values } of writes(this.#connection.all(query.sql, query.values))) {
          this.#connection.run(sql, values);
        }
      }
    });
  }

  /** Removes at most ten thousand at a time, as with tokens. */
  sweepCensus(before: number): number {
    this.#connection.assertIdle();
    return this.#connection.run(CENSUS_SWEEP, [before, SWEEP_ROWS_MAX]);
  }

  meta(key: string): Uint8Array | undefined {
    this.#connection.assertIdle();
    const value = this.#connection.all(META_SELECT, [key])[0]?.[0];
    if (value === undefined || value instanceof Uint8Array) return value;
    throw new Fault('INTERNAL', { table: 'meta', uid: key, problem: `row ${key} of meta holds no bytes` });
  }

  setMeta(key: string, value: Uint8Array): void {
    this.#connection.assertIdle();
    this.#connection.run(META_UPSERT, [key, value]);
  }

  /**
   * Takes what was destroyed off the disk, at once. It happens by itself shortly after each destruction. False where a
   * foreign reader of the file was in the way.
   */
  erase(): boolean {
    return this.#eraser.now();
  }

  /** Safe to call twice. */
  close(): void {
    if (!this.#open) return;
    this.#connection.assertIdle();
    this.#open = false;
    this.#eraser.stop();
    try {
      this.#connection.truncateLog();
    } catch {
      // The log keeps everything; the next start tries again.
    }
    this.#connection.close();
    this.#eraser.close();
    this.#lock.release();
  }

  #load<N extends Needs>(needs: N): RowsOf<N> {
    const rows: Record<string, unknown> = {};
    for (const name of Object.keys(needs)) rows[name] = this.#answer(readOf(needs[name] as Needs[string]));
    return rows as RowsOf<N>;
  }

  #answer(read: Read): unknown {
    const rows = this.#connection.all(read.sql, read.values);
    if (read.next !== undefined) {
      const next = read.next(rows);
      return next === undefined ? undefined : this.#answer(next);
    }
    const totals: Rows = read.total === undefined ? [] : this.#connection.all(read.total.sql, read.total.values);
    return read.decode(rows, totals);
  }

  #apply(change: Change): void {
    for (const step of writesOf(change)) {
      const writes = 'query' in step ? step.writes(this.#connection.all(step.query.sql, step.query.values)) : [step];
      for (const write of writes) {
        const touched = this.#connection.run(write.sql, write.values);
        if (write.touches === 'one row' && touched !== 1) {
          throw new Fault('INTERNAL', { problem: `${change.change} touched ${touched} rows instead of one` });
        }
      }
    }
  }
}

function checkSmallFile(connection: Connection, path: string): void {
  if (statSync(path).size > CHECKED_BYTES_MAX) return;
  const verdict = connection.all('PRAGMA quick_check(1)')[0]?.[0];
  if (verdict !== 'ok') throw new StoreError(`${path} is damaged: restore the data directory from your backup`);
}

function openingError(path: string, error: unknown): unknown {
  if (error instanceof StoreError) return error;
  const problem = problemOf(error instanceof Fault ? error.cause : error);
  if (problem === undefined) return error;
  return new StoreError(`cannot open ${path}: ${problem.problem}: ${problem.remedy}`, { cause: error });
}
