// Tag keys, tag values and bindings. A key or a value is found by its id, or by its project's id or number and its names.

import { PROJECT_COLUMNS } from './projects.ts';
import { byPlace, byReference, placeholders, qualified } from './reference.ts';

export const TAG_KEY_COLUMNS = 'id, project_uid, short_name, description, created_at, updated_at, etag';
export const TAG_VALUE_COLUMNS = 'id, key_id, short_name, description, created_at, updated_at, etag';

const KEYS = 'FROM projects p JOIN tag_keys k ON k.project_uid = p.uid';
const VALUES = `${KEYS} JOIN tag_values v ON v.key_id = k.id`;
const KEY = qualified('k', TAG_KEY_COLUMNS);
const VALUE = qualified('v', TAG_VALUE_COLUMNS);
const KEY_OF_PROJECT = `${qualified('p', PROJECT_COLUMNS)}, ${KEY}`;
const VALUE_OF_PROJECT = `${KEY_OF_PROJECT}, ${VALUE}`;

export const TAG_KEY_SELECT = `SELECT ${KEY_OF_PROJECT} ${KEYS} WHERE k.id = ?`;
export const TAG_KEY_NAMED = byReference(
  (column) => `SELECT ${KEY_OF_PROJECT} ${KEYS} WHERE ${column} = ? AND k.short_name = ?`,
);
export const TAG_KEYS_LIST = byReference(
  (column) => `SELECT ${KEY} ${KEYS}
  WHERE ${column} = ? AND k.short_name > ? ORDER BY k.short_name LIMIT ?`,
);
export const TAG_VALUES_LIST = `SELECT ${TAG_VALUE_COLUMNS} FROM tag_values
  WHERE key_id = ? AND short_name > ? ORDER BY short_name LIMIT ?`;

export const PROJECT_OF_TAG = {
  tagKeys: `SELECT ${qualified('p', PROJECT_COLUMNS)} ${KEYS} WHERE k.id = ?`,
  tagValues: `SELECT ${qualified('p', PROJECT_COLUMNS)} ${VALUES} WHERE v.id = ?`,
} as const;

/**
 * Finds values, each by its id, or by its project's id or number (the same value twice), its key's name and its own.
 * Each row begins with the position of what it answers.
 */
export function tagValuesNamed(byId: readonly boolean[]): string {
  const named = '(p.id = ? OR p.number = ?) AND k.short_name = ? AND v.short_name = ?';
  return byId
    .map(
      (id, position) =>
        `SELECT ${position} AS position, ${VALUE_OF_PROJECT} ${VALUES} WHERE ${id ? 'v.id = ?' : named}`,
    )
    .join(' UNION ALL ');
}

/** The project of a tag (`tp`) may be another than that of the secret. */
export const TAGS_OF_SECRET = byPlace(
  (found) => `SELECT ${qualified('tp', PROJECT_COLUMNS)}, ${KEY}, ${VALUE}
  FROM projects p JOIN secrets s ON s.project_uid = p.uid JOIN tag_bindings b ON b.secret_uid = s.uid
  JOIN tag_values v ON v.id = b.value_id JOIN tag_keys k ON k.id = v.key_id JOIN projects tp ON tp.uid = k.project_uid
  WHERE ${found} ORDER BY b.value_id`,
);
export const TAG_USE = `SELECT s.location FROM tag_bindings b JOIN secrets s ON s.uid = b.secret_uid
  WHERE b.value_id = ? LIMIT 1`;

export const TAG_KEY_INSERT = `INSERT INTO tag_keys (${TAG_KEY_COLUMNS}) VALUES (${placeholders(TAG_KEY_COLUMNS)})`;
export const TAG_KEY_DELETE = 'DELETE FROM tag_keys WHERE id = ?';
export const TAG_VALUE_INSERT = `INSERT INTO tag_values (${TAG_VALUE_COLUMNS})
  VALUES (${placeholders(TAG_VALUE_COLUMNS)})`;
export const TAG_VALUE_DELETE = 'DELETE FROM tag_values WHERE id = ?';
export const TAG_BINDING_INSERT = 'INSERT INTO tag_bindings (secret_uid, value_id) VALUES (?, ?)';
export const TAG_BINDING_DELETE = 'DELETE FROM tag_bindings WHERE secret_uid = ? AND value_id = ?';
