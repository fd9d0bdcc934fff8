// The indexes of sealed segments, as queries want them: read from their files and held in a bounded cache; made again
// from the segment where a file is missing, damaged or not this server's. A segment that was edited so that its records
// no longer count up has no index and is read through.

import { open } from 'node:fs/promises';
import { type Columns, IndexBuilder } from './index-builder.ts';
import {
  type IndexPlace,
  indexPath,
  readColumn,
  readSummary,
  type Summary,
  summaryOf,
  writeIndex,
} from './index-file.ts';
import type { Mac } from './mark.ts';
import { parseRecord } from './parse.ts';
import { eachLine, scanBlocks } from './scan.ts';
import { segmentPath } from './segment.ts';

/** Some fifty columns of a full segment. */
const CACHE_BYTES_MAX: number = 32 * 1024 * 1024;
const UNINDEXED_MAX = 10_000;

export type Known = Omit<Summary, 'hashes' | 'columnsAtBytes'>;

/** How much a query may still read. */
export interface Budget {
  leftBytes: number;
}

export interface SegmentIndex {
  readonly summary: Known;
  column<C extends keyof Columns>(name: C): Promise<Columns[C] | undefined>;
}

export class Indexes {
  readonly #mac: Mac;
  readonly #cache = new Map<string, { readonly value: unknown; readonly bytes: number }>();
  #cacheBytes = 0;
  readonly #unindexed = new Set<string>();

  constructor(mac: Mac) {
    this.#mac = mac;
  }

  /** The index of a sealed segment; undefined where it has none. Rejects with the error of the file system. */
  async open(place: IndexPlace, budget: Budget): Promise<SegmentIndex | undefined> {
    const key = keyOf(place);
    if (this.#unindexed.has(key)) return undefined;
    const summary = this.#cached<Summary>(key) ?? (await this.#readSummary(place, budget));
    if (summary === undefined) return this.#make(place, budget);
    return {
      summary,
      column: async (name) => {
        const known = this.#cached<Columns[typeof name]>(`${key} ${name}`);
        if (known !== undefined) return known;
        const column = await this.#readColumn(place, summary, name, budget);
        if (column !== undefined) return column;
        return (await this.#make(place, budget))?.column(name);
      },
    };
  }

  /** The index of a segment did not fit its lines: it is read through from now on. */
  distrust(place: IndexPlace): void {
    if (this.#unindexed.size >= UNINDEXED_MAX) this.#unindexed.clear();
    this.#unindexed.add(keyOf(place));
  }

  async #readSummary(place: IndexPlace, budget: Budget): Promise<Summary | undefined> {
    const file = await open(indexPath(place.directory, place.number), 'r').catch(() => undefined);
    if (file === undefined) return undefined;
    try {
      // One that cannot be read is as good as none.
      const summary = await readSummary(file, place, this.#mac).catch(() => undefined);
      if (summary === undefined) return undefined;
      budget.leftBytes -= summary.columnsAtBytes;
      this.#keep(keyOf(place), summary, summary.columnsAtBytes);
      return summary;
    } finally {
      await file.close();
    }
  }

  async #readColumn<C extends keyof Columns>(
    place: IndexPlace,
    summary: Summary,
    name: C,
    budget: Budget,
  ): Promise<Columns[C] | undefined> {
    const file = await open(indexPath(place.directory, place.number), 'r').catch(() => undefined);
    if (file === undefined) return undefined;
    try {
      const column = await readColumn(file, summary, name).catch(() => undefined);
      if (column === undefined) return undefined;
      budget.leftBytes -= column.byteLength;
      this.#keep(`${keyOf(place)} ${name}`, column, column.byteLength);
      return column;
    } finally {
      await file.close();
    }
  }

  async #make(place: IndexPlace, budget: Budget): Promise<SegmentIndex | undefined> {
    const { index, lengthBytes } = await indexSegment(place);
    budget.leftBytes -= lengthBytes;
    if (index === undefined) {
      this.distrust(place);
      return undefined;
    }
    // Without a file the next query makes it again: a disk that is full must not keep anybody from asking.
    await writeIndex(place, index, lengthBytes, this.#mac).catch(() => undefined);
    return { summary: summaryOf(index, lengthBytes), column: async (name) => index.column(name) };
  }

  #cached<T>(key: string): T | undefined {
    const entry = this.#cache.get(key);
    if (entry === undefined) return undefined;
    this.#cache.delete(key);
    this.#cache.set(key, entry);
    return entry.value as T;
  }

  #keep(key: string, value: unknown, bytes: number): void {
    const before = this.#cache.get(key);
    this.#cacheBytes += bytes - (before?.bytes ?? 0);
    this.#cache.delete(key);
    this.#cache.set(key, { value, bytes });
    for (const [oldest, entry] of this.#cache) {
      if (this.#cacheBytes <= CACHE_BYTES_MAX) break;
      this.#cache.delete(oldest);
      this.#cacheBytes -= entry.bytes;
    }
  }
}

/** The index of a segment, from its lines; undefined where they are not records that count up without a gap. */
async function indexSegment({
  stream,
  directory,
  number,
}: IndexPlace): Promise<{ readonly index: IndexBuilder | undefined; readonly lengthBytes: number }> {
  let index: IndexBuilder | undefined;
  let fits = true;
  const end = await scanBlocks(segmentPath(directory, number), { fromBytes: 0 }, (block, offsetBytes) =>
    eachLine(block, (start, stop) => {
      if (offsetBytes + start === 0) return true;
      const record = parseRecord(block.toString('latin1', start, stop), stream);
      if (record === undefined) fits = false;
      else {
        index ??= new IndexBuilder(record.sequence - 1);
        fits = record.sequence === index.after + index.rows + 1;
        if (fits) index.add(record, offsetBytes + start);
      }
      return fits;
    }),
  );
  const isWhole = fits && end.wholeBytes === end.sizeBytes && index?.isUsable === true;
  return { index: isWhole ? index : undefined, lengthBytes: end.sizeBytes };
}

function keyOf({ stream, number }: IndexPlace): string {
  return `${stream} ${number}`;
}
