// The first schema. Types are those that SQLite and PostgreSQL both take; `ordinal INTEGER PRIMARY KEY` numbers itself
// in SQLite and is an identity column elsewhere. Text that lists order by must compare by code point.
// A migration that was released is never edited: the next one changes what it made.

import type { Migration } from '../migration.ts';

export const init: Migration = {
  name: '0001-init',
  statements: [
    `CREATE TABLE meta (
      key TEXT NOT NULL PRIMARY KEY,
      value BYTEA NOT NULL
    )`,
    `CREATE TABLE server (
      id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
      policy TEXT NOT NULL
    )`,
    // A policy that was never set: nothing is granted. The row is always there, so its absence is damage.
    `INSERT INTO server (id, policy) VALUES (1, '{"bindings":[],"etag":"ACAB"}')`,
    `CREATE TABLE projects (
      uid TEXT NOT NULL PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      number TEXT NOT NULL UNIQUE,
      display_name TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL,
      labels TEXT NOT NULL,
      etag TEXT NOT NULL,
      policy TEXT NOT NULL,
      wrapped_key BYTEA NOT NULL
    )`,
    `CREATE TABLE secrets (
      ordinal INTEGER PRIMARY KEY,
      uid TEXT NOT NULL UNIQUE,
      project_uid TEXT NOT NULL REFERENCES projects (uid) ON DELETE CASCADE,
      location TEXT NOT NULL,
      key TEXT NOT NULL,
      name TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      labels TEXT NOT NULL,
      annotations TEXT NOT NULL,
      replication TEXT NOT NULL,
      etag TEXT NOT NULL,
      policy TEXT NOT NULL,
      last_version BIGINT NOT NULL,
      current_version BIGINT NOT NULL,
      UNIQUE (project_uid, location, key),
      CHECK (current_version >= 0 AND current_version <= last_version)
    )`,
    'CREATE INDEX secrets_by_age ON secrets (project_uid, location, ordinal)',
    // The payload comes last: reading the columns before it never touches the pages it spills over.
    `CREATE TABLE versions (
      uid TEXT NOT NULL PRIMARY KEY,
      secret_uid TEXT NOT NULL REFERENCES secrets (uid) ON DELETE CASCADE,
      number BIGINT NOT NULL CHECK (number > 0),
      state TEXT NOT NULL CHECK (state IN ('ENABLED', 'DISABLED', 'DESTROYED')),
      created_at BIGINT NOT NULL,
      destroyed_at BIGINT,
      etag TEXT NOT NULL,
      crc32c BIGINT NOT NULL,
      client_checksum BIGINT NOT NULL CHECK (client_checksum IN (0, 1)),
      wrapped_key BYTEA,
      ciphertext BYTEA,
      UNIQUE (secret_uid, number),
      CHECK ((state = 'DESTROYED') = (destroyed_at IS NOT NULL)),
      CHECK ((state = 'DESTROYED') = (wrapped_key IS NULL)),
      CHECK ((state = 'DESTROYED') = (ciphertext IS NULL))
    )`,
    `CREATE TABLE accounts (
      uid TEXT NOT NULL PRIMARY KEY,
      project_uid TEXT NOT NULL REFERENCES projects (uid) ON DELETE CASCADE,
      email TEXT NOT NULL UNIQUE,
      unique_id TEXT NOT NULL UNIQUE,
      display_name TEXT NOT NULL,
      description TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      etag TEXT NOT NULL
    )`,
    'CREATE INDEX accounts_by_email ON accounts (project_uid, email)',
    `CREATE TABLE tokens (
      hash TEXT NOT NULL PRIMARY KEY,
      member TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('owner', 'access')),
      created_at BIGINT NOT NULL,
      expires_at BIGINT
    )`,
    'CREATE INDEX tokens_by_member ON tokens (member)',
    'CREATE INDEX tokens_by_expiry ON tokens (expires_at)',
    `CREATE TABLE audit_pending (
      ordinal INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      record TEXT NOT NULL
    )`,
    `CREATE TABLE audit_mark (
      id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
      segment TEXT NOT NULL,
      sequence BIGINT NOT NULL,
      length_bytes BIGINT NOT NULL,
      head TEXT NOT NULL,
      mac TEXT NOT NULL
    )`,
  ],
};
