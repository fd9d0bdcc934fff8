// Tag keys and values as the statements that keep them. The order of values is that of `sql/`.

import type { TagKey, TagValue } from '../core/tag.ts';
import { TAG_KEY_INSERT, TAG_VALUE_INSERT } from './sql/tags.ts';
import { one, type Write } from './write.ts';

export function insertTagKey(key: TagKey): Write {
  const { id, projectUid, shortName, description, createdAt, updatedAt, etag } = key;
  return one(TAG_KEY_INSERT, [id, projectUid, shortName, description, createdAt, updatedAt, etag]);
}

export function insertTagValue(value: TagValue): Write {
  const { id, keyId, shortName, description, createdAt, updatedAt, etag } = value;
  return one(TAG_VALUE_INSERT, [id, keyId, shortName, description, createdAt, updatedAt, etag]);
}
