// Versions and their sealed payloads. Totals are counted over the covering index of (secret, number).

import { PROJECT_COLUMNS } from './projects.ts';
import { byPlace, placeholders, qualified } from './reference.ts';
import { SECRET_COLUMNS } from './secrets.ts';

const COLUMNS = `uid, secret_uid, number, state, created_at, destroyed_at, etag, crc32c, client_checksum,
  scheduled_destroy_at, fingerprint, deleted_at`;
const SEALED = `${COLUMNS}, wrapped_key, ciphertext`;
const OF_SECRET = `FROM projects p JOIN secrets s ON s.project_uid = p.uid JOIN versions v ON v.secret_uid = s.uid`;
/** Number 0 asks for the current one. */
const WANTED = 'v.number = COALESCE(NULLIF(CAST(? AS BIGINT), 0), s.current_version)';
const WITH_SECRET = `${qualified('p', PROJECT_COLUMNS)}, ${qualified('s', SECRET_COLUMNS)}, ${qualified('v', COLUMNS)}`;

export const VERSION_SELECT = byPlace(
  (found) => `SELECT ${qualified('v', COLUMNS)} ${OF_SECRET} WHERE ${found} AND ${WANTED}`,
);
export const PAYLOAD_SELECT = byPlace(
  (found) => `SELECT ${qualified('v', SEALED)} ${OF_SECRET} WHERE ${found} AND ${WANTED}`,
);
export const VERSIONS_LIST = byPlace(
  (found) => `SELECT ${qualified('v', COLUMNS)} ${OF_SECRET}
  WHERE ${found} AND v.number < ? ORDER BY v.number DESC LIMIT ?`,
);
export const VERSIONS_TOTAL = byPlace((found) => `SELECT COUNT(*) ${OF_SECRET} WHERE ${found}`);

export const VERSIONS_DUE = `SELECT ${WITH_SECRET}
  FROM versions v JOIN secrets s ON s.uid = v.secret_uid JOIN projects p ON p.uid = s.project_uid
  WHERE v.scheduled_destroy_at <= ? AND s.purge_at IS NULL ORDER BY v.scheduled_destroy_at, v.uid LIMIT ?`;
/** Oldest first. A version without a fingerprint equals none, not even itself. */
export const VERSIONS_OF_VALUE = byPlace(
  (found) => `SELECT ${WITH_SECRET}
  FROM (SELECT v.fingerprint ${OF_SECRET} WHERE ${found} AND ${WANTED}) AS wanted
  JOIN versions v ON v.fingerprint = wanted.fingerprint
  JOIN secrets s ON s.uid = v.secret_uid JOIN projects p ON p.uid = s.project_uid
  WHERE s.purge_at IS NULL ORDER BY v.created_at, v.uid LIMIT ?`,
);

export const VERSION_INSERT = `INSERT INTO versions (${SEALED}) VALUES (${placeholders(SEALED)})`;
/** Neither the payload nor what follows from it is among what can be set: it never changes. */
export const VERSION_UPDATE = `UPDATE versions SET state = ?, destroyed_at = ?, etag = ?, scheduled_destroy_at = ?, deleted_at = ?
  WHERE uid = ? AND secret_uid = ? AND number = ? AND created_at = ?`;
export const VERSION_DESTROY = `UPDATE versions
  SET state = ?, destroyed_at = ?, etag = ?, scheduled_destroy_at = NULL, deleted_at = ?, fingerprint = NULL,
    wrapped_key = NULL, ciphertext = NULL
  WHERE uid = ? AND secret_uid = ? AND number = ? AND created_at = ?`;
