// The names of the migrations that a database has, in the order in which they ran.

export const MIGRATIONS_CREATE = `CREATE TABLE IF NOT EXISTS schema_migrations (
  ordinal BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
)`;
export const MIGRATIONS_SELECT = 'SELECT name FROM schema_migrations ORDER BY ordinal';
export const MIGRATION_INSERT = 'INSERT INTO schema_migrations (ordinal, name) VALUES (?, ?)';
