// Finds places in a segment without reading it through: sequences only grow, so the file can be halved.

import { parseHeader, sequenceAt } from './parse.ts';
import { firstLine, scanBlocks } from './scan.ts';
import { segmentPath } from './segment.ts';

const NEWLINE = 10;
/** A stretch that is read through rather than divided. */
const SEEK_BYTES: number = 1024 * 1024;

/** A place at or before the first line behind the record `after`, in the first `toBytes` of a segment. */
export async function seekRecord(path: string, after: number, toBytes: number): Promise<number> {
  let low = 0;
  let high = toBytes;
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

export interface StreamEnd {
  /** How long the whole lines of the last segment are. */
  readonly lengthBytes: number;
  readonly sequence: number;
}

/** Where a stream ends that another thread may be writing, by its files. Rejects with the error of the file system. */
export async function endOf(directory: string, numbers: readonly number[]): Promise<StreamEnd> {
  let lengthBytes = 0;
  for (const number of numbers.toReversed()) {
    const path = segmentPath(directory, number);
    const { sizeBytes } = await scanBlocks(path, { fromBytes: 0, toBytes: 0 }, () => false);
    const after = parseHeader((await firstLine(path)) ?? '')?.after;
    const end = await lastLines(path, sizeBytes);
    if (number === numbers.at(-1)) lengthBytes = end.lengthBytes;
    const sequence = end.sequence ?? after;
    if (sequence !== undefined) return { lengthBytes, sequence };
  }
  return { lengthBytes, sequence: 0 };
}

async function lastLines(path: string, sizeBytes: number): Promise<{ lengthBytes: number; sequence?: number }> {
  const fromBytes = Math.max(0, sizeBytes - SEEK_BYTES);
  let sequence: number | undefined;
  const { wholeBytes } = await scanBlocks(path, { fromBytes, toBytes: sizeBytes }, (block) => {
    const last = sequenceAt(block, block.lastIndexOf(NEWLINE, block.length - 2) + 1);
    sequence = last ?? sequence;
    return true;
  });
  return { lengthBytes: wholeBytes, ...(sequence === undefined ? {} : { sequence }) };
}
