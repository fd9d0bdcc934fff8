// The index of a sealed segment as a file beside it: one line of JSON that says what the segment holds, then the columns
// as they lie in memory. The line is under a MAC and names the hash of each column, so an index that somebody edited to
// hide a record is seen and made anew. It is a cache: nothing but time is lost with it.

import { hash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type Columns, HASH_COLUMNS, type HashColumn, type IndexBuilder } from './index-builder.ts';
import { type Mac, macHolds } from './mark.ts';
import { segmentName } from './segment.ts';

const FORMAT = 'coffer-audit-index-1';
const ASIDE = /^\d{8}\.idx\.[0-9a-f-]{36}$/;
const NEWLINE = 10;
/** Five columns of 4,096 hashes in base64, and some text around them. */
const SUMMARY_BYTES_MAX: number = 192 * 1024;
/** What it has where there are few. */
const SUMMARY_BYTES: number = 32 * 1024;

const WIDTHS = {
  time: 8,
  offset: 4,
  outcome: 1,
  principal: 4,
  operation: 4,
  resource2: 4,
  resource4: 4,
  resource6: 4,
} as const satisfies Record<keyof Columns, number>;

const NAMES = Object.keys(WIDTHS) as (keyof Columns)[];

/** Which segment an index is of. */
export interface IndexPlace {
  readonly stream: string;
  /** Of the stream. */
  readonly directory: string;
  readonly number: number;
}

/** What the first line of an index says. */
export interface Summary {
  /** How long the segment is. */
  readonly lengthBytes: number;
  /** The sequence of the last record before the segment; row N, from 0, is record `after` + 1 + N. */
  readonly after: number;
  readonly rows: number;
  readonly earliest: number;
  readonly latest: number;
  /** The hashes that a column has, ascending; absent where there are too many. */
  readonly distinct: Readonly<Partial<Record<HashColumn, Uint32Array>>>;
  /** SHA-256 of each column, in hex. */
  readonly hashes: Readonly<Record<keyof Columns, string>>;
  /** Where the columns begin in the file. */
  readonly columnsAtBytes: number;
}

/** The first line, as this server wrote it. */
interface Written extends Omit<Summary, 'distinct' | 'columnsAtBytes'> {
  readonly stream: string;
  readonly segment: string;
  readonly distinct: Readonly<Record<string, string>>;
}

export function indexPath(directory: string, number: number): string {
  return join(directory, `${segmentName(number)}.idx`);
}

/** Removes what a stop left of indexes that were being written; a thread that writes one now makes it again. */
export async function sweepIndexes(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (ASIDE.test(name)) await rm(join(directory, name), { force: true });
  }
}

/** Writes the index of a sealed segment. Rejects with the error of the file system, and then leaves nothing behind. */
export async function writeIndex(place: IndexPlace, index: IndexBuilder, lengthBytes: number, mac: Mac): Promise<void> {
  if (!index.isUsable) return;
  const hashes: Record<string, string> = {};
  for (const name of NAMES) {
    hashes[name] = hash('sha256', bytesOf(index.column(name)));
    // Some megabytes in all: other work gets its turn in between.
    await turn();
  }
  const path = indexPath(place.directory, place.number);
  const aside = `${path}.${randomUUID()}`;
  const file = await open(aside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    try {
      await file.writeFile(summaryLine(place, index, { lengthBytes, hashes }, mac));
      for (const name of NAMES) await file.writeFile(bytesOf(index.column(name)));
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** What the index of a segment says of it; undefined where there is none that this server made of it. */
export async function readSummary(file: FileHandle, place: IndexPlace, mac: Mac): Promise<Summary | undefined> {
  const bytes = Buffer.allocUnsafe(SUMMARY_BYTES_MAX);
  let end = -1;
  for (let held = 0, size = SUMMARY_BYTES; end === -1 && held < bytes.length; size = bytes.length) {
    const { bytesRead } = await file.read(bytes, held, size - held, held);
    if (bytesRead === 0) break;
    held += bytesRead;
    end = bytes.subarray(0, held).indexOf(NEWLINE);
  }
  const line = end === -1 ? '' : bytes.toString('latin1', 0, end);
  const cut = line.lastIndexOf(',"mac":"');
  // The MAC comes first: nothing that somebody else wrote is even parsed.
  if (cut === -1 || !macHolds(line.slice(cut), `,"mac":"${mac(macText(line.slice(0, cut)))}"}`)) return undefined;
  const { stream, segment, distinct, ...known } = JSON.parse(line) as Written;
  if (stream !== place.stream || segment !== segmentName(place.number)) return undefined;
  const lists = Object.entries(distinct).map(([name, text]) => [name, hashesOf(text)]);
  return { ...known, distinct: Object.fromEntries(lists), columnsAtBytes: end + 1 };
}

/** One column of an index; undefined where it is not the one that was written. Rejects with the file system's error. */
export async function readColumn<C extends keyof Columns>(
  file: FileHandle,
  summary: Summary,
  name: C,
): Promise<Columns[C] | undefined> {
  let atBytes = summary.columnsAtBytes;
  for (const each of NAMES) {
    if (each === name) break;
    atBytes += summary.rows * WIDTHS[each];
  }
  const bytes = new Uint8Array(summary.rows * WIDTHS[name]);
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, atBytes + done);
    if (bytesRead === 0) return undefined;
    done += bytesRead;
  }
  if (hash('sha256', bytes) !== summary.hashes[name]) return undefined;
  const make = { 8: Float64Array, 4: Uint32Array, 1: Uint8Array }[WIDTHS[name]];
  return new make(bytes.buffer) as Columns[C];
}

/** The summary of an index that is not in a file. */
export function summaryOf(index: IndexBuilder, lengthBytes: number): Omit<Summary, 'hashes' | 'columnsAtBytes'> {
  const { after, rows, earliest, latest } = index;
  return { lengthBytes, after, rows, earliest, latest, distinct: distinctOf(index) };
}

function distinctOf(index: IndexBuilder): Partial<Record<HashColumn, Uint32Array>> {
  const lists: Partial<Record<HashColumn, Uint32Array>> = {};
  for (const name of HASH_COLUMNS) {
    const hashes = index.distinct(name);
    if (hashes !== undefined) lists[name] = hashes;
  }
  return lists;
}

function summaryLine(
  place: IndexPlace,
  index: IndexBuilder,
  file: { readonly lengthBytes: number; readonly hashes: Readonly<Record<string, string>> },
  mac: Mac,
): string {
  const lists = Object.entries(distinctOf(index)).map(([name, list]) => [name, textOf(list)]);
  const body = JSON.stringify({
    format: FORMAT,
    stream: place.stream,
    segment: segmentName(place.number),
    after: index.after,
    rows: index.rows,
    // Without any row there is neither, and JSON has no infinity.
    earliest: index.rows === 0 ? 0 : index.earliest,
    latest: index.rows === 0 ? 0 : index.latest,
    ...file,
    distinct: Object.fromEntries(lists),
  }).slice(0, -1);
  return `${body},"mac":"${mac(macText(body))}"}\n`;
}

function macText(body: string): string {
  return `coffer audit index 1\n${body}`;
}

function textOf(hashes: Uint32Array): string {
  return Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength).toString('base64');
}

function hashesOf(text: string): Uint32Array {
  return new Uint32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}

function bytesOf(column: Columns[keyof Columns]): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
