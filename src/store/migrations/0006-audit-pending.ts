// Records wait for their copy for a second at most and go by their ordinal, so that no index over random ids has to be
// kept for them: it cost every change a page of its own in the log.

import type { Migration } from '../migration.ts';

export const auditPending: Migration = {
  name: '0006-audit-pending',
  statements: [
    `CREATE TABLE audit_pending_next (
      ordinal INTEGER PRIMARY KEY,
      id TEXT NOT NULL,
      record TEXT NOT NULL
    )`,
    'INSERT INTO audit_pending_next (ordinal, id, record) SELECT ordinal, id, record FROM audit_pending',
    'DROP TABLE audit_pending',
    'ALTER TABLE audit_pending_next RENAME TO audit_pending',
  ],
};
