// As much of HCL as Vault's policies are written in: blocks with labels, attributes, lists, objects, comments. JSON is
// another spelling of the same. A text of another form is refused, never guessed at.
// Source: https://github.com/hashicorp/hcl/tree/hcl1#syntax and its JSON form.

export type HclValue = string | number | boolean | readonly HclValue[] | HclBody;

/** One `key "label" … { }`, or `key = value`. */
export interface HclItem {
  readonly keys: readonly string[];
  readonly value: HclValue;
}

export interface HclBody {
  readonly items: readonly HclItem[];
}

/** Thrown with what is wrong and the line it is in; never with the text. */
export class HclError extends Error {}

const DEPTH_MAX = 16;
const TOKEN =
  /[ \t\r,]+|(\n)|#[^\n]*|\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/|("(?:[^"\\\n]|\\.)*")|(-?\d+(?:\.\d+)?(?=[\s,}\])=]|$))|([A-Za-z_][\w.-]*)|([{}[\]=])/y;

interface Token {
  readonly kind: 'text' | 'number' | 'word' | 'sign';
  readonly text: string;
  readonly line: number;
}

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const match = TOKEN.exec(source);
    if (match === null) throw new HclError(`line ${line} holds what is neither a word, a text nor a sign`);
    const [whole, , text, number, word, sign] = match;
    if (text !== undefined) tokens.push({ kind: 'text', text: unquoted(text, line), line });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, line });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, line });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, line });
    line += whole.split('\n').length - 1;
  }
  return tokens;
}

function unquoted(text: string, line: number): string {
  try {
    return JSON.parse(text.replaceAll('\t', '\\t')) as string;
  } catch {
    throw new HclError(`line ${line} holds a text with an unknown escape`);
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  body(end: '}' | undefined, depth: number): HclBody {
    if (depth > DEPTH_MAX) throw new HclError(`it is nested more than ${DEPTH_MAX} deep`);
    const items: HclItem[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined && end === undefined) return { items };
      if (token?.kind === 'sign' && token.text === end) {
        this.#at++;
        return { items };
      }
      items.push(this.#item(depth));
    }
  }

  #item(depth: number): HclItem {
    const keys: string[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === 'word' || token.kind === 'text') keys.push(token.text);
      else if (keys.length === 1 && token.text === '=') return { keys, value: this.#value(depth) };
      else if (keys.length > 0 && token.text === '{') return { keys, value: this.body('}', depth + 1) };
      else throw new HclError(`line ${token.line} has ${JSON.stringify(token.text.slice(0, 8))} where a name belongs`);
    }
  }

  #value(depth: number): HclValue {
    const token = this.#next();
    if (token.kind === 'text') return token.text;
    if (token.kind === 'number') return Number(token.text);
    if (token.text === 'true' || token.text === 'false') return token.text === 'true';
    if (token.text === '{') return this.body('}', depth + 1);
    if (token.text !== '[') throw new HclError(`line ${token.line} has no value where one belongs`);
    if (depth > DEPTH_MAX) throw new HclError(`it is nested more than ${DEPTH_MAX} deep`);
    const list: HclValue[] = [];
    while (this.#tokens[this.#at]?.text !== ']' || this.#tokens[this.#at]?.kind !== 'sign') {
      list.push(this.#value(depth + 1));
    }
    this.#at++;
    return list;
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new HclError('it ends in the middle');
    return token;
  }
}

/** The items of a document; throws HclError. */
export function parseHcl(source: string): HclBody {
  return source.trimStart().startsWith('{') ? bodyOfJson(source) : new Parser(tokensOf(source)).body(undefined, 0);
}

function bodyOfJson(source: string): HclBody {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    throw new HclError('it is not valid JSON');
  }
  return fromJson(value, 0) as HclBody;
}

function fromJson(value: unknown, depth: number): HclValue {
  if (depth > DEPTH_MAX) throw new HclError(`it is nested more than ${DEPTH_MAX} deep`);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((each) => fromJson(each, depth + 1));
  if (value === null) throw new HclError('it holds null');
  const items = Object.entries(value as object).map(([key, inner]) => ({
    keys: [key],
    value: fromJson(inner, depth + 1),
  }));
  return { items };
}

export function isBody(value: HclValue | undefined): value is HclBody {
  return typeof value === 'object' && !Array.isArray(value);
}

/** The blocks under `key`, each with its label: `path "a" { }`, or in JSON `{"path": {"a": {}}}`, or a list of those. */
export function blocksOf(body: HclBody, key: string): { readonly label: string; readonly body: HclBody }[] {
  return body.items
    .filter(({ keys }) => keys[0] === key)
    .flatMap(({ keys, value }) => {
      if (keys.length === 2 && isBody(value)) return [{ label: keys[1] as string, body: value }];
      const bodies = Array.isArray(value) ? value : [value];
      return bodies.flatMap((each) => {
        if (keys.length !== 1 || !isBody(each)) throw new HclError(`a ${key} needs one name and a block`);
        return each.items.map((item) => {
          const inner = Array.isArray(item.value) && item.value.length === 1 ? item.value[0] : item.value;
          if (item.keys.length !== 1 || !isBody(inner)) throw new HclError(`a ${key} needs one name and a block`);
          return { label: item.keys[0] as string, body: inner };
        });
      });
    });
}
