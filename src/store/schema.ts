// Brings a SQLite file to the schema of this program. Each migration is one transaction with its own record, so a start
// that is cut off goes on where it was. Refuses files of newer programs and of other programs.

import type { Connection } from './connection.ts';
import { type Migration, unknownMigration } from './migration.ts';
import { MIGRATION_INSERT, MIGRATIONS_CREATE, MIGRATIONS_SELECT } from './sql/schema.ts';
import { StoreError } from './store-error.ts';

/** `Cofr`: what `file` and SQLite's own tools know the file by. */
const APPLICATION_ID = 0x436f6672;

/** Applies what is missing; throws StoreError, naming `path`, where the file is not one for this program. */
export function migrate(connection: Connection, path: string, known: readonly Migration[]): void {
  claim(connection, path);
  const applied = connection.all(MIGRATIONS_SELECT).map(([name]) => String(name));
  const unknown = unknownMigration(applied, known);
  if (unknown !== undefined) {
    throw new StoreError(
      `${path} was written by a newer coffer (its schema has ${unknown}): start that version, or choose another --data`,
    );
  }
  for (const [ordinal, migration] of known.entries()) {
    if (ordinal < applied.length) continue;
    connection.transaction(() => {
      for (const statement of migration.statements) connection.run(statement);
      for (const { query, writes } of migration.rewrites ?? []) {
        for (const { sql, values } of writes(connection.all(query.sql, query.values))) connection.run(sql, values);
      }
      connection.run(MIGRATION_INSERT, [ordinal, migration.name]);
    });
  }
}

function claim(connection: Connection, path: string): void {
  const id = connection.all('PRAGMA application_id')[0]?.[0];
  if (id === APPLICATION_ID) return;
  const objects = connection.all('SELECT COUNT(*) FROM sqlite_schema')[0]?.[0];
  if (id !== 0 || objects !== 0) {
    throw new StoreError(`${path} is a database of another program: choose another --data`);
  }
  connection.transaction(() => {
    connection.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    connection.run(MIGRATIONS_CREATE);
  });
}
