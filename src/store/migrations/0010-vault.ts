// What Vault's API keeps beside the secrets. Only a move of the whole store has entries before those that own them.
// Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

export const vault: Migration = {
  name: '0010-vault',
  statements: [
    `CREATE TABLE vault_entries (
      id TEXT NOT NULL PRIMARY KEY,
      owner TEXT REFERENCES vault_entries (id) ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE,
      expires_at BIGINT,
      data TEXT NOT NULL,
      wrapped_key BYTEA,
      ciphertext BYTEA,
      CHECK ((wrapped_key IS NULL) = (ciphertext IS NULL))
    )`,
    'CREATE INDEX vault_entries_by_owner ON vault_entries (owner) WHERE owner IS NOT NULL',
    'CREATE INDEX vault_entries_by_expiry ON vault_entries (expires_at) WHERE expires_at IS NOT NULL',
  ],
};
