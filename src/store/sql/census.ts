// The census, and which members the policies of secrets name.

import { byPlace, byReference, placeholders, qualified } from './reference.ts';
import { SECRET_COLUMNS } from './secrets.ts';
import { ORDINALS_A_SECRET } from './versions.ts';

export const SIGHTING_COLUMNS =
  'secret_uid, project_uid, version, principal, workload, dialect, first_seen_at, last_seen_at, reads';
const KEY = 'secret_uid, principal, version, workload, dialect';
const SIGHTING = qualified('c', SIGHTING_COLUMNS);

/** The state of the version comes after the sighting. */
export const CENSUS_OF_SECRET = byPlace(
  (found) => `SELECT ${SIGHTING}, v.state
  FROM projects p JOIN secrets s ON s.project_uid = p.uid JOIN census c ON c.secret_uid = s.uid
  JOIN versions v ON v.ordinal = s.ordinal * ${ORDINALS_A_SECRET} + c.version
  WHERE ${found} ORDER BY c.last_seen_at DESC LIMIT ?`,
);

const WITH_SECRET = `SELECT ${SIGHTING}, ${qualified('s', SECRET_COLUMNS)}
  FROM projects p JOIN census c ON c.project_uid = p.uid JOIN secrets s ON s.uid = c.secret_uid`;

export const CENSUS_OF_PROJECT = byReference(
  (column) => `${WITH_SECRET} WHERE ${column} = ? AND s.purge_at IS NULL ORDER BY c.last_seen_at DESC LIMIT ?`,
);
export const CENSUS_OF_PRINCIPAL = byReference(
  (column) => `${WITH_SECRET}
  WHERE ${column} = ? AND c.principal = ? AND s.purge_at IS NULL ORDER BY c.last_seen_at DESC LIMIT ?`,
);

/** How many other workloads of the principal the version is known to have, up to a bound; 0 for one of those. */
export const WORKLOADS_BESIDE = `SELECT CASE
  WHEN EXISTS (SELECT 1 FROM census WHERE secret_uid = ? AND principal = ? AND version = ? AND workload = ?) THEN 0
  ELSE (SELECT COUNT(*) FROM (SELECT 1 FROM census WHERE secret_uid = ? AND principal = ? AND version = ? LIMIT ?) AS others)
  END`;

const LATER = 'excluded.last_seen_at > census.last_seen_at';
const EARLIER = 'excluded.first_seen_at < census.first_seen_at';

/** Does nothing for a secret that is gone. The uid of the secret is given once more at the end. */
export const SIGHTING_UPSERT = `INSERT INTO census (${SIGHTING_COLUMNS})
  SELECT ${placeholders(SIGHTING_COLUMNS)} FROM secrets WHERE uid = ?
  ON CONFLICT (${KEY}) DO UPDATE SET
    last_seen_at = CASE WHEN ${LATER} THEN excluded.last_seen_at ELSE census.last_seen_at END,
    first_seen_at = CASE WHEN ${EARLIER} THEN excluded.first_seen_at ELSE census.first_seen_at END,
    reads = census.reads + excluded.reads`;

/** By project, where the index has the oldest first. */
export const CENSUS_SWEEP = `DELETE FROM census WHERE ordinal IN
  (SELECT c.ordinal FROM projects p JOIN census c ON c.project_uid = p.uid WHERE c.last_seen_at < ? LIMIT ?)`;

/**
 * Secrets that name one of so many members, each once: for each member so many from its index, merged. Takes the
 * project, the member, the cursor and the limit for each, then the limit.
 */
export function secretsNaming(members: number): ReturnType<typeof byReference> {
  return byReference((column) => {
    const one = `SELECT m.secret_uid
    FROM projects p JOIN secret_members m ON m.project_uid = p.uid JOIN secrets n ON n.uid = m.secret_uid
    WHERE ${column} = ? AND m.member = ? AND m.secret_uid > ? AND n.purge_at IS NULL ORDER BY m.secret_uid LIMIT ?`;
    const each = Array.from({ length: members }, (_, at) => `SELECT secret_uid FROM (${one}) AS naming_${at}`);
    return `SELECT ${qualified('s', SECRET_COLUMNS)} FROM (${each.join(' UNION ')}) AS naming
  JOIN secrets s ON s.uid = naming.secret_uid ORDER BY naming.secret_uid LIMIT ?`;
  });
}

/** Secrets that have a policy of AWS's, those that had one among them. */
export const SETTINGS_OF_MEMBER = `SELECT s.uid, s.settings FROM secret_members m JOIN secrets s ON s.uid = m.secret_uid
  WHERE m.member = ?`;
export const MEMBER_INSERT = 'INSERT INTO secret_members (secret_uid, member, project_uid) VALUES (?, ?, ?)';
export const MEMBERS_DELETE = 'DELETE FROM secret_members WHERE secret_uid = ?';
export const MEMBER_DELETE = 'DELETE FROM secret_members WHERE member = ?';
export const MEMBERS_FILL = `SELECT uid, project_uid, policy FROM secrets
  WHERE policy <> '{"bindings":[],"etag":"ACAB"}'`;
