// What only PostgreSQL has: the stamps that tell whether anything was committed, the locks, the servers, the records that
// wait for their copy by server, and the audit segments of all of them.

/** Of the two kinds of rows that are kept, of destroyed payloads, and how many migrations the database has. */
export const STAMPS_SELECT = 'SELECT authority, secrets, erasures, schema FROM stamps WHERE id = 1';
/** One writer at a time: whoever has this row sees every commit before his own, and commits after all of them. */
export const STAMPS_LOCK = `${STAMPS_SELECT} FOR UPDATE`;
/** NULL leaves a stamp as it is. */
export const STAMPS_UPDATE = `UPDATE stamps SET authority = COALESCE(CAST(? AS BIGINT), authority),
  secrets = COALESCE(CAST(? AS BIGINT), secrets), erasures = COALESCE(CAST(? AS BIGINT), erasures) WHERE id = 1`;
export const LOCK_ROW = 'SELECT name FROM locks WHERE name = ? FOR UPDATE';

/** Whatever the user's default: what comes after the writers' lock must see what was committed before it was taken. */
export const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE';
/** All that is read in it is of one moment. */
export const BEGIN_READING = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
export const COMMIT = 'COMMIT';
export const ROLLBACK = 'ROLLBACK';
/**
 * For this transaction: how long it waits for a lock, and how long its server may leave it open, so that one that stands
 * still holds up nobody. No time limit for statements: one that strikes while a commit waits for the standby would let
 * it pass as done. What is committed is on the disk, whatever the user's default.
 */
export const GUARD = `SELECT set_config('lock_timeout', ?, true), set_config('idle_in_transaction_session_timeout', ?, true),
  set_config('statement_timeout', '0', true),
  set_config('synchronous_commit',
    CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)`;

export const SERVER_COMMIT = `INSERT INTO servers (id, last_commit) VALUES (?, ?)
  ON CONFLICT (id) DO UPDATE SET last_commit = excluded.last_commit`;
export const SERVER_COMMIT_SELECT = 'SELECT last_commit FROM servers WHERE id = ?';

export const WAITING_INSERT =
  'INSERT INTO audit_waiting (id, record, server, created_at) VALUES (?, ?, ?, ?) RETURNING ordinal';
/** Those that their server has not come for in so long are taken over by this one. */
export const WAITING_CLAIM = 'UPDATE audit_waiting SET server = ? WHERE server <> ? AND created_at < ?';
export const WAITING_SELECT = 'SELECT id, record, ordinal FROM audit_waiting WHERE server = ? ORDER BY ordinal LIMIT ?';
export const WAITING_DELETE = 'DELETE FROM audit_waiting WHERE ordinal = ANY(CAST(? AS BIGINT[]))';

export const PARTS_INSERT = `INSERT INTO audit_parts (stream, segment, at_bytes, length_bytes, packed)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT (stream, segment, at_bytes)
  DO UPDATE SET length_bytes = excluded.length_bytes, packed = excluded.packed
  WHERE excluded.length_bytes > audit_parts.length_bytes`;
/** What lies behind so many bytes of a segment, the next segments after it. */
export const PARTS_SELECT = `SELECT segment, at_bytes, length_bytes, packed FROM audit_parts
  WHERE stream = ? AND (segment > ? OR (segment = ? AND at_bytes + length_bytes > ?))
  ORDER BY segment, at_bytes LIMIT ?`;
export const PARTS_PRUNE = 'DELETE FROM audit_parts WHERE stream = ? AND segment < ?';
export const PARTS_LIST = `SELECT stream, segment, at_bytes, length_bytes, packed FROM audit_parts
  WHERE (stream, segment, at_bytes) > (?, ?, CAST(? AS BIGINT)) ORDER BY stream, segment, at_bytes LIMIT ?`;
export const WAITING_ALL = 'SELECT id, record, ordinal FROM audit_waiting ORDER BY ordinal';
