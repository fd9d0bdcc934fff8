// The end of the chain: gives each record its sequence and hash and appends it, begins a new segment when one is full
// or no longer to be trusted. The chain moves on only once the kernel has the whole batch, so a write that failed
// leaves neither a gap nor a half record.

import { performance } from 'node:perf_hooks';
import type { Clock } from '../core/ports.ts';
import { chainHash, headerBody, recordBody, sealLine } from './line.ts';
import type { Position } from './mark.ts';
import type { LogEnd } from './resume.ts';
import { Segment, segmentName, syncDirectory } from './segment.ts';

/** A disk that refuses a new segment is asked again no sooner. */
const RETRY_MS = 100;

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

export interface WriterOptions {
  /** Holds the segments. */
  readonly directory: string;
  readonly clock: Clock;
  readonly segmentBytesMax: number;
}

export class Writer {
  readonly #options: WriterOptions;
  #segment: Segment | undefined;
  #number: number;
  #head: string;
  #sequence: number;
  /** Why a new segment must be begun before the next write. */
  #restart: Restart | undefined;
  #refusal: { readonly error: unknown; readonly untilMs: number } | undefined;
  /** A sync of an earlier segment that failed, for the next `sync` to tell. */
  #unsynced: unknown;
  #directoryChanged = false;

  /** Goes on where the log ends. Throws where a new segment is due and cannot be begun. */
  constructor(options: WriterOptions, end: LogEnd) {
    this.#options = options;
    this.#number = end.number;
    this.#head = end.head;
    this.#sequence = end.sequence;
    if (end.appendAtBytes === undefined) this.#begin(end.broken === undefined ? {} : { broken: end.broken });
    else this.#segment = Segment.open(options.directory, end.number, end.appendAtBytes);
  }

  get position(): Position {
    return {
      segment: segmentName(this.#number),
      sequence: this.#sequence,
      lengthBytes: this.#segment?.lengthBytes ?? 0,
      head: this.#head,
    };
  }

  get number(): number {
    return this.#number;
  }

  /** Appends one record for each of `fields` (line.ts), all or none, in one write. Throws the file system's error. */
  write(fields: readonly string[]): void {
    const segment = this.#writable();
    let head = this.#head;
    let sequence = this.#sequence;
    let text = '';
    for (const each of fields) {
      sequence += 1;
      const body = recordBody(sequence, each);
      head = chainHash(head, body);
      text += sealLine(body, head);
    }
    segment.append(Buffer.from(text, 'latin1'));
    this.#head = head;
    this.#sequence = sequence;
  }

  /** Looks whether the file is still ours; answers what was done to it, and then begins a new one at the next write. */
  check(): string | undefined {
    if (this.#restart !== undefined) return undefined;
    const broken = this.#segment?.change();
    if (broken !== undefined) this.#restart = { broken };
    return broken;
  }

  /**
   * Makes durable what was written before the call; answers how far that is. Rejects with SyncFailure where any of it
   * may be lost, and then begins a new segment when it is called again; with another error where it is worth a retry.
   */
  async sync(): Promise<Position> {
    const segment = this.#writable();
    const position = this.position;
    const lost = this.#unsynced;
    this.#unsynced = undefined;
    if (lost !== undefined) throw new SyncFailure(lost);
    try {
      await segment.sync();
    } catch (error) {
      // The kernel forgets what it failed to write and a second sync would succeed: this file is not to be trusted.
      if (segment === this.#segment) this.#restart ??= { note: `fsync failed: ${reason(error)}` };
      throw new SyncFailure(error);
    }
    await this.#syncDirectory();
    return position;
  }

  async close(): Promise<void> {
    await this.#segment?.close();
    this.#segment = undefined;
  }

  #writable(): Segment {
    const full = (this.#segment?.lengthBytes ?? 0) >= this.#options.segmentBytesMax;
    if (this.#segment !== undefined && !full && this.#restart === undefined) return this.#segment;
    if (this.#refusal !== undefined && performance.now() < this.#refusal.untilMs) throw this.#refusal.error;
    try {
      const begun = this.#begin(this.#restart ?? {});
      this.#refusal = undefined;
      this.#restart = undefined;
      return begun;
    } catch (error) {
      this.#refusal = { error, untilMs: performance.now() + RETRY_MS };
      throw error;
    }
  }

  #begin(restart: Restart): Segment {
    const note = restart.broken === undefined ? (restart.note ?? this.#seal()) : restart.note;
    const number = this.#number + 1;
    const body = headerBody({
      segment: segmentName(number),
      previous: this.#number === 0 ? '' : segmentName(this.#number),
      head: this.#head,
      after: this.#sequence,
      time: this.#options.clock.now(),
      ...(restart.broken === undefined ? {} : { broken: restart.broken }),
      ...(note === undefined ? {} : { note }),
    });
    const head = chainHash(this.#head, body);
    const segment = Segment.create(this.#options.directory, number);
    try {
      segment.append(Buffer.from(sealLine(body, head), 'latin1'));
      if (note !== undefined) segment.syncNow();
    } catch (error) {
      segment.discard();
      throw error;
    }
    // Nothing is lost by a close that fails: the segment was synced, or is no longer there.
    this.#segment?.close().catch(() => undefined);
    this.#segment = segment;
    this.#number = number;
    this.#head = head;
    this.#directoryChanged = true;
    return segment;
  }

  /** A segment must be on the disk before the next exists, or a power cut would look like a cut tail. */
  #seal(): string | undefined {
    try {
      this.#segment?.syncNow();
      return undefined;
    } catch (error) {
      this.#unsynced = error;
      return `fsync failed: ${reason(error)}`;
    }
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

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
