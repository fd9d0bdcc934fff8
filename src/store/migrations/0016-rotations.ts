// Rotations: at most one of a secret, whose row says how far it is and when the server is to see to it. Only SQL that SQLite
// and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

export const rotations: Migration = {
  name: '0016-rotations',
  statements: [
    `CREATE TABLE rotations (
      secret_uid TEXT NOT NULL PRIMARY KEY REFERENCES secrets (uid) ON DELETE CASCADE,
      rotator TEXT NOT NULL,
      state TEXT NOT NULL,
      due_at BIGINT,
      epoch BIGINT NOT NULL CHECK (epoch > 0),
      details TEXT NOT NULL
    )`,
    'CREATE INDEX rotations_by_due ON rotations (due_at, secret_uid) WHERE due_at IS NOT NULL',
  ],
};
