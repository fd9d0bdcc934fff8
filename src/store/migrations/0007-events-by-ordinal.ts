// Events go by their ordinal, which is the cursor of whoever reads them. The index over their random ids, by which
// nothing looks anything up, cost every change a page of its own in the log.
// Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

export const eventsByOrdinal: Migration = {
  name: '0007-events-by-ordinal',
  statements: [
    `CREATE TABLE events_next (
      ordinal INTEGER PRIMARY KEY,
      id TEXT NOT NULL,
      time BIGINT NOT NULL,
      project_uid TEXT NOT NULL,
      type TEXT NOT NULL,
      resource TEXT NOT NULL,
      version BIGINT,
      topics TEXT NOT NULL,
      attributes TEXT NOT NULL,
      data TEXT NOT NULL
    )`,
    `INSERT INTO events_next (ordinal, id, time, project_uid, type, resource, version, topics, attributes, data)
      SELECT ordinal, id, time, project_uid, type, resource, version, topics, attributes, data FROM events`,
    'DROP TABLE events',
    'ALTER TABLE events_next RENAME TO events',
    'CREATE INDEX events_by_time ON events (time, ordinal)',
  ],
};
