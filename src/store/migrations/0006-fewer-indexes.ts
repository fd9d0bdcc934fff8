// Two indexes over random ids that nothing looks anything up by: each cost every change a page of its own in the log.
// Records that wait for their copy go by their ordinal, and a version is found by its secret and number.

import type { Migration } from '../migration.ts';

export const fewerIndexes: Migration = {
  name: '0006-fewer-indexes',
  statements: [
    `CREATE TABLE audit_pending_next (
      ordinal INTEGER PRIMARY KEY,
      id TEXT NOT NULL,
      record TEXT NOT NULL
    )`,
    'INSERT INTO audit_pending_next (ordinal, id, record) SELECT ordinal, id, record FROM audit_pending',
    'DROP TABLE audit_pending',
    'ALTER TABLE audit_pending_next RENAME TO audit_pending',
    `CREATE TABLE versions_next (
      uid TEXT NOT NULL,
      secret_uid TEXT NOT NULL REFERENCES secrets (uid) ON DELETE CASCADE,
      number BIGINT NOT NULL CHECK (number > 0),
      state TEXT NOT NULL CHECK (state IN ('ENABLED', 'DISABLED', 'DESTROYED')),
      created_at BIGINT NOT NULL,
      destroyed_at BIGINT,
      etag TEXT NOT NULL,
      crc32c BIGINT NOT NULL,
      client_checksum BIGINT NOT NULL CHECK (client_checksum IN (0, 1)),
      scheduled_destroy_at BIGINT,
      fingerprint TEXT,
      wrapped_key BYTEA,
      ciphertext BYTEA,
      PRIMARY KEY (secret_uid, number),
      CHECK ((state = 'DESTROYED') = (destroyed_at IS NOT NULL)),
      CHECK ((state = 'DESTROYED') = (wrapped_key IS NULL)),
      CHECK ((state = 'DESTROYED') = (ciphertext IS NULL)),
      CHECK (state <> 'DESTROYED' OR fingerprint IS NULL),
      CHECK (state = 'DISABLED' OR scheduled_destroy_at IS NULL)
    )`,
    `INSERT INTO versions_next (uid, secret_uid, number, state, created_at, destroyed_at, etag, crc32c, client_checksum,
        scheduled_destroy_at, fingerprint, wrapped_key, ciphertext)
      SELECT uid, secret_uid, number, state, created_at, destroyed_at, etag, crc32c, client_checksum,
        scheduled_destroy_at, fingerprint, wrapped_key, ciphertext FROM versions`,
    'DROP TABLE versions',
    'ALTER TABLE versions_next RENAME TO versions',
    `CREATE INDEX versions_by_schedule ON versions (scheduled_destroy_at, uid)
      WHERE scheduled_destroy_at IS NOT NULL`,
    `CREATE INDEX versions_by_fingerprint ON versions (fingerprint, created_at, uid)
      WHERE fingerprint IS NOT NULL`,
  ],
};
