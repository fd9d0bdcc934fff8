// Reads a part of a segment as blocks of whole lines: one bounded buffer, one read at a time, the event loop free in
// between. What is not a whole line at the end is counted, not shown.

import { open } from 'node:fs/promises';
import { LINE_BYTES_MAX } from './line.ts';

const READ_BYTES = 256 * 1024;
const FIRST_LINE_BYTES_MAX = 64 * 1024;
const NEWLINE = 10;

export interface Range {
  readonly fromBytes: number;
  /** Absent: to the end of the file as it is now. */
  readonly toBytes?: number;
}

export interface ScanEnd {
  /** Where the last whole line ends. */
  readonly wholeBytes: number;
  /** What follows it without a newline; more than LINE_BYTES_MAX where that cannot be a line of ours. */
  readonly tornBytes: number;
  readonly sizeBytes: number;
}

/**
 * Calls `visit` with each block of whole lines and its place in the file, until it answers false. The block is only
 * lent: the next read overwrites it. Rejects with the error of the file system.
 */
export async function scanBlocks(
  path: string,
  range: Range,
  visit: (block: Buffer, offsetBytes: number) => boolean,
): Promise<ScanEnd> {
  const file = await open(path, 'r');
  try {
    const sizeBytes = (await file.stat()).size;
    const toBytes = Math.min(range.toBytes ?? sizeBytes, sizeBytes);
    let at = range.fromBytes;
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(READ_BYTES + LINE_BYTES_MAX, toBytes - at)));
    let held = 0;
    while (at + held < toBytes && held <= LINE_BYTES_MAX) {
      const wanted = Math.min(READ_BYTES, toBytes - at - held, buffer.length - held);
      const { bytesRead } = await file.read(buffer, held, wanted, at + held);
      if (bytesRead === 0) break;
      held += bytesRead;
      const whole = buffer.lastIndexOf(NEWLINE, held - 1) + 1;
      if (whole === 0) continue;
      const goOn = visit(buffer.subarray(0, whole), at);
      buffer.copyWithin(0, whole, held);
      at += whole;
      held -= whole;
      if (!goOn) break;
    }
    return { wholeBytes: at, tornBytes: held, sizeBytes };
  } finally {
    await file.close();
  }
}

/** Calls `visit` with the bounds of each line, newline left out, until it answers false; answers whether it never did. */
export function eachLine(block: Buffer, visit: (start: number, end: number) => boolean): boolean {
  for (let start = 0; start < block.length; ) {
    const end = block.indexOf(NEWLINE, start);
    if (!visit(start, end)) return false;
    start = end + 1;
  }
  return true;
}

/** The first line of a segment, undefined where it has none. */
export async function firstLine(path: string): Promise<string | undefined> {
  let line: string | undefined;
  await scanBlocks(path, { fromBytes: 0, toBytes: FIRST_LINE_BYTES_MAX }, (block) => {
    line = block.toString('latin1', 0, block.indexOf(NEWLINE));
    return false;
  });
  return line;
}
