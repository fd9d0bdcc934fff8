// A mark for each stream of the audit log, each thread having one of its own, and the anchors of what was pruned. The one
// log that there was goes on as the stream `main`; its mark names no other, as its MAC says.
// Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

export const auditStreams: Migration = {
  name: '0004-audit-streams',
  statements: [
    `CREATE TABLE audit_marks (
      stream TEXT NOT NULL PRIMARY KEY,
      segment TEXT NOT NULL,
      sequence BIGINT NOT NULL,
      length_bytes BIGINT NOT NULL,
      head TEXT NOT NULL,
      streams TEXT NOT NULL,
      mac TEXT NOT NULL
    )`,
    `INSERT INTO audit_marks (stream, segment, sequence, length_bytes, head, streams, mac)
      SELECT 'main', segment, sequence, length_bytes, head, '', mac FROM audit_mark`,
    'DROP TABLE audit_mark',
    `CREATE TABLE audit_anchors (
      stream TEXT NOT NULL PRIMARY KEY,
      segment TEXT NOT NULL,
      sequence BIGINT NOT NULL,
      head TEXT NOT NULL,
      mac TEXT NOT NULL
    )`,
  ],
};
