// The audit port over the segment files of one stream. A record is with the kernel before `append` resolves: all that
// arrived in one turn of the event loop go out in one write. The disk follows within 100 ms, or first where `always` is
// asked for; the store's mark follows within a second. A failing disk refuses the records of that moment and is tried
// again by the next; nothing needs a restart.

import { mkdirSync } from 'node:fs';
import type { Audit, AuditMark } from '../core/audit-port.ts';
import type {
  AuditExport,
  AuditPage,
  AuditPart,
  AuditPruned,
  AuditQuery,
  AuditRecord,
  AuditVerdict,
} from '../core/audit-record.ts';
import { Fault } from '../core/error.ts';
import { exportPart } from './export.ts';
import { sweepIndexes } from './index-file.ts';
import { recordFields } from './line.ts';
import { markHolds, type Position } from './mark.ts';
import type { AuditOptions } from './options.ts';
import { pruneStreams } from './prune.ts';
import { Search } from './query.ts';
import { findEnd } from './resume.ts';
import { Settlement } from './settlement.ts';
import { isMain, streamDirectory } from './stream.ts';
import { verifyStreams } from './verify.ts';
import { Writer } from './writer.ts';

/** Ours: large enough that a segment is begun every few seconds at most, small enough to be searched without an index. */
const SEGMENT_BYTES_MAX: number = 32 * 1024 * 1024;
/** A turn of the event loop that brings more than this is written in several goes. */
const BATCH_CHARS_MAX: number = 4 * 1024 * 1024;
/** What waits for a segment to be begun; more is refused. */
const HELD_CHARS_MAX: number = 4 * BATCH_CHARS_MAX;
const SYNC_MS = 100;
const SETTLE_MS = 1000;
/** So many settled copies do not wait for the second to end. */
const SETTLE_RECORDS_MAX = 1000;

/**
 * Opens the stream where it ended, and brings what the store still holds of it into a segment. Rejects with
 * AUDIT_UNAVAILABLE, its cause saying why, where the log cannot be read or written.
 */
export async function openAudit(options: AuditOptions): Promise<AuditLog> {
  const { stream, store, mac, clock } = options;
  try {
    const directory = streamDirectory(options.directory, stream);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    await sweepIndexes(directory);
    const pending = isMain(stream) ? await store.pendingAudit() : [];
    const marks = await store.auditMarks();
    const mark = marks.find((each) => each.stream === stream);
    const known = marks.some((each) => each.streams.includes(stream) && markHolds(each, mac));
    const sought = new Set(pending.map((record) => record.id));
    const end = await findEnd({ stream, directory, mark, known, mac, sought });
    const segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX;
    const writer = new Writer(
      { stream, directory, clock, segmentBytesMax, mac, isSynced: options.sync === 'always' },
      end,
    );
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
  readonly records: AuditRecord[];
  readonly copies: string[];
  chars: number;
  readonly written: PromiseWithResolvers<void>;
}

export class AuditLog implements Audit {
  readonly #options: AuditOptions;
  readonly #writer: Writer;
  readonly #search: Search;
  #batch: Batch | undefined;
  #preparing: Promise<void> | undefined;
  readonly #settlement: Settlement;
  /** Whether the store holds records whose copy failed. */
  #owed = false;
  #writeProblem: string | undefined;
  #upkeepProblem: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #upkeep: Promise<void> | undefined;
  #closed = false;

  /** Made by openAudit; `found` are copies that were seen in the segments. */
  constructor(options: AuditOptions, writer: Writer, found: ReadonlySet<string>) {
    this.#options = options;
    this.#writer = writer;
    this.#search = new Search(options.directory, options.stream, options.store, options.mac);
    this.#settlement = new Settlement(options, writer, found);
  }

  /** Why records cannot be written or settled at present; undefined while all is well. */
  get problem(): string | undefined {
    return this.#writeProblem ?? this.#upkeepProblem;
  }

  /** How far this stream has been written. */
  get position(): Position {
    return this.#writer.position;
  }

  /** Resolves once the kernel has the record, or the disk where `always` is asked for. Rejects with AUDIT_UNAVAILABLE. */
  append(record: AuditRecord): Promise<void> {
    if (this.#closed) return Promise.reject(unavailable(new Error('the audit log is closed')));
    return this.#add(record, undefined).written.promise;
  }

  /** Copies a record that the store holds; what cannot be written now is fetched from the store again later. */
  copy(record: AuditRecord): void {
    if (this.#closed || this.#settlement.isCopied(record.id)) return;
    this.#settlement.arrived(record.id);
    this.#add(record, record.id);
  }

  async query(query: AuditQuery): Promise<AuditPage> {
    await this.#options.refresh?.();
    return this.#search.page(query, async () => {
      await this.#drain();
      return {
        end: this.#writer.position,
        ...(isMain(this.#options.stream) ? { written: (id: string) => this.#settlement.isCopied(id) } : {}),
      };
    });
  }

  async verify(): Promise<AuditVerdict> {
    const before = await this.#options.store.auditAnchors();
    const verdict = await this.#verify();
    if (verdict.ok) return verdict;
    // What was pruned meanwhile looks like what was removed.
    const after = await this.#options.store.auditAnchors();
    return JSON.stringify(before) === JSON.stringify(after) ? verdict : this.#verify();
  }

  async #verify(): Promise<AuditVerdict> {
    const { directory, mac, store, ends } = this.#options;
    const kept = this.#settlement.settled;
    const others = (await ends?.()) ?? [];
    const marks = await store.auditMarks();
    const anchors = await store.auditAnchors();
    // After the marks: what they say is then there.
    await this.#options.refresh?.();
    return verifyStreams({
      directory,
      marks,
      anchors,
      kept,
      others,
      mac,
      end: async () => {
        await this.#drain();
        return this.#writer.position;
      },
    });
  }

  async export(request: AuditExport): Promise<AuditPart> {
    await this.#options.refresh?.();
    await this.#drain();
    return exportPart(this.#options.directory, request, this.#writer.position, this.#options.clock.now());
  }

  /**
   * Removes whole sealed segments in which everything is older than `before`, each stream's once an anchor of its new
   * beginning is in the store and a record of it on the disk. Rejects with AUDIT_UNAVAILABLE where that cannot be.
   */
  async prune(before: number): Promise<AuditPruned> {
    const { directory, store, mac, clock, delivered } = this.#options;
    const sink = await delivered?.();
    const records = async (record: AuditRecord): Promise<void> => {
      await this.append(record);
      await this.#sync();
    };
    try {
      return await pruneStreams({ directory, store, mac, before, now: clock.now(), sink, record: records });
    } catch (error) {
      throw error instanceof Fault ? error : unavailable(error);
    }
  }

  /**
   * Begins a new segment where this one holds records and was begun before that moment, in milliseconds since 1970: only
   * one that is closed, and behind the mark, can be pruned. Rejects where the mark cannot follow.
   */
  async roll(before: number): Promise<void> {
    if (this.#closed || !this.#writer.retire(before)) return;
    this.#preparing ??= this.#prepare();
    await this.enroll();
  }

  /**
   * Names in this stream's mark every stream that the store knows by now, so that none can be removed unseen. For the
   * log of `main`, once the other threads have opened theirs.
   */
  async enroll(): Promise<void> {
    await this.#drain();
    await this.#sync();
    await this.#settlement.settle(true);
  }

  /**
   * Once, by openAudit: copies what the store still held and settles it with a first mark, unless `mark`, the store's
   * own, says it all. Rejects where any of it fails.
   */
  async begin(pending: readonly AuditRecord[], mark: AuditMark | undefined): Promise<void> {
    this.#settlement.trust(mark);
    for (const record of pending) this.copy(record);
    await this.#drain();
    if (this.#owed) throw new Error(this.#writeProblem ?? 'a record could not be written');
    await this.#sync();
    await this.#settlement.settle();
  }

  /** Copies what the store holds of records that nobody has handed over. */
  copyPending(): void {
    this.#owe();
  }

  /** Writes, syncs and settles, then closes the segment. What fails is told to `onFailure` and left to the next start. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const drained = this.#drain();
    this.#closed = true;
    clearTimeout(this.#timer);
    await drained;
    await this.#upkeep;
    try {
      await this.#sync();
      await this.#settlement.settle();
    } catch (error) {
      this.#upkeepProblem = this.#tell(error, this.#upkeepProblem);
    }
    await this.#writer.close();
  }

  #add(record: AuditRecord, copyId: string | undefined): Batch {
    const fields = recordFields(record);
    if (this.#batch === undefined) {
      this.#batch = { fields: [], records: [], copies: [], chars: 0, written: Promise.withResolvers() };
      // Nobody may be waiting: a batch of copies alone has no request behind it.
      this.#batch.written.promise.catch(() => undefined);
      setImmediate(() => this.#flush());
    }
    const batch = this.#batch;
    batch.fields.push(fields);
    batch.records.push(record);
    batch.chars += fields.length;
    if (copyId !== undefined) batch.copies.push(copyId);
    if (batch.chars >= BATCH_CHARS_MAX) this.#flush();
    if (batch.chars >= HELD_CHARS_MAX) this.#refuse(new Error('more records wait for the disk than can be kept'));
    return batch;
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    try {
      if (this.#timer === undefined && this.#upkeep === undefined) this.#look();
      if (!this.#writer.isReady) {
        this.#preparing ??= this.#prepare();
        return;
      }
      this.#batch = undefined;
      this.#writer.write(batch.fields, batch.records);
    } catch (error) {
      this.#batch = batch;
      this.#refuse(error);
      return;
    }
    this.#writeProblem = undefined;
    this.#settlement.written(batch.copies);
    if (this.#options.sync === 'always') this.#commit(batch);
    else batch.written.resolve();
    this.#wake(SYNC_MS);
  }

  /** Answers those who wait once a sync covers them. */
  #commit(batch: Batch): void {
    this.#sync().then(
      () => batch.written.resolve(),
      (error: unknown) => {
        this.#writeProblem = this.#tell(error, this.#writeProblem);
        batch.written.reject(unavailable(error));
      },
    );
  }

  /** Begins the segment that is due, then writes what waited for it. */
  async #prepare(): Promise<void> {
    try {
      await this.#writer.prepare();
    } catch (error) {
      this.#refuse(error);
    }
    this.#preparing = undefined;
    this.#flush();
  }

  /** Everything that was handed over is written or refused when this resolves. */
  async #drain(): Promise<void> {
    this.#flush();
    while (this.#preparing !== undefined) await this.#preparing;
  }

  #refuse(error: unknown): void {
    const batch = this.#batch;
    this.#batch = undefined;
    this.#writeProblem = this.#tell(error, this.#writeProblem);
    if (batch === undefined) return;
    this.#settlement.lost(batch.copies);
    if (batch.copies.length > 0) this.#owe();
    batch.written.reject(unavailable(error));
  }

  #look(): void {
    const change = this.#writer.check();
    if (change === undefined) return;
    this.#tell(new Error(change), undefined);
    // The copies that the store has not forgotten may have gone with the file.
    if (this.#settlement.lostAll() > 0) this.#owe();
  }

  /** Copies are to be fetched from the store again. */
  #owe(): void {
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
    if (!this.#settlement.isSynced) return this.#wake(SYNC_MS);
    if (this.#owed || this.#upkeepProblem !== undefined) return this.#wake(SETTLE_MS);
    if (!this.#settlement.isSettled) this.#wake(Math.max(1, SETTLE_MS - this.#settlement.settledAgoMs));
  }

  async #keepUp(): Promise<void> {
    try {
      this.#look();
      if (this.#writer.isBroken) {
        this.#preparing ??= this.#prepare();
        await this.#drain();
        if (this.#writer.isBroken) throw new Error(this.#writeProblem);
      }
      if (this.#owed) await this.#copyAgain();
      await this.#sync();
      const { unsettled, settledAgoMs } = this.#settlement;
      if (unsettled >= SETTLE_RECORDS_MAX || settledAgoMs >= SETTLE_MS) await this.#settlement.settle();
      this.#upkeepProblem = undefined;
    } catch (error) {
      this.#upkeepProblem = this.#tell(error, this.#upkeepProblem);
    }
  }

  #sync(): Promise<void> {
    return this.#settlement.sync(() => this.#owe());
  }

  async #copyAgain(): Promise<void> {
    const pending = await this.#options.store.pendingAudit();
    this.#owed = false;
    for (const record of pending) this.copy(record);
    await this.#drain();
  }

  /** Tells a failure where it is not the one that is known already; answers its text. */
  #tell(error: unknown, known: string | undefined): string {
    const problem = error instanceof Error ? error.message : String(error);
    if (problem !== known && problem !== this.problem)
      this.#options.onFailure?.(new Error(`the audit log: ${problem}`, { cause: error }));
    return problem;
  }
}

function unavailable(cause: unknown): Fault {
  return new Fault('AUDIT_UNAVAILABLE', {}, { cause });
}
