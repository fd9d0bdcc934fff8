// Service accounts, found by address, which never changes.

import { byReference, placeholders, qualified } from './reference.ts';

const COLUMNS = 'uid, project_uid, email, unique_id, display_name, description, created_at, etag, aws_policies, entity';
const OF_PROJECT = 'FROM projects p JOIN accounts a ON a.project_uid = p.uid';

export const ACCOUNT_SELECT = `SELECT ${COLUMNS} FROM accounts WHERE email = ?`;
export const ACCOUNT_OF_UID_SELECT = `SELECT ${COLUMNS} FROM accounts WHERE uid = ?`;
export const ACCOUNTS_LIST = byReference(
  (column) => `SELECT ${qualified('a', COLUMNS)} ${OF_PROJECT}
  WHERE ${column} = ? AND a.email > ? ORDER BY a.email LIMIT ?`,
);
export const ACCOUNTS_TOTAL = byReference((column) => `SELECT COUNT(*) ${OF_PROJECT} WHERE ${column} = ?`);

export const ACCOUNT_INSERT = `INSERT INTO accounts (${COLUMNS}) VALUES (${placeholders(COLUMNS)})`;
export const ACCOUNT_UPDATE = `UPDATE accounts SET display_name = ?, description = ?, etag = ?, aws_policies = ?, entity = ?
  WHERE uid = ? AND project_uid = ? AND email = ? AND unique_id = ? AND created_at = ?`;
export const ACCOUNT_DELETE = 'DELETE FROM accounts WHERE email = ?';
