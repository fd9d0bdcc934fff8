// The store port on SQLite, in this process and synchronous. It keeps the rule that a change, its audit record and all
// it was decided on are one durable transaction. One directory has one store: it is locked while it is open.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../core/error.ts';
import type {
  AuditMark,
  Change,
  Decided,
  MetaStore,
  Needs,
  RowsOf,
  Settled,
  Store,
  TransactionJob,
} from '../core/ports.ts';
import { erases, writesOf } from './changes.ts';
import { Connection } from './connection.ts';
import { prepareDirectory, prepareFile, syncDirectory } from './directory.ts';
import { Epoch } from './epoch.ts';
import { Eraser } from './eraser.ts';
import { type DirectoryLock, lockDirectory } from './lock.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { problemOf } from './problem.ts';
import { migrate } from './schema.ts';
import { AUDIT_INSERT, AUDIT_SETTLE, MARK_UPSERT } from './sql/audit.ts';
import { META_UPSERT } from './sql/server.ts';
import { TOKENS_SWEEP } from './sql/tokens.ts';
import { DATABASE_FILE, SqliteReads } from './sqlite-reads.ts';
import { StoreError } from './store-error.ts';

/** A file up to this size is checked whole at every start: some 20 ms. */
const CHECKED_BYTES_MAX = 4 * 1024 * 1024;
/** Tokens that one sweep removes; the next one goes on. */
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

export class SqliteStore extends SqliteReads implements Store, MetaStore {
  /** Turns with every commit that changes what an operation can see. */
  readonly epoch: Epoch = new Epoch();
  readonly #connection: Connection;
  readonly #eraser: Eraser;
  readonly #lock: DirectoryLock;
  readonly #onErase = new Set<() => void>();
  #open = true;

  constructor(connection: Connection, eraser: Eraser, lock: DirectoryLock) {
    super(connection);
    this.#connection = connection;
    this.#eraser = eraser;
    this.#lock = lock;
  }

  /** Has `told` called after each commit that destroyed a payload: whoever holds it opened must let go of it. */
  onErase(told: () => void): void {
    this.#onErase.add(told);
  }

  transact<const N extends Needs, R>(needs: N, decide: (rows: RowsOf<N>) => Decided<R>): Decided<R> {
    const job = { needs, decide } as unknown as TransactionJob<R>;
    const decided = this.#connection.transaction(
      () => this.#do(job),
      (commit) => this.epoch.commit(commit),
    );
    this.#erase([decided]);
    return decided;
  }

  transactAll<R>(jobs: readonly TransactionJob<R>[]): readonly Settled<R>[] {
    const [only] = jobs;
    // One alone needs no savepoint: what it throws undoes the transaction.
    if (jobs.length === 1 && only !== undefined) return [this.#alone(only)];
    const all = this.#connection.transaction(
      () => jobs.map((job) => this.#settle(job)),
      (commit) => this.epoch.commit(commit),
    );
    this.#erase(all.flatMap((each) => (each.ok ? [each.decided] : [])));
    return all;
  }

  settleAudit(ids: readonly string[], mark: AuditMark | undefined): void {
    if (ids.length === 0 && mark === undefined) return;
    this.#connection.transaction(() => {
      for (const id of ids) this.#connection.run(AUDIT_SETTLE, [id]);
      if (mark === undefined) return;
      this.#connection.run(MARK_UPSERT, [mark.segment, mark.sequence, mark.lengthBytes, mark.head, mark.mac]);
    });
  }

  /** Removes at most ten thousand at a time, so that a sweep never holds up the requests for long. */
  sweepTokens(now: number): number {
    this.#connection.assertIdle();
    return this.#connection.run(TOKENS_SWEEP, [now, SWEEP_ROWS_MAX]);
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

  #alone<R>({ needs, decide }: TransactionJob<R>): Settled<R> {
    try {
      return { ok: true, decided: this.transact(needs, decide) };
    } catch (error) {
      return { ok: false, error };
    }
  }

  #settle<R>(job: TransactionJob<R>): Settled<R> {
    try {
      return { ok: true, decided: this.#do(job, (work) => this.#connection.savepoint(work)) };
    } catch (error) {
      return { ok: false, error };
    }
  }

  /** A decision that throws has written nothing, so only what it changes needs a savepoint. */
  #do<R>(job: TransactionJob<R>, guard: (work: () => void) => void = (work) => work()): Decided<R> {
    const decided = job.decide(this.load(job.needs));
    guard(() => {
      for (const change of decided.changes) this.#apply(change);
      this.#connection.run(AUDIT_INSERT, [decided.record.id, JSON.stringify(decided.record)]);
    });
    return decided;
  }

  #erase(all: readonly Decided<unknown>[]): void {
    if (!all.some(({ changes }) => changes.some(erases))) return;
    this.#eraser.soon();
    for (const told of this.#onErase) told();
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
