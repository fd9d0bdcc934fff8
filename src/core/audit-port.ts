// The ledger as the rest of the program sees it, and what the store keeps of it.

import type {
  AuditExport,
  AuditPage,
  AuditPart,
  AuditPruned,
  AuditQuery,
  AuditRecord,
  AuditVerdict,
} from './audit-record.ts';
import type { Maybe } from './ports.ts';

/** How far the segments of one stream are known to reach: what `verify` holds a cut tail against. */
export interface AuditMark {
  readonly stream: string;
  readonly segment: string;
  readonly sequence: number;
  readonly lengthBytes: number;
  readonly head: string;
  /** The other streams that the store knew of then, ascending, so that none can go without a trace. */
  readonly streams: readonly string[];
  /** Keyed by the root key, over all of the above. */
  readonly mac: string;
}

/** Where a stream begins since its older segments were pruned. */
export interface AuditAnchor {
  readonly stream: string;
  /** The first segment that was kept. */
  readonly segment: string;
  /** The last record before it. */
  readonly sequence: number;
  /** The hash of the last line before it. */
  readonly head: string;
  /** Keyed by the root key, over all of the above. */
  readonly mac: string;
}

/** A stretch of one segment, as servers that share a store give it to each other. */
export interface SharedPart {
  readonly stream: string;
  readonly segment: string;
  readonly atBytes: number;
  readonly lengthBytes: number;
  /** Compressed. */
  readonly packed: Uint8Array;
}

/** A store that keeps the audit logs of several servers. */
export interface SharedAudit {
  /** As `settleAudit`; the parts are there exactly when the mark is. */
  shareAudit(ids: readonly string[], mark: AuditMark | undefined, parts: readonly SharedPart[]): Promise<void>;
  /** The next parts of a stream that reach behind so many bytes of a segment, in their order. */
  sharedAudit(
    stream: string,
    behind: { readonly segment: string; readonly atBytes: number },
    limit: number,
  ): Promise<readonly SharedPart[]>;
}

export interface Audit {
  /** Returns once the kernel has the record, or the disk; throws AUDIT_UNAVAILABLE where it cannot be written. */
  append(record: AuditRecord): Maybe<void>;
  /** Copies the record of a committed change; the store forgets its row once the copy is fsynced. */
  copy(record: AuditRecord): void;
  /** Throws INVALID_FIELD for an `after` that no page gave. */
  query(query: AuditQuery): Maybe<AuditPage>;
  verify(): Maybe<AuditVerdict>;
  /** The next lines of the log as they are, at most 2 MiB; throws INVALID_FIELD for an `after` that no part gave. */
  export(request: AuditExport): Maybe<AuditPart>;
  /** Removes whole sealed segments in which everything is older than `before`, in milliseconds since 1970. */
  prune(before: number): Maybe<AuditPruned>;
}
