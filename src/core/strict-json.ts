// What JSON.parse lets pass and two parsers may read differently: an object that names a member twice, and nesting without
// end. Source: RFC 8259 section 4, read strictly.

/** Ours: no policy and no request of AWS's nests deeper than half of that. */
export const STRICT_DEPTH_MAX = 16;

/** The tokens that tell where objects begin, end and name a member; numbers and words have none of these characters. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

export type JsonLaxity = { readonly kind: 'deep' } | { readonly kind: 'twice'; readonly name: string };

/** What is lax in a text; undefined where nothing is. `text` is JSON already, so its tokens only have to be told apart. */
export function laxityOf(text: string): JsonLaxity | undefined {
  const open: (Set<string> | undefined)[] = [];
  let last = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      if (open.length === STRICT_DEPTH_MAX) return { kind: 'deep' };
      open.push(token === '{' ? new Set() : undefined);
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (token === ':') {
      const names = open.at(-1) as Set<string>;
      const name: string = JSON.parse(last);
      if (names.has(name)) return { kind: 'twice', name };
      names.add(name);
    }
    last = token;
  }
  return undefined;
}
