// Rows of tags to domain values. The order of columns is that of `sql/`.

import type { Location } from '../core/name.ts';
import type { TagKey, TagKeyOfProject, TagValue, TagValueOfProject } from '../core/tag.ts';
import { integer, text } from './cells.ts';
import { projectOf } from './rows.ts';
import { PROJECT_COLUMNS } from './sql/projects.ts';
import { columnCount } from './sql/reference.ts';
import { TAG_KEY_COLUMNS } from './sql/tags.ts';
import type { Row } from './statement.ts';

/** Where the columns of a key begin in a row that a project's come first in, and those of a value after them. */
const KEY_AT = columnCount(PROJECT_COLUMNS);
const VALUE_AT: number = KEY_AT + columnCount(TAG_KEY_COLUMNS);

export function tagKeyOf(row: Row): TagKey {
  return {
    id: text('tag_keys', row, 0),
    projectUid: text('tag_keys', row, 1),
    shortName: text('tag_keys', row, 2),
    description: text('tag_keys', row, 3),
    createdAt: integer('tag_keys', row, 4),
    updatedAt: integer('tag_keys', row, 5),
    etag: text('tag_keys', row, 6),
  };
}

export function tagValueOf(row: Row): TagValue {
  return {
    id: text('tag_values', row, 0),
    keyId: text('tag_values', row, 1),
    shortName: text('tag_values', row, 2),
    description: text('tag_values', row, 3),
    createdAt: integer('tag_values', row, 4),
    updatedAt: integer('tag_values', row, 5),
    etag: text('tag_values', row, 6),
  };
}

export function tagKeyOfProjectOf(row: Row): TagKeyOfProject {
  return { project: projectOf(row.slice(0, KEY_AT)), key: tagKeyOf(row.slice(KEY_AT, VALUE_AT)) };
}

export function tagValueOfProjectOf(row: Row): TagValueOfProject {
  return { ...tagKeyOfProjectOf(row), value: tagValueOf(row.slice(VALUE_AT)) };
}

export function locationOf(row: Row): Location {
  return text('secrets', row, 0) as Location;
}
