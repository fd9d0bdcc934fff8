// The audit port over segment files. A record is with the kernel before `append` resolves: all that arrived in one turn
// of the event loop go out in one write. The disk follows within 100 ms, the store's mark within a second.
// A failing disk refuses the records of that moment and is tried again by the next; nothing needs a restart.

import { mkdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { AuditPage, AuditQuery, AuditRecord, AuditVerdict } from '../core/audit-record.ts';
import { Fault } from '../core/error.ts';
import type { Audit, AuditMark, Clock, Store } from '../core/ports.ts';
import { recordFields } from './line.ts';
import { type Mac, type Position, sealMark } from './mark.ts';
import { Search } from './query.ts';
import { findEnd } from './resume.ts';
import { listSegments } from './segment.ts';
import { verifyLog } from './verify.ts';
import { SyncFailure, Writer } from './writer.ts';

/** Ours: large enough that a segment is begun every few seconds at most, small enough to copy and to search. */
const SEGMENT_BYTES_MAX: number = 64 * 1024 * 1024;
/** A turn of the event loop that brings more than this is written in several goes. */
const BATCH_CHARS_MAX: number = 4 * 1024 * 1024;
const SYNC_MS = 100;
const SETTLE_MS = 1000;
/** So many settled copies do not wait for the second to end. */
const SETTLE_RECORDS_MAX = 1000;

export interface AuditOptions {
  /** Holds the segments and nothing else: `audit` in the data directory. Made, private, where it is not there. */
  readonly directory: string;
  readonly store: Pick<Store, 'pendingAudit' | 'settleAudit' | 'auditMark'>;
  /** Keyed by the root key. */
  readonly mac: Mac;
  readonly clock: Clock;
  readonly segmentBytesMax?: number;
  /** Told once of each new failure; the log goes on trying. */
  readonly onFailure?: (error: Error) => void;
}

/**
 * Opens the log where it ended, and brings what the store still holds of it into a segment. Rejects with
 * AUDIT_UNAVAILABLE, its cause saying why, where the log cannot be read or written.
 */
export async function openAudit(options: AuditOptions): Promise<AuditLog> {
  const { directory } = options;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const pending = await options.store.pendingAudit();
    const mark = await options.store.auditMark();
    const sought = new Set(pending.map((record) => record.id));
    const end = await findEnd({ directory, mark, mac: options.mac, sought });
    const segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX;
    const writer = new Writer({ directory, clock: options.clock, segmentBytesMax }, end);
    const log = new AuditLog(options, writer, end.found);
    if (end.broken !== undefined) options.onFailure?.(new Error(`the audit log does not hold: ${end.broken}`));
    await log.begin(pending, mark);
    return log;
  } catch (error) {
    throw error instanceof Fault ? error : unavailable(error);
  }
}

interface Batch {
  readonly fields: string[];
  readonly copies: string[];
  chars: number;
  readonly written: PromiseWithResolvers<void>;
}

export class AuditLog implements Audit {
  readonly #options: AuditOptions;
  readonly #writer: Writer;
  readonly #search: Search;
  #batch: Batch | undefined;
  /** Ids of copies from their arrival until the store has forgotten them. */
  readonly #copied: Set<string>;
  /** Those that are written and not known to be on the disk. */
  #unsynced: string[] = [];
  /** Those that are on the disk and still in the store. */
  #unsettled: string[];
  /** Whether the store holds records whose copy failed. */
  #owed = false;
  #synced: Position | undefined;
  #settled: Position | undefined;
  #settledAtMs = -Infinity;
  #writeProblem: string | undefined;
  #upkeepProblem: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #upkeep: Promise<void> | undefined;
  #closed = false;

  /** Made by openAudit; `found` are copies that were seen in the segments. */
  constructor(options: AuditOptions, writer: Writer, found: ReadonlySet<string>) {
    this.#options = options;
    this.#writer = writer;
    this.#search = new Search(options.directory);
    this.#copied = new Set(found);
    this.#unsettled = [...found];
  }

  /** Why records cannot be written or settled at present; undefined while all is well. */
  get problem(): string | undefined {
    return this.#writeProblem ?? this.#upkeepProblem;
  }

  /** Resolves once the kernel has the record. Rejects with AUDIT_UNAVAILABLE. */
  append(record: AuditRecord): Promise<void> {
    if (this.#closed) return Promise.reject(unavailable(new Error('the audit log is closed')));
    return this.#add(recordFields(record), undefined).written.promise;
  }

  /** Copies a record that the store holds; what cannot be written now is fetched from the store again later. */
  copy(record: AuditRecord): void {
    if (this.#closed || this.#copied.has(record.id)) return;
    this.#copied.add(record.id);
    this.#add(recordFields(record), record.id);
  }

  async query(query: AuditQuery): Promise<AuditPage> {
    this.#flush();
    return this.#search.page(query, this.#writer.position);
  }

  async verify(): Promise<AuditVerdict> {
    const { directory, mac, store } = this.#options;
    const kept = this.#settled;
    const mark = await store.auditMark();
    const numbers = await listSegments(directory);
    this.#flush();
    return verifyLog({ directory, numbers, end: this.#writer.position, mark, kept, mac });
  }

  /**
   * Once, by openAudit: copies what the store still held and settles it with a first mark, unless `mark`, the store's
   * own, says it all. Rejects where any of it fails.
   */
  async begin(pending: readonly AuditRecord[], mark: AuditMark | undefined): Promise<void> {
    const position = this.#writer.position;
    if (mark !== undefined && same(position, mark)) {
      this.#synced = position;
      this.#settled = position;
    }
    for (const record of pending) this.copy(record);
    this.#flush();
    if (this.#owed) throw new Error(this.#writeProblem ?? 'a record could not be written');
    await this.#sync();
    await this.#settle();
  }

  /** Writes, syncs and settles, then closes the segment. What fails is told to `onFailure` and left to the next start. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#upkeep;
    try {
      await this.#sync();
      await this.#settle();
    } catch (error) {
      this.#upkeepProblem = this.#tell(error, this.#upkeepProblem);
    }
    await this.#writer.close();
  }

  #add(fields: string, copyId: string | undefined): Batch {
    if (this.#batch === undefined) {
      this.#batch = { fields: [], copies: [], chars: 0, written: Promise.withResolvers() };
      // Nobody may be waiting: a batch of copies alone has no request behind it.
      this.#batch.written.promise.catch(() => undefined);
      setImmediate(() => this.#flush());
    }
    const batch = this.#batch;
    batch.fields.push(fields);
    batch.chars += fields.length;
    if (copyId !== undefined) batch.copies.push(copyId);
    if (batch.chars >= BATCH_CHARS_MAX) this.#flush();
    return batch;
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    try {
      if (this.#timer === undefined && this.#upkeep === undefined) this.#look();
      this.#writer.write(batch.fields);
    } catch (error) {
      this.#writeProblem = this.#tell(error, this.#writeProblem);
      this.#owe(batch.copies);
      batch.written.reject(unavailable(error));
      return;
    }
    this.#writeProblem = undefined;
    this.#unsynced.push(...batch.copies);
    this.#wake(SYNC_MS);
    batch.written.resolve();
  }

  #look(): void {
    const change = this.#writer.check();
    if (change === undefined) return;
    this.#tell(new Error(change), undefined);
    // The copies that the store has not forgotten may have gone with the file.
    this.#owe([...this.#unsynced.splice(0), ...this.#unsettled.splice(0)]);
  }

  #owe(copies: readonly string[]): void {
    if (copies.length === 0) return;
    for (const id of copies) this.#copied.delete(id);
    this.#owed = true;
    this.#wake(SETTLE_MS);
  }

  #wake(ms: number): void {
    if (this.#closed || this.#timer !== undefined || this.#upkeep !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#upkeep = this.#keepUp().finally(() => {
        this.#upkeep = undefined;
        this.#rest();
      });
    }, ms).unref();
  }

  /** Sets the next alarm, where something is left to do. */
  #rest(): void {
    if (!same(this.#writer.position, this.#synced)) return this.#wake(SYNC_MS);
    if (this.#owed || this.#upkeepProblem !== undefined) return this.#wake(SETTLE_MS);
    if (this.#unsettled.length === 0 && same(this.#writer.position, this.#settled)) return;
    this.#wake(Math.max(1, SETTLE_MS - (performance.now() - this.#settledAtMs)));
  }

  async #keepUp(): Promise<void> {
    try {
      this.#look();
      await this.#sync();
      if (this.#owed) await this.#copyAgain();
      const due = this.#unsettled.length >= SETTLE_RECORDS_MAX || performance.now() - this.#settledAtMs >= SETTLE_MS;
      if (due) await this.#settle();
      this.#upkeepProblem = undefined;
    } catch (error) {
      this.#upkeepProblem = this.#tell(error, this.#upkeepProblem);
    }
  }

  async #sync(): Promise<void> {
    if (same(this.#writer.position, this.#synced)) return;
    const ids = this.#unsynced;
    this.#unsynced = [];
    try {
      this.#synced = await this.#writer.sync();
    } catch (error) {
      if (error instanceof SyncFailure) this.#owe(ids);
      else this.#unsynced.unshift(...ids);
      throw error;
    }
    this.#unsettled.push(...ids);
  }

  async #copyAgain(): Promise<void> {
    const pending = await this.#options.store.pendingAudit();
    this.#owed = false;
    for (const record of pending) this.copy(record);
    this.#flush();
  }

  async #settle(): Promise<void> {
    const ids = this.#unsettled;
    const position = this.#synced;
    if (position === undefined || (ids.length === 0 && same(position, this.#settled))) return;
    await this.#options.store.settleAudit(ids, sealMark(position, this.#options.mac));
    this.#unsettled = [];
    for (const id of ids) this.#copied.delete(id);
    this.#settled = position;
    this.#settledAtMs = performance.now();
  }

  /** Tells a failure where it is not the one that is known already; answers its text. */
  #tell(error: unknown, known: string | undefined): string {
    const problem = error instanceof Error ? error.message : String(error);
    if (problem !== known) this.#options.onFailure?.(new Error(`the audit log: ${problem}`, { cause: error }));
    return problem;
  }
}

function same(a: Position, b: Position | undefined): boolean {
  return a.segment === b?.segment && a.lengthBytes === b.lengthBytes && a.head === b.head;
}

function unavailable(cause: unknown): Fault {
  return new Fault('AUDIT_UNAVAILABLE', {}, { cause });
}
