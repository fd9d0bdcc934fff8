// Changes that are committed while their records are not in the log yet: the row in the store is the record until then.
// A row also rests in the store for a moment after it was copied, so those that the log has are left out.

import type { AuditMark } from '../core/audit-port.ts';
import type { AuditQuery, ChainedRecord } from '../core/audit-record.ts';
import type { Store } from '../core/ports.ts';
import { shownKey } from './cursor.ts';
import { matches } from './filter.ts';
import { parseRecord } from './parse.ts';
import type { StreamPart } from './reader.ts';
import { eachLine, scanBlocks } from './scan.ts';
import { segmentPath } from './segment.ts';

/** Rows that a query looks at; more than this only pile up while the disk refuses the log. */
const ROWS_MAX = 1000;
/** How far behind its mark the log is searched for them: some seconds of changes. */
const SEARCH_BYTES_MAX: number = 32 * 1024 * 1024;

export interface Pending {
  /** Those that match and were not shown before. */
  readonly records: readonly ChainedRecord[];
  /** What `shownKey` says of each row, where any was shown before. */
  readonly keys: ReadonlySet<string>;
  /** Of the stream that the records go to, older than they are. */
  readonly mark: AuditMark | undefined;
}

/** The rows that match by now, which go to the stream `main`. What the store answers with an error rejects. */
export async function pendingOf(
  store: Pick<Store, 'pendingAudit' | 'auditMarks'>,
  main: string,
  query: AuditQuery,
  shown: ReadonlySet<string>,
): Promise<Pending> {
  const mark = (await store.auditMarks()).find(({ stream }) => stream === main);
  const rows = await store.pendingAudit(ROWS_MAX);
  const keys = new Set(shown.size === 0 ? [] : rows.map(({ id }) => shownKey(id)));
  const records = rows
    .map((record): ChainedRecord => ({ stream: main, sequence: 0, ...record }))
    .filter((record) => matches(record, query) && !shown.has(shownKey(record.id)));
  return { records, keys, mark };
}

/**
 * Those of the records that the log does not have up to the end of `part`, the stream that they go to; none where that
 * is too much to search. Rejects with the error of the file system.
 */
export async function unwritten({ records, mark }: Pending, part: StreamPart): Promise<readonly ChainedRecord[]> {
  if (records.length === 0) return [];
  const ids = new Set<string>();
  let leftBytes = SEARCH_BYTES_MAX;
  const first = mark === undefined ? 1 : Number(mark.segment);
  for (const number of part.numbers) {
    if (number < first) continue;
    const fromBytes = number === first ? (mark?.lengthBytes ?? 0) : 0;
    const range = number === part.numbers.at(-1) ? { fromBytes, toBytes: part.lengthBytes } : { fromBytes };
    await scanBlocks(segmentPath(part.directory, number), range, (block) => {
      leftBytes -= block.length;
      return eachLine(block, (start, stop) => {
        const record = parseRecord(block.toString('latin1', start, stop), part.stream);
        if (record !== undefined) ids.add(record.id);
        return leftBytes > 0;
      });
    });
    if (leftBytes <= 0) return [];
  }
  return records.filter(({ id }) => !ids.has(id));
}
