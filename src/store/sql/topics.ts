// Topics and subscriptions, each found by its project and its id. A subscription keeps the name of its topic also when
// that is deleted.

import { byReference, placeholders, qualified } from './reference.ts';

const TOPIC_COLUMNS = 'project_uid, id, created_at, labels';
const SUBSCRIPTION_COLUMNS = 'project_uid, id, topic, created_at, labels';
const TOPICS = 'FROM projects p JOIN topics t ON t.project_uid = p.uid';
const SUBSCRIPTIONS = 'FROM projects p JOIN subscriptions t ON t.project_uid = p.uid';
const PAGE = 't.id > ? ORDER BY t.id LIMIT ?';

export const TOPIC_SELECT = byReference(
  (column) => `SELECT ${qualified('t', TOPIC_COLUMNS)} ${TOPICS} WHERE ${column} = ? AND t.id = ?`,
);
export const TOPICS_LIST = byReference(
  (column) => `SELECT ${qualified('t', TOPIC_COLUMNS)} ${TOPICS} WHERE ${column} = ? AND ${PAGE}`,
);
export const SUBSCRIPTION_SELECT = byReference(
  (column) => `SELECT ${qualified('t', SUBSCRIPTION_COLUMNS)} ${SUBSCRIPTIONS} WHERE ${column} = ? AND t.id = ?`,
);
export const SUBSCRIPTIONS_LIST = byReference(
  (column) => `SELECT ${qualified('t', SUBSCRIPTION_COLUMNS)} ${SUBSCRIPTIONS} WHERE ${column} = ? AND ${PAGE}`,
);

/**
 * Finds so many topics, each by its project's id or number (the same value twice) and its own id. Each row begins with
 * the position of what it answers.
 */
export function topicsNamed(count: number): string {
  const select = (_: unknown, position: number) =>
    `SELECT ${position} AS position, p.id AS project, t.id AS topic ${TOPICS} WHERE (p.id = ? OR p.number = ?) AND t.id = ?`;
  return Array.from({ length: count }, select).join(' UNION ALL ');
}

export const TOPIC_INSERT = `INSERT INTO topics (${TOPIC_COLUMNS}) VALUES (${placeholders(TOPIC_COLUMNS)})`;
export const TOPIC_DELETE = 'DELETE FROM topics WHERE project_uid = ? AND id = ?';
export const SUBSCRIPTION_INSERT = `INSERT INTO subscriptions (${SUBSCRIPTION_COLUMNS})
  VALUES (${placeholders(SUBSCRIPTION_COLUMNS)})`;
export const SUBSCRIPTION_DELETE = 'DELETE FROM subscriptions WHERE project_uid = ? AND id = ?';
