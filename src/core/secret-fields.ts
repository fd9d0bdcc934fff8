// The small collections of a secret, each with rules of its own: aliases (the caller's own names of versions) and topics.
// Source: resources.proto `Secret.version_aliases`, `.topics`.

import { Fault } from './error.ts';
import { ALIAS_CHARS_MAX, ALIASES_MAX, TOPICS_PER_SECRET_MAX } from './limits.ts';

const ALIAS = new RegExp(`^[A-Za-z][A-Za-z0-9_-]{0,${ALIAS_CHARS_MAX - 1}}$`);
const RESERVED = new Set(['latest', 'NEW', 'AWSCURRENT', 'AWSPREVIOUS', 'AWSPENDING']);

/** True for what Google takes as an alias; labels of AWS that are roles are none. */
export function isAlias(label: string): boolean {
  return ALIAS.test(label) && !RESERVED.has(label);
}

/** The aliases, where each is legal and names a version up to `lastVersion`: destroyed ones may be named. */
export function parseAliases(
  aliases: Readonly<Record<string, number>>,
  lastVersion: number,
): Readonly<Record<string, number>> {
  const entries = Object.entries(aliases);
  const field = 'version_aliases';
  if (entries.length > ALIASES_MAX) {
    throw new Fault('INVALID_FIELD', { field, problem: `at most ${ALIASES_MAX} aliases are allowed`, rule: 'count' });
  }
  for (const [alias, number] of entries) {
    if (!isAlias(alias)) {
      const problem =
        `an alias has 1 to ${ALIAS_CHARS_MAX} letters, digits, _ and -, starts with a letter, ` +
        'and is neither latest nor NEW';
      throw new Fault('INVALID_FIELD', { field, problem, rule: 'name', name: alias });
    }
    if (!Number.isSafeInteger(number) || number < 1 || number > lastVersion) throw new Fault('ALIAS_VERSION_MISSING');
  }
  return aliases;
}

const TOPIC = /^projects\/[a-z0-9][a-z0-9-]{0,62}\/topics\/[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/;

/** True for the full name of a topic, `projects/P/topics/T`. */
export function isTopicName(name: string): boolean {
  return TOPIC.test(name);
}

/** Throws INVALID_FIELD where the topics of a secret are too many, not distinct, or no names of topics. */
export function checkTopicNames(names: readonly string[]): void {
  const field = 'topics';
  if (names.length > TOPICS_PER_SECRET_MAX) {
    throw new Fault('INVALID_FIELD', { field, problem: `at most ${TOPICS_PER_SECRET_MAX} are allowed`, rule: 'count' });
  }
  if (new Set(names).size !== names.length) {
    throw new Fault('INVALID_FIELD', { field, problem: 'each may be named once', rule: 'distinct' });
  }
  const name = names.find((each) => !isTopicName(each));
  if (name !== undefined) {
    throw new Fault('INVALID_FIELD', { field, problem: 'each must be projects/*/topics/*', rule: 'name', name });
  }
}
