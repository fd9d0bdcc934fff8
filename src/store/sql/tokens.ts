// Tokens by hash. Nothing here looks whether one has expired: only the caller knows what time it is.

import { placeholders } from './reference.ts';

const COLUMNS = 'hash, member, kind, created_at, expires_at, workload, audience, parent';

export const TOKEN_SELECT = `SELECT ${COLUMNS} FROM tokens WHERE hash = ?`;
export const TOKEN_INSERT = `INSERT INTO tokens (${COLUMNS}) VALUES (${placeholders(COLUMNS)})`;
export const TOKEN_DELETE = 'DELETE FROM tokens WHERE hash = ?';
/** Those that were had by a token, or by a key. */
export const TOKENS_DELETE_OF_PARENT = 'DELETE FROM tokens WHERE parent = ?';
export const TOKENS_DELETE_OF_MEMBER = 'DELETE FROM tokens WHERE member = ?';
export const TOKENS_SWEEP = `DELETE FROM tokens
  WHERE hash IN (SELECT hash FROM tokens WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`;
