// Finds records in the segments: one bounded part of the log a call, read in blocks. A segment is passed over by the
// sequences and times that are remembered of it, a line by a few bytes of its text; only what may match is parsed.

import type { AuditPage, AuditQuery, ChainedRecord } from '../core/audit-record.ts';
import { AUDIT_PAGE_MAX } from '../core/limits.ts';
import { quote, quoteName } from './line.ts';
import type { Position } from './mark.ts';
import { parseHeader, parseRecord, sequenceAt, timeAt } from './parse.ts';
import { eachLine, firstLine, scanBlocks } from './scan.ts';
import { segmentName, segmentPath } from './segment.ts';

const NEWLINE = 10;
/** What one call reads at most; the page then says where to go on. */
const SCAN_BYTES_MAX: number = 256 * 1024 * 1024;
/** What the lines of one page come to at most, but for one line. */
const PAGE_BYTES_MAX: number = 4 * 1024 * 1024;
/** A stretch that is read through rather than divided. */
const SEEK_BYTES = 1024 * 1024;

interface Times {
  readonly earliest: number;
  readonly latest: number;
}

interface Summary {
  /** The last sequence before the segment. */
  readonly after: number;
  /** Of a segment that no longer grows, once it was read through. */
  times?: Times;
}

/** What one call has gathered so far. */
class Page {
  readonly #query: AuditQuery;
  readonly #limit: number;
  readonly #records: ChainedRecord[] = [];
  #lineBytes = 0;
  #scannedBytes = 0;
  #next: number | undefined;

  constructor(query: AuditQuery) {
    this.#query = query;
    this.#limit = Math.min(Math.max(1, query.limit), AUDIT_PAGE_MAX);
  }

  get done(): boolean {
    return this.#next !== undefined;
  }

  /** Takes a line where it matches; answers false once the page is full. */
  take(block: Buffer, start: number, end: number): boolean {
    const { after = 0, since = -Infinity, until = Infinity } = this.#query;
    const sequence = sequenceAt(block, start);
    if (sequence === undefined || sequence <= after) return true;
    const time = timeAt(block, start);
    if (time === undefined || time < since || time >= until) return true;
    const record = parseRecord(block.toString('latin1', start, end));
    if (record === undefined || !matches(record, this.#query)) return true;
    const last = this.#records.at(-1);
    if (last !== undefined && (this.#records.length >= this.#limit || this.#lineBytes >= PAGE_BYTES_MAX)) {
      this.#next = last.sequence;
      return false;
    }
    this.#records.push(record);
    this.#lineBytes += end - start;
    return true;
  }

  /** Counts a block that was read; answers false where the call has read enough. `isEnd`: nothing follows it. */
  spend(block: Buffer, isEnd: boolean): boolean {
    this.#scannedBytes += block.length;
    if (this.#scannedBytes < SCAN_BYTES_MAX || isEnd) return true;
    this.#next = sequenceAt(block, block.lastIndexOf(NEWLINE, block.length - 2) + 1);
    return !this.done;
  }

  get result(): AuditPage {
    return this.#next === undefined ? { records: this.#records } : { records: this.#records, next: this.#next };
  }
}

export class Search {
  readonly #directory: string;
  readonly #summaries = new Map<number, Summary>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The records up to `end` that match. Rejects with the error of the file system. */
  async page(query: AuditQuery, end: Position): Promise<AuditPage> {
    const page = new Page(query);
    const needle = needleOf(query);
    const last = Number(end.segment);
    for (let number = await this.#first(query.after ?? 0, last); number <= last && !page.done; number += 1) {
      try {
        if (number < last && (await this.#outOfTime(number, query))) continue;
        await this.#scan(number, number === last ? end.lengthBytes : undefined, query.after ?? 0, needle, page);
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    }
    return page.result;
  }

  async #scan(number: number, toBytes: number | undefined, after: number, needle: Buffer | undefined, page: Page) {
    const path = segmentPath(this.#directory, number);
    const range = { fromBytes: await seek(path, after, toBytes), ...(toBytes === undefined ? {} : { toBytes }) };
    await scanBlocks(path, range, (block, offsetBytes) => {
      const goOn =
        needle === undefined
          ? eachLine(block, (start, end) => page.take(block, start, end))
          : eachHit(block, needle, (start, end) => page.take(block, start, end));
      return goOn && page.spend(block, offsetBytes + block.length === toBytes);
    });
  }

  /** The segment that holds the record behind `after`. */
  async #first(after: number, last: number): Promise<number> {
    if (after === 0) return 1;
    for (let number = last; number > 1; number -= 1) {
      const summary = await this.#summary(number);
      if (summary !== undefined && summary.after <= after) return number;
    }
    return 1;
  }

  async #outOfTime(number: number, { since = -Infinity, until = Infinity }: AuditQuery): Promise<boolean> {
    if (since === -Infinity && until === Infinity) return false;
    const summary = await this.#summary(number);
    if (summary === undefined) return false;
    summary.times ??= await timesOf(segmentPath(this.#directory, number));
    return summary.times.latest < since || summary.times.earliest >= until;
  }

  async #summary(number: number): Promise<Summary | undefined> {
    const known = this.#summaries.get(number);
    if (known !== undefined) return known;
    const line = await firstLine(segmentPath(this.#directory, number)).catch(() => undefined);
    const header = line === undefined ? undefined : parseHeader(line);
    if (header?.segment !== segmentName(number)) return undefined;
    const summary: Summary = { after: header.after };
    this.#summaries.set(number, summary);
    return summary;
  }
}

function matches(record: ChainedRecord, query: AuditQuery): boolean {
  return (
    (query.principal === undefined || record.principal === query.principal) &&
    (query.operation === undefined || record.operation === query.operation) &&
    (query.outcome === undefined || record.outcome === query.outcome) &&
    (query.resource === undefined || isBelow(record.resource, query.resource))
  );
}

function isBelow(resource: string, prefix: string): boolean {
  return resource === prefix || resource.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

/** Text that every line which matches must hold: the filter that is likely to be the rarest. */
function needleOf(query: AuditQuery): Buffer | undefined {
  if (query.resource !== undefined) return Buffer.from(`"resource":${quoteName(query.resource).slice(0, -1)}`);
  if (query.principal !== undefined) return Buffer.from(`"principal":${quoteName(query.principal)}`);
  if (query.operation !== undefined) return Buffer.from(`"operation":${quote(query.operation)}`);
  if (query.outcome !== undefined) return Buffer.from(`"outcome":${quote(query.outcome)}`);
  return undefined;
}

/** Calls `visit` with each line that holds `needle`, until it answers false; answers whether it never did. */
function eachHit(block: Buffer, needle: Buffer, visit: (start: number, end: number) => boolean): boolean {
  for (let hit = block.indexOf(needle); hit !== -1; ) {
    const end = block.indexOf(NEWLINE, hit);
    if (!visit(block.lastIndexOf(NEWLINE, hit) + 1, end)) return false;
    hit = block.indexOf(needle, end + 1);
  }
  return true;
}

/** A place at or before the first line behind `after`: sequences only grow, so the file can be halved. */
async function seek(path: string, after: number, toBytes: number | undefined): Promise<number> {
  if (after === 0) return 0;
  let low = 0;
  let high = toBytes ?? (await scanBlocks(path, { fromBytes: 0, toBytes: 0 }, () => false)).sizeBytes;
  while (high - low > SEEK_BYTES) {
    const middle = low + Math.floor((high - low) / 2);
    let found: { readonly sequence: number; readonly atBytes: number } | undefined;
    await scanBlocks(path, { fromBytes: middle, toBytes: high }, (block, offsetBytes) => {
      const start = offsetBytes === middle ? block.indexOf(NEWLINE) + 1 : 0;
      const sequence = start < block.length ? sequenceAt(block, start) : undefined;
      if (sequence !== undefined) found = { sequence, atBytes: offsetBytes + start };
      return start >= block.length;
    });
    if (found === undefined) return low;
    if (found.sequence <= after) low = found.atBytes;
    else high = middle;
  }
  return low;
}

async function timesOf(path: string): Promise<Times> {
  let earliest = Infinity;
  let latest = -Infinity;
  await scanBlocks(path, { fromBytes: 0 }, (block) =>
    eachLine(block, (start) => {
      const time = timeAt(block, start);
      if (time !== undefined) {
        earliest = Math.min(earliest, time);
        latest = Math.max(latest, time);
      }
      return true;
    }),
  );
  return { earliest, latest };
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
