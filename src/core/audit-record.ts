// One line of the ledger: who asked for what, by which door, and what the answer was. It never holds a payload.

import type { FaultCode } from './error.ts';

export type Outcome = 'allowed' | 'denied' | 'failed';

export interface AuditRecord {
  /** Random; the same record read from the store and from a segment is known by it. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The operation's name in the table of `ops`. */
  readonly operation: string;
  readonly outcome: Outcome;
  /** Why it was denied or failed. */
  readonly code?: FaultCode;
  /** IAM member, or `anonymous`. */
  readonly principal: string;
  readonly credential?: string;
  /** `projects/ID/secrets/NAME` as stored where it exists, as asked for where it does not. */
  readonly resource: string;
  readonly version?: number;
  readonly dialect: string;
  readonly peer: string;
  readonly requestId: string;
  readonly userAgent?: string;
  /** Facts that the operation chose to keep: roles and members of a policy change, the account of a token. */
  readonly details?: Readonly<Record<string, string | number>>;
}

/** A record in its place in the chain of its stream. */
export interface ChainedRecord extends AuditRecord {
  /** Which thread's log has it. */
  readonly stream: string;
  /** 0 for a change that was committed and is not in the log yet. */
  readonly sequence: number;
}

export interface AuditQuery {
  /** Inclusive, milliseconds since 1970. */
  readonly since?: number;
  /** Exclusive. */
  readonly until?: number;
  readonly principal?: string;
  /** A prefix that ends at a `/` or at the end of the resource. */
  readonly resource?: string;
  readonly operation?: string;
  readonly outcome?: Outcome;
  /** What a page gave as `next` or `tail`: only what follows it. */
  readonly after?: string;
  /** The last records that match in place of the first; `next` then leads further back. */
  readonly newest?: true;
  readonly limit: number;
}

export interface AuditPage {
  /** The streams merged by time, each in the order of its chain. */
  readonly records: readonly ChainedRecord[];
  /** What to pass as `after` for what follows; absent at the end. */
  readonly next?: string;
  /** What to pass as `after` for what is written later. */
  readonly tail: string;
}

export interface AuditVerdict {
  readonly ok: boolean;
  /** Records that hold together, from the beginning or from where the log was pruned, all streams together. */
  readonly records: number;
  /** Records that were pruned before them, as the server's anchors say. */
  readonly pruned: number;
  readonly firstBad?: {
    readonly stream: string;
    readonly segment: string;
    readonly sequence: number;
    readonly problem: string;
  };
}

export interface AuditExport {
  /** What a part gave as `next` or `tail`. */
  readonly after?: string;
  /** The moment before which to stop, milliseconds since 1970; absent: now. */
  readonly until?: number;
}

/** Some lines of one segment as they are. */
export interface AuditPart {
  /** Absent where there is nothing more. */
  readonly part?: {
    readonly stream: string;
    readonly segment: string;
    /** Where in the segment they stand. */
    readonly offsetBytes: number;
    readonly lines: string;
  };
  /** What to pass as `after` for the next part; absent at the end. */
  readonly next?: string;
  /** What to pass as `after` for what is written later. */
  readonly tail: string;
}

/** What a pruning took from one stream. */
export interface PrunedStream {
  readonly stream: string;
  readonly segments: number;
  /** The last record that is gone. */
  readonly through: number;
}

export interface AuditPruned {
  readonly streams: readonly PrunedStream[];
  /** Segments that are old enough and stay until the sink has them. */
  readonly waiting: number;
}
