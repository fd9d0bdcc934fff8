// The store port on SQLite, in this process and synchronous. It keeps the rule that a change, its audit record and all
// it was decided on are one durable transaction. One directory has one store: it is locked while it is open.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditAnchor, AuditMark } from '../core/audit-port.ts';
import type { Sighting } from '../core/census.ts';
import { Fault } from '../core/error.ts';
import type { Change, Decided, MetaStore, Need, Needs, RowsOf, Settled, Store, TransactionJob } from '../core/ports.ts';
import { erases, writesOf } from './changes.ts';
import { Connection } from './connection.ts';
import { prepareDirectory, prepareFile, syncDirectory } from './directory.ts';
import { Epoch, type EpochWord, wordsOf } from './epoch.ts';
import { Eraser } from './eraser.ts';
import { KnownRows } from './known-rows.ts';
import { type DirectoryLock, lockDirectory } from './lock.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { type HeldRow, type Inserted, PendingAudit } from './pending-audit.ts';
import { problemOf } from './problem.ts';
import { migrate } from './schema.ts';
import { ANCHOR_UPSERT, MARK_UPSERT } from './sql/audit.ts';
import { CENSUS_SWEEP, PRINCIPALS_SWEEP } from './sql/census.ts';
import { META_UPSERT } from './sql/server.ts';
import { TOKENS_SWEEP } from './sql/tokens.ts';
import { VAULT_ENTRIES_SWEEP } from './sql/vault.ts';
import { SqliteCensus } from './sqlite-census.ts';
import { DATABASE_FILE, SqliteReads } from './sqlite-reads.ts';
import { StoreError } from './store-error.ts';

/** A file up to this size is checked whole at every start: some 20 ms. */
const CHECKED_BYTES_MAX = 4 * 1024 * 1024;
/** Rows that one sweep removes; the next one goes on. */
const SWEEP_ROWS_MAX = 10_000;
/** Under which schema the whole file was last gone through; another number where something was destroyed since. */
const ERASED_META = 'erased';
/** What a sweep of Vault's entries changes. */
const SWEPT: ReadonlySet<EpochWord> = new Set(['authority']);

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
    return new SqliteStore(connection, path, lock);
  } catch (error) {
    connection?.close();
    lock.release();
    throw openingError(path, error);
  }
}

/** What a change was decided on is as it was, and yet its statements fail: a bug, or a disk that is full. */
class NotApplied extends Error {}

/** Does the work so that it can be undone alone, or not. */
type Guard = (work: () => void) => void;

const UNGUARDED: Guard = (work) => work();

export class SqliteStore extends SqliteReads implements Store, MetaStore {
  /** Turns with every commit that changes what an operation can see. */
  readonly epoch: Epoch = new Epoch();
  readonly #connection: Connection;
  readonly #census: SqliteCensus;
  readonly #eraser: Eraser;
  readonly #lock: DirectoryLock;
  readonly #onErase = new Set<() => void>();
  readonly #pending: PendingAudit;
  readonly #known = new KnownRows();
  /** What the changes of the transaction that is open turn. */
  readonly #turning = new Set<EpochWord>();
  /** Nothing was destroyed since all of the file was gone through. */
  #isErased: boolean;
  #open = true;

  constructor(connection: Connection, path: string, lock: DirectoryLock) {
    super(connection);
    this.#connection = connection;
    this.#census = new SqliteCensus(connection);
    this.#pending = new PendingAudit(connection);
    this.#eraser = new Eraser({ connection, path, onDone: () => this.#noteErased() });
    this.#lock = lock;
    this.#isErased = this.meta(ERASED_META)?.[0] === MIGRATIONS.length;
    // What a killed server destroyed, or a migration moved. Not now: a full disk must not keep the data from being read.
    if (!this.#isErased) this.#eraser.soon();
  }

  /** Has `told` called after each commit that destroyed a payload: whoever holds it opened must let go of it. */
  onErase(told: () => void): () => void {
    this.#onErase.add(told);
    return () => this.#onErase.delete(told);
  }

  transact<const N extends Needs, R>(needs: N, decide: (rows: RowsOf<N>) => Decided<R>): Decided<R> {
    const job = { needs, decide } as unknown as TransactionJob<R>;
    try {
      const [decided] = this.#commit(UNGUARDED, () => {
        const only = job.decide(this.#loadKnown(needs)) as Decided<R>;
        this.#applyAll(only, UNGUARDED);
        return [only];
      });
      return decided as Decided<R>;
    } catch (error) {
      throw error instanceof NotApplied ? error.cause : error;
    }
  }

  transactAll<R>(jobs: readonly TransactionJob<R>[]): readonly Settled<R>[] {
    const [only] = jobs;
    // One alone needs no savepoint: what it throws undoes the transaction.
    if (jobs.length === 1 && only !== undefined) return [this.#alone(only)];
    try {
      return this.#together(jobs, UNGUARDED);
    } catch (error) {
      if (!(error instanceof NotApplied)) throw error;
      // One of them fails for a reason that is its own alone: a savepoint for each costs more, and tells which.
      return this.#together(jobs, (work) => this.#connection.savepoint(work));
    }
  }

  protected override pendingRows(limit: number): readonly HeldRow[] {
    this.#connection.assertIdle();
    return this.#pending.read(limit);
  }

  settleAudit(ids: readonly string[], mark: AuditMark | undefined): void {
    if (ids.length === 0 && mark === undefined) return;
    const forget = this.#connection.transaction(() => {
      const settled = this.#pending.settle(ids);
      if (mark === undefined) return settled;
      const { stream, segment, sequence, lengthBytes, head, streams, mac } = mark;
      this.#connection.run(MARK_UPSERT, [stream, segment, sequence, lengthBytes, head, streams.join(','), mac]);
      return settled;
    });
    forget();
  }

  anchorAudit({ stream, segment, sequence, head, mac }: AuditAnchor): void {
    this.#connection.assertIdle();
    this.#connection.run(ANCHOR_UPSERT, [stream, segment, sequence, head, mac]);
  }

  /** Removes at most ten thousand at a time, so that a sweep never holds up the requests for long. */
  sweepTokens(now: number): number {
    this.#connection.assertIdle();
    return this.#connection.run(TOKENS_SWEEP, [now, SWEEP_ROWS_MAX]);
  }

  sweepVault(now: number): number {
    this.#connection.assertIdle();
    let swept = 0;
    this.#known.clear();
    this.epoch.commit(SWEPT, () => {
      swept = this.#connection.run(VAULT_ENTRIES_SWEEP, [now, SWEEP_ROWS_MAX]);
    });
    return swept;
  }

  /** Not a change that anybody decided: it has no audit record. */
  recordCensus(sightings: readonly Sighting[]): void {
    this.#census.record(sightings);
  }

  /** Removes at most ten thousand at a time, as with tokens. */
  sweepCensus(before: number): number {
    return this.#connection.transaction(() => {
      const swept = this.#connection.run(CENSUS_SWEEP, [before, SWEEP_ROWS_MAX]);
      if (swept > 0) this.#connection.run(PRINCIPALS_SWEEP);
      return swept;
    });
  }

  /** A number that grows with every row that is written. */
  get rowsWritten(): number {
    return Number(this.#connection.all('SELECT total_changes()')[0]?.[0]);
  }

  /** Its directory is locked: no other server has it. */
  counting<T>(work: () => Promise<T>): Promise<T> {
    return work();
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

  #together<R>(jobs: readonly TransactionJob<R>[], guard: Guard): readonly Settled<R>[] {
    const all: Settled<R>[] = [];
    this.#commit(guard, () =>
      jobs.flatMap((job) => {
        try {
          const decided = job.decide(this.#loadKnown(job.needs));
          this.#applyAll(decided, guard);
          all.push({ ok: true, decided });
          return [decided];
        } catch (error) {
          if (error instanceof NotApplied && guard === UNGUARDED) throw error;
          all.push({ ok: false, error: error instanceof NotApplied ? error.cause : error });
          return [];
        }
      }),
    );
    return all;
  }

  /** One durable transaction of all that `work` does, and of its records. */
  #commit<R>(guard: Guard, work: () => readonly Decided<R>[]): readonly Decided<R>[] {
    let changes: readonly Change[] = [];
    let inserted: Inserted = [];
    this.#turning.clear();
    try {
      const all = this.#connection.transaction(
        () => {
          const done = work();
          changes = done.flatMap((decided) => decided.changes);
          if (this.#isErased && changes.some(erases))
            this.#connection.run(META_UPSERT, [ERASED_META, Uint8Array.of(0)]);
          guard(() => {
            inserted = this.#pending.insert(done.map(({ record }) => record));
          });
          return done;
        },
        (commit) => this.epoch.commit(this.#turning, commit),
      );
      this.#pending.keep(inserted);
      if (changes.some(erases)) this.#erased();
      return all;
    } catch (error) {
      this.#known.clear();
      throw error;
    }
  }

  /** Applies what was decided. Throws NotApplied. */
  #applyAll({ changes }: Decided<unknown>, guard: Guard): void {
    try {
      guard(() => {
        for (const change of changes) this.#apply(change);
      });
    } catch (error) {
      this.#known.clear();
      throw new NotApplied('a decision could not be applied', { cause: error });
    }
  }

  #loadKnown(needs: Needs): RowsOf<Needs> {
    const rows: Record<string, unknown> = {};
    for (const name in needs) {
      const need = needs[name] as Need;
      rows[name] = this.#known.get(need);
      if (rows[name] !== undefined) continue;
      rows[name] = this.one(need);
      this.#known.keep(need, rows[name]);
    }
    return rows as RowsOf<Needs>;
  }

  #erased(): void {
    this.#isErased = false;
    this.#eraser.soon();
    for (const told of this.#onErase) told();
  }

  #noteErased(): void {
    if (this.#isErased) return;
    this.setMeta(ERASED_META, Uint8Array.of(MIGRATIONS.length));
    this.#isErased = true;
  }

  #apply(change: Change): void {
    const words = wordsOf(change);
    this.#known.follow(change, words);
    for (const word of words) this.#turning.add(word);
    this.#census.changing(change);
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
