// The needs of tags, as statements.

import assert from 'node:assert/strict';
import { TAGS_MAX } from '../core/limits.ts';
import type { Need } from '../core/ports.ts';
import type { TagValueRef } from '../core/tag.ts';
import { checkedLimit, one, type Read, rowsOf } from './read.ts';
import { projectOf } from './rows.ts';
import { locationOf, tagKeyOf, tagKeyOfProjectOf, tagValueOf, tagValueOfProjectOf } from './rows-tags.ts';
import { forPlace, forReference, placeValues } from './sql/reference.ts';
import {
  PROJECT_OF_TAG,
  TAG_KEY_NAMED,
  TAG_KEY_SELECT,
  TAG_KEYS_LIST,
  TAG_USE,
  TAG_VALUES_LIST,
  TAGS_OF_SECRET,
  tagValuesNamed,
} from './sql/tags.ts';
import type { Rows } from './statement.ts';

export type TagNeed = Extract<
  Need,
  { need: 'tagKey' | 'tagKeys' | 'tagValues' | 'tagValuesNamed' | 'projectOfTag' | 'tagsOfSecret' | 'tagUse' }
>;

export function readTags(need: TagNeed): Read {
  switch (need.need) {
    case 'tagKey': {
      const { tag } = need;
      return 'id' in tag
        ? one(TAG_KEY_SELECT, [tag.id], tagKeyOfProjectOf)
        : one(forReference(TAG_KEY_NAMED, tag.project), [tag.project, tag.shortName], tagKeyOfProjectOf);
    }
    case 'tagKeys':
      return rowsOf(
        forReference(TAG_KEYS_LIST, need.project),
        [need.project, need.after, checkedLimit(need)],
        tagKeyOf,
      );
    case 'tagValues':
      return rowsOf(TAG_VALUES_LIST, [need.keyId, need.after, checkedLimit(need)], tagValueOf);
    case 'tagValuesNamed':
      return readNamed(need.tags);
    case 'projectOfTag':
      return one(PROJECT_OF_TAG[need.kind], [need.id], projectOf);
    case 'tagsOfSecret':
      return rowsOf(forPlace(TAGS_OF_SECRET, need), placeValues(need), tagValueOfProjectOf);
    case 'tagUse':
      return one(TAG_USE, [need.valueId], locationOf);
  }
}

/** No id is empty, so the one that stands for no tags at all finds nothing. */
function readNamed(tags: readonly TagValueRef[]): Read {
  assert(tags.length <= TAGS_MAX, `at most ${TAGS_MAX} tags`);
  const wanted: readonly TagValueRef[] = tags.length === 0 ? [{ id: '' }] : tags;
  const values = wanted.flatMap((tag) =>
    'id' in tag ? [tag.id] : [tag.project, tag.project, tag.keyName, tag.shortName],
  );
  const decode = (rows: Rows) => {
    const found: unknown[] = tags.map(() => undefined);
    for (const row of rows) found[Number(row[0])] = tagValueOfProjectOf(row.slice(1));
    return found;
  };
  return { sql: tagValuesNamed(wanted.map((tag) => 'id' in tag)), values, decode };
}
