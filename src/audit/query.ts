// Finds records in all streams: each is walked in the order of its chain, and what matches is merged by time. One call
// reads a bounded part of the log and says where the next goes on; changes that are committed and not in the log yet
// come last.

import type { AuditPage, AuditQuery, ChainedRecord } from '../core/audit-record.ts';
import { AUDIT_PAGE_MAX } from '../core/limits.ts';
import type { Store } from '../core/ports.ts';
import { type Cursor, formatCursor, parseCursor, SHOWN_MAX, shownKey, strange } from './cursor.ts';
import { type Budget, Indexes } from './indexes.ts';
import { LineReader } from './lines.ts';
import type { Mac, Position } from './mark.ts';
import { type Match, type StreamPart, StreamReader, type Walking } from './reader.ts';
import { endOf } from './seek.ts';
import { listSegments } from './segment.ts';
import { isMain, listStreams, mainOf, streamDirectory } from './stream.ts';
import { pendingOf, unwritten } from './unwritten.ts';

/** What one call reads at most; the page then says where to go on. */
const READ_BYTES_MAX: number = 256 * 1024 * 1024;
/** What the lines of one page come to at most, but for one line. */
const PAGE_BYTES_MAX: number = 4 * 1024 * 1024;

/** The stream that this thread writes, once all that was handed over is in it. */
export interface OwnStream {
  readonly end: Position;
  /** Whether the record of a change is in the log; only the log that copies them knows. */
  readonly written?: (id: string) => boolean;
}

interface Merged {
  readonly records: readonly ChainedRecord[];
  readonly hasMore: boolean;
}

export class Search {
  readonly #directory: string;
  readonly #stream: string;
  readonly #store: Pick<Store, 'pendingAudit' | 'auditMarks'>;
  readonly #indexes: Indexes;

  /** `stream` is one of this server. */
  constructor(directory: string, stream: string, store: Pick<Store, 'pendingAudit' | 'auditMarks'>, mac: Mac) {
    this.#directory = directory;
    this.#stream = stream;
    this.#store = store;
    this.#indexes = new Indexes(mac);
  }

  /** The records that match. Rejects with INVALID_FIELD, or with the error of the file system. */
  async page(query: AuditQuery, own: () => Promise<OwnStream>): Promise<AuditPage> {
    const cursor = query.after === undefined ? undefined : parseCursor(query.after);
    const direction = query.newest ? 'back' : 'forward';
    if (cursor !== undefined && cursor.direction !== direction) throw strange();
    const shown = cursor?.shown ?? new Set<string>();
    // What is not among these by now is in the log before its end is read.
    const pending = await pendingOf(this.#store, mainOf(this.#stream), query, shown);
    const { end, written } = await own();
    const known =
      written === undefined ? pending : { ...pending, records: pending.records.filter(({ id }) => !written(id)) };
    const parts = await this.#parts(end);
    const main = parts.find(({ stream }) => stream === mainOf(end.stream)) as StreamPart;
    const seen = new Map<string, ChainedRecord>();
    const walking: Walking = {
      query,
      indexes: this.#indexes,
      lines: new LineReader(),
      budget: { leftBytes: READ_BYTES_MAX },
      isShown: (record) => {
        const key = shown.size > 0 && isMain(record.stream) ? shownKey(record.id) : '';
        if (key === '' || !shown.has(key)) return false;
        seen.set(key, record);
        return true;
      },
    };
    const left = new Set([...shown].filter((key) => pending.keys.has(key)));
    const isFirst = cursor === undefined;
    const extra = async (room: number) => {
      const records = written === undefined ? await unwritten(known, main) : known.records;
      return records.slice(0, Math.min(room, SHOWN_MAX - left.size));
    };
    const limit = Math.min(Math.max(1, query.limit), AUDIT_PAGE_MAX);
    if (direction === 'back') return this.#back(walking, parts, cursor, limit, isFirst ? await extra(limit) : []);
    return this.#forward(walking, parts, cursor, limit, extra, (hasMore, places) => {
      // What was read ahead is read again by the next page.
      const isPast = (key: string) => {
        const record = seen.get(key);
        return record !== undefined && record.sequence <= (places.get(record.stream) ?? 0);
      };
      return new Set([...(hasMore ? shown : left)].filter((key) => !isPast(key)));
    });
  }

  async #forward(
    walking: Walking,
    parts: readonly StreamPart[],
    cursor: Cursor | undefined,
    limit: number,
    extra: (room: number) => Promise<readonly ChainedRecord[]>,
    stillShown: (hasMore: boolean, places: ReadonlyMap<string, number>) => Set<string>,
  ): Promise<AuditPage> {
    const readers = parts.map((part) => {
      return new StreamReader(walking, part, 'forward', cursor?.places.get(part.stream) ?? 0);
    });
    const { records, hasMore } = await merge(readers, limit, walking.budget, 1);
    const late = hasMore ? [] : await extra(limit - records.length);
    const places = placesOf(readers);
    const shown = stillShown(hasMore, places);
    for (const record of late) shown.add(shownKey(record.id));
    const tail = formatCursor({ direction: 'forward', places, shown });
    return { records: [...records, ...late], ...(hasMore ? { next: tail } : {}), tail };
  }

  async #back(
    walking: Walking,
    parts: readonly StreamPart[],
    cursor: Cursor | undefined,
    limit: number,
    late: readonly ChainedRecord[],
  ): Promise<AuditPage> {
    const readers = parts.map((part) => {
      return new StreamReader(
        walking,
        part,
        'back',
        cursor === undefined ? part.sequence : (cursor.places.get(part.stream) ?? 0),
      );
    });
    const { records, hasMore } = await merge(readers, limit - late.length, walking.budget, -1);
    const tail = formatCursor({
      direction: 'forward',
      places: new Map(parts.map(({ stream, sequence }) => [stream, sequence])),
      shown: new Set(late.map(({ id }) => shownKey(id))),
    });
    const next = formatCursor({ direction: 'back', places: placesOf(readers), shown: new Set() });
    return { records: [...records.toReversed(), ...late], ...(hasMore ? { next } : {}), tail };
  }

  async #parts(end: Position): Promise<StreamPart[]> {
    const streams = await listStreams(this.#directory);
    return Promise.all(
      streams.map(async (stream): Promise<StreamPart> => {
        const directory = streamDirectory(this.#directory, stream);
        const numbers = await listSegments(directory);
        if (stream !== end.stream) return { stream, directory, numbers, ...(await endOf(directory, numbers)) };
        const ours = numbers.filter((number) => number <= Number(end.segment));
        return { stream, directory, numbers: ours, lengthBytes: end.lengthBytes, sequence: end.sequence };
      }),
    );
  }
}

/** The first `limit` of all matches, or the last ones from the end on; closes the readers. */
async function merge(readers: readonly StreamReader[], limit: number, budget: Budget, step: 1 | -1): Promise<Merged> {
  const records: ChainedRecord[] = [];
  let lineBytes = 0;
  try {
    for (;;) {
      for (const reader of readers) if (reader.head === undefined && !reader.isDone) await reader.fill();
      const known = readers.filter((reader) => reader.head !== undefined);
      const isSpent = readers.some((reader) => reader.head === undefined && !reader.isDone);
      const [first] = known.sort((a, b) => step * compare(a.head as Match, b.head as Match));
      if (isSpent && budget.leftBytes <= 0) return { records, hasMore: true };
      if (first === undefined) return { records, hasMore: false };
      if (records.length >= limit || lineBytes >= PAGE_BYTES_MAX) return { records, hasMore: true };
      const { record, lineBytes: bytes } = first.head as Match;
      records.push(record);
      lineBytes += bytes;
      first.take();
    }
  } finally {
    for (const reader of readers) await reader.close();
  }
}

function compare({ record: a }: Match, { record: b }: Match): number {
  return a.time - b.time || (a.stream < b.stream ? -1 : Number(a.stream > b.stream)) || a.sequence - b.sequence;
}

function placesOf(readers: readonly StreamReader[]): Map<string, number> {
  return new Map(readers.map((reader) => [reader.stream, reader.place]));
}
