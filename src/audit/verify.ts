// Walks every stream from its first line, or from where it was pruned, and names the first record that does not hold:
// edited, removed, inserted or moved, a segment or a whole stream that is missing, a tail cut behind what the store
// knows, a chain computed anew, a forged mark or anchor.

import type { AuditAnchor, AuditMark } from '../core/audit-port.ts';
import type { AuditVerdict } from '../core/audit-record.ts';
import { type Mac, markHolds, type Position } from './mark.ts';
import { listSegments } from './segment.ts';
import { listStreams, streamDirectory } from './stream.ts';
import { verifyStream } from './verify-stream.ts';

export interface VerifyOptions {
  /** Holds the streams. */
  readonly directory: string;
  /** What the store holds, read before any end is. */
  readonly marks: readonly AuditMark[];
  readonly anchors: readonly AuditAnchor[];
  /** A mark that this log had kept before the marks were read. */
  readonly kept: Position | undefined;
  /** How far the other live streams were written, read before the files are. */
  readonly others: readonly Position[];
  readonly mac: Mac;
  /** How far this log has written its own stream, once all that waited is in it. */
  end(): Promise<Position>;
}

/** The verdict. Rejects with the error of the file system where a segment cannot be read. */
export async function verifyStreams(options: VerifyOptions): Promise<AuditVerdict> {
  const { directory, marks, anchors, kept, others, mac } = options;
  const found = await listStreams(directory);
  const numbers = new Map<string, number[]>();
  for (const stream of found) numbers.set(stream, await listSegments(streamDirectory(directory, stream)));
  const end = await options.end();
  const honest = marks.filter((mark) => markHolds(mark, mac));
  // Whoever removes a stream and its mark has every other mark against him.
  const streams = [
    ...new Set([...found, ...marks.map(({ stream }) => stream), ...honest.flatMap((mark) => mark.streams)]),
  ];
  let records = 0;
  let pruned = 0;
  for (const stream of streams.sort()) {
    const isOwn = stream === end.stream;
    const verdict = await verifyStream({
      stream,
      root: directory,
      numbers: numbers.get(stream) ?? [],
      mark: marks.find((mark) => mark.stream === stream),
      anchor: anchors.find((anchor) => anchor.stream === stream),
      mac,
      ...(isOwn ? { end, kept } : { atLeast: others.find((each) => each.stream === stream) }),
    });
    records += verdict.records;
    pruned += verdict.pruned;
    if (verdict.firstBad !== undefined) return { ok: false, records, pruned, firstBad: verdict.firstBad };
  }
  return { ok: true, records, pruned };
}
