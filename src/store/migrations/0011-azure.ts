// What Azure's dialect and its tokens need: attributes of a version, what proves an account besides its key pairs, what a
// token is good for and what it was had by, names found as Azure spells them, and the list of what is deleted.
// The versions are made anew so that the payload stays the last column.
// Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

const COLUMNS = `ordinal, uid, secret_uid, number, state, created_at, destroyed_at, etag, crc32c, client_checksum,
  scheduled_destroy_at, fingerprint, wrapped_key, ciphertext`;

const VERSIONS = [
  `CREATE TABLE versions_next (
    ordinal INTEGER PRIMARY KEY,
    uid TEXT NOT NULL,
    secret_uid TEXT NOT NULL,
    number BIGINT NOT NULL CHECK (number > 0),
    state TEXT NOT NULL CHECK (state IN ('ENABLED', 'DISABLED', 'DESTROYED')),
    created_at BIGINT NOT NULL,
    destroyed_at BIGINT,
    etag TEXT NOT NULL,
    crc32c BIGINT NOT NULL,
    client_checksum BIGINT NOT NULL CHECK (client_checksum IN (0, 1)),
    scheduled_destroy_at BIGINT,
    fingerprint TEXT,
    attributes TEXT,
    wrapped_key BYTEA,
    ciphertext BYTEA,
    CHECK (ordinal > 0 AND ordinal % 131072 = number),
    CHECK ((state = 'DESTROYED') = (destroyed_at IS NOT NULL)),
    CHECK ((state = 'DESTROYED') = (wrapped_key IS NULL)),
    CHECK ((state = 'DESTROYED') = (ciphertext IS NULL)),
    CHECK (state <> 'DESTROYED' OR fingerprint IS NULL),
    CHECK (state = 'DISABLED' OR scheduled_destroy_at IS NULL)
  )`,
  `INSERT INTO versions_next (${COLUMNS}) SELECT ${COLUMNS} FROM versions ORDER BY ordinal`,
  'DROP TABLE versions',
  'ALTER TABLE versions_next RENAME TO versions',
  `CREATE INDEX versions_by_schedule ON versions (scheduled_destroy_at, uid)
    WHERE scheduled_destroy_at IS NOT NULL`,
  `CREATE INDEX versions_by_fingerprint ON versions (fingerprint, created_at, uid)
    WHERE fingerprint IS NOT NULL`,
];

const SPELLING =
  "LOWER(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(key, '_', '-'), '.', '-'), '+', '-'), '=', '-'), '@', '-'))";

export const azure: Migration = {
  name: '0011-azure',
  statements: [
    ...VERSIONS,
    `CREATE INDEX secrets_by_spelling ON secrets (project_uid, location, ${SPELLING})`,
    'CREATE INDEX secrets_deleted ON secrets (project_uid, location, ordinal) WHERE purge_at IS NOT NULL',
    "ALTER TABLE account_keys ADD COLUMN kind TEXT NOT NULL DEFAULT 'key'",
    'ALTER TABLE tokens ADD COLUMN audience TEXT',
    'ALTER TABLE tokens ADD COLUMN parent TEXT',
    'CREATE INDEX tokens_by_parent ON tokens (parent) WHERE parent IS NOT NULL',
  ],
};
