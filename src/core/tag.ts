// Resource Manager's tags: a project has keys, a key has values, and a value bound to a secret is what IAM conditions
// see. How each may be named, and what a secret remembers of those it has.
// Source: tag_keys.proto, tag_values.proto, and https://cloud.google.com/resource-manager/docs/tags/tags-overview.

import { Fault } from './error.ts';
import { TAG_DESCRIPTION_CHARS_MAX, TAG_NAME_CHARS_MAX, TAGS_MAX } from './limits.ts';
import { type ProjectRef, parseProjectRef } from './name.ts';
import type { Labels, Project, Uid } from './secret.ts';

export interface TagKey {
  /** Decimal digits, unique in the server. */
  readonly id: string;
  readonly projectUid: Uid;
  /** Unique among the keys of its project; never changes. */
  readonly shortName: string;
  readonly description: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly etag: string;
}

export interface TagValue {
  readonly id: string;
  readonly keyId: string;
  /** Unique among the values of its key; never changes. */
  readonly shortName: string;
  readonly description: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly etag: string;
}

/** A key with the project it lives in, whose id is part of its namespaced name. */
export interface TagKeyOfProject {
  readonly project: Project;
  readonly key: TagKey;
}

export interface TagValueOfProject extends TagKeyOfProject {
  readonly value: TagValue;
}

export type TagKeyRef = { readonly id: string } | { readonly project: ProjectRef; readonly shortName: string };

export type TagValueRef =
  | { readonly id: string }
  | { readonly project: ProjectRef; readonly keyName: string; readonly shortName: string };

/** A value that a secret is to have, as it was named, and the key that was named with it. */
export interface NamedTag {
  readonly value: TagValueRef;
  /** Absent: the name of the value names it too. */
  readonly keyId?: string;
}

const SHORT_NAME = new RegExp(`^[\\p{L}\\p{N}][^\\p{C}'"\\\\/]{0,${TAG_NAME_CHARS_MAX - 1}}$`, 'u');
const ID = /^[1-9][0-9]{0,18}$/;

/** True for what can be the number in `tagKeys/N` or `tagValues/N`. */
export function isTagId(text: string): boolean {
  return ID.test(text);
}

/** True for what can be the short name of a key or a value. */
export function isTagShortName(text: string): boolean {
  return SHORT_NAME.test(text);
}

/** The short name of a key or a value to be; throws INVALID_FIELD. */
export function parseTagShortName(text: string, field: string): string {
  if (isTagShortName(text)) return text;
  const problem = `1 to ${TAG_NAME_CHARS_MAX} characters, the first a letter or a digit, none of them ' " \\ or /`;
  throw new Fault('INVALID_FIELD', { field, problem });
}

/** Throws INVALID_FIELD for a description that is too long. */
export function parseTagDescription(text: string, field: string): string {
  if (text.length <= TAG_DESCRIPTION_CHARS_MAX) return text;
  throw new Fault('INVALID_FIELD', { field, problem: `at most ${TAG_DESCRIPTION_CHARS_MAX} characters` });
}

/** Those of the tags that could be some, by namespaced name or by id; more than a secret may have are not looked at. */
export function namedTags(tags: Labels): readonly NamedTag[] {
  return Object.entries(tags)
    .slice(0, TAGS_MAX)
    .flatMap(([key, value]) => namedTag(key, value) ?? []);
}

/** The tags that a secret is to be made with; throws INVALID_FIELD. */
export function parseTags(tags: Labels): readonly NamedTag[] {
  const named = namedTags(tags);
  if (named.length !== Object.keys(tags).length) {
    const problem = `at most ${TAGS_MAX} pairs like my-project/environment and production, or tagKeys/1 and tagValues/2`;
    throw new Fault('INVALID_FIELD', { field: 'tags', problem });
  }
  return named;
}

function namedTag(key: string, value: string): NamedTag | undefined {
  const [, keyId] = /^tagKeys\/(.+)$/.exec(key) ?? [];
  const [, id] = /^tagValues\/(.+)$/.exec(value) ?? [];
  if (keyId !== undefined) return isTagId(keyId) && isTagId(id ?? '') ? { keyId, value: { id: id ?? '' } } : undefined;
  const named = parseNamespaced(`${key}/${value}`, 3);
  if (named === undefined) return undefined;
  const { project, names } = named;
  return { value: { project, keyName: names[0] ?? '', shortName: names[1] ?? '' } };
}

/** `PROJECT/KEY` (2 parts) or `PROJECT/KEY/VALUE` (3); undefined for what can name nothing. */
export function parseNamespaced(
  text: string,
  parts: 2 | 3,
): { readonly project: ProjectRef; readonly names: readonly string[] } | undefined {
  const [project = '', ...names] = text.split('/');
  if (names.length !== parts - 1 || !names.every(isTagShortName)) return undefined;
  try {
    return { project: parseProjectRef(project), names };
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

export function namespacedKey({ project, key }: TagKeyOfProject): string {
  return `${project.id}/${key.shortName}`;
}

export function namespacedValue(tag: TagValueOfProject): string {
  return `${namespacedKey(tag)}/${tag.value.shortName}`;
}

/** True where the secret whose tags these are has a value of this key. */
export function hasTagKey(tags: Labels, keyId: string): boolean {
  return Object.hasOwn(tags, `tagKeys/${keyId}`);
}

/** The tags of a secret with this one: under its id and its name, either of which a condition may ask by. */
export function withTag(tags: Labels, tag: TagValueOfProject): Labels {
  return {
    ...tags,
    [`tagKeys/${tag.key.id}`]: `tagValues/${tag.value.id}`,
    [namespacedKey(tag)]: tag.value.shortName,
  };
}

/** The tags of a secret without this one. */
export function withoutTag(tags: Labels, tag: TagKeyOfProject): Labels {
  const { [`tagKeys/${tag.key.id}`]: _id, [namespacedKey(tag)]: _name, ...rest } = tags;
  return rest;
}
