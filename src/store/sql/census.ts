// The census, and which members the policies of secrets name. A sighting lies at the ordinal of its version and names its
// principal by number, so that a new reader, of which a busy server has thousands a second, touches one page.

import { byPlace, byReference, columnCount, placeholders, qualified } from './reference.ts';
import { secretCells } from './secrets.ts';
import { FIRST, LAST, ORDINALS_A_SECRET } from './versions.ts';

const COLUMNS = 'place, principal, workload, dialect, project_uid, first_seen_at, last_seen_at, reads';
const KEY = 'place, principal, workload, dialect';
/** What of a sighting other rows than its own say comes first. */
const SIGHTING = `s.uid, n.principal, ${qualified('c', COLUMNS)}`;
export const SIGHTING_COLUMNS: number = columnCount(SIGHTING);
const PRINCIPAL = 'JOIN census_principals n ON n.ordinal = c.principal';

/** The state of the version comes after the sighting. Those of one secret lie together, and are sorted. */
export const CENSUS_OF_SECRET = byPlace(
  (found) => `SELECT ${SIGHTING}, v.state
  FROM projects p JOIN secrets s ON s.project_uid = p.uid JOIN census c ON c.place BETWEEN ${FIRST} AND ${LAST}
  ${PRINCIPAL} JOIN versions v ON v.ordinal = c.place
  WHERE ${found} ORDER BY c.last_seen_at DESC, c.place DESC, c.principal DESC LIMIT ?`,
);

const OF_PLACE = `JOIN secrets s ON s.ordinal = c.place / ${ORDINALS_A_SECRET}`;
const WITH_SECRET = `SELECT ${SIGHTING}, ${secretCells('s')} FROM projects p`;

export const CENSUS_OF_PROJECT = byReference(
  (column) => `${WITH_SECRET} JOIN census c ON c.project_uid = p.uid ${PRINCIPAL} ${OF_PLACE}
  WHERE ${column} = ? AND s.purge_at IS NULL ORDER BY c.last_seen_at DESC LIMIT ?`,
);
export const CENSUS_OF_PRINCIPAL = byReference(
  (column) => `${WITH_SECRET} JOIN census_principals n ON n.project_uid = p.uid
  JOIN census c ON c.principal = n.ordinal ${OF_PLACE}
  WHERE ${column} = ? AND n.principal = ? AND s.purge_at IS NULL ORDER BY c.last_seen_at DESC LIMIT ?`,
);

export const PRINCIPAL_INSERT =
  'INSERT INTO census_principals (project_uid, principal) VALUES (?, ?) ON CONFLICT (project_uid, principal) DO NOTHING';

const PLACE = `${FIRST} + CAST(? AS BIGINT)`;
const BESIDE = `SELECT 1 FROM census c WHERE c.place = ${PLACE} AND c.principal = n.ordinal`;

/**
 * Where a sighting belongs: its place, the number of its principal, and how many other workloads of it the version is
 * known to have, up to a bound; 0 for one of those. Nothing for a secret that is gone. Takes the number of the version,
 * again with the workload, again with the bound, then the uid of the secret, that of the project and the principal.
 */
export const SIGHTING_PLACE = `SELECT ${PLACE}, n.ordinal, CASE
  WHEN EXISTS (${BESIDE} AND c.workload = ?) THEN 0
  ELSE (SELECT COUNT(*) FROM (${BESIDE} LIMIT ?) AS others)
  END
  FROM secrets s, census_principals n WHERE s.uid = ? AND n.project_uid = ? AND n.principal = ?`;

/** Where a version lies, whether or not there is one of this number; takes the number and the uid of its secret. */
export const VERSION_PLACE = `SELECT ${PLACE} FROM secrets s WHERE s.uid = ?`;
/** Where those of a location begin. */
export const ORDINALS_OF_LOCATION = `SELECT ${FIRST} FROM secrets s WHERE s.project_uid = ? AND s.location = ?`;
export const ORDINALS_OF_PROJECT = `SELECT ${FIRST} FROM secrets s WHERE s.project_uid = ?`;
export const PRINCIPAL_ORDINAL = 'SELECT ordinal FROM census_principals WHERE project_uid = ? AND principal = ?';
/** How many sightings a principal has of a version, up to a bound. */
export const WORKLOADS_TOTAL =
  'SELECT COUNT(*) FROM (SELECT 1 FROM census WHERE place = ? AND principal = ? LIMIT ?) AS others';
export const WORKLOAD_KNOWN = 'SELECT 1 FROM census WHERE place = ? AND principal = ? AND workload = ? LIMIT 1';

const LATER = 'excluded.last_seen_at > census.last_seen_at';
const EARLIER = 'excluded.first_seen_at < census.first_seen_at';

export const SIGHTING_UPSERT = `INSERT INTO census (${COLUMNS}) VALUES (${placeholders(COLUMNS)})
  ON CONFLICT (${KEY}) DO UPDATE SET
    last_seen_at = CASE WHEN ${LATER} THEN excluded.last_seen_at ELSE census.last_seen_at END,
    first_seen_at = CASE WHEN ${EARLIER} THEN excluded.first_seen_at ELSE census.first_seen_at END,
    reads = census.reads + excluded.reads`;

/** Of a secret that goes; takes its uid twice. */
export const CENSUS_DELETE = `DELETE FROM census
  WHERE place BETWEEN (SELECT ${FIRST} FROM secrets s WHERE s.uid = ?) AND (SELECT ${LAST} FROM secrets s WHERE s.uid = ?)`;
/** Of every secret of a location that goes. */
export const CENSUS_DELETE_AT = `DELETE FROM census WHERE (${KEY}) IN (
  SELECT ${qualified('c', KEY)} FROM secrets s JOIN census c ON c.place BETWEEN ${FIRST} AND ${LAST}
  WHERE s.project_uid = ? AND s.location = ?)`;

/** By project, where the index has the oldest first. */
export const CENSUS_SWEEP = `DELETE FROM census WHERE (${KEY}) IN (SELECT ${qualified('c', KEY)}
  FROM projects p JOIN census c ON c.project_uid = p.uid WHERE c.last_seen_at < ? LIMIT ?)`;
/** Those of whom nothing was seen any more. */
export const PRINCIPALS_SWEEP = `DELETE FROM census_principals
  WHERE NOT EXISTS (SELECT 1 FROM census c WHERE c.principal = census_principals.ordinal)`;

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
    return `SELECT ${secretCells('s')} FROM (${each.join(' UNION ')}) AS naming
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
