// Tags: keys of a project, values of a key, and which secrets have which value. A value that a secret has cannot go.
// Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

export const tags: Migration = {
  name: '0003-tags',
  statements: [
    `CREATE TABLE tag_keys (
      id TEXT NOT NULL PRIMARY KEY,
      project_uid TEXT NOT NULL REFERENCES projects (uid) ON DELETE CASCADE,
      short_name TEXT NOT NULL,
      description TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL,
      etag TEXT NOT NULL,
      UNIQUE (project_uid, short_name)
    )`,
    `CREATE TABLE tag_values (
      id TEXT NOT NULL PRIMARY KEY,
      key_id TEXT NOT NULL REFERENCES tag_keys (id) ON DELETE CASCADE,
      short_name TEXT NOT NULL,
      description TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL,
      etag TEXT NOT NULL,
      UNIQUE (key_id, short_name)
    )`,
    `CREATE TABLE tag_bindings (
      secret_uid TEXT NOT NULL REFERENCES secrets (uid) ON DELETE CASCADE,
      value_id TEXT NOT NULL REFERENCES tag_values (id),
      PRIMARY KEY (secret_uid, value_id)
    )`,
    'CREATE INDEX tag_bindings_by_value ON tag_bindings (value_id, secret_uid)',
  ],
};
