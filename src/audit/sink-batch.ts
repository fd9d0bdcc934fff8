// The next lines of a stream for the sink: whole lines of one segment, up to the mark, each with the name of its stream,
// so that they can be told apart where they come together. Without that member a line is the one that was hashed.

import { open } from 'node:fs/promises';
import type { AuditMark } from '../core/audit-port.ts';
import { LineReader } from './lines.ts';
import { parseHeader, sequenceAt } from './parse.ts';
import { eachLine, firstLine } from './scan.ts';
import { listSegments, segmentPath } from './segment.ts';
import type { SinkPlace } from './sink-backlog.ts';
import { MAIN, streamDirectory } from './stream.ts';

/** What one POST carries at most. */
const BATCH_BYTES_MAX: number = 1024 * 1024;
const HEADER_START = '{"segment":';

export interface SinkBatch {
  readonly lines: Buffer;
  /** Where the stream goes on once they were taken. */
  readonly end: SinkPlace;
  /** The record after which it goes on, where some before it are gone and the sink has not got them. */
  readonly skippedTo?: number;
}

/** Undefined where the sink has all that the mark covers. Rejects with the error of the file system. */
export async function nextBatch(
  root: string,
  mark: AuditMark,
  place: SinkPlace | undefined,
): Promise<SinkBatch | undefined> {
  const directory = streamDirectory(root, mark.stream);
  const last = Number(mark.segment);
  let { number, atBytes, sequence } = place ?? { number: 0, atBytes: 0, sequence: 0 };
  const numbers = (await listSegments(directory)).filter((each) => each >= number && each <= last);
  const skippedTo = await gapBefore(directory, numbers[0], place);
  for (const each of numbers) {
    if (each !== number) atBytes = 0;
    number = each;
    const lines = await readLines(
      directory,
      number,
      atBytes,
      number === last ? mark.lengthBytes : undefined,
      mark.stream,
    );
    if (lines === undefined) continue;
    sequence = lines.sequence ?? sequence;
    const end = { number, atBytes: atBytes + lines.readBytes, sequence };
    return { lines: lines.bytes, end, ...(skippedTo === undefined ? {} : { skippedTo }) };
  }
  return undefined;
}

/** The last record that is gone though the sink has not got it. */
async function gapBefore(
  directory: string,
  first: number | undefined,
  place: SinkPlace | undefined,
): Promise<number | undefined> {
  if (first === undefined || place === undefined || first === place.number) return undefined;
  const after = parseHeader((await firstLine(segmentPath(directory, first))) ?? '')?.after ?? 0;
  return after > place.sequence ? after : undefined;
}

interface Lines {
  readonly bytes: Buffer;
  readonly readBytes: number;
  readonly sequence: number | undefined;
}

async function readLines(
  directory: string,
  number: number,
  fromBytes: number,
  toBytes: number | undefined,
  stream: string,
): Promise<Lines | undefined> {
  const file = await open(segmentPath(directory, number), 'r');
  const reader = new LineReader();
  const parts: Buffer[] = [];
  let size = 0;
  let readBytes = 0;
  let sequence: number | undefined;
  const tag = `{"stream":"${stream}",`;
  try {
    const end = toBytes ?? (await file.stat()).size;
    while (size < BATCH_BYTES_MAX) {
      const block = await reader.forward(file, fromBytes + readBytes, end);
      if (block.length === 0) break;
      let text = '';
      let taken = 0;
      eachLine(block, (start, stop) => {
        const line = block.toString('latin1', start, stop + 1);
        // The first line of a segment names its stream itself, but for the first stream there was.
        const isTagged = stream !== MAIN && line.startsWith(HEADER_START);
        const added = isTagged ? line : tag + line.slice(1);
        if (size + text.length + added.length > BATCH_BYTES_MAX && size + text.length > 0) return false;
        text += added;
        taken = stop + 1;
        sequence = sequenceAt(block, start) ?? sequence;
        return true;
      });
      parts.push(Buffer.from(text, 'latin1'));
      size += text.length;
      readBytes += taken;
      if (taken < block.length) break;
    }
  } finally {
    await file.close();
  }
  return readBytes === 0 ? undefined : { bytes: Buffer.concat(parts), readBytes, sequence };
}
