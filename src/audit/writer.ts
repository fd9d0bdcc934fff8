// The end of one stream's chain: gives each record its sequence and hash and appends it, begins a new segment when one
// is full or no longer to be trusted. The chain moves on only once the kernel has the whole batch, so a write that
// failed leaves neither a gap nor a half record. Nothing here waits for the disk but `prepare` and `sync`.

import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { AuditRecord } from '../core/audit-record.ts';
import type { Clock } from '../core/ports.ts';
import { Batch } from './batch.ts';
import { IndexBuilder } from './index-builder.ts';
import { writeIndex } from './index-file.ts';
import { chainHash, headerBody, type SegmentHeader, sealLine } from './line.ts';
import type { Mac, Position } from './mark.ts';
import type { LogEnd } from './resume.ts';
import { Segment, segmentName, syncDirectory } from './segment.ts';

/** A disk that refuses a new segment is asked again no sooner. */
const RETRY_MS = 100;
/** How long records wait for a full segment to reach the disk; a slower disk gets them into that segment still. */
const HOLD_MS = 1000;

/** What was written since the last sync that went well may be lost, whatever a later sync says. */
export class SyncFailure extends Error {
  constructor(cause: unknown) {
    super(reason(cause), { cause });
    this.name = 'SyncFailure';
  }
}

interface Restart {
  /** Evidence for `verify`. */
  readonly broken?: string;
  /** A failure of the disk; the new segment must then prove that the disk works again. */
  readonly note?: string;
}

/** A segment that holds its first line, whose hash is `head`. */
interface Begun {
  readonly segment: Segment;
  readonly header: SegmentHeader;
  readonly head: string;
}

export interface WriterOptions {
  readonly stream: string;
  /** Holds the segments of the stream. */
  readonly directory: string;
  readonly clock: Clock;
  readonly segmentBytesMax: number;
  readonly mac: Mac;
  /** Whether each record is to be synced. */
  readonly isSynced: boolean;
}

export class Writer {
  readonly #options: WriterOptions;
  readonly #batch = new Batch();
  /** Of the segment, where all of it was written by this writer. */
  #index: IndexBuilder | undefined;
  #segment: Segment | undefined;
  /** Its first line. */
  #header: SegmentHeader | undefined;
  #number: number;
  #head: string;
  #sequence: number;
  /** Where the segment is full. */
  #fullBytes: number;
  /** Why a new segment must be begun before the next write. */
  #restart: Restart | undefined;
  #refusal: { readonly error: unknown; readonly untilMs: number } | undefined;
  /** A sync of an earlier segment that failed, for the next `sync` to tell. */
  #unsynced: unknown;
  #syncing: Promise<Position> | undefined;
  #nextSync: Promise<Position> | undefined;
  #directoryChanged = false;
  #indexing: Promise<void> = Promise.resolve();

  /** Goes on where the stream ends. Throws where a new segment is due and cannot be begun. */
  constructor(options: WriterOptions, end: LogEnd) {
    this.#options = options;
    this.#number = end.number;
    this.#head = end.head;
    this.#sequence = end.sequence;
    this.#fullBytes = options.segmentBytesMax;
    if (end.open === undefined) {
      this.#enter(this.#begin(end.broken === undefined ? {} : { broken: end.broken }));
      return;
    }
    this.#segment = Segment.open(options.directory, end.number, end.open.appendAtBytes, options.isSynced);
    this.#header = end.open.header;
  }

  get position(): Position {
    return {
      stream: this.#options.stream,
      segment: segmentName(this.#number),
      sequence: this.#sequence,
      lengthBytes: this.#segment?.lengthBytes ?? 0,
      head: this.#head,
    };
  }

  /** Whether `write` may be called; `prepare` makes it so. */
  get isReady(): boolean {
    return this.#segment !== undefined && this.#restart === undefined && this.#segment.lengthBytes < this.#fullBytes;
  }

  /** Appends the records, all or none, in one write; `fields` are theirs (line.ts). Throws the file system's error. */
  write(fields: readonly string[], records: readonly AuditRecord[]): void {
    const segment = this.#segment as Segment;
    const batch = this.#batch;
    const startBytes = segment.lengthBytes;
    const index = this.#index;
    batch.begin(this.#head, this.#sequence);
    for (const each of fields) batch.add(each);
    segment.append(batch.bytes);
    this.#head = batch.head;
    this.#sequence += fields.length;
    if (index === undefined) return;
    for (let place = 0; place < records.length; place += 1) {
      index.add(records[place] as AuditRecord, startBytes + batch.startOf(place));
    }
  }

  /** Whether a new segment is due for another reason than that this one is full. */
  get isBroken(): boolean {
    return this.#restart !== undefined;
  }

  /** Where the segment holds records and was begun before `time`, counts it as full; answers whether it does. */
  retire(time: number): boolean {
    const { time: begun = time, after = 0 } = this.#header ?? {};
    if (begun >= time || this.#sequence === after) return false;
    this.#fullBytes = 0;
    return true;
  }

  /** Looks whether the file is still ours; answers what was done to it, and then begins a new one at the next write. */
  check(): string | undefined {
    if (this.#restart !== undefined) return undefined;
    const broken = this.#segment?.change();
    if (broken !== undefined) this.#restart = { broken };
    return broken;
  }

  /**
   * Makes `write` possible again: begins the segment that is due. A full one is on the disk before the next exists, or a
   * power cut would look like a cut tail. Rejects with the error of the file system.
   */
  async prepare(): Promise<void> {
    if (this.#refusal !== undefined && performance.now() < this.#refusal.untilMs) throw this.#refusal.error;
    try {
      if (this.#restart === undefined && (await this.#seal()) === 'slow') return;
      const begun = this.#begin(this.#restart ?? {});
      // A file that could not be synced is followed by one that can.
      if (this.#restart?.note !== undefined) await prove(begun.segment);
      this.#enter(begun);
      this.#restart = undefined;
      this.#refusal = undefined;
    } catch (error) {
      // One that is only old takes records still.
      if (this.#fullBytes === 0) this.#fullBytes = this.#options.segmentBytesMax;
      this.#refusal = { error, untilMs: performance.now() + RETRY_MS };
      throw error;
    }
  }

  /**
   * Makes durable what was written before the call; answers how far that is. One sync is under way at a time, and all
   * who come meanwhile share the next. Rejects with SyncFailure where any of it may be lost, and then a new segment is
   * due; with another error where it is worth a retry.
   */
  sync(): Promise<Position> {
    if (this.#syncing === undefined) {
      this.#syncing = this.#syncOnce().finally(() => {
        this.#syncing = undefined;
      });
      return this.#syncing;
    }
    this.#nextSync ??= this.#syncing
      .catch(() => undefined)
      .then(() => {
        this.#nextSync = undefined;
        return this.sync();
      });
    return this.#nextSync;
  }

  /** Closes the file, after whatever is under way. */
  async close(): Promise<void> {
    await this.#syncing?.catch(() => undefined);
    await this.#segment?.close();
    this.#segment = undefined;
    await this.#indexing;
  }

  async #syncOnce(): Promise<Position> {
    const segment = this.#segment;
    const position = this.position;
    const lost = this.#unsynced;
    this.#unsynced = undefined;
    // The kernel forgets what it failed to write and a second sync would succeed: such a file is not to be trusted.
    const failed = lost ?? this.#restart?.note ?? this.#restart?.broken;
    if (failed !== undefined) throw new SyncFailure(failed);
    try {
      await segment?.sync();
    } catch (error) {
      if (segment === this.#segment) this.#distrust(error, position.lengthBytes);
      throw new SyncFailure(error);
    }
    await this.#syncDirectory();
    return position;
  }

  /** Syncs the full segment; `slow` where that takes so long that records had better go into it still. */
  async #seal(): Promise<'slow' | 'sealed'> {
    const segment = this.#segment as Segment;
    // What is cut off must be gone for good before the next segment exists.
    segment.trim();
    const synced = segment.sync().then(
      () => 'sealed' as const,
      (error: unknown) => {
        if (segment === this.#segment) this.#distrust(error, 0);
        return 'sealed' as const;
      },
    );
    const alarm = new AbortController();
    const late = delay(HOLD_MS, 'slow' as const, { signal: alarm.signal }).catch(() => 'slow' as const);
    const outcome = await Promise.race([synced, late]);
    alarm.abort();
    if (outcome === 'slow') this.#fullBytes = segment.lengthBytes + this.#options.segmentBytesMax / 4;
    return outcome;
  }

  /** After a sync failed: what was written behind `syncingBytes` meanwhile is not known to be lost, and may be. */
  #distrust(error: unknown, syncingBytes: number): void {
    this.#restart ??= { note: `fsync failed: ${reason(error)}` };
    if ((this.#segment?.lengthBytes ?? 0) > syncingBytes) this.#unsynced = error;
  }

  #begin(restart: Restart): Begun {
    const number = this.#number + 1;
    const header: SegmentHeader = {
      segment: segmentName(number),
      stream: this.#options.stream,
      previous: this.#number === 0 ? '' : segmentName(this.#number),
      head: this.#head,
      after: this.#sequence,
      time: this.#options.clock.now(),
      ...(restart.broken === undefined ? {} : { broken: restart.broken }),
      ...(restart.note === undefined ? {} : { note: restart.note }),
    };
    const body = headerBody(header);
    const head = chainHash(this.#head, body);
    this.#segment?.trim();
    const segment = Segment.create(this.#options.directory, number, this.#options.isSynced);
    try {
      segment.append(Buffer.from(sealLine(body, head), 'latin1'));
    } catch (error) {
      segment.discard();
      throw error;
    }
    return { segment, header, head };
  }

  #enter({ segment, header, head }: Begun): void {
    this.#finishIndex();
    // Nothing is lost by a close that fails: the segment was synced, or is no longer there.
    this.#segment?.close().catch(() => undefined);
    this.#segment = segment;
    this.#header = header;
    this.#number += 1;
    this.#head = head;
    this.#fullBytes = this.#options.segmentBytesMax;
    this.#index = new IndexBuilder(this.#sequence);
    this.#directoryChanged = true;
  }

  /** The index is a cache: where it cannot be written, whoever asks makes it again. */
  #finishIndex(): void {
    const index = this.#index;
    const segment = this.#segment;
    if (index === undefined || segment === undefined || this.#restart?.broken !== undefined) return;
    const { stream, directory, mac } = this.#options;
    const place = { stream, directory, number: this.#number };
    const { lengthBytes } = segment;
    this.#indexing = this.#indexing.then(() => writeIndex(place, index, lengthBytes, mac)).catch(() => undefined);
  }

  async #syncDirectory(): Promise<void> {
    if (!this.#directoryChanged) return;
    this.#directoryChanged = false;
    try {
      await syncDirectory(this.#options.directory);
    } catch (error) {
      this.#directoryChanged = true;
      throw error;
    }
  }
}

async function prove(segment: Segment): Promise<void> {
  try {
    await segment.sync();
  } catch (error) {
    segment.discard();
    throw error;
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
