// JSON as a policy may hold it: an object that names no member twice. Two parsers that disagree on which of two members
// counts would disagree on what is denied. Source: RFC 8259 section 4, read strictly.

/** What is wrong with a policy, in words for its author. */
export class PolicyError extends Error {}

/** Ours: nothing in a policy lies deeper than its condition values. */
const DEPTH_MAX = 16;

/** The value of a text; throws PolicyError where it is no JSON, nests too deeply or names a member twice. */
export function parseStrictly(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PolicyError('it is not valid JSON');
  }
  checkMembers(text);
  return value;
}

/** The tokens that tell where objects begin, end and name a member; numbers and words have none of these characters. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/** `text` is JSON already, so that its tokens come in an order that makes sense. */
function checkMembers(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let last = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined);
      if (open.length > DEPTH_MAX) throw new PolicyError('it nests too deeply');
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (token === ':') {
      const name = JSON.parse(last) as string;
      const names = open.at(-1);
      if (names?.has(name))
        throw new PolicyError(`it has two members ${JSON.stringify(name.slice(0, 64))} in one place`);
      names?.add(name);
    }
    last = token;
  }
}
