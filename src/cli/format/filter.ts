// --filter on this side of the wire (`gcloud topic filters`): for lists whose API has no filter, and for what no
// server understands (`~`). Terms are `key OP value`; OR binds tighter than putting terms side by side, AND tighter yet.

import { CliError } from '../error.ts';
import { type Path, parsePath, valueAt } from './path.ts';
import type { Resource } from './print.ts';
import { Scanner } from './scanner.ts';

export type Predicate = (resource: Resource) => boolean;

const FILTER_CHARS_MAX = 4096;
const DEPTH_MAX = 20;

/** True where only gcloud's own filter knows the expression: it uses a regular expression. */
export function needsClientFilter(text: string): boolean {
  return text.includes('~');
}

/**
 * Compiles `text`; `aliases` gives the key behind a heading of the default table.
 * @throws CliError naming the place that is not understood.
 */
export function compileFilter(text: string, aliases: ReadonlyMap<string, string> = new Map()): Predicate {
  if (text.length > FILTER_CHARS_MAX)
    throw new CliError(`--filter: at most ${FILTER_CHARS_MAX} characters are allowed`);
  return new Parser(text, aliases).parse();
}

class Parser {
  readonly #at: Scanner;
  readonly #aliases: ReadonlyMap<string, string>;
  #depth = 0;

  constructor(text: string, aliases: ReadonlyMap<string, string>) {
    this.#at = new Scanner('--filter', text);
    this.#aliases = aliases;
  }

  parse(): Predicate {
    const predicate = this.#adjacent();
    this.#at.space();
    if (!this.#at.isAtEnd) this.#at.fail('the end');
    return predicate;
  }

  #adjacent(): Predicate {
    if (++this.#depth > DEPTH_MAX) throw new CliError('--filter: the parentheses are nested too deeply');
    const terms = [this.#or()];
    for (this.#at.space(); !this.#at.isAtEnd && this.#at.peek() !== ')'; this.#at.space()) terms.push(this.#or());
    this.#depth--;
    return (resource) => terms.every((term) => term(resource));
  }

  #or(): Predicate {
    const terms = [this.#and()];
    while (this.#at.match(/\s*OR\b/y) !== undefined) terms.push(this.#and());
    return (resource) => terms.some((term) => term(resource));
  }

  #and(): Predicate {
    const terms = [this.#term()];
    while (this.#at.match(/\s*AND\b/y) !== undefined) terms.push(this.#term());
    return (resource) => terms.every((term) => term(resource));
  }

  #term(): Predicate {
    let negated = false;
    while (this.#at.match(/\s*(?:NOT\b|-(?=[\w(]))/y) !== undefined) negated = !negated;
    this.#at.space();
    const predicate = this.#at.match(/\(/y) === undefined ? this.#comparison() : this.#group();
    return negated ? (resource) => !predicate(resource) : predicate;
  }

  #group(): Predicate {
    const predicate = this.#adjacent();
    this.#at.space();
    if (this.#at.match(/\)/y) === undefined) this.#at.fail(')');
    return predicate;
  }

  #comparison(): Predicate {
    const key = this.#at.match(/(?:[\w@$.-]|\[-?\d*\]|"[^"]*")+/y) ?? this.#at.fail('a key');
    const path = parsePath(this.#aliases.get(key) ?? key) ?? this.#at.fail('a key');
    this.#at.space();
    const operator = this.#at.match(/!=|<=|>=|!~|[:=<>~]/y) ?? this.#at.fail('one of : = != < <= > >= ~ !~');
    this.#at.space();
    const operands = this.#operands();
    return comparison(path, operator, operands);
  }

  #operands(): string[] {
    if (this.#at.match(/\(/y) === undefined) return [this.#operand()];
    const operands: string[] = [];
    for (this.#at.space(); this.#at.match(/\)/y) === undefined; this.#at.match(/[\s,]+/y)) {
      if (this.#at.isAtEnd) this.#at.fail(')');
      this.#at.match(/OR\b\s*/y);
      operands.push(this.#operand());
    }
    return operands;
  }

  #operand(): string {
    const quoted = this.#at.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y);
    if (quoted !== undefined) return quoted.slice(1, -1).replace(/\\(["'\\])/g, '$1');
    return this.#at.match(/[^\s(),]+/y) ?? this.#at.fail('a value');
  }
}

function comparison(path: Path, operator: string, operands: readonly string[]): Predicate {
  const anyOf = (test: (value: unknown, operand: string) => boolean): Predicate => {
    return (resource) => operands.some((operand) => test(valueAt(resource, path), operand));
  };
  switch (operator) {
    case ':':
      return anyOf(has);
    case '=':
      return anyOf(equals);
    case '!=': {
      const same = anyOf(equals);
      return (resource) => !same(resource);
    }
    case '~':
      return anyOf(pattern(operands));
    case '!~': {
      const matches = anyOf(pattern(operands));
      return (resource) => !matches(resource);
    }
    default:
      return anyOf((value, operand) => ordered(value, operator, operand));
  }
}

function each(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** `key:*` is presence; `key:abc*` a prefix; else the words of the value, whatever their case. */
function has(value: unknown, operand: string): boolean {
  if (value === undefined || value === null) return false;
  if (operand === '*') return true;
  const wanted = operand.toLowerCase();
  return each(value).some((item) => {
    if (typeof item === 'object' && item !== null) return Object.hasOwn(item, operand);
    const text = String(item).toLowerCase();
    return wanted.endsWith('*') ? text.startsWith(wanted.slice(0, -1)) : text.includes(wanted);
  });
}

function equals(value: unknown, operand: string): boolean {
  if (value === undefined || value === null) return operand === '';
  return each(value).some((item) => String(item).toLowerCase() === operand.toLowerCase());
}

function ordered(value: unknown, operator: string, operand: string): boolean {
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  const [left, right] = comparable(value, operand);
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}

/** Numbers as numbers, times as times, everything else as text. */
function comparable(value: string | number, operand: string): [number, number] | [string, string] {
  if (operand.trim() !== '' && Number.isFinite(Number(operand)) && Number.isFinite(Number(value))) {
    return [Number(value), Number(operand)];
  }
  const [left, right] = [Date.parse(String(value)), Date.parse(operand)];
  return Number.isNaN(left) || Number.isNaN(right) ? [String(value), operand] : [left, right];
}

function pattern(operands: readonly string[]): (value: unknown, operand: string) => boolean {
  const compiled = new Map(operands.map((operand) => [operand, regularExpression(operand)]));
  return (value, operand) => {
    return value !== undefined && each(value).some((item) => compiled.get(operand)?.test(String(item)) ?? false);
  };
}

function regularExpression(source: string): RegExp {
  try {
    return new RegExp(source, 'iu');
  } catch {
    throw new CliError(`--filter: [${source}] is not a regular expression`);
  }
}
