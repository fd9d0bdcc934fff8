// A copy of a PostgreSQL store in a SQLite file, as it is at one moment, while servers go on: what a backup is made of.

import type { Connecting } from './postgres/link.ts';
import { copyTables } from './transfer/copy.ts';
import { PostgresSide } from './transfer/postgres-side.ts';
import { SqliteSide } from './transfer/sqlite-side.ts';

/** Copies the store to a new private file. Rejects with PostgresError, StoreError or the error of SQLite. */
export async function copyStore(connecting: Connecting, to: string): Promise<void> {
  const source = await PostgresSide.read(connecting);
  try {
    const target = new SqliteSide(to);
    try {
      await copyTables(source, target, target.tables);
      target.insertWaiting(await source.waiting());
    } finally {
      target.close();
    }
  } finally {
    source.close();
  }
}
