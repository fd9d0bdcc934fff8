// A copy of a store that is open, as it is at one moment, while it goes on being written; and what a copy says of the
// audit log that belongs to it. SQLite's own backup does the copying, in one step on a thread of its own.

import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import type { AuditAnchor, AuditMark } from '../core/audit-port.ts';
import { Connection } from './connection.ts';
import { prepareFile } from './directory.ts';
import { META_UPSERT } from './sql/server.ts';
import { DATABASE_FILE, SqliteReads } from './sqlite-reads.ts';
import { StoreError } from './store-error.ts';

/** All pages in one step: with several, a change in between would begin the copy anew. */
const PAGES_A_STEP: number = 2 ** 31 - 1;

/** Copies the store of `directory` to a new private file. Rejects with SQLite's error or the file system's. */
export async function snapshotStore(directory: string, to: string): Promise<void> {
  prepareFile(to);
  const from = new DatabaseSync(join(directory, DATABASE_FILE), { readOnly: true });
  try {
    await backup(from, to, { rate: PAGES_A_STEP });
  } finally {
    from.close();
  }
}

/** How far the audit log reached when the copy was made, and where it began. */
export function auditOfCopy(path: string): { readonly marks: readonly AuditMark[]; readonly anchors: AuditAnchor[] } {
  return withCopy(path, (_connection, reads) => ({ marks: reads.auditMarks(), anchors: [...reads.auditAnchors()] }));
}

/** What the copy in `path` keeps beside the data. */
export function metaOfCopy(path: string, key: string): Uint8Array | undefined {
  return withCopy(path, (_connection, reads) => reads.meta(key));
}

/** Checks a copy that no server has open, and writes one value into it. Throws StoreError where it is damaged. */
export function signCopy(path: string, key: string, value: Uint8Array): void {
  withCopy(path, (connection) => {
    const verdict = connection.all('PRAGMA quick_check(1)')[0]?.[0];
    if (verdict !== 'ok') throw new StoreError(`${path} is damaged`);
    connection.run(META_UPSERT, [key, value]);
  });
}

function withCopy<T>(path: string, work: (connection: Connection, reads: SqliteReads) => T): T {
  // Closing it takes its log away again.
  const connection = new Connection(path);
  try {
    return work(connection, new SqliteReads(connection));
  } finally {
    connection.close();
  }
}
