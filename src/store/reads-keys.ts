// The needs of keys, as statements.

import type { KeyNeed } from '../core/keys/rows.ts';
import { KEY_VERSIONS_MAX } from '../core/limits.ts';
import { checkedLimit, one, type Read, rowsOf } from './read.ts';
import { keyInUseOf, keyOf, keyOfProjectOf, keyVersionOf } from './rows-keys.ts';
import { KEY_SELECT, KEY_VERSIONS_LIST, KEYS_DUE, KEYS_LIST } from './sql/keys.ts';
import { forReference } from './sql/reference.ts';

export function readKeys(need: KeyNeed): Read {
  switch (need.need) {
    case 'key': {
      const { project, ring, name, number } = need;
      return one(forReference(KEY_SELECT, project), [number, project, ring, name], keyInUseOf);
    }
    case 'keyVersions': {
      const { project, ring, name, from } = need;
      const values = [project, ring, name, from, KEY_VERSIONS_MAX + 1];
      return rowsOf(forReference(KEY_VERSIONS_LIST, project), values, keyVersionOf);
    }
    case 'keys': {
      const { project, ring, after } = need;
      return rowsOf(forReference(KEYS_LIST, project), [project, ring, after, checkedLimit(need)], keyOf);
    }
    case 'dueKeys':
      return rowsOf(KEYS_DUE, [need.until, checkedLimit(need)], keyOfProjectOf);
  }
}
