// What a writer says of a version beside its value, within bounds. Source: Azure Key Vault, "About secrets".

import { Fault } from './error.ts';
import { CONTENT_TYPE_CHARS_MAX, VERSION_TAG_CHARS_MAX, VERSION_TAGS_MAX } from './limits.ts';
import type { Labels, VersionAttributes } from './secret.ts';

/** 9999-12-31T23:59:59Z, the last second that every client can write. */
const TIME_MS_MAX = 253_402_300_799_000;

function checkTags(tags: Labels): void {
  const all = Object.entries(tags);
  if (all.length > VERSION_TAGS_MAX) {
    throw new Fault('INVALID_FIELD', { field: 'tags', problem: `at most ${VERSION_TAGS_MAX} tags are allowed` });
  }
  if (all.some((pair) => pair.some((text) => text.length > VERSION_TAG_CHARS_MAX))) {
    const problem = `names and values of tags have at most ${VERSION_TAG_CHARS_MAX} characters`;
    throw new Fault('INVALID_FIELD', { field: 'tags', problem });
  }
}

/** The attributes, or undefined where they say nothing; throws INVALID_FIELD. */
export function parseAttributes(attributes: VersionAttributes): VersionAttributes | undefined {
  const { contentType, tags, notBefore, expiresAt } = attributes;
  if (tags !== undefined) checkTags(tags);
  if (contentType !== undefined && contentType.length > CONTENT_TYPE_CHARS_MAX) {
    const problem = `at most ${CONTENT_TYPE_CHARS_MAX} characters are allowed`;
    throw new Fault('INVALID_FIELD', { field: 'contentType', problem });
  }
  for (const [field, time] of Object.entries({ nbf: notBefore, exp: expiresAt })) {
    if (time === undefined || (Number.isSafeInteger(time) && time >= 0 && time <= TIME_MS_MAX)) continue;
    throw new Fault('INVALID_FIELD', { field, problem: 'must be a time in whole seconds since 1970' });
  }
  if (notBefore !== undefined && expiresAt !== undefined && expiresAt <= notBefore) {
    throw new Fault('INVALID_FIELD', { field: 'exp', problem: 'must be later than nbf' });
  }
  return Object.values(attributes).every((value) => value === undefined) ? undefined : attributes;
}
