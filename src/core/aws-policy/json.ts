// JSON as a policy may hold it: an object that names no member twice. Two parsers that disagree on which of two members
// counts would disagree on what is denied.

import { laxityOf } from '../strict-json.ts';

/** What is wrong with a policy, in words for its author. */
export class PolicyError extends Error {}

/** The value of a text; throws PolicyError where it is no JSON, nests too deeply or names a member twice. */
export function parseStrictly(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PolicyError('it is not valid JSON');
  }
  const lax = laxityOf(text);
  if (lax?.kind === 'deep') throw new PolicyError('it nests too deeply');
  if (lax !== undefined)
    throw new PolicyError(`it has two members ${JSON.stringify(lax.name.slice(0, 64))} in one place`);
  return value;
}
