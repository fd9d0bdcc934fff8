// Secrets. Their one location for now is the empty text. Totals are counted over a covering index: a kept counter would
// be one more row that every writer of a project waits for, and one more thing that can be wrong.

import { byReference, placeholders, qualified } from './reference.ts';

const COLUMNS = `uid, project_uid, name, created_at, labels, annotations, replication, etag, policy, last_version,
  current_version`;
const INSERTED = `${COLUMNS}, location, key`;
const OF_PROJECT = 'FROM projects p JOIN secrets s ON s.project_uid = p.uid';

export const SECRET_SELECT = byReference(
  (column) => `SELECT ${qualified('s', COLUMNS)} ${OF_PROJECT} WHERE ${column} = ? AND s.location = '' AND s.key = ?`,
);
export const SECRETS_LIST = byReference(
  (column) => `SELECT ${qualified('s', COLUMNS)}, s.ordinal ${OF_PROJECT}
  WHERE ${column} = ? AND s.location = '' AND s.ordinal < ? ORDER BY s.ordinal DESC LIMIT ?`,
);
export const SECRETS_TOTAL = byReference(
  (column) => `SELECT COUNT(*) ${OF_PROJECT} WHERE ${column} = ? AND s.location = ''`,
);

export const SECRET_INSERT = `INSERT INTO secrets (${INSERTED}) VALUES (${placeholders(INSERTED)})`;
/** Finds nothing where a column that never changes would: an update is of that very secret. */
export const SECRET_UPDATE = `UPDATE secrets
  SET labels = ?, annotations = ?, replication = ?, etag = ?, policy = ?, last_version = ?, current_version = ?
  WHERE uid = ? AND project_uid = ? AND name = ? AND created_at = ?`;
export const SECRET_DELETE = 'DELETE FROM secrets WHERE uid = ?';
