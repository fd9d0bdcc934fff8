// What Azure's dialect and its tokens need: what proves an account besides its key pairs, what a token is good for and what
// it was had by, names found as Azure spells them, and the list of what is deleted.
// Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

const SPELLING =
  "LOWER(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(key, '_', '-'), '.', '-'), '+', '-'), '=', '-'), '@', '-'))";

export const azure: Migration = {
  name: '0009-azure',
  statements: [
    `CREATE INDEX secrets_by_spelling ON secrets (project_uid, location, ${SPELLING})`,
    'CREATE INDEX secrets_deleted ON secrets (project_uid, location, ordinal) WHERE purge_at IS NOT NULL',
    "ALTER TABLE account_keys ADD COLUMN kind TEXT NOT NULL DEFAULT 'key'",
    'ALTER TABLE tokens ADD COLUMN audience TEXT',
    'ALTER TABLE tokens ADD COLUMN parent TEXT',
    'CREATE INDEX tokens_by_parent ON tokens (parent) WHERE parent IS NOT NULL',
  ],
};
