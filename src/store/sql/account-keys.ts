// Public keys of service accounts. They go with their account.

import { placeholders } from './reference.ts';

const COLUMNS = 'id, account, public_key, created_at, expires_at, disabled, workload, kind';

export const ACCOUNT_KEY_SELECT = `SELECT ${COLUMNS} FROM account_keys WHERE id = ?`;
export const ACCOUNT_KEYS_LIST = `SELECT ${COLUMNS} FROM account_keys WHERE account = ? ORDER BY created_at, id`;

export const ACCOUNT_KEY_INSERT = `INSERT INTO account_keys (${COLUMNS}) VALUES (${placeholders(COLUMNS)})`;
export const ACCOUNT_KEY_UPDATE = `UPDATE account_keys SET expires_at = ?, disabled = ?, workload = ?
  WHERE id = ? AND account = ? AND public_key = ? AND created_at = ?`;
export const ACCOUNT_KEY_DELETE = 'DELETE FROM account_keys WHERE id = ?';
