// What goes with a project, each by the project's uid, and the names that are not given again.

import { byReference } from './reference.ts';
import { FIRST, LAST } from './versions.ts';

export const RETIRED_SELECT = 'SELECT COUNT(*) FROM retired_names WHERE name = ?';
export const RETIRED_INSERT = 'INSERT INTO retired_names (name, project_uid, retired_at) VALUES (?, ?, ?)';

export const TAG_USE_ELSEWHERE = byReference(
  (column) => `SELECT s.location FROM projects p JOIN tag_keys k ON k.project_uid = p.uid
  JOIN tag_values v ON v.key_id = k.id JOIN tag_bindings b ON b.value_id = v.id JOIN secrets s ON s.uid = b.secret_uid
  WHERE ${column} = ? AND s.project_uid <> p.uid LIMIT 1`,
);

/** Tokens of any kind that its service accounts have. */
export const TOKENS_DELETE_OF_PROJECT = `DELETE FROM tokens
  WHERE member IN (SELECT 'serviceAccount:' || email FROM accounts WHERE project_uid = ?)`;
export const CENSUS_DELETE_OF_PROJECT = 'DELETE FROM census WHERE project_uid = ?';
export const PRINCIPALS_DELETE_OF_PROJECT = 'DELETE FROM census_principals WHERE project_uid = ?';
export const VERSIONS_DELETE_OF_PROJECT = `DELETE FROM versions WHERE ordinal IN (
  SELECT v.ordinal FROM secrets s JOIN versions v ON v.ordinal BETWEEN ${FIRST} AND ${LAST} WHERE s.project_uid = ?)`;
export const SECRETS_DELETE_OF_PROJECT = 'DELETE FROM secrets WHERE project_uid = ?';
export const UNENDING_TOKENS = `SELECT id, data FROM vault_entries
  WHERE id >= ? AND id < ? AND expires_at IS NULL AND data LIKE ?`;
/** Finds nothing where it is not that very project. */
export const PROJECT_DELETE = 'DELETE FROM projects WHERE uid = ? AND id = ? AND number = ?';
