// Brings a database to the schema of this program: the migrations that every engine has, then those of this one. All
// that is missing is one transaction under a lock, so that servers that start together do it once. Refuses databases of
// newer programs and of other programs.

import { type Migration, unknownMigration } from '../migration.ts';
import { MIGRATIONS } from '../migrations/all.ts';
import { MIGRATION_INSERT, MIGRATIONS_CREATE, MIGRATIONS_SELECT } from '../sql/schema.ts';
import type { Statement, Value } from '../statement.ts';
import { schemaStatement } from './dialect.ts';
import type { Link } from './link.ts';
import { PostgresError, postgresProblem } from './problem.ts';
import { BEGIN, COMMIT } from './sql.ts';

/** `Cofr`, as in the files of the other engine. */
const LOCK_ID = 0x436f6672;
const LOCK_MS_MAX = 60_000;
const DUPLICATE_TABLE = '42P07';

const OWN: readonly Migration[] = [
  {
    name: 'postgres-0001-servers',
    statements: [
      `CREATE TABLE stamps (
        id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
        authority BIGINT NOT NULL,
        secrets BIGINT NOT NULL,
        erasures BIGINT NOT NULL,
        schema BIGINT NOT NULL
      ) WITH (fillfactor = 20)`,
      'INSERT INTO stamps (id, authority, secrets, erasures, schema) VALUES (1, 0, 0, 0, 0)',
      'CREATE TABLE locks (name TEXT NOT NULL PRIMARY KEY)',
      `INSERT INTO locks (name) VALUES ('start'), ('census'), ('counter')`,
      `CREATE TABLE servers (
        id TEXT NOT NULL PRIMARY KEY,
        last_commit TEXT NOT NULL
      ) WITH (fillfactor = 20)`,
      `CREATE TABLE audit_waiting (
        ordinal INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        record TEXT NOT NULL,
        server TEXT NOT NULL,
        created_at BIGINT NOT NULL
      )`,
      `CREATE TABLE audit_parts (
        stream TEXT NOT NULL,
        segment TEXT NOT NULL,
        at_bytes BIGINT NOT NULL,
        length_bytes BIGINT NOT NULL,
        packed BYTEA NOT NULL,
        PRIMARY KEY (stream, segment, at_bytes)
      )`,
      // It is packed already.
      'ALTER TABLE audit_parts ALTER COLUMN packed SET STORAGE EXTERNAL',
    ],
  },
];

/** How many migrations this program knows: what a database of another number is newer or older than. */
export const SCHEMA: number = MIGRATIONS.length + OWN.length;

const SEQUENCES = [
  { table: 'schema_migrations', known: MIGRATIONS },
  { table: 'postgres_migrations', known: OWN },
] as const;

/** Applies what is missing. Rejects with PostgresError where the database is not one for this program. */
export async function migrate(link: Link): Promise<void> {
  const run = async (sql: string, values: readonly Value[] = []) => (await link.run([{ sql, values }], LOCK_MS_MAX))[0];
  await run(BEGIN);
  await run('SELECT pg_advisory_xact_lock(?)', [LOCK_ID]);
  let applied = 0;
  for (const { table, known } of SEQUENCES) {
    const named = (sql: string) => sql.replaceAll('schema_migrations', table);
    const isThere = (await run('SELECT to_regclass(?) IS NOT NULL', [table]))?.rows[0]?.[0];
    if (!isThere) await run(schemaStatement(named(MIGRATIONS_CREATE)));
    const names = (await run(named(MIGRATIONS_SELECT)))?.rows.map(([name]) => String(name)) ?? [];
    const unknown = unknownMigration(names, known);
    if (unknown !== undefined) throw newer(unknown);
    for (const [ordinal, migration] of known.entries()) {
      if (ordinal < names.length) continue;
      await apply(link, migration);
      await run(named(MIGRATION_INSERT), [ordinal, migration.name]);
      applied += 1;
    }
  }
  if (applied > 0) await run('UPDATE stamps SET schema = ? WHERE id = 1', [SCHEMA]);
  await run(COMMIT);
}

/** What a database says that a newer program has brought further. */
export function newer(what: string): PostgresError {
  return postgresProblem(`a newer coffer wrote it (its schema has ${what})`, 'start that version', 'refused');
}

async function apply(link: Link, migration: Migration): Promise<void> {
  const run = (statements: readonly Statement[]) => link.run(statements, LOCK_MS_MAX);
  try {
    await run(migration.statements.map((sql) => ({ sql: schemaStatement(sql), values: [] })));
  } catch (error) {
    if (!(error instanceof PostgresError) || error.code !== DUPLICATE_TABLE) throw error;
    throw postgresProblem('it is a database of another program', 'name an empty one in --store', 'refused');
  }
  for (const { query, writes } of migration.rewrites ?? []) {
    const [answer] = await run([query]);
    await run(writes(answer?.rows ?? []));
  }
}
