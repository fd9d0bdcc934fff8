// One stream against what is known of it: its chain, the anchor where it begins, the mark that the store keeps, and how
// far its own thread says that it has written.

import type { AuditAnchor, AuditMark } from '../core/audit-port.ts';
import type { AuditVerdict } from '../core/audit-record.ts';
import { Chain, chainStart, type Walk, walk } from './chain.ts';
import { anchorHolds, type Mac, markHolds, type Position } from './mark.ts';
import { firstLine } from './scan.ts';
import { passAbsent, segmentName, segmentPath } from './segment.ts';
import { isStream, streamDirectory } from './stream.ts';

const ANEW = 'the log was written anew up to here: its hash is not the one that the server kept';

export interface StreamOptions {
  readonly stream: string;
  readonly root: string;
  /** The segments that were there before any end was read. */
  readonly numbers: readonly number[];
  readonly mark: AuditMark | undefined;
  readonly anchor: AuditAnchor | undefined;
  readonly mac: Mac;
  /** Of the stream that this thread writes: where it ends. */
  readonly end?: Position;
  /** A mark of it that was kept before `mark` was read. */
  readonly kept?: Position | undefined;
  /** Of a stream that another thread writes: how far it was written at the least. */
  readonly atLeast?: Position | undefined;
}

type StreamVerdict = Omit<AuditVerdict, 'ok'>;

/** A place that the chain must come by, and what it means where it does not. */
interface Waypoint {
  readonly position: Position;
  readonly cut: string;
  passed: boolean;
}

/** The verdict. Rejects with the error of the file system where a segment cannot be read. */
export async function verifyStream(options: StreamOptions): Promise<StreamVerdict> {
  return new StreamCheck(options).run();
}

class StreamCheck {
  readonly #options: StreamOptions;
  readonly #directory: string;
  readonly #anchor: AuditAnchor | undefined;
  readonly #mark: AuditMark | undefined;
  readonly #waypoints: Waypoint[];
  readonly #chain: Chain;

  constructor(options: StreamOptions) {
    const { stream, root, anchor, mark, mac, end, atLeast } = options;
    this.#options = options;
    this.#directory = isStream(stream) ? streamDirectory(root, stream) : '';
    this.#anchor = anchor !== undefined && anchorHolds(anchor, mac) ? anchor : undefined;
    this.#mark = mark !== undefined && markHolds(mark, mac) ? mark : undefined;
    const { sequence = 0, head } = this.#anchor ?? {};
    const start = chainStart(stream);
    this.#chain = new Chain({ ...start, sequence, head: head ?? start.head }, 'named');
    const written = end ?? atLeast;
    this.#waypoints = [
      ...(this.#mark === undefined ? [] : [waypoint(this.#mark, (at) => `the store knows of record ${at}`)]),
      ...(written === undefined ? [] : [waypoint(written, (at) => `the server has written up to record ${at}`)]),
    ];
  }

  async run(): Promise<StreamVerdict> {
    const { numbers, end, anchor } = this.#options;
    if (this.#directory === '') return this.#bad('', 'the store has a mark of a stream that cannot be');
    if (anchor !== undefined && this.#anchor === undefined) {
      return this.#bad(anchor.segment, 'the anchor in the store was forged: its MAC does not match', anchor.sequence);
    }
    const first = Number(this.#anchor?.segment ?? 1);
    const last = this.#last(numbers);
    for (let number = first; number <= last; number += 1) {
      const segment = segmentName(number);
      // Not by the list: a segment may have been begun since that was made.
      const walked = await this.#walk(number);
      if (walked === undefined) return this.#bad(segment, `segment ${segment} is missing`);
      const problem = walked.problem ?? this.#cut(walked, number, last);
      if (problem !== undefined) return this.#badHere(segment, problem);
    }
    if (end !== undefined && this.#chain.head !== end.head) return this.#bad(end.segment, ANEW, end.sequence);
    const stranger = await this.#stranger(last);
    if (stranger !== undefined) return this.#bad(stranger, `segment ${stranger} was not written by this server`);
    const problem = this.#markProblem();
    const { mark } = this.#options;
    if (problem !== undefined) return this.#bad(mark?.segment ?? segmentName(last), problem, mark?.sequence);
    return { records: this.#chain.records, pruned: this.#anchor?.sequence ?? 0 };
  }

  /** The last segment that there must be. */
  #last(numbers: readonly number[]): number {
    const { end } = this.#options;
    if (end !== undefined) return Number(end.segment);
    const known = this.#waypoints.map(({ position }) => Number(position.segment));
    return Math.max(numbers.at(-1) ?? 0, ...known);
  }

  /** Undefined where the file went away meanwhile. */
  async #walk(number: number): Promise<Walk | undefined> {
    const { end } = this.#options;
    const segment = segmentName(number);
    const range = segment === end?.segment ? { fromBytes: 0, toBytes: end.lengthBytes } : { fromBytes: 0 };
    const due = this.#waypoints.filter(({ position }) => position.segment === segment);
    try {
      return await walk(segmentPath(this.#directory, number), range, this.#chain, segment, (_line, endBytes) => {
        for (const each of due) {
          if (each.passed || endBytes < each.position.lengthBytes) continue;
          each.passed = this.#isAt(each.position, endBytes);
          if (!each.passed) return ANEW;
        }
        return undefined;
      });
    } catch (error) {
      return passAbsent(error);
    }
  }

  #isAt({ lengthBytes, head, sequence }: Position, endBytes: number): boolean {
    return endBytes === lengthBytes && this.#chain.head === head && this.#chain.sequence === sequence;
  }

  /** Why a segment ends too early. */
  #cut({ heldBytes, scan }: Walk, number: number, last: number): string | undefined {
    const segment = segmentName(number);
    // What the server itself has written says most.
    const missed = this.#waypoints.findLast(({ position }) => {
      return position.segment === segment && heldBytes < position.lengthBytes;
    });
    if (missed !== undefined) return `the end of segment ${segment} was cut: ${missed.cut}`;
    // The last line may be one that is being written, or one that a crash cut short.
    return scan.tornBytes > 0 && number !== last ? `segment ${segment} ends in the middle of a line` : undefined;
  }

  /** A segment behind the end of the stream that this thread writes. */
  async #stranger(last: number): Promise<string | undefined> {
    const first = Number(this.#anchor?.segment ?? 1);
    const beyond = this.#options.numbers.filter(
      (number) => number > last || (number < first && this.#anchor === undefined),
    );
    for (const number of beyond) {
      // A segment that was begun and given up again may have left an empty file.
      const line = await firstLine(segmentPath(this.#directory, number)).catch(() => undefined);
      if (line !== undefined) return segmentName(number);
    }
    return undefined;
  }

  #markProblem(): string | undefined {
    const { mark, kept, end } = this.#options;
    if (mark === undefined) return 'the store holds no mark of this log: it was removed';
    if (this.#mark === undefined) return 'the mark in the store was forged: its MAC does not match';
    if (kept !== undefined && mark.sequence < kept.sequence) {
      return `the store was set back: its mark names record ${mark.sequence}, and had named ${kept.sequence}`;
    }
    const isBehind = mark.sequence > (end?.sequence ?? this.#chain.sequence);
    return isBehind ? `the store knows of record ${mark.sequence}, which is missing` : undefined;
  }

  #badHere(segment: string, problem: string): StreamVerdict {
    return this.#bad(segment, problem, problem === ANEW ? this.#chain.sequence : undefined);
  }

  #bad(segment: string, problem: string, sequence: number = this.#chain.sequence + 1): StreamVerdict {
    const { stream } = this.#options;
    return {
      records: this.#chain.records,
      pruned: this.#anchor?.sequence ?? 0,
      firstBad: { stream, segment, sequence, problem },
    };
  }
}

function waypoint(position: Position, cut: (sequence: number) => string): Waypoint {
  return { position, cut: cut(position.sequence), passed: false };
}
