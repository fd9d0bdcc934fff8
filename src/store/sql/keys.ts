// Keys and their versions. A key is found by its project's id or number, its ring and its name.

import { WRAPPING_RING } from '../../core/keys/key.ts';
import { PROJECT_COLUMNS } from './projects.ts';
import { byReference, placeholders, qualified } from './reference.ts';

export const KEY_COLUMNS =
  'uid, project_uid, ring, name, type, created_at, updated_at, settings, latest_version, next_rotation_at';
const VERSION_COLUMNS = 'key_uid, number, state, created_at, public_key, public_only, wrapped_key, ciphertext';

const KEYS = 'FROM projects p JOIN crypto_keys k ON k.project_uid = p.uid';
const KEY = qualified('k', KEY_COLUMNS);
const VERSION = qualified('v', VERSION_COLUMNS);
const NAMED = 'k.ring = ? AND k.name = ?';

/** With the version that is wanted, if there is one; number 0 asks for the newest. */
export const KEY_SELECT = byReference(
  (column) => `SELECT ${KEY}, ${VERSION} ${KEYS}
  LEFT JOIN crypto_key_versions v
    ON v.key_uid = k.uid AND v.number = COALESCE(NULLIF(CAST(? AS BIGINT), 0), k.latest_version)
  WHERE ${column} = ? AND ${NAMED}`,
);
export const KEY_VERSIONS_LIST = byReference(
  (column) => `SELECT ${VERSION} ${KEYS} JOIN crypto_key_versions v ON v.key_uid = k.uid
  WHERE ${column} = ? AND ${NAMED} AND v.number >= ? AND v.state <> 'DESTROYED' ORDER BY v.number LIMIT ?`,
);
export const KEYS_LIST = byReference(
  (column) => `SELECT ${KEY} ${KEYS} WHERE ${column} = ? AND k.ring = ? AND k.name > ? ORDER BY k.name LIMIT ?`,
);
export const KEYS_DUE = `SELECT ${qualified('p', PROJECT_COLUMNS)}, ${KEY} ${KEYS}
  WHERE k.next_rotation_at <= ? ORDER BY k.next_rotation_at, k.uid LIMIT ?`;

export const KEY_INSERT = `INSERT INTO crypto_keys (${KEY_COLUMNS}) VALUES (${placeholders(KEY_COLUMNS)})`;
export const KEY_UPDATE = `UPDATE crypto_keys
  SET updated_at = ?, settings = ?, latest_version = ?, next_rotation_at = ?
  WHERE uid = ? AND project_uid = ? AND type = ? AND created_at = ?`;
export const KEY_DELETE = 'DELETE FROM crypto_keys WHERE uid = ?';
export const KEY_VERSION_INSERT = `INSERT INTO crypto_key_versions (${VERSION_COLUMNS})
  VALUES (${placeholders(VERSION_COLUMNS)})`;
/** Of a version whose private half comes later. */
export const KEY_VERSION_UPDATE = `UPDATE crypto_key_versions SET public_only = ?, wrapped_key = ?, ciphertext = ?
  WHERE key_uid = ? AND number = ? AND created_at = ?`;
export const KEY_VERSIONS_DESTROY = `UPDATE crypto_key_versions
  SET state = 'DESTROYED', wrapped_key = NULL, ciphertext = NULL
  WHERE key_uid = ? AND number < ? AND state <> 'DESTROYED'`;
export const KEY_RING_DELETE = `DELETE FROM crypto_keys
  WHERE project_uid = ? AND (ring = ? OR (ring = '${WRAPPING_RING}' AND name = ?))`;
export const KEY_RING_MOVE = 'UPDATE crypto_keys SET ring = ? WHERE project_uid = ? AND ring = ?';
export const WRAPPING_KEY_MOVE = `UPDATE crypto_keys SET name = ?
  WHERE project_uid = ? AND ring = '${WRAPPING_RING}' AND name = ?`;
