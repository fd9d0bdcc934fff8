// Projects. The order of the columns is the order in which `rows.ts` reads them and `changes.ts` writes them.

import { byReference, placeholders, qualified } from './reference.ts';

const COLUMNS = 'uid, id, number, display_name, created_at, updated_at, labels, etag, policy, wrapped_key';

export const PROJECT_SELECT = byReference(
  (column) => `SELECT ${qualified('p', COLUMNS)} FROM projects p WHERE ${column} = ?`,
);
export const PROJECTS_LIST = `SELECT ${COLUMNS} FROM projects WHERE id > ? ORDER BY id LIMIT ?`;

export const PROJECT_INSERT = `INSERT INTO projects (${COLUMNS}) VALUES (${placeholders(COLUMNS)})`;
/** Finds nothing where a column that never changes would: an update is of that very project. */
export const PROJECT_UPDATE = `UPDATE projects
  SET display_name = ?, updated_at = ?, labels = ?, etag = ?, policy = ?, wrapped_key = ?
  WHERE uid = ? AND id = ? AND number = ? AND created_at = ?`;
