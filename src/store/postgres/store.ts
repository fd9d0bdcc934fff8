// The store port on PostgreSQL, which any number of servers may have open. It keeps the rule that a change, its audit
// record and all it was decided on are one durable transaction: see transaction.ts. What a lost connection undid is done
// again, and a commit whose answer was lost is looked up before anybody is answered. See docs/postgresql.md.

import type { AuditAnchor, AuditMark, SharedAudit, SharedPart } from '../../core/audit-port.ts';
import type { AuditRecord } from '../../core/audit-record.ts';
import type { Sighting } from '../../core/census.ts';
import { Fault } from '../../core/error.ts';
import type { Clock, Decided, MetaStore, Needs, RowsOf, Settled, Store, TransactionJob } from '../../core/ports.ts';
import { bytes, integer, text } from '../cells.ts';
import { ANCHOR_UPSERT, MARK_UPSERT } from '../sql/audit.ts';
import { CENSUS_SWEEP, PRINCIPALS_SWEEP } from '../sql/census.ts';
import { META_UPSERT } from '../sql/server.ts';
import { TOKENS_SWEEP } from '../sql/tokens.ts';
import { VAULT_ENTRIES_SWEEP } from '../sql/vault.ts';
import type { Statement } from '../statement.ts';
import { StoreError } from '../store-error.ts';
import type { Answer } from './batch.ts';
import { writeCensus } from './census.ts';
import { nameOf } from './dsn.ts';
import { type Connecting, connect, type Link } from './link.ts';
import { Pool } from './pool.ts';
import { faultOf, PostgresError } from './problem.ts';
import { PostgresReads } from './reads.ts';
import { migrate } from './schema.ts';
import {
  LOCK_ROW,
  PARTS_INSERT,
  PARTS_PRUNE,
  PARTS_SELECT,
  ROLLBACK,
  STAMPS_UPDATE,
  WAITING_CLAIM,
  WAITING_DELETE,
} from './sql.ts';
import {
  BEGIN_WRITING,
  COMMIT_ALL,
  decideGroup,
  type GroupDone,
  InDoubt,
  isCommitted,
  NotApplied,
  newStamp,
  rowsOf,
} from './transaction.ts';

/** Rows that one sweep removes; the next one goes on. */
const SWEEP_ROWS_MAX = 10_000;
/** Of the thread that writes: one connection for changes, the others for what it does beside. */
const CONNECTIONS_MAX = 4;
/** How long a change is tried, within what whoever asked for it waits. */
const WRITE_MS_MAX = 6_000;
/** How long after that the answer to a lost commit is looked for. */
const DOUBT_MS_MAX = 3_000;
/** Records that wait for their server for so long wait in vain: it settles them every second. */
const ABANDONED_MS = 10 * 60_000;
/** How long a server waits for the start of another, and how long its own may take. */
const START_MS_MAX = 60_000;

export interface PostgresOptions {
  readonly connecting: Connecting;
  /** The id of this server, which no other has. */
  readonly server: string;
  readonly clock: Clock;
  /** Told once of each new problem of the connection, and, with undefined, that it is over. */
  readonly onProblem?: (problem: string | undefined) => void;
}

/** Opens the store and brings its schema up to date. Rejects with StoreError, one line for the operator. */
export async function openPostgres(options: PostgresOptions): Promise<PostgresStore> {
  try {
    const link = await connect(options.connecting);
    try {
      await migrate(link);
    } finally {
      link.close();
    }
    return new PostgresStore(options);
  } catch (error) {
    if (!(error instanceof PostgresError) || error.known === undefined) throw error;
    const { problem, remedy } = error.known;
    throw new StoreError(`cannot open ${nameOf(options.connecting.address)}: ${problem}: ${remedy}`, { cause: error });
  }
}

export class PostgresStore extends PostgresReads implements Store, MetaStore, SharedAudit {
  readonly #options: PostgresOptions;
  /** Where the records lie that were not settled yet, by their ids. */
  readonly #pending = new Map<string, number>();
  readonly #onErase = new Set<() => void>();
  readonly #onDoubt = new Set<() => void>();
  /** Changes of this server come one after the other: the database remembers its last commit only. */
  #last: Promise<unknown> = Promise.resolve();
  #isInDoubt = false;
  #written = 0;

  constructor(options: PostgresOptions) {
    super(new Pool(options.connecting, CONNECTIONS_MAX, options.onProblem), options.server);
    this.#options = options;
  }

  /** Has `told` called after each commit of this server that destroyed a payload. */
  onErase(told: () => void): () => void {
    this.#onErase.add(told);
    return () => this.#onErase.delete(told);
  }

  /** Has `told` called once a commit is over of which nobody could be told: its records may wait in the store. */
  onDoubt(told: () => void): () => void {
    this.#onDoubt.add(told);
    return () => this.#onDoubt.delete(told);
  }

  async transact<const N extends Needs, R>(needs: N, decide: (rows: RowsOf<N>) => Decided<R>): Promise<Decided<R>> {
    const [settled] = await this.transactAll<R>([{ needs, decide } as unknown as TransactionJob<R>]);
    const { ok, ...rest } = settled as Settled<R>;
    if (!ok) throw (rest as { readonly error: unknown }).error;
    return (rest as { readonly decided: Decided<R> }).decided;
  }

  transactAll<R>(jobs: readonly TransactionJob<R>[]): Promise<readonly Settled<R>[]> {
    const done = this.#last.then(() => this.#together(jobs));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** With those of a server that is gone. */
  override async pendingAudit(limit?: number): Promise<readonly AuditRecord[]> {
    const before = this.#options.clock.now() - ABANDONED_MS;
    await this.#change([{ sql: WAITING_CLAIM, values: [this.server, this.server, before] }]);
    const pending = await this.waiting(limit);
    for (const { record, ordinal } of pending) this.#pending.set(record.id, ordinal);
    return pending.map(({ record }) => record);
  }

  settleAudit(ids: readonly string[], mark: AuditMark | undefined): Promise<void> {
    return this.shareAudit(ids, mark, []);
  }

  async shareAudit(ids: readonly string[], mark: AuditMark | undefined, parts: readonly SharedPart[]): Promise<void> {
    const ordinals = ids.flatMap((id) => this.#pending.get(id) ?? []);
    const statements: Statement[] = [];
    if (ordinals.length > 0) statements.push({ sql: WAITING_DELETE, values: [`{${ordinals.join(',')}}`] });
    if (mark !== undefined) {
      const { stream, segment, sequence, lengthBytes, head, streams, mac } = mark;
      const values = [stream, segment, sequence, lengthBytes, head, streams.join(','), mac];
      statements.push({ sql: MARK_UPSERT, values });
    }
    for (const { stream, segment, atBytes, lengthBytes, packed } of parts) {
      statements.push({ sql: PARTS_INSERT, values: [stream, segment, atBytes, lengthBytes, packed] });
    }
    if (statements.length === 0) return;
    await this.#change(statements);
    for (const id of ids) this.#pending.delete(id);
  }

  async sharedAudit(
    stream: string,
    { segment, atBytes }: { readonly segment: string; readonly atBytes: number },
    limit: number,
  ): Promise<readonly SharedPart[]> {
    const rows = await this.all(PARTS_SELECT, [stream, segment, segment, atBytes, limit]);
    return rows.map((row) => ({
      stream,
      segment: text('audit_parts', row, 0),
      atBytes: integer('audit_parts', row, 1),
      lengthBytes: integer('audit_parts', row, 2),
      packed: bytes('audit_parts', row, 3),
    }));
  }

  async anchorAudit({ stream, segment, sequence, head, mac }: AuditAnchor): Promise<void> {
    await this.#change([
      { sql: ANCHOR_UPSERT, values: [stream, segment, sequence, head, mac] },
      { sql: PARTS_PRUNE, values: [stream, segment] },
    ]);
  }

  /** Removes at most ten thousand at a time, so that a sweep never holds up the requests for long. */
  async sweepTokens(now: number): Promise<number> {
    const [answer] = await this.#change([{ sql: TOKENS_SWEEP, values: [now, SWEEP_ROWS_MAX] }]);
    return rowsOf(answer?.tag);
  }

  async sweepVault(now: number): Promise<number> {
    // Like every writer it takes the row of the stamps first.
    const [, answer] = await this.#change([
      { sql: STAMPS_UPDATE, values: [newStamp(), null, null] },
      { sql: VAULT_ENTRIES_SWEEP, values: [now, SWEEP_ROWS_MAX] },
    ]);
    return rowsOf(answer?.tag);
  }

  /**
   * Not a change that anybody decided: it has no audit record. Where a connection is lost in the commit, whoever gives
   * the sightings again may have them counted twice.
   */
  async recordCensus(sightings: readonly Sighting[]): Promise<void> {
    if (sightings.length === 0) return;
    try {
      await this.pool.use(WRITE_MS_MAX, (link) => writeCensus(link, sightings));
    } catch (error) {
      throw faultOf(error);
    }
  }

  /** Removes at most ten thousand at a time, as with tokens. */
  async sweepCensus(before: number): Promise<number> {
    // Nobody adds a sighting meanwhile, whose principal would go before it is there.
    const [, answer] = await this.#change([
      { sql: LOCK_ROW, values: ['census'] },
      { sql: CENSUS_SWEEP, values: [before, SWEEP_ROWS_MAX] },
      { sql: PRINCIPALS_SWEEP, values: [] },
    ]);
    return rowsOf(answer?.tag);
  }

  async setMeta(key: string, value: Uint8Array): Promise<void> {
    await this.#change([{ sql: META_UPSERT, values: [key, value] }]);
  }

  /**
   * Does `work` while no other server does: what a server finds missing at its start it makes, once. The lock goes with
   * its connection, so a server that dies frees it.
   */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#locked('start', work);
  }

  /** Does `work` while no other server raises the counter of the store. */
  counting<T>(work: () => Promise<T>): Promise<T> {
    return this.#locked('counter', work);
  }

  /** A number that grows whenever this server writes something. */
  get rowsWritten(): number {
    return this.#written;
  }

  async #locked<T>(lockName: 'start' | 'counter', work: () => Promise<T>): Promise<T> {
    let link: Link | undefined;
    try {
      link = await connect(this.#options.connecting);
      const limit = String(START_MS_MAX);
      const [begin, guard] = BEGIN_WRITING as [Statement, Statement];
      const lock = { sql: LOCK_ROW, values: [lockName] };
      await link.run([begin, { ...guard, values: [limit, limit] }, lock], START_MS_MAX);
      return await work();
    } catch (error) {
      throw faultOf(error);
    } finally {
      await link?.run([{ sql: ROLLBACK, values: [] }]).catch(() => undefined);
      link?.close();
    }
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    await this.#last;
    this.pool.close();
  }

  async #together<R>(jobs: readonly TransactionJob<R>[]): Promise<readonly Settled<R>[]> {
    let done: GroupDone<R>;
    try {
      done = await this.#commit(jobs);
    } catch (error) {
      if (!(error instanceof NotApplied)) throw faultOf(error);
      const [only, ...others] = jobs;
      if (only !== undefined && others.length === 0) return [{ ok: false, error: faultOf(error.cause) }];
      // One of them fails for a reason that is its own alone.
      const settled: Settled<R>[] = [];
      for (const job of jobs) settled.push(...(await this.#together([job])));
      return settled;
    }
    for (const [id, ordinal] of done.ordinals) this.#pending.set(id, ordinal);
    this.#written += done.ordinals.size;
    if (done.erased) for (const told of this.#onErase) told();
    if (this.#isInDoubt) {
      this.#isInDoubt = false;
      for (const told of this.#onDoubt) told();
    }
    return done.settled;
  }

  /** Commits the group, on another connection where one was lost; rejects with NotApplied or PostgresError. */
  async #commit<R>(jobs: readonly TransactionJob<R>[]): Promise<GroupDone<R>> {
    const endsAtMs = performance.now() + WRITE_MS_MAX;
    for (;;) {
      try {
        const leftMs = Math.max(0, endsAtMs - performance.now());
        const now = this.#options.clock.now();
        return await this.pool.use(leftMs, (link) => decideGroup(link, this.server, now, jobs));
      } catch (error) {
        if (!(error instanceof InDoubt)) throw error;
        if (await this.#wasCommitted(error, endsAtMs + DOUBT_MS_MAX)) return error.done as GroupDone<R>;
        if (performance.now() >= endsAtMs) throw error.cause;
      }
    }
  }

  async #wasCommitted({ commitId }: InDoubt, endsAtMs: number): Promise<boolean> {
    const leftMs = endsAtMs - performance.now();
    try {
      return await this.pool.use(leftMs, (link) => isCommitted(link, this.server, commitId));
    } catch (error) {
      this.#isInDoubt = true;
      const problem = 'it was lost while it made the change, and whether the change was made cannot be told yet';
      throw new Fault('STORE_UNAVAILABLE', { problem }, { cause: error });
    }
  }

  /** A transaction of statements that may be run twice. */
  async #change(statements: readonly Statement[]): Promise<readonly Answer[]> {
    try {
      const answers = await this.pool.use(WRITE_MS_MAX, (link) =>
        link.run([...BEGIN_WRITING, ...statements, COMMIT_ALL]),
      );
      return answers.slice(BEGIN_WRITING.length);
    } catch (error) {
      throw faultOf(error);
    }
  }
}
