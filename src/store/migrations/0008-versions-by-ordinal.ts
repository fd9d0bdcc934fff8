// Versions lie by an ordinal made of their secret's and their number, those of one secret together: one page of the file
// for each that is read, where an index over (secret, number) took another. A secret's versions no longer go by a
// reference when it goes, since nothing would find them by it, but by their ordinals. They get attributes, which stand
// before the payload so that reading them never touches the pages it spills over.
// Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

const COLUMNS = `uid, secret_uid, number, state, created_at, destroyed_at, etag, crc32c, client_checksum,
  scheduled_destroy_at, fingerprint, wrapped_key, ciphertext`;

export const versionsByOrdinal: Migration = {
  name: '0008-versions-by-ordinal',
  statements: [
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
    `INSERT INTO versions_next (ordinal, ${COLUMNS})
      SELECT s.ordinal * 131072 + v.number, ${COLUMNS.replaceAll(/\w+/g, (column) => `v.${column}`)}
      FROM secrets s JOIN versions v ON v.secret_uid = s.uid ORDER BY s.ordinal, v.number`,
    'DROP TABLE versions',
    'ALTER TABLE versions_next RENAME TO versions',
    `CREATE INDEX versions_by_schedule ON versions (scheduled_destroy_at, uid)
      WHERE scheduled_destroy_at IS NOT NULL`,
    `CREATE INDEX versions_by_fingerprint ON versions (fingerprint, created_at, uid)
      WHERE fingerprint IS NOT NULL`,
  ],
};
