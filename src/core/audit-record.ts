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

/** A record in its place in the chain. */
export interface ChainedRecord extends AuditRecord {
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
  /** Only records after this sequence number. */
  readonly after?: number;
  readonly limit: number;
}

export interface AuditPage {
  /** In the order of the chain. */
  readonly records: readonly ChainedRecord[];
  /** The sequence to pass as `after` for what follows; absent at the end. */
  readonly next?: number;
}

export interface AuditVerdict {
  readonly ok: boolean;
  /** Records that hold together, from the beginning. */
  readonly records: number;
  readonly firstBad?: { readonly segment: string; readonly sequence: number; readonly problem: string };
}
