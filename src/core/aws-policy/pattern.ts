// The texts of a policy that stand for others: `*` for any characters, `?` for one, and `${key}` for what the request has.
// A value that is put in stands for itself alone, whatever it holds. Matching goes back to the last star only, so it takes
// no more steps than both lengths multiplied.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

import { PolicyError } from './json.ts';

/** What the request has of a condition key, its name lower-cased; absent: nothing. */
export type Attribute = (key: string) => readonly string[] | undefined;

interface Variable {
  /** Lower-cased. */
  readonly key: string;
  /** What stands in its place where the request does not have it. */
  readonly otherwise?: string;
}

type Part = string | Variable | typeof ANY | typeof ONE;

const ANY = -1;
const ONE = -2;

export interface PatternRules {
  /** `${…}` is a variable: in policies of version 2012-10-17. */
  readonly variables: boolean;
  /** `*` and `?` stand for others. */
  readonly wildcards: boolean;
  /** Letters of either case are the same. */
  readonly folded?: boolean;
}

const VARIABLE = /^([A-Za-z][A-Za-z0-9-]*:[^\s,${}'*?]{1,200})(?:,\s?'([^'${}]{0,256})')?$/;
const ESCAPED: ReadonlySet<string> = new Set(['*', '?', '$']);

export class Pattern {
  readonly #parts: readonly Part[];
  readonly #folded: boolean;
  /** The characters to look for, where they are the same for every request. */
  readonly #fixed: readonly number[] | undefined;

  /** Throws PolicyError for a variable that cannot be one. */
  constructor(text: string, rules: PatternRules) {
    this.#folded = rules.folded === true;
    this.#parts = partsOf(text, rules);
    this.#fixed = this.#parts.some((part) => typeof part === 'object') ? undefined : this.#characters(() => undefined);
  }

  /** It is the same text for every request. */
  get isFixed(): boolean {
    return this.#parts.every((part) => typeof part === 'string');
  }

  /** True where it stands for `text`; never where the request lacks what it needs. */
  matches(text: string, attribute: Attribute): boolean {
    const characters = this.#fixed ?? this.#characters(attribute);
    return characters !== undefined && matchesAll(characters, this.#folded ? text.toLowerCase() : text);
  }

  #characters(attribute: Attribute): readonly number[] | undefined {
    const all: number[] = [];
    for (const part of this.#parts) {
      if (typeof part === 'number') {
        all.push(part);
        continue;
      }
      const value = typeof part === 'string' ? part : textFor(part, attribute);
      if (value === undefined) return undefined;
      const text = this.#folded ? value.toLowerCase() : value;
      for (let index = 0; index < text.length; index++) all.push(text.charCodeAt(index));
    }
    return all;
  }
}

function textFor({ key, otherwise }: Variable, attribute: Attribute): string | undefined {
  const values = attribute(key);
  // Of several values none is the one that was meant.
  return values?.length === 1 ? values[0] : otherwise;
}

function partsOf(text: string, { variables, wildcards }: PatternRules): readonly Part[] {
  const parts: Part[] = [];
  let plain = '';
  const add = (part: Part) => {
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push(part);
  };
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    if (variables && character === '$' && text[index + 1] === '{') {
      const end = text.indexOf('}', index);
      const inner = end < 0 ? '' : text.slice(index + 2, end);
      if (ESCAPED.has(inner)) plain += inner;
      else add(variableOf(inner));
      index = end;
    } else if (wildcards && character === '*') {
      if (parts.at(-1) !== ANY || plain !== '') add(ANY);
    } else if (wildcards && character === '?') {
      add(ONE);
    } else {
      plain += character;
    }
  }
  if (plain !== '') parts.push(plain);
  return parts;
}

function variableOf(text: string): Variable {
  const found = VARIABLE.exec(text);
  if (found === null)
    throw new PolicyError('a policy variable is a condition key in braces, with or without a default in quotes');
  const [, key = '', otherwise] = found;
  return { key: key.toLowerCase(), ...(otherwise === undefined ? {} : { otherwise }) };
}

function matchesAll(pattern: readonly number[], text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < text.length) {
    const wanted = pattern[at];
    if (wanted === ANY) {
      star = at++;
      resume = index;
    } else if (wanted === ONE || wanted === text.charCodeAt(index)) {
      at++;
      index++;
    } else if (star >= 0) {
      // What comes after the star did not fit here: it stands for one character more.
      at = star + 1;
      index = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === ANY) at++;
  return at === pattern.length;
}
