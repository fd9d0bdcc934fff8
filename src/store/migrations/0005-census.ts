// The census: who read which version of a secret; the workload that a token or key is for; and which members the policy
// of a secret names, so that what somebody can reach is found without reading every policy.
// Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';
import { fillMembers } from '../writes-members.ts';

export const census: Migration = {
  name: '0005-census',
  statements: [
    `CREATE TABLE census (
      ordinal INTEGER PRIMARY KEY,
      project_uid TEXT NOT NULL,
      secret_uid TEXT NOT NULL REFERENCES secrets (uid) ON DELETE CASCADE,
      principal TEXT NOT NULL,
      version BIGINT NOT NULL,
      workload TEXT NOT NULL,
      dialect TEXT NOT NULL,
      first_seen_at BIGINT NOT NULL,
      last_seen_at BIGINT NOT NULL,
      reads BIGINT NOT NULL CHECK (reads > 0),
      UNIQUE (secret_uid, principal, version, workload, dialect),
      CHECK (first_seen_at <= last_seen_at)
    )`,
    'CREATE INDEX census_by_secret ON census (secret_uid, last_seen_at)',
    'CREATE INDEX census_by_project ON census (project_uid, last_seen_at)',
    'CREATE INDEX census_by_principal ON census (project_uid, principal, last_seen_at)',
    'ALTER TABLE tokens ADD COLUMN workload TEXT',
    'ALTER TABLE account_keys ADD COLUMN workload TEXT',
    `CREATE TABLE secret_members (
      secret_uid TEXT NOT NULL REFERENCES secrets (uid) ON DELETE CASCADE,
      member TEXT NOT NULL,
      project_uid TEXT NOT NULL,
      PRIMARY KEY (secret_uid, member)
    )`,
    'CREATE INDEX secret_members_by_member ON secret_members (member, project_uid, secret_uid)',
  ],
  rewrites: [fillMembers()],
};
