// The body of a call of JSON 1.1: an object whose members are each named once, not too deep. What names a member twice
// could mean two things. A problem never holds what the body says.

import { AwsError } from './errors.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Ours: no operation nests deeper than four. */
const DEPTH_MAX = 16;
/** One member with a text in which nothing is escaped: what most requests are, and nothing in it can be named twice. */
const ONE_TEXT = /^\{ ?"(\w{1,64})": ?"([^"\\\p{Cc}]*)" ?\}$/u;
const utf8 = new TextDecoder('utf-8', { fatal: true });
const TOKENS = /"(?:[^"\\]|\\.)*"|[[\]{}:,]/g;

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
  checkMembers(text);
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

/** What was parsed is JSON, so its tokens only have to be told apart. */
function checkMembers(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let last = '';
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') {
      if (open.length === DEPTH_MAX) throw malformed(`The body is nested deeper than ${DEPTH_MAX} levels.`);
      open.push(token === '{' ? new Set() : undefined);
    } else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const names = open.at(-1) as Set<string>;
      const name: string = JSON.parse(last);
      if (names.has(name)) throw malformed('A member of the body is given twice.');
      names.add(name);
    }
    last = token;
  }
}
