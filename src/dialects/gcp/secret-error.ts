// What is wrong with the fields of a secret, where the real service has more than one text for a code. Texts as recorded
// from it, its slips of the pen among them.

import type { Facts, Fault } from '../../core/error.ts';
import { shownName, shownResource } from './invalid.ts';

/** By code: below the least, above the most. */
const RANGES: Readonly<Record<string, readonly [least: string, most: string]>> = {
  EXPIRATION_OUT_OF_RANGE: [
    'Expiration time must be at least {} in the future.',
    'Expiration time cannot be more than {} from now.',
  ],
  ROTATION_TIME_OUT_OF_RANGE: [
    'Next rotation time must be at least {} in the future.',
    'Next rotation time cannot be more than {} from now.',
  ],
  ROTATION_PERIOD_OUT_OF_RANGE: [
    'Rotation period cannot be shorter than {}.',
    'Rotation period cannot be longer than {}.',
  ],
};

/** By field and the rule of it that was broken. */
const RULES: Readonly<Record<string, (facts: Facts) => string>> = {
  'labels/count': ({ found }) => `Invalid field "labels"; at most 64 entries allowed but found ${found}`,
  'annotations/name': ({ name }) =>
    `[${shownName(String(name))}] must follow pattern [a-z0-9A-Z]+([_\\.\\-]*[a-z0-9A-Z]+)*), be less than 64 ` +
    'characters, and must have a UTF encoding of less than 128 bytes',
  'version_aliases/count': () => 'No more than 50 aliases can be assgined to any given secret',
  'version_aliases/name': ({ name }) =>
    `[${shownName(String(name))}] must follow pattern [a-zA-Z][a-Aa-Z0-9_-]+, be less than 64 characters and cannot ` +
    'be "latest" or "NEW"',
  'topics/count': () => 'No more than 10 topics can be configured on a secret.',
  'topics/distinct': () => 'Topics must have distinct names.',
  'topics/name': ({ name }) =>
    `Failed to Publish to topic [${shownResource(String(name))}], got an error from Pub/Sub.`,
};

/** The real service's text; undefined where the table of errors has the only one. */
export function spokenOfSecret({ code, facts }: Fault): string | undefined {
  const { bound, field, rule, kind } = facts;
  if (code === 'INVALID_FIELD') return RULES[`${field}/${rule}`]?.(facts);
  if (code === 'FIELD_IMMUTABLE' && kind !== undefined) {
    return (
      `Existing secret has ${kind} replication, but requested secret does not. ` +
      'Updating secret replication is not supported.'
    );
  }
  const [, side, limit = ''] = /^at (least|most) (\[.+\])$/.exec(String(bound)) ?? [];
  return side && RANGES[code]?.[side === 'least' ? 0 : 1].replace('{}', limit);
}
