// The outbox. The newest event always stays, so that an ordinal, which readers keep as their cursor, is never given out
// again.

import { placeholders } from './reference.ts';

const COLUMNS = 'id, time, project_uid, type, resource, version, topics, attributes, data';

export const EVENTS_AFTER = `SELECT ${COLUMNS}, ordinal FROM events WHERE ordinal > ? ORDER BY ordinal LIMIT ?`;

export const EVENT_INSERT = `INSERT INTO events (${COLUMNS}) VALUES (${placeholders(COLUMNS)})`;
export const EVENTS_DELETE_BEFORE = `DELETE FROM events
  WHERE ordinal IN (SELECT ordinal FROM events WHERE time < ? ORDER BY time, ordinal LIMIT ?)
    AND ordinal < (SELECT MAX(ordinal) FROM events)`;
