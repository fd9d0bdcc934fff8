// Versions and their sealed payloads. A version lies at an ordinal made of its secret's and its number, so that those of
// one secret lie together and each is found without an index. Their uid of the secret is compared all the same: no
// number that is too large finds a version of the next secret. No version ever goes alone, so the last is the total.

import { PROJECT_COLUMNS } from './projects.ts';
import { byPlace, placeholders, qualified } from './reference.ts';
import { SECRET_COLUMNS } from './secrets.ts';

const COLUMNS = `uid, secret_uid, number, state, created_at, destroyed_at, etag, crc32c, client_checksum,
  scheduled_destroy_at, fingerprint`;
const SEALED = `${COLUMNS}, wrapped_key, ciphertext`;
/** Ordinals that a secret takes up. More than VERSIONS_MAX; never changes, as it is in what is stored. */
export const ORDINALS_A_SECRET = 131_072;
const FIRST = `s.ordinal * ${ORDINALS_A_SECRET}`;
const LAST = `${FIRST} + ${ORDINALS_A_SECRET - 1}`;
const OF_SECRET = `FROM projects p JOIN secrets s ON s.project_uid = p.uid JOIN versions v ON v.secret_uid = s.uid`;
/** Number 0 asks for the current one. */
const WANTED = `v.ordinal = ${FIRST} + COALESCE(NULLIF(CAST(? AS BIGINT), 0), s.current_version)`;
const WITH_SECRET = `${qualified('p', PROJECT_COLUMNS)}, ${qualified('s', SECRET_COLUMNS)}, ${qualified('v', COLUMNS)}`;

export const VERSION_SELECT = byPlace(
  (found) => `SELECT ${qualified('v', COLUMNS)} ${OF_SECRET} WHERE ${found} AND ${WANTED}`,
);
export const PAYLOAD_SELECT = byPlace(
  (found) => `SELECT ${qualified('v', SEALED)} ${OF_SECRET} WHERE ${found} AND ${WANTED}`,
);
export const VERSIONS_LIST = byPlace(
  (found) => `SELECT ${qualified('v', COLUMNS)} ${OF_SECRET}
  WHERE ${found} AND v.ordinal BETWEEN ${FIRST} AND ${LAST} AND v.number < ? ORDER BY v.ordinal DESC LIMIT ?`,
);
export const VERSIONS_TOTAL = byPlace(
  (found) =>
    `SELECT COALESCE(MAX(s.last_version), 0) FROM projects p JOIN secrets s ON s.project_uid = p.uid WHERE ${found}`,
);

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

/** Takes the uid of its secret and its number first; of a secret that is not there, the ordinal is none that can be. */
export const VERSION_INSERT = `INSERT INTO versions (ordinal, ${SEALED})
  VALUES (COALESCE((SELECT ${FIRST} FROM secrets s WHERE s.uid = ?), ${-ORDINALS_A_SECRET}) + ?, ${placeholders(SEALED)})`;
/** Takes the uid of its secret, then what never changes: number, uid, uid of the secret, time. */
const THAT_VERY_ONE = `ordinal = (SELECT ${FIRST} FROM secrets s WHERE s.uid = ?) + ? AND uid = ? AND secret_uid = ?
  AND created_at = ?`;
/** Neither the payload nor what follows from it is among what can be set: it never changes. */
export const VERSION_UPDATE = `UPDATE versions SET state = ?, destroyed_at = ?, etag = ?, scheduled_destroy_at = ?
  WHERE ${THAT_VERY_ONE}`;
export const VERSION_DESTROY = `UPDATE versions
  SET state = ?, destroyed_at = ?, etag = ?, scheduled_destroy_at = NULL, fingerprint = NULL,
    wrapped_key = NULL, ciphertext = NULL
  WHERE ${THAT_VERY_ONE}`;
/** Of a secret that goes; takes its uid twice. */
export const VERSIONS_DELETE = `DELETE FROM versions
  WHERE ordinal BETWEEN (SELECT ${FIRST} FROM secrets s WHERE s.uid = ?) AND (SELECT ${LAST} FROM secrets s WHERE s.uid = ?)`;
