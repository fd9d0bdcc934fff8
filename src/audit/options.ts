// What a log is opened with.

import type { Clock, Maybe, Store } from '../core/ports.ts';
import type { Mac, Position } from './mark.ts';

export type AuditStore = Pick<Store, 'pendingAudit' | 'settleAudit' | 'auditMarks' | 'anchorAudit' | 'auditAnchors'>;

/** Whether a record is on the disk before it counts as written, or soon after. */
export type AuditSync = 'interval' | 'always';

export interface AuditOptions {
  /** Holds the streams and nothing else: `audit` in the data directory. Made, private, where it is not there. */
  readonly directory: string;
  /** Which of them this log writes; it reads all. `main` copies the records of changes, no other does. */
  readonly stream: string;
  readonly store: AuditStore;
  /** Keyed by the root key. */
  readonly mac: Mac;
  readonly clock: Clock;
  /** Whether a record is on the disk before `append` resolves, or within 100 ms. */
  readonly sync: AuditSync;
  readonly segmentBytesMax?: number;
  /** How far the other live streams have been written, for `verify`; absent: only their marks are known. */
  readonly ends?: () => Maybe<readonly Position[]>;
  /** Brings what other servers on the same store have written into the directory; absent: there are none. */
  readonly refresh?: () => Maybe<void>;
  /** The last record of each stream that the sink has; absent: there is no sink, and pruning waits for none. */
  readonly delivered?: () => Maybe<ReadonlyMap<string, number>>;
  /** Told once of each new failure; the log goes on trying. */
  readonly onFailure?: (error: Error) => void;
}
