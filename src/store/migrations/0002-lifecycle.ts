// Regional secrets, lifecycles and events: what a schedule looks for is a column with an index of its own, the rest of
// a secret's settings is one JSON column. What was stored before has no fingerprint and nowhere to roll back to.
// Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

const PROJECTS = [`ALTER TABLE projects ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'`];

const SECRETS = [
  `ALTER TABLE secrets ADD COLUMN settings TEXT NOT NULL
    DEFAULT '{"tags":{},"versionAliases":{},"topics":[]}'`,
  `ALTER TABLE secrets ADD COLUMN previous_version BIGINT NOT NULL DEFAULT 0
    CHECK (previous_version >= 0 AND previous_version <= last_version)`,
  'ALTER TABLE secrets ADD COLUMN expires_at BIGINT',
  'ALTER TABLE secrets ADD COLUMN rotate_at BIGINT',
  'ALTER TABLE secrets ADD COLUMN purge_at BIGINT',
  // `["a","b"]` becomes `[{"location":"a"},{"location":"b"}]`. Locations are letters, digits and hyphens.
  `UPDATE secrets SET replication =
    REPLACE(REPLACE(REPLACE(replication, '["', '[{"location":"'), '","', '"},{"location":"'), '"]', '"}]')`,
  'DROP INDEX secrets_by_age',
  // The last column makes it covering: a total is counted without the rows.
  'CREATE INDEX secrets_by_age ON secrets (project_uid, location, ordinal, purge_at) WHERE purge_at IS NULL',
  'CREATE INDEX secrets_by_expiry ON secrets (expires_at, ordinal) WHERE expires_at IS NOT NULL',
  'CREATE INDEX secrets_by_purge ON secrets (purge_at, ordinal) WHERE purge_at IS NOT NULL',
  `CREATE INDEX secrets_by_rotation ON secrets (rotate_at, ordinal)
    WHERE rotate_at IS NOT NULL AND purge_at IS NULL`,
  // Those with a policy of their own: any but the one that was never set.
  `CREATE INDEX secrets_with_policy ON secrets (uid) WHERE policy <> '{"bindings":[],"etag":"ACAB"}'`,
];

// Made anew rather than altered, so that the payload stays the last column.
const VERSIONS = [
  `CREATE TABLE versions_next (
    uid TEXT NOT NULL PRIMARY KEY,
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
    UNIQUE (secret_uid, number),
    CHECK ((state = 'DESTROYED') = (destroyed_at IS NOT NULL)),
    CHECK ((state = 'DESTROYED') = (wrapped_key IS NULL)),
    CHECK ((state = 'DESTROYED') = (ciphertext IS NULL)),
    CHECK (state <> 'DESTROYED' OR fingerprint IS NULL),
    CHECK (state = 'DISABLED' OR scheduled_destroy_at IS NULL)
  )`,
  `INSERT INTO versions_next (uid, secret_uid, number, state, created_at, destroyed_at, etag, crc32c, client_checksum,
      wrapped_key, ciphertext)
    SELECT uid, secret_uid, number, state, created_at, destroyed_at, etag, crc32c, client_checksum,
      wrapped_key, ciphertext FROM versions`,
  'DROP TABLE versions',
  'ALTER TABLE versions_next RENAME TO versions',
  `CREATE INDEX versions_by_schedule ON versions (scheduled_destroy_at, uid)
    WHERE scheduled_destroy_at IS NOT NULL`,
  `CREATE INDEX versions_by_fingerprint ON versions (fingerprint, created_at, uid)
    WHERE fingerprint IS NOT NULL`,
];

const ACCOUNT_KEYS = [
  `CREATE TABLE account_keys (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (email) ON DELETE CASCADE,
    public_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    disabled BIGINT NOT NULL CHECK (disabled IN (0, 1))
  )`,
  'CREATE INDEX account_keys_by_age ON account_keys (account, created_at, id)',
];

const EVENTS = [
  `CREATE TABLE topics (
    project_uid TEXT NOT NULL REFERENCES projects (uid) ON DELETE CASCADE,
    id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    labels TEXT NOT NULL,
    PRIMARY KEY (project_uid, id)
  )`,
  `CREATE TABLE subscriptions (
    project_uid TEXT NOT NULL REFERENCES projects (uid) ON DELETE CASCADE,
    id TEXT NOT NULL,
    topic TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    labels TEXT NOT NULL,
    PRIMARY KEY (project_uid, id)
  )`,
  // No reference to its project: an event outlives what it tells of.
  `CREATE TABLE events (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time BIGINT NOT NULL,
    project_uid TEXT NOT NULL,
    type TEXT NOT NULL,
    resource TEXT NOT NULL,
    version BIGINT,
    topics TEXT NOT NULL,
    attributes TEXT NOT NULL,
    data TEXT NOT NULL
  )`,
  'CREATE INDEX events_by_time ON events (time, ordinal)',
];

export const lifecycle: Migration = {
  name: '0002-lifecycle',
  statements: [...PROJECTS, ...SECRETS, ...VERSIONS, ...ACCOUNT_KEYS, ...EVENTS],
};
