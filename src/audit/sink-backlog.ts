// How far the sink is behind: the bytes between what it has taken and the marks, and when the oldest record of them was.

import { open, stat } from 'node:fs/promises';
import type { AuditMark } from '../core/audit-port.ts';
import { LineReader } from './lines.ts';
import { timeAt } from './parse.ts';
import { eachLine } from './scan.ts';
import { listSegments, segmentPath } from './segment.ts';
import { streamDirectory } from './stream.ts';

/** Up to where a stream was taken. */
export interface SinkPlace {
  /** The number of the segment. */
  readonly number: number;
  readonly atBytes: number;
  /** The last record that was taken. */
  readonly sequence: number;
}

export class Backlog {
  readonly #directory: string;
  #last: { readonly bytes: number; readonly oldestTime?: number } = { bytes: 0 };

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** As of the last look. */
  get last(): { readonly bytes: number; readonly oldestTime?: number } {
    return this.#last;
  }

  /** Rejects with the error of the file system. */
  async look(marks: readonly AuditMark[], places: ReadonlyMap<string, SinkPlace>): Promise<void> {
    let bytes = 0;
    let oldestTime = Infinity;
    for (const mark of marks) {
      const behind = await this.#behind(mark, places.get(mark.stream) ?? { number: 0, atBytes: 0, sequence: 0 });
      bytes += behind.bytes;
      if (behind.bytes > 0) oldestTime = Math.min(oldestTime, behind.oldestTime);
    }
    this.#last = { bytes, ...(oldestTime === Infinity ? {} : { oldestTime }) };
  }

  async #behind(mark: AuditMark, place: SinkPlace): Promise<{ readonly bytes: number; readonly oldestTime: number }> {
    const directory = streamDirectory(this.#directory, mark.stream);
    const last = Number(mark.segment);
    let bytes = 0;
    let oldestTime = Infinity;
    if (place.number === last) {
      bytes = Math.max(0, mark.lengthBytes - place.atBytes);
      if (bytes > 0) oldestTime = await firstTime(segmentPath(directory, last), place.atBytes, mark.lengthBytes);
      return { bytes, oldestTime };
    }
    for (const number of await listSegments(directory)) {
      if (number < place.number || number > last) continue;
      const path = segmentPath(directory, number);
      const sizeBytes = number === last ? mark.lengthBytes : (await stat(path)).size;
      const fromBytes = number === place.number ? place.atBytes : 0;
      bytes += sizeBytes - fromBytes;
      if (oldestTime === Infinity) oldestTime = await firstTime(path, fromBytes, sizeBytes);
    }
    return { bytes, oldestTime };
  }
}

/** The time of the first record behind a place; Infinity where there is none. */
async function firstTime(path: string, fromBytes: number, toBytes: number): Promise<number> {
  const file = await open(path, 'r');
  try {
    let time = Infinity;
    const block = await new LineReader().forward(file, fromBytes, toBytes);
    eachLine(block, (start) => {
      time = timeAt(block, start) ?? time;
      return time === Infinity;
    });
    return time;
  } finally {
    await file.close();
  }
}
