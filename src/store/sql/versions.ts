// Versions and their sealed payloads. Totals are counted over the covering index of (secret, number).

import { byReference, placeholders, qualified } from './reference.ts';

const COLUMNS = 'uid, secret_uid, number, state, created_at, destroyed_at, etag, crc32c, client_checksum';
const SEALED = `${COLUMNS}, wrapped_key, ciphertext`;
const OF_SECRET = `FROM projects p JOIN secrets s ON s.project_uid = p.uid JOIN versions v ON v.secret_uid = s.uid`;
/** Number 0 asks for the current one. */
const WANTED = `s.location = '' AND s.key = ? AND v.number = COALESCE(NULLIF(CAST(? AS BIGINT), 0), s.current_version)`;

export const VERSION_SELECT = byReference(
  (column) => `SELECT ${qualified('v', COLUMNS)} ${OF_SECRET} WHERE ${column} = ? AND ${WANTED}`,
);
export const PAYLOAD_SELECT = byReference(
  (column) => `SELECT ${qualified('v', SEALED)} ${OF_SECRET} WHERE ${column} = ? AND ${WANTED}`,
);
export const VERSIONS_LIST = byReference(
  (column) => `SELECT ${qualified('v', COLUMNS)} ${OF_SECRET}
  WHERE ${column} = ? AND s.location = '' AND s.key = ? AND v.number < ? ORDER BY v.number DESC LIMIT ?`,
);
export const VERSIONS_TOTAL = byReference(
  (column) => `SELECT COUNT(*) ${OF_SECRET} WHERE ${column} = ? AND s.location = '' AND s.key = ?`,
);

export const VERSION_INSERT = `INSERT INTO versions (${SEALED}) VALUES (${placeholders(SEALED)})`;
/** The payload is not among what can be set: it never changes. */
export const VERSION_UPDATE = `UPDATE versions SET state = ?, destroyed_at = ?, etag = ?
  WHERE uid = ? AND secret_uid = ? AND number = ? AND created_at = ?`;
export const VERSION_DESTROY = `UPDATE versions
  SET state = ?, destroyed_at = ?, etag = ?, wrapped_key = NULL, ciphertext = NULL
  WHERE uid = ? AND secret_uid = ? AND number = ? AND created_at = ?`;
