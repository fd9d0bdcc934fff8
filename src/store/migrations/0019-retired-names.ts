// What named a project that is deleted, and is not given again. Only SQL that SQLite and PostgreSQL both take, as in the
// first migration.

import type { Migration } from '../migration.ts';

export const retiredNames: Migration = {
  name: '0019-retired-names',
  statements: [
    `CREATE TABLE retired_names (
      name TEXT NOT NULL PRIMARY KEY,
      project_uid TEXT NOT NULL,
      retired_at BIGINT NOT NULL
    )`,
  ],
};
