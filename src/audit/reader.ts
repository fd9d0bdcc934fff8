// Walks one stream for a query, forwards or backwards, and hands out the records that match, in the order of the chain.
// A sealed segment is asked by its index, the last one and any without an index is read through. Each step reads a
// bounded part, so that the streams take turns and a query that may read no more can say where it stands.

import { type FileHandle, open } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { AuditQuery, ChainedRecord } from '../core/audit-record.ts';
import { matches, needlesOf, type RowFilter, rowFilter } from './filter.ts';
import type { IndexPlace } from './index-file.ts';
import type { Budget, Indexes } from './indexes.ts';
import type { Extent, LineReader } from './lines.ts';
import { parseHeader, parseRecord, sequenceAt, timeAt } from './parse.ts';
import { mayHold, Rows } from './rows.ts';
import { eachLine, firstLine } from './scan.ts';
import { seekRecord } from './seek.ts';
import { passAbsent, segmentName, segmentPath } from './segment.ts';

const NEWLINE = 10;
/** How long one query may keep the thread. */
const TURN_MS = 1;
/** Lines of an index that one step reads. */
const STEP_ROWS = 64;

/** What all walks of a query share. */
export interface Walking {
  readonly query: AuditQuery;
  readonly indexes: Indexes;
  readonly lines: LineReader;
  readonly budget: Budget;
  /** Whether a record was shown before it reached the log. */
  isShown(record: ChainedRecord): boolean;
}

export interface StreamPart {
  readonly stream: string;
  readonly directory: string;
  /** Its segments, ascending. */
  readonly numbers: readonly number[];
  /** How far the last of them is looked at. */
  readonly lengthBytes: number;
  /** The last record that is looked at. */
  readonly sequence: number;
}

export interface Match {
  readonly record: ChainedRecord;
  readonly lineBytes: number;
}

/** The segment that is being looked at: by its index, or line by line from a place on. */
interface Open {
  readonly number: number;
  readonly file: FileHandle;
  readonly lengthBytes: number;
  rows: Rows | undefined;
  row: number;
  atBytes: number;
}

export class StreamReader {
  readonly stream: string;
  readonly #walking: Walking;
  readonly #part: StreamPart;
  readonly #step: 1 | -1;
  readonly #filter: RowFilter;
  readonly #needles: readonly Buffer[];
  /** Forwards the last record that was looked at, backwards the last that was not. */
  #place: number;
  #matches: Match[] = [];
  #next: number;
  #open: Open | undefined;
  #done = false;

  /** Forwards from behind the record `place`, or backwards from `place` on. */
  constructor(walking: Walking, part: StreamPart, direction: 'forward' | 'back', place: number) {
    this.stream = part.stream;
    this.#walking = walking;
    this.#part = part;
    this.#step = direction === 'forward' ? 1 : -1;
    this.#filter = rowFilter(walking.query);
    this.#needles = needlesOf(walking.query);
    this.#place = place;
    this.#next = direction === 'forward' ? -1 : part.numbers.length - 1;
  }

  /** The next match, where one is known. */
  get head(): Match | undefined {
    return this.#matches[0];
  }

  /** Whether no match is known and none will come. */
  get isDone(): boolean {
    return this.#done && this.#matches.length === 0;
  }

  /** Where to go on: behind the last match that was taken and all that does not match. */
  get place(): number {
    const head = this.head;
    if (head === undefined) return this.#place;
    return this.#step === 1 ? head.record.sequence - 1 : head.record.sequence;
  }

  take(): void {
    this.#matches.shift();
  }

  /** Looks until a match is known, none is left, or the budget is spent. Rejects with the error of the file system. */
  async fill(): Promise<void> {
    let turnedAtMs = performance.now();
    while (this.#matches.length === 0 && !this.#done && this.#walking.budget.leftBytes > 0) {
      // Indexes that are in memory wait for nothing, and others have their work too.
      if (performance.now() - turnedAtMs > TURN_MS) {
        await turn();
        turnedAtMs = performance.now();
      }
      if (this.#open === undefined) await this.#enter();
      else if (this.#open.rows !== undefined) await this.#readRows(this.#open, this.#open.rows);
      else await this.#readLines(this.#open);
    }
  }

  async close(): Promise<void> {
    await this.#leave();
  }

  async #enter(): Promise<void> {
    if (this.#next === -1 && this.#step === 1) this.#next = await this.#first();
    const number = this.#part.numbers[this.#next];
    this.#next += this.#step;
    if (number === undefined) {
      this.#done = true;
      this.#place = this.#step === 1 ? Math.max(this.#place, this.#part.sequence) : 0;
      return;
    }
    const isLast = number === this.#part.numbers.at(-1);
    try {
      const rows = isLast ? 'none' : await this.#rowsOf(number);
      if (rows === 'passed') return;
      this.#open = await this.#openFile(number, isLast, rows === 'none' ? undefined : rows);
    } catch (error) {
      // It was pruned meanwhile.
      passAbsent(error);
    }
  }

  async #openFile(number: number, isLast: boolean, rows: Rows | undefined): Promise<Open> {
    const file = await open(segmentPath(this.#part.directory, number), 'r');
    try {
      const { size } = await file.stat();
      const lengthBytes = isLast ? Math.min(size, this.#part.lengthBytes) : size;
      if (rows !== undefined && rows.summary.lengthBytes === size) {
        const { after, rows: count } = rows.summary;
        const row = this.#step === 1 ? Math.max(0, this.#place - after) : Math.min(count, this.#place - after) - 1;
        return { number, file, lengthBytes, rows, row, atBytes: 0 };
      }
      if (rows !== undefined) this.#walking.indexes.distrust(this.#indexPlace(number));
      const atBytes = await this.#start(number, file, lengthBytes);
      return { number, file, lengthBytes, rows: undefined, row: 0, atBytes };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Where the lines of the segment that are to be looked at begin, or backwards end. */
  async #start(number: number, file: FileHandle, lengthBytes: number): Promise<number> {
    // What a thread is writing right now may be a part of a line.
    if (this.#step === -1) return wholeLines(file, this.#walking.lines, lengthBytes);
    return this.#place === 0 ? 0 : seekRecord(segmentPath(this.#part.directory, number), this.#place, lengthBytes);
  }

  /** The rows of a sealed segment, `none` where it has no index, `passed` where nothing in it can match. */
  async #rowsOf(number: number): Promise<Rows | 'none' | 'passed'> {
    const { indexes, budget } = this.#walking;
    const index = await indexes.open(this.#indexPlace(number), budget);
    if (index === undefined) return 'none';
    const { after, rows: count } = index.summary;
    const isOutside = this.#step === 1 ? after + count <= this.#place : after >= this.#place;
    if (isOutside || !mayHold(index.summary, this.#filter)) {
      this.#pass(this.#step === 1 ? after + count : after);
      return 'passed';
    }
    const rows = await Rows.open(index, this.#filter);
    if (rows === undefined) return 'none';
    if (rows.find(this.#step === 1 ? 0 : count - 1, this.#step, 1).length > 0) return rows;
    this.#pass(this.#step === 1 ? after + count : after);
    return 'passed';
  }

  async #readRows(open: Open, rows: Rows): Promise<void> {
    const { after, rows: count } = rows.summary;
    const found = rows.find(open.row, this.#step, STEP_ROWS);
    const offset = await rows.offset();
    const extents = found.map((row): Extent => {
      return { fromBytes: offset?.[row] ?? open.lengthBytes, toBytes: offset?.[row + 1] ?? open.lengthBytes };
    });
    let seen = 0;
    await this.#walking.lines.each(open.file, extents, (block, start, end) => {
      if (sequenceAt(block, start) !== after + 1 + (found[seen] as number)) return false;
      seen += 1;
      this.#consider(block, start, end);
      return true;
    });
    for (const { fromBytes, toBytes } of extents) this.#walking.budget.leftBytes -= toBytes - fromBytes;
    if (seen < found.length) {
      // The segment was edited under its index, or the index went away.
      this.#walking.indexes.distrust(this.#indexPlace(open.number));
      open.rows = undefined;
      open.atBytes = await this.#start(open.number, open.file, open.lengthBytes);
      this.#matches = [];
      return;
    }
    const last = found.at(-1);
    if (found.length < STEP_ROWS || last === undefined) {
      this.#pass(this.#step === 1 ? after + count : after);
      return this.#leave();
    }
    open.row = last + this.#step;
    this.#pass(this.#step === 1 ? after + 1 + last : after + last);
  }

  async #readLines(open: Open): Promise<void> {
    const { lines, budget } = this.#walking;
    const isForward = this.#step === 1;
    const block = isForward
      ? await lines.forward(open.file, open.atBytes, open.lengthBytes)
      : await lines.backward(open.file, open.atBytes);
    if (block.length === 0) return this.#leave();
    budget.leftBytes -= block.length;
    open.atBytes += isForward ? block.length : -block.length;
    const before = this.#matches.length;
    const [needle, ...others] = this.#needles;
    if (needle === undefined) {
      eachLine(block, (start, end) => this.#consider(block, start, end));
    } else {
      eachHit(block, needle, (start, end) => {
        const line = others.length === 0 ? undefined : block.subarray(start, end);
        if (others.every((other) => line?.includes(other))) this.#consider(block, start, end);
      });
    }
    if (!isForward) this.#matches.push(...this.#matches.splice(before).reverse());
    const edge = isForward ? block.lastIndexOf(NEWLINE, block.length - 2) + 1 : 0;
    const sequence = sequenceAt(block, edge);
    if (sequence !== undefined) this.#pass(isForward ? sequence : sequence - 1);
    if (!isForward && open.atBytes === 0) await this.#leave();
  }

  /** Keeps the record of a line where it matches. */
  #consider(block: Buffer, start: number, end: number): boolean {
    const { query, isShown } = this.#walking;
    const sequence = sequenceAt(block, start);
    if (sequence === undefined || sequence > this.#part.sequence) return true;
    if (this.#step === 1 ? sequence <= this.#place : sequence > this.#place) return true;
    const time = timeAt(block, start);
    if (time === undefined || time < (query.since ?? -Infinity) || time >= (query.until ?? Infinity)) return true;
    const record = parseRecord(block.toString('latin1', start, end), this.stream);
    if (record === undefined || !matches(record, query) || isShown(record)) return true;
    this.#matches.push({ record, lineBytes: end - start });
    return true;
  }

  #pass(place: number): void {
    this.#place = this.#step === 1 ? Math.max(this.#place, place) : Math.min(this.#place, place);
  }

  async #leave(): Promise<void> {
    const { file } = this.#open ?? {};
    this.#open = undefined;
    await file?.close();
  }

  /** The place in `numbers` of the segment that holds the record behind the place. */
  async #first(): Promise<number> {
    const { numbers, directory } = this.#part;
    if (this.#place === 0) return 0;
    for (let at = numbers.length - 1; at > 0; at -= 1) {
      const number = numbers[at] as number;
      const header = parseHeader((await firstLine(segmentPath(directory, number)).catch(passAbsent)) ?? '');
      if (header?.segment === segmentName(number) && header.after <= this.#place) return at;
    }
    return 0;
  }

  #indexPlace(number: number): IndexPlace {
    const { stream, directory } = this.#part;
    return { stream, directory, number };
  }
}

/** Calls `visit` with each line that holds `needle`. */
function eachHit(block: Buffer, needle: Buffer, visit: (start: number, end: number) => unknown): void {
  for (let hit = block.indexOf(needle); hit !== -1; ) {
    const end = block.indexOf(NEWLINE, hit);
    visit(block.lastIndexOf(NEWLINE, hit) + 1, end);
    hit = block.indexOf(needle, end + 1);
  }
}

/** The end of the last whole line. */
async function wholeLines(file: FileHandle, lines: LineReader, lengthBytes: number): Promise<number> {
  const block = await lines.backward(file, lengthBytes);
  return lengthBytes - block.length + block.lastIndexOf(NEWLINE) + 1;
}
