// Secrets. One that is deleted has a time of purge: it keeps its name, and is found only where it is asked for.
// Totals are counted over a covering index: a kept counter would be one more row that every writer of a project waits
// for, and one more thing that can be wrong.

import { PROJECT_COLUMNS } from './projects.ts';
import { type ByReference, byPlace, byReference, folded, placeholders, qualified, SEEN_FROM } from './reference.ts';

export const SECRET_COLUMNS = `uid, project_uid, location, name, created_at, labels, annotations, replication, settings,
  etag, policy, last_version, current_version, previous_version, expires_at, rotate_at, purge_at, aws`;
/** What most secrets hold in these columns. */
const USUAL: Readonly<Record<string, string>> = {
  labels: '{}',
  annotations: '{}',
  replication: '{"locations":[]}',
  settings: '{"tags":{},"versionAliases":{},"topics":[]}',
  policy: '{"bindings":[],"etag":"ACAB"}',
};
/** The same by the places of their columns. */
export const USUAL_CELLS: readonly (string | undefined)[] = SECRET_COLUMNS.split(/,\s*/).map((column) => USUAL[column]);

/** The columns of a secret as they are read: NULL for what is usual, since each text costs V8 more than SQLite to compare. */
export function secretCells(alias: string): string {
  return SECRET_COLUMNS.replaceAll(/\w+/g, (column) =>
    column in USUAL ? `NULLIF(${alias}.${column}, '${USUAL[column]}')` : `${alias}.${column}`,
  );
}

const INSERTED = `${SECRET_COLUMNS}, home_region, replica_regions, key`;
const OF_PROJECT = 'FROM projects p JOIN secrets s ON s.project_uid = p.uid';
const OF_LOCATION = 's.location = ? AND s.purge_at IS NULL';

export const SECRET_SELECT = byPlace((found) => `SELECT ${secretCells('s')} ${OF_PROJECT} WHERE ${found}`);
export const SECRETS_LIST = byReference(
  (column) => `SELECT ${secretCells('s')}, s.ordinal ${OF_PROJECT}
  WHERE ${column} = ? AND ${OF_LOCATION} AND s.ordinal < ? ORDER BY s.ordinal DESC LIMIT ?`,
);
export const SECRETS_TOTAL = byReference(
  (column) => `SELECT COUNT(*) ${OF_PROJECT} WHERE ${column} = ? AND ${OF_LOCATION}`,
);

const seen = (order: 'oldest' | 'newest', purges: readonly string[]) => {
  const [comparison, direction] = order === 'oldest' ? ['>', 'ASC'] : ['<', 'DESC'];
  const at = ["''", '?'].flatMap((location) => purges.map((purge) => ({ location, purge })));
  return byReference((column) => {
    const parts = at.map(
      ({ location, purge }) => `SELECT * FROM (SELECT s.ordinal ${OF_PROJECT}
    WHERE ${column} = ? AND s.location = ${location} AND ${SEEN_FROM('s')} AND s.purge_at ${purge}
      AND s.ordinal ${comparison} ? ORDER BY s.ordinal ${direction} LIMIT ?) AS part`,
    );
    return `SELECT ${secretCells('s')}, s.ordinal
  FROM (${parts.join(' UNION ALL ')}) AS found JOIN secrets s ON s.ordinal = found.ordinal
  ORDER BY s.ordinal ${direction} LIMIT ?`;
  });
};
/**
 * Those that are seen from a region. Each part is read by its own index: the global ones and those of the region, and of
 * both the deleted ones where they are wanted.
 */
export const SECRETS_SEEN: Readonly<
  Record<'oldest' | 'newest', { readonly living: ByReference; readonly any: ByReference }>
> = {
  oldest: { living: seen('oldest', ['IS NULL']), any: seen('oldest', ['IS NULL', 'IS NOT NULL']) },
  newest: { living: seen('newest', ['IS NULL']), any: seen('newest', ['IS NULL', 'IS NOT NULL']) },
};

/** How many are spelled like a name; deleted ones do not count. */
export const SPELLINGS_TOTAL = byReference(
  (column) => `SELECT COUNT(*) ${OF_PROJECT} WHERE ${column} = ? AND ${OF_LOCATION} AND ${folded('s.key')} = ?`,
);

/** The first so many by one of the times; every secret is there once. */
function due(column: string, more = ''): string {
  return `SELECT * FROM (SELECT ordinal, ${column} AS due_at FROM secrets
    WHERE ${column} <= ?${more} ORDER BY ${column}, ordinal LIMIT ?) AS by_${column}`;
}

/** Takes the time and the limit three times, then the limit once more. The first of a secret's times is what counts. */
export const SECRETS_DUE = `SELECT ${qualified('p', PROJECT_COLUMNS)}, ${secretCells('s')}
  FROM (SELECT ordinal, MIN(due_at) AS due_at
    FROM (${due('expires_at')} UNION ALL ${due('purge_at')} UNION ALL ${due('rotate_at', ' AND purge_at IS NULL')}) AS dues
    GROUP BY ordinal ORDER BY MIN(due_at), ordinal LIMIT ?) AS due
  JOIN secrets s ON s.ordinal = due.ordinal JOIN projects p ON p.uid = s.project_uid
  ORDER BY due.due_at, due.ordinal`;

export const SECRET_INSERT = `INSERT INTO secrets (${INSERTED}) VALUES (${placeholders(INSERTED)})`;
/** Finds nothing where a column that never changes would: an update is of that very secret. */
const THAT_VERY_ONE = 'WHERE uid = ? AND project_uid = ? AND location = ? AND name = ? AND created_at = ?';
export const SECRET_UPDATE = `UPDATE secrets
  SET labels = ?, annotations = ?, replication = ?, settings = ?, etag = ?, policy = ?, last_version = ?,
    current_version = ?, previous_version = ?, expires_at = ?, rotate_at = ?, purge_at = ?, aws = ?,
    home_region = ?, replica_regions = ?
  ${THAT_VERY_ONE}`;
/** Of what only gets a version more: no index has these columns, and an index is written for each column that is named. */
export const SECRET_ADVANCE = `UPDATE secrets SET last_version = ?, current_version = ?, previous_version = ?
  ${THAT_VERY_ONE}`;
export const SECRET_NAMES = byReference(
  (column) => `SELECT s.name ${OF_PROJECT}
  WHERE ${column} = ? AND ${OF_LOCATION} AND s.key >= ? AND s.key < ? AND s.key > ? ORDER BY s.key LIMIT ?`,
);
export const SECRETS_DELETE_AT = 'DELETE FROM secrets WHERE project_uid = ? AND location = ?';
export const SECRET_DELETE = 'DELETE FROM secrets WHERE uid = ?';

/** Few secrets have a policy of their own; an index holds those. */
export const SECRET_POLICIES = `SELECT uid, policy FROM secrets
  WHERE policy <> '${USUAL['policy']}' AND policy LIKE ?`;
/** The policies of one secret: that of AWS's is among the settings. */
export const SECRET_POLICY_SELECT = 'SELECT policy, settings FROM secrets WHERE uid = ?';
export const SECRET_SETTINGS_UPDATE = 'UPDATE secrets SET settings = ? WHERE uid = ?';
export const SECRET_POLICY_UPDATE = 'UPDATE secrets SET policy = ? WHERE uid = ?';
