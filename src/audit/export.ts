// Hands out the log as it is, in parts of bounded size, stream by stream and segment by segment: whoever puts them side
// by side has files whose chain holds. It ends where the asking began, or its own records would never let it.

import { open } from 'node:fs/promises';
import type { AuditExport, AuditPart } from '../core/audit-record.ts';
import { AUDIT_PART_BYTES_MAX } from '../core/limits.ts';
import { decode, strange } from './cursor.ts';
import { BLOCK_BYTES_MAX, LineReader } from './lines.ts';
import type { Position } from './mark.ts';
import { timeAt } from './parse.ts';
import { eachLine } from './scan.ts';
import { listSegments, passAbsent, segmentName, segmentPath } from './segment.ts';
import { listStreams, streamDirectory } from './stream.ts';

const NEWLINE = 10;
const FORM = /^(\d{0,16})\|([a-z0-9:,]*)$/;
const PLACE = /^([a-z][a-z0-9]{0,15}):(\d{1,8}):(\d{1,15})$/;

/** How far a stream was handed out. */
interface Place {
  readonly number: number;
  readonly atBytes: number;
}

interface Cursor {
  readonly until: number | undefined;
  readonly places: Map<string, Place>;
}

interface Lines extends Place {
  readonly text: string;
}

/** The next part. `end` is where this thread's own stream ends. Rejects with INVALID_FIELD or the file system's error. */
export async function exportPart(
  root: string,
  { after, until: asked }: AuditExport,
  end: Position,
  now: number,
): Promise<AuditPart> {
  const { until: given, places } = after === undefined ? { until: undefined, places: new Map() } : parse(after);
  const until = Math.floor(given ?? asked ?? now);
  for (const stream of await listStreams(root)) {
    const lines = await linesOf(root, stream, places.get(stream), until, end);
    if (lines === undefined) continue;
    const { number, atBytes, text } = lines;
    places.set(stream, { number, atBytes: atBytes + text.length });
    const part = { stream, segment: segmentName(number), offsetBytes: atBytes, lines: text };
    return { part, next: format({ until, places }), tail: format({ until: undefined, places }) };
  }
  return { tail: format({ until: undefined, places }) };
}

async function linesOf(
  root: string,
  stream: string,
  place: Place | undefined,
  until: number,
  end: Position,
): Promise<Lines | undefined> {
  const directory = streamDirectory(root, stream);
  const numbers = await listSegments(directory);
  const last = stream === end.stream ? Number(end.segment) : numbers.at(-1);
  for (const number of numbers) {
    if (number < (place?.number ?? 0) || number > (last ?? 0)) continue;
    const atBytes = number === place?.number ? place.atBytes : 0;
    const toBytes = stream === end.stream && number === last ? end.lengthBytes : undefined;
    // One that was pruned meanwhile is passed over.
    const read = await readLines(segmentPath(directory, number), atBytes, toBytes, until).catch(passAbsent);
    const { text, stopped } = read ?? { text: '', stopped: false };
    if (text !== '') return { number, atBytes, text };
    if (stopped) return undefined;
  }
  return undefined;
}

/** Whole lines up to the first record that is not before `until`, or to the size of a part. */
async function readLines(
  path: string,
  fromBytes: number,
  toBytes: number | undefined,
  until: number,
): Promise<{ readonly text: string; readonly stopped: boolean }> {
  const file = await open(path, 'r');
  try {
    const lengthBytes = toBytes ?? (await file.stat()).size;
    await checkPlace(file, fromBytes, lengthBytes);
    const lines = new LineReader();
    let text = '';
    let stopped = false;
    while (!stopped && text.length + BLOCK_BYTES_MAX <= AUDIT_PART_BYTES_MAX) {
      const block = await lines.forward(file, fromBytes + text.length, lengthBytes);
      if (block.length === 0) break;
      let whole = 0;
      stopped = !eachLine(block, (start, stop) => {
        if ((timeAt(block, start) ?? -Infinity) >= until) return false;
        whole = stop + 1;
        return true;
      });
      text += block.toString('latin1', 0, whole);
    }
    return { text, stopped };
  } finally {
    await file.close();
  }
}

/** A place that somebody made up would cut a line in two. */
async function checkPlace(
  file: { read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }> },
  fromBytes: number,
  lengthBytes: number,
): Promise<void> {
  if (fromBytes === 0) return;
  const before = Buffer.alloc(1);
  if (fromBytes <= lengthBytes) await file.read(before, 0, 1, fromBytes - 1);
  if (before[0] !== NEWLINE) throw strange();
}

function parse(text: string): Cursor {
  const [, until, list = ''] = FORM.exec(decode(text)) ?? [];
  if (until === undefined) throw strange();
  const places = new Map<string, Place>();
  for (const each of list === '' ? [] : list.split(',')) {
    const [, stream, number, atBytes] = PLACE.exec(each) ?? [];
    if (stream === undefined) throw strange();
    places.set(stream, { number: Number(number), atBytes: Number(atBytes) });
  }
  return { until: until === '' ? undefined : Number(until), places };
}

function format({ until, places }: Cursor): string {
  const list = [...places].map(([stream, { number, atBytes }]) => `${stream}:${number}:${atBytes}`);
  return Buffer.from(`${until ?? ''}|${list.join(',')}`, 'latin1').toString('base64url');
}
