// The outbox. The newest event always stays, so that an ordinal, which readers keep as their cursor, is never given out
// again.

import { placeholders } from './reference.ts';

const COLUMNS = 'id, time, project_uid, type, resource, version, topics, attributes, data';

export const EVENTS_AFTER = `SELECT ${COLUMNS}, ordinal FROM events WHERE ordinal > ? ORDER BY ordinal LIMIT ?`;

export const EVENT_INSERT = `INSERT INTO events (${COLUMNS}) VALUES (${placeholders(COLUMNS)})`;
/** Of the first so many. They lie in about the order of their times: an index would cost every change a page of its own. */
export const EVENTS_DELETE_BEFORE = `DELETE FROM events
  WHERE ordinal IN (SELECT ordinal FROM (SELECT ordinal, time FROM events ORDER BY ordinal LIMIT ?) AS oldest WHERE time < ?)
    AND ordinal < (SELECT MAX(ordinal) FROM events)`;
