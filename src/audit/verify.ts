// Walks the whole log from its first line and names the first record that does not hold: edited, removed, inserted or
// moved, a segment that is missing, a tail cut behind what the store knows, a chain computed anew, a forged mark.

import type { AuditVerdict } from '../core/audit-record.ts';
import type { AuditMark } from '../core/ports.ts';
import { CHAIN_START, Chain, type Walk, walk } from './chain.ts';
import { type Mac, markHolds, type Position } from './mark.ts';
import { firstLine } from './scan.ts';
import { segmentName, segmentPath } from './segment.ts';

const ANEW = 'the log was written anew up to here: its hash is not the one that the server kept';

export interface VerifyOptions {
  readonly directory: string;
  /** The segments that were there before `end` was read. */
  readonly numbers: readonly number[];
  /** How far this server has written. */
  readonly end: Position;
  readonly mark: AuditMark | undefined;
  /** A mark that this server had kept before `mark` was read. */
  readonly kept: Position | undefined;
  readonly mac: Mac;
}

/** The verdict. Rejects with the error of the file system where a segment cannot be read. */
export async function verifyLog(options: VerifyOptions): Promise<AuditVerdict> {
  const { numbers, end } = options;
  const chain = new Chain(CHAIN_START, 'named');
  const bad = (segment: string, problem: string, sequence: number = chain.sequence + 1): AuditVerdict => ({
    ok: false,
    records: chain.records,
    firstBad: { segment, sequence, problem },
  });
  const mark = options.mark !== undefined && markHolds(options.mark, options.mac) ? options.mark : undefined;
  const last = Number(end.segment);
  for (let number = 1; number <= last; number += 1) {
    const segment = segmentName(number);
    if (!numbers.includes(number)) return bad(segment, `segment ${segment} is missing`);
    const walked = await walkSegment(options, chain, segment, mark);
    if (walked === undefined) return bad(segment, `segment ${segment} is missing`);
    const problem = walked.problem ?? cut(walked, segment, options, mark);
    if (problem !== undefined) return bad(segment, problem, problem === ANEW ? chain.sequence : chain.sequence + 1);
  }
  if (chain.head !== end.head) return bad(end.segment, ANEW, end.sequence);
  for (const number of numbers.filter((each) => each < 1 || each > last)) {
    // A segment that was begun and given up again may have left an empty file.
    if ((await firstLine(segmentPath(options.directory, number))) === undefined) continue;
    return bad(segmentName(number), `segment ${segmentName(number)} was not written by this server`);
  }
  const problem = markProblem(options, mark);
  if (problem !== undefined) return bad(options.mark?.segment ?? end.segment, problem, options.mark?.sequence);
  return { ok: true, records: chain.records };
}

/** Undefined where the file went away meanwhile. */
async function walkSegment(
  { directory, end }: VerifyOptions,
  chain: Chain,
  segment: string,
  mark: AuditMark | undefined,
): Promise<Walk | undefined> {
  const range = segment === end.segment ? { fromBytes: 0, toBytes: end.lengthBytes } : { fromBytes: 0 };
  const marked = mark?.segment === segment ? mark : undefined;
  const path = segmentPath(directory, Number(segment));
  let agreed = false;
  try {
    return await walk(path, range, chain, segment, (_line, endBytes) => {
      if (marked === undefined || agreed || endBytes < marked.lengthBytes) return undefined;
      agreed = endBytes === marked.lengthBytes && chain.head === marked.head && chain.sequence === marked.sequence;
      return agreed ? undefined : ANEW;
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Why a segment ends too early. */
function cut({ heldBytes, scan }: Walk, segment: string, { end }: VerifyOptions, mark?: AuditMark): string | undefined {
  if (segment === end.segment && heldBytes < end.lengthBytes) {
    return `the end of the log was cut: the server has written up to record ${end.sequence}`;
  }
  if (segment === mark?.segment && heldBytes < mark.lengthBytes) {
    return `the end of segment ${segment} was cut: the store knows of record ${mark.sequence}`;
  }
  return scan.tornBytes > 0 && segment !== end.segment ? `segment ${segment} ends in the middle of a line` : undefined;
}

function markProblem({ mark, kept, end }: VerifyOptions, honest: AuditMark | undefined): string | undefined {
  if (mark === undefined) return 'the store holds no mark of this log: it was removed';
  if (honest === undefined) return 'the mark in the store was forged: its MAC does not match';
  if (kept !== undefined && mark.sequence < kept.sequence) {
    return `the store was set back: its mark names record ${mark.sequence}, and had named ${kept.sequence}`;
  }
  if (mark.sequence > end.sequence) return `the store knows of record ${mark.sequence}, which is missing`;
  return undefined;
}
