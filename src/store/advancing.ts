// The change that adding a version makes to its secret, by far the most frequent one: the numbers of versions move, and
// nothing else of it.

import type { Secret } from '../core/secret.ts';

const ADVANCING: ReadonlySet<string> = new Set(['lastVersion', 'currentVersion', 'previousVersion']);

/** Whether all but the numbers of versions is the very same. */
export function onlyAdvances(before: Secret, after: Secret): boolean {
  const keys = Object.keys(after) as (keyof Secret)[];
  if (keys.length !== Object.keys(before).length) return false;
  return keys.every((key) => after[key] === before[key] || ADVANCING.has(key));
}
