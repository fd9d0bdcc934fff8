// The filters of AWS's lists. Those of one list must all fit; of one filter's values one is enough, which fits what is not
// so where it begins with `!`. Prefixes of names, tags, regions and services are case-sensitive; words of a description
// are not. Source: service-2.json `Filter`, and recorded answers.

import type { Secret } from '../secret.ts';
import { primaryRegion } from './secret.ts';
import { tagsOf } from './tags.ts';

export const FILTER_KEYS = [
  'description',
  'name',
  'tag-key',
  'tag-value',
  'primary-region',
  'owning-service',
  'all',
] as const;

export interface ListFilter {
  readonly key: (typeof FILTER_KEYS)[number];
  readonly values: readonly string[];
}

/** Whether a secret fits all of them. */
export function fits(secret: Secret, filters: readonly ListFilter[]): boolean {
  return filters.every((filter) => fitsOne(secret, filter));
}

function fitsOne(secret: Secret, { key, values }: ListFilter): boolean {
  return values.some((value) =>
    value.startsWith('!') ? !fitsValue(secret, key, value.slice(1)) : fitsValue(secret, key, value),
  );
}

function fitsValue(secret: Secret, key: ListFilter['key'], value: string): boolean {
  const tags = tagsOf(secret);
  const begins = (texts: readonly (string | undefined)[]) => texts.some((text) => text?.startsWith(value));
  switch (key) {
    case 'name':
      return begins([secret.name]);
    case 'tag-key':
      return begins(Object.keys(tags));
    case 'tag-value':
      return begins(Object.values(tags));
    case 'primary-region':
      return begins([primaryRegion(secret)]);
    case 'owning-service':
      return begins([secret.aws?.owningService]);
    case 'description':
      return hasWords([secret.aws?.description ?? ''], value);
    case 'all':
      return hasWords([secret.name, secret.aws?.description ?? '', ...Object.entries(tags).flat()], value);
  }
}

/** Split at marks, and before and after what is written with a capital or a digit, as `MyTest2` is `My`, `Test` and `2`. */
function wordsOf(text: string): readonly string[] {
  const parts = text.split(/[\s/_+=.@-]+/).flatMap((part) => part.split(/(?=[^a-z][a-z])|(?<=[a-z])(?=[^a-z])/));
  return parts.filter((word) => word !== '').map((word) => word.toLowerCase());
}

/** Whether each word of `value` begins a word of the texts. */
function hasWords(texts: readonly string[], value: string): boolean {
  const wanted = wordsOf(value);
  const words = texts.flatMap(wordsOf);
  return wanted.length > 0 && wanted.every((begin) => words.some((word) => word.startsWith(begin)));
}
