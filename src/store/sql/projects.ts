// Projects. The order of the columns is the order in which `rows.ts` reads them and `writes-secrets.ts` writes them.

import { byReference, placeholders, qualified } from './reference.ts';

export const PROJECT_COLUMNS =
  'uid, id, number, display_name, created_at, updated_at, labels, etag, policy, wrapped_key, settings, aws_account';

export const PROJECT_SELECT = byReference(
  (column) => `SELECT ${qualified('p', PROJECT_COLUMNS)} FROM projects p WHERE ${column} = ?`,
);
/** Over the index `projects_by_aws_account`, which is of exactly this expression. */
export const PROJECT_OF_AWS_ACCOUNT_SELECT = `SELECT ${PROJECT_COLUMNS} FROM projects
  WHERE COALESCE(aws_account, number) = ?`;
export const PROJECTS_LIST = `SELECT ${PROJECT_COLUMNS} FROM projects WHERE id > ? ORDER BY id LIMIT ?`;
/** Counted over the index of ids, without the rows. */
export const PROJECTS_TOTAL = `SELECT COUNT(*) FROM projects WHERE id > ''`;

export const PROJECT_INSERT = `INSERT INTO projects (${PROJECT_COLUMNS}) VALUES (${placeholders(PROJECT_COLUMNS)})`;
/** Finds nothing where a column that never changes would: an update is of that very project. */
export const PROJECT_UPDATE = `UPDATE projects
  SET display_name = ?, updated_at = ?, labels = ?, etag = ?, policy = ?, wrapped_key = ?, settings = ?, aws_account = ?
  WHERE uid = ? AND id = ? AND number = ? AND created_at = ?`;

export const PROJECT_POLICIES = 'SELECT uid, policy FROM projects WHERE policy LIKE ?';
export const PROJECT_POLICY_UPDATE = 'UPDATE projects SET policy = ? WHERE uid = ?';
