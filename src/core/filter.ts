// Filters of lists: the subset of AIP-160 that Secret Manager takes. One pass over the text makes a predicate; nothing
// is ever tried twice and no pattern of a caller becomes a regular expression, so the cost is that of the text's length
// times the row's. As in AIP-160, OR binds tighter than AND, and two comparisons side by side are joined by AND.
// Source: https://google.aip.dev/160 and https://cloud.google.com/secret-manager/docs/filtering.

import { Fault } from './error.ts';
import { comparison, type FieldKinds, type FieldRow, type Operator, type RowTest } from './filter-comparison.ts';
import { FILTER_CHARS_MAX, FILTER_DEPTH_MAX, FILTER_TERMS_MAX, FILTER_VALUE_CHARS_MAX } from './limits.ts';

/** Whether a row belongs to the list. */
export type Filter = (row: FieldRow) => boolean;

/** The predicate that `text` means over rows of these fields; throws FILTER_INVALID. */
export function parseFilter(text: string, fields: FieldKinds): Filter {
  if (text.length > FILTER_CHARS_MAX) throw invalid(`it has more than ${FILTER_CHARS_MAX} characters`);
  return new Parser(text, fields).parse();
}

function invalid(problem: string): Fault {
  return new Fault('FILTER_INVALID', { problem });
}

/** The field and operator before a parenthesis, `location:(a OR b)`, which hold for each value in it. */
interface Left {
  readonly path: readonly string[];
  readonly operator: Operator;
}

const OPERATORS = ['<=', '>=', '!=', '<', '>', '=', ':'] as const satisfies Operator[];
const WORDS = new Set(['AND', 'OR', 'NOT']);
const SPACE = /\s/;
/** Ends a field, and a value that stands alone. There is no operator `~`: patterns are for gcloud alone. */
const FIELD_END = /[\s()<>=!:~"']/;
/** Ends a value after an operator: a time holds colons. */
const VALUE_END = /[\s()"']/;

class Parser {
  readonly #text: string;
  readonly #fields: FieldKinds;
  #at = 0;
  #terms = 0;
  #depth = 0;

  constructor(text: string, fields: FieldKinds) {
    this.#text = text;
    this.#fields = fields;
  }

  parse(): Filter {
    this.#skip();
    if (this.#ended()) return () => true;
    const test = this.#sequence(undefined);
    if (!this.#ended()) throw invalid(`nothing may follow character ${this.#at}`);
    return test;
  }

  /** Factors joined by AND, written or not. */
  #sequence(left: Left | undefined): RowTest {
    const tests = [this.#factor(left)];
    while (!this.#ended() && this.#peek() !== ')') {
      this.#keyword('AND');
      tests.push(this.#factor(left));
    }
    return tests.length === 1 ? (tests[0] as RowTest) : (row) => tests.every((test) => test(row));
  }

  /** Terms joined by OR. */
  #factor(left: Left | undefined): RowTest {
    const tests = [this.#term(left)];
    while (this.#keyword('OR')) tests.push(this.#term(left));
    return tests.length === 1 ? (tests[0] as RowTest) : (row) => tests.some((test) => test(row));
  }

  #term(left: Left | undefined): RowTest {
    if (this.#keyword('NOT') || this.#minus()) {
      const test = this.#simple(left);
      return (row) => !test(row);
    }
    return this.#simple(left);
  }

  #simple(left: Left | undefined): RowTest {
    if (this.#peek() === '(') return this.#group(left);
    this.#terms += 1;
    if (this.#terms > FILTER_TERMS_MAX) throw invalid(`it has more than ${FILTER_TERMS_MAX} comparisons`);
    if (left !== undefined) return comparison(this.#fields, left.path, left.operator, this.#value());
    if (this.#quote() !== undefined) return comparison(this.#fields, ['name'], ':', this.#value());
    const field = this.#run(FIELD_END);
    this.#skip();
    const operator = this.#operator();
    if (operator === undefined) {
      if (WORDS.has(field)) throw invalid(`nothing stands beside ${field}`);
      return comparison(this.#fields, ['name'], ':', field);
    }
    const path = field.split('.');
    if (this.#peek() === '(') {
      this.#terms -= 1;
      return this.#group({ path, operator });
    }
    return comparison(this.#fields, path, operator, this.#value());
  }

  #group(left: Left | undefined): RowTest {
    this.#depth += 1;
    if (this.#depth > FILTER_DEPTH_MAX) throw invalid(`it nests deeper than ${FILTER_DEPTH_MAX}`);
    this.#at += 1;
    this.#skip();
    const test = this.#sequence(left);
    if (this.#peek() !== ')') throw invalid('a parenthesis is not closed');
    this.#at += 1;
    this.#skip();
    this.#depth -= 1;
    return test;
  }

  #operator(): Operator | undefined {
    const operator = OPERATORS.find((each) => this.#text.startsWith(each, this.#at));
    if (operator === undefined) return undefined;
    this.#at += operator.length;
    this.#skip();
    return operator;
  }

  #value(): string {
    const quote = this.#quote();
    const value = quote === undefined ? this.#run(VALUE_END) : this.#quoted(quote);
    if (value.length > FILTER_VALUE_CHARS_MAX) {
      throw invalid(`a value has more than ${FILTER_VALUE_CHARS_MAX} characters`);
    }
    this.#skip();
    return value;
  }

  #quote(): string | undefined {
    const next = this.#peek();
    return next === '"' || next === "'" ? next : undefined;
  }

  /** A quoted text; a backslash makes the next character stand for itself. */
  #quoted(quote: string): string {
    let value = '';
    for (this.#at += 1; !this.#ended(); this.#at++) {
      const next = this.#peek();
      if (next === quote) {
        this.#at += 1;
        return value;
      }
      if (next === '\\') this.#at += 1;
      value += this.#peek();
    }
    throw invalid('a quotation is not closed');
  }

  /** At least one character up to one that ends it. */
  #run(end: RegExp): string {
    const start = this.#at;
    while (!this.#ended() && !end.test(this.#peek())) this.#at += 1;
    if (this.#at === start) throw invalid(`something is missing at character ${start}`);
    return this.#text.slice(start, this.#at);
  }

  #keyword(word: 'AND' | 'OR' | 'NOT'): boolean {
    const end = this.#at + word.length;
    if (!this.#text.startsWith(word, this.#at) || !/^[\s(]$/.test(this.#text[end] ?? '')) return false;
    this.#at = end;
    this.#skip();
    return true;
  }

  #minus(): boolean {
    if (this.#peek() !== '-') return false;
    this.#at += 1;
    return true;
  }

  #skip(): void {
    while (!this.#ended() && SPACE.test(this.#peek())) this.#at += 1;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #ended(): boolean {
    return this.#at >= this.#text.length;
  }
}
