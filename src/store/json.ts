// Columns that hold JSON. Only the exact shape is taken, at writing as at reading: what a row says is never guessed.
// Few texts are distinct (most policies and labels are alike), so decoded values are kept by their text, frozen, within
// a bound; a read then costs a look-up instead of a parse.

import { Fault } from '../core/error.ts';

/** Characters of text that one column's cache keeps. */
const CACHE_CHARS_MAX = 1024 * 1024;

/** Whether many rows hold the same text, or hardly any two: then none is worth keeping. */
export type Texts = 'repeated' | 'distinct';

/** One kind of JSON column. `decode` answers undefined for a text of another shape. */
export class JsonColumn<T extends object> {
  readonly #fits: (value: unknown) => value is T;
  readonly #texts: Texts;
  readonly #kept = new Map<string, T>();
  #charsKept = 0;

  constructor(fits: (value: unknown) => value is T, texts: Texts = 'repeated') {
    this.#fits = fits;
    this.#texts = texts;
  }

  decode(text: string): T | undefined {
    return this.#kept.get(text) ?? this.#parse(text);
  }

  /** The text of a value; throws INTERNAL where it could not be read back, so that no such row is ever written. */
  encode(value: T): string {
    const text = JSON.stringify(value);
    const readable = this.#texts === 'repeated' ? this.decode(text) !== undefined : this.#fits(value);
    if (!readable) throw new Fault('INTERNAL', { problem: 'a value has another shape than its column' });
    return text;
  }

  #parse(text: string): T | undefined {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return undefined;
    }
    if (!this.#fits(value)) return undefined;
    freeze(value);
    if (this.#texts === 'distinct') return value;
    this.#charsKept += text.length;
    this.#kept.set(text, value);
    for (const oldest of this.#kept.keys()) {
      if (this.#charsKept <= CACHE_CHARS_MAX) break;
      this.#kept.delete(oldest);
      this.#charsKept -= oldest.length;
    }
    return value;
  }
}

function freeze(value: object): void {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) freeze(inner);
  Object.freeze(value);
}
