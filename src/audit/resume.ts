// Where the log ends when a server starts: read from the store's mark on, so the work does not grow with the history.
// A last line that a crash cut short was never acknowledged, and goes. Whatever else does not hold stays as it is for
// `verify` to name, and a new segment is begun behind it whose first line says so.

import type { AuditMark } from '../core/audit-port.ts';
import { Chain, type ChainPlace, chainStart, walk } from './chain.ts';
import { LINE_BYTES_MAX, NO_HASH, type SegmentHeader } from './line.ts';
import { type Mac, markHolds } from './mark.ts';
import { parseHeader, parseRecord } from './parse.ts';
import { eachLine, firstLine, scanBlocks } from './scan.ts';
import { listSegments, segmentName, segmentPath } from './segment.ts';

export interface LogEnd {
  /** The last segment, 0 before the first. */
  readonly number: number;
  readonly head: string;
  readonly sequence: number;
  /** Where that segment goes on, and its first line; absent where a new one must be begun. */
  readonly open?: { readonly appendAtBytes: number; readonly header: SegmentHeader };
  /** What the new segment must say of the log before it. */
  readonly broken?: string;
  /** Those of the sought ids that the log holds behind the mark. */
  readonly found: ReadonlySet<string>;
}

export interface ResumeOptions {
  readonly stream: string;
  /** Of the stream. */
  readonly directory: string;
  readonly mark: AuditMark | undefined;
  /** Whether the mark of another stream says that the store had one of this. */
  readonly known: boolean;
  readonly mac: Mac;
  /** Ids of records that may or may not have reached a segment. */
  readonly sought: ReadonlySet<string>;
}

const NEWLINE = 10;

interface Start {
  readonly number: number;
  readonly fromBytes: number;
  readonly place: ChainPlace;
  /** What the store knows to have been given out: neither of the two numbers is used again. */
  readonly given: { readonly sequence: number; readonly number: number };
  readonly broken?: string;
}

const NOTHING: Start['given'] = { sequence: 0, number: 0 };

interface Reading {
  readonly chain: Chain;
  readonly found: Set<string>;
  problem: string | undefined;
  /** Lines behind the problem: each may be a record whose sequence must not be given out again. */
  strangers: number;
  /** The end of the last segment's whole lines. */
  wholeBytes: number;
}

/** Reads the end of the log. Rejects with the error of the file system. */
export async function findEnd(options: ResumeOptions): Promise<LogEnd> {
  const numbers = await listSegments(options.directory);
  const start = await findStart(options, numbers);
  const reading = await readOn(options, numbers, start);
  const { chain, found } = reading;
  const last = numbers.at(-1) ?? start.number;
  const unmarked = options.mark === undefined && chain.records > 0 ? 'the store holds no mark of this log' : undefined;
  const broken = start.broken ?? reading.problem ?? unmarked;
  const end = { head: chain.head, sequence: Math.max(chain.sequence + reading.strangers, start.given.sequence), found };
  if (broken !== undefined) return { ...end, number: Math.max(last, start.given.number), broken };
  // A segment without even its first line was about to be begun: it is begun again.
  if (reading.wholeBytes === 0) return { ...end, number: Math.max(0, last - 1) };
  const header = parseHeader((await firstLine(segmentPath(options.directory, last))) ?? '');
  if (header === undefined) return { ...end, number: last, broken: `segment ${segmentName(last)} has no first line` };
  return { ...end, number: last, open: { appendAtBytes: reading.wholeBytes, header } };
}

async function findStart(options: ResumeOptions, numbers: readonly number[]): Promise<Start> {
  const { directory, stream, mark, known, mac } = options;
  if (mark === undefined) {
    if (!known && (numbers.length === 0 || (numbers.length === 1 && numbers[0] === 1))) {
      return { number: numbers[0] ?? 0, fromBytes: 0, place: chainStart(stream), given: NOTHING };
    }
    return lastBegun(options, numbers, 'the store holds no mark of this log');
  }
  if (!markHolds(mark, mac) || mark.stream !== stream) {
    return lastBegun(options, numbers, 'the mark in the store is not one that this server made');
  }
  const number = Number(mark.segment);
  const given = { sequence: mark.sequence, number };
  const place: ChainPlace = { stream, segment: mark.segment, head: mark.head, sequence: mark.sequence };
  if (numbers.length === 0) {
    const broken = `every segment is gone; the store knows of record ${mark.sequence}`;
    return { number, fromBytes: 0, place, given, broken };
  }
  if (numbers.includes(number) && (await headAt(segmentPath(directory, number), mark.lengthBytes)) === mark.head) {
    return { number, fromBytes: mark.lengthBytes, place, given };
  }
  const broken = `the store knows of record ${mark.sequence}, and the log does not reach it or is not the same there`;
  return { ...(await lastBegun(options, numbers, broken)), given };
}

/** The last segment that has a first line, taken at its word: only for a log that is broken anyway. */
async function lastBegun(
  { directory, stream }: Pick<ResumeOptions, 'directory' | 'stream'>,
  numbers: readonly number[],
  broken: string,
): Promise<Start> {
  for (const number of numbers.toReversed()) {
    const header = parseHeader((await firstLine(segmentPath(directory, number))) ?? '');
    if (header === undefined) continue;
    const place = { stream, segment: header.previous, head: header.head, sequence: header.after };
    return { number, fromBytes: 0, place, given: NOTHING, broken };
  }
  return { number: numbers.at(-1) ?? 0, fromBytes: 0, place: chainStart(stream), given: NOTHING, broken };
}

async function readOn(options: ResumeOptions, numbers: readonly number[], start: Start): Promise<Reading> {
  const chain = new Chain(start.place, 'passed');
  const reading: Reading = { chain, found: new Set(), problem: undefined, strangers: 0, wholeBytes: 0 };
  const note = (line: Buffer): undefined => {
    const id = options.sought.size === 0 ? undefined : parseRecord(line.toString('latin1'), options.stream)?.id;
    if (id !== undefined && options.sought.has(id)) reading.found.add(id);
  };
  let due = start.number;
  for (const number of numbers.filter((each) => each >= start.number)) {
    const path = segmentPath(options.directory, number);
    if (number !== due) reading.problem ??= `segment ${segmentName(due)} is missing`;
    let readBytes = number === start.number ? start.fromBytes : 0;
    if (reading.problem === undefined) {
      const walked = await walk(path, { fromBytes: readBytes }, chain, segmentName(number), note);
      readBytes = walked.heldBytes;
      reading.wholeBytes = walked.heldBytes;
      const isCut =
        walked.problem !== undefined && number === numbers.at(-1) && (await hasHole(path, walked.heldBytes));
      reading.problem = isCut ? undefined : (walked.problem ?? tornProblem(walked.scan.tornBytes, number, numbers));
    }
    if (reading.problem !== undefined) reading.strangers += await countLines(path, readBytes);
    due = number + 1;
  }
  return reading;
}

/** A line may be cut short at the end of the log only. */
function tornProblem(tornBytes: number, number: number, numbers: readonly number[]): string | undefined {
  const torn = number === numbers.at(-1) ? tornBytes > LINE_BYTES_MAX : tornBytes > 0;
  return torn ? `segment ${segmentName(number)} ends in something that is no line` : undefined;
}

/**
 * Whether the line at `fromBytes` has a hole: a power cut came upon lines that were written into the room of a segment, and
 * the disk had not got them in their order. As with a line that was cut short, nobody was answered on the strength of it.
 */
async function hasHole(path: string, fromBytes: number): Promise<boolean> {
  let found = false;
  await scanBlocks(path, { fromBytes }, (block) => {
    found = block.subarray(0, block.indexOf(NEWLINE)).includes(0);
    return false;
  });
  return found;
}

async function countLines(path: string, fromBytes: number): Promise<number> {
  let lines = 0;
  await scanBlocks(path, { fromBytes }, (block) =>
    eachLine(block, () => {
      lines += 1;
      return true;
    }),
  );
  return lines;
}

/** The hash of the line that ends at `lengthBytes`. */
async function headAt(path: string, lengthBytes: number): Promise<string | undefined> {
  let head: string | undefined;
  const fromBytes = Math.max(0, lengthBytes - NO_HASH.length - '"}\n'.length);
  const scan = await scanBlocks(path, { fromBytes, toBytes: lengthBytes }, (block) => {
    head = block.toString('latin1', 0, NO_HASH.length);
    return false;
  });
  return scan.wholeBytes === lengthBytes ? head : undefined;
}
