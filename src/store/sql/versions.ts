// Versions and their sealed payloads. A version lies at an ordinal made of its secret's and its number, so that those of
// one secret lie together and each is found without an index. Their uid of the secret is compared all the same: no
// number that is too large finds a version of the next secret. No version ever goes alone, so the last is the total.

import { PROJECT_COLUMNS } from './projects.ts';
import { byPlace, byReference, folded, placeholders, qualified, spelling } from './reference.ts';
import { secretCells } from './secrets.ts';

const COLUMNS = `uid, secret_uid, number, state, created_at, destroyed_at, etag, crc32c, client_checksum,
  scheduled_destroy_at, fingerprint, attributes, deleted_at`;
const SEALED = `${COLUMNS}, wrapped_key, ciphertext`;
/** The payload's row as it is read. */
const PAYLOAD = `${qualified('v', SEALED)}, v.ordinal`;
/** Ordinals that a secret takes up. More than VERSIONS_MAX; never changes, as it is in what is stored. */
export const ORDINALS_A_SECRET = 131_072;
/** What they begin and end with. */
export const FIRST = `s.ordinal * ${ORDINALS_A_SECRET}`;
export const LAST = `${FIRST} + ${ORDINALS_A_SECRET - 1}`;
/** All that a secret has. */
const OWN = `v.ordinal BETWEEN ${FIRST} AND ${LAST}`;
const OF_SECRET = `FROM projects p JOIN secrets s ON s.project_uid = p.uid JOIN versions v ON v.secret_uid = s.uid`;
/** Number 0 asks for the current one. */
const WANTED = `v.ordinal = ${FIRST} + COALESCE(NULLIF(CAST(? AS BIGINT), 0), s.current_version)`;
const WITH_SECRET = `${qualified('p', PROJECT_COLUMNS)}, ${secretCells('s')}, ${qualified('v', COLUMNS)}`;

export const VERSION_SELECT = byPlace(
  (found) => `SELECT ${qualified('v', COLUMNS)} ${OF_SECRET} WHERE ${found} AND ${WANTED}`,
);
export const PAYLOAD_SELECT = byPlace((found) => `SELECT ${PAYLOAD} ${OF_SECRET} WHERE ${found} AND ${WANTED}`);
/** The secret, and then its version, or nothing; takes the number first. */
export const SECRET_AND_PAYLOAD_SELECT = byPlace(
  (found) => `SELECT ${secretCells('s')}, ${PAYLOAD} FROM projects p JOIN secrets s ON s.project_uid = p.uid
  LEFT JOIN versions v ON v.secret_uid = s.uid AND ${WANTED} WHERE ${found}`,
);
/** Few secrets have many versions: they lie together, and are looked through. */
export const VERSION_OF_UID_SELECT = byPlace(
  (found) => `SELECT ${qualified('v', COLUMNS)} ${OF_SECRET} WHERE ${found} AND ${OWN} AND v.uid = ?`,
);
export const PAYLOAD_OF_UID_SELECT = byPlace(
  (found) => `SELECT ${PAYLOAD} ${OF_SECRET} WHERE ${found} AND ${OWN} AND v.uid = ?`,
);
/** By the uid, or by a part of the attributes: whoever asks looks whether it is the one. */
const NAMED = "(v.uid = ? OR v.attributes LIKE ? ESCAPE '!')";
export const VERSIONS_OF_ID = byPlace(
  (found) => `SELECT ${qualified('v', COLUMNS)} ${OF_SECRET} WHERE ${found} AND ${OWN} AND ${NAMED}`,
);
export const PAYLOADS_OF_ID = byPlace(
  (found) => `SELECT ${PAYLOAD} ${OF_SECRET} WHERE ${found} AND ${OWN} AND ${NAMED}`,
);
export const PAYLOADS_LIST = byPlace(
  (found) => `SELECT ${PAYLOAD} ${OF_SECRET}
  WHERE ${found} AND ${OWN} ORDER BY v.ordinal LIMIT ?`,
);
/** Those that deletion took are lists of their own. Of two that are spelled alike, only one that is spelled exactly so counts. */
const currentVersions = (purge: string) =>
  byReference(
    (column) => `SELECT ${secretCells('s')}, s.ordinal, ${qualified('v', COLUMNS)} ${OF_SECRET}
  WHERE ${column} = ? AND s.location = '' AND s.purge_at ${purge} AND s.ordinal < ?
    AND v.ordinal = ${FIRST} + s.current_version AND v.state <> 'DESTROYED'
    AND (s.key = ${spelling('s.key')} OR NOT EXISTS (SELECT 1 FROM secrets o
      WHERE o.project_uid = s.project_uid AND o.location = '' AND ${folded('o.key')} = ${folded('s.key')}
        AND o.purge_at ${purge} AND o.uid <> s.uid))
  ORDER BY s.ordinal DESC LIMIT ?`,
  );
export const CURRENT_VERSIONS = currentVersions('IS NULL');
export const CURRENT_VERSIONS_DELETED = currentVersions('IS NOT NULL');
export const VERSIONS_LIST = byPlace(
  (found) => `SELECT ${qualified('v', COLUMNS)} ${OF_SECRET}
  WHERE ${found} AND ${OWN} AND v.number < ? ORDER BY v.ordinal DESC LIMIT ?`,
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
export const VERSION_UPDATE = `UPDATE versions
  SET state = ?, destroyed_at = ?, etag = ?, scheduled_destroy_at = ?, attributes = ?, deleted_at = ?
  WHERE ${THAT_VERY_ONE}`;
export const VERSION_DESTROY = `UPDATE versions
  SET state = ?, destroyed_at = ?, etag = ?, scheduled_destroy_at = NULL, attributes = ?, deleted_at = ?, fingerprint = NULL,
    wrapped_key = NULL, ciphertext = NULL
  WHERE ${THAT_VERY_ONE}`;
/** Of a secret that goes; takes its uid twice. */
export const VERSIONS_DELETE = `DELETE FROM versions
  WHERE ordinal BETWEEN (SELECT ${FIRST} FROM secrets s WHERE s.uid = ?) AND (SELECT ${LAST} FROM secrets s WHERE s.uid = ?)`;
/** Of every secret of a location that goes. */
export const VERSIONS_DELETE_AT = `DELETE FROM versions WHERE ordinal IN (
  SELECT v.ordinal FROM secrets s JOIN versions v ON ${OWN} WHERE s.project_uid = ? AND s.location = ?)`;
