// The census by numbers: a sighting lies at the ordinal of its version, so those of one secret lie together, and names its
// principal by a number of its own. It was a row with four indexes over long texts, of which each new reader touched a
// page; two stay, and their entries are a few bytes that grow at one end. A secret's sightings no longer go by a
// reference when it goes, since looking that up for each of them was another page, but by their place.
// Only SQL that SQLite and PostgreSQL both take, as in the first migration; the latter has no WITHOUT ROWID.

import type { Migration } from '../migration.ts';

export const censusByPlace: Migration = {
  name: '0014-census-by-place',
  statements: [
    `CREATE TABLE census_principals (
      ordinal INTEGER PRIMARY KEY,
      project_uid TEXT NOT NULL,
      principal TEXT NOT NULL,
      UNIQUE (project_uid, principal)
    )`,
    `INSERT INTO census_principals (project_uid, principal)
      SELECT DISTINCT project_uid, principal FROM census ORDER BY project_uid, principal`,
    `CREATE TABLE census_next (
      place BIGINT NOT NULL,
      principal BIGINT NOT NULL,
      workload TEXT NOT NULL,
      dialect TEXT NOT NULL,
      project_uid TEXT NOT NULL,
      first_seen_at BIGINT NOT NULL,
      last_seen_at BIGINT NOT NULL,
      reads BIGINT NOT NULL CHECK (reads > 0),
      PRIMARY KEY (place, principal, workload, dialect),
      CHECK (first_seen_at <= last_seen_at)
    ) WITHOUT ROWID`,
    `INSERT INTO census_next (place, principal, workload, dialect, project_uid, first_seen_at, last_seen_at, reads)
      SELECT s.ordinal * 131072 + c.version, n.ordinal, c.workload, c.dialect, c.project_uid, c.first_seen_at,
        c.last_seen_at, c.reads
      FROM census c JOIN secrets s ON s.uid = c.secret_uid
      JOIN census_principals n ON n.project_uid = c.project_uid AND n.principal = c.principal
      ORDER BY s.ordinal, c.version, n.ordinal, c.workload, c.dialect`,
    'DROP TABLE census',
    'ALTER TABLE census_next RENAME TO census',
    'CREATE INDEX census_by_project ON census (project_uid, last_seen_at)',
    'CREATE INDEX census_by_principal ON census (principal, last_seen_at)',
  ],
};
