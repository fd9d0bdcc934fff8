// Keys that callers use without holding them: of a project, in rings, with numbered versions whose material is sealed. Only
// SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

export const keys: Migration = {
  name: '0011-keys',
  statements: [
    `CREATE TABLE crypto_keys (
      uid TEXT NOT NULL PRIMARY KEY,
      project_uid TEXT NOT NULL REFERENCES projects (uid) ON DELETE CASCADE,
      ring TEXT NOT NULL,
      name TEXT NOT NULL,
      type TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL,
      settings TEXT NOT NULL,
      latest_version BIGINT NOT NULL CHECK (latest_version > 0),
      next_rotation_at BIGINT,
      UNIQUE (project_uid, ring, name)
    )`,
    `CREATE INDEX crypto_keys_by_rotation ON crypto_keys (next_rotation_at, uid)
      WHERE next_rotation_at IS NOT NULL`,
    `CREATE TABLE crypto_key_versions (
      key_uid TEXT NOT NULL REFERENCES crypto_keys (uid) ON DELETE CASCADE,
      number BIGINT NOT NULL CHECK (number > 0),
      state TEXT NOT NULL CHECK (state IN ('ENABLED', 'DESTROYED')),
      created_at BIGINT NOT NULL,
      public_key TEXT,
      public_only BIGINT NOT NULL CHECK (public_only IN (0, 1)),
      wrapped_key BYTEA,
      ciphertext BYTEA,
      PRIMARY KEY (key_uid, number),
      CHECK ((state = 'DESTROYED') = (wrapped_key IS NULL)),
      CHECK ((state = 'DESTROYED') = (ciphertext IS NULL))
    )`,
  ],
};
