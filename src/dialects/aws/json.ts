// The body of a call of JSON 1.1: an object whose members are each named once, not too deep. What names a member twice
// could mean two things. A problem never holds what the body says.

import { laxityOf, STRICT_DEPTH_MAX } from '../../core/strict-json.ts';
import { AwsError } from './errors.ts';

export type Json = Readonly<Record<string, unknown>>;

/** One member with a text in which nothing is escaped: what most requests are, and nothing in it can be named twice. */
const ONE_TEXT = /^\{ ?"(\w{1,64})": ?"([^"\\\p{Cc}]*)" ?\}$/u;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Throws SerializationException. An empty body is an empty object. */
export function parseBody(body: Uint8Array): Json {
  if (body.length === 0) return {};
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(body);
    const one = ONE_TEXT.exec(text);
    if (one !== null) return { [one[1] as string]: one[2] };
    value = JSON.parse(text);
  } catch {
    throw malformed('The body is not JSON.');
  }
  if (!isObject(value)) throw malformed('The body must be a JSON object.');
  const lax = laxityOf(text);
  if (lax?.kind === 'deep') throw malformed(`The body is nested deeper than ${STRICT_DEPTH_MAX} levels.`);
  if (lax !== undefined) throw malformed('A member of the body is given twice.');
  return value;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member as it was sent. Absent and null are one, as AWS's own serialisers have it. */
export function member(json: Json, name: string): unknown {
  const value = Object.hasOwn(json, name) ? json[name] : undefined;
  return value === null ? undefined : value;
}

/** A member that is a text; throws SerializationException where it is something else. */
export function textMember(json: Json, name: string): string | undefined {
  const value = member(json, name);
  if (value === undefined || typeof value === 'string') return value;
  throw malformed(`${name} must be a string.`);
}

export function malformed(message: string): AwsError {
  return new AwsError('SerializationException', message);
}
