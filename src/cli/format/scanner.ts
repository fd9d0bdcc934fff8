// The text of a flag, taken from its beginning piece by piece by whoever parses it; names the place that it cannot.

import { CliError } from '../error.ts';

const SHOWN_CHARS = 20;

export class Scanner {
  readonly #flag: string;
  readonly #text: string;
  #position = 0;

  /** `flag` is named where the text is not understood. */
  constructor(flag: string, text: string) {
    this.#flag = flag;
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  /** The next character; undefined at the end. */
  peek(): string | undefined {
    return this.#text[this.#position];
  }

  /** Takes what the pattern, a sticky one, matches here; undefined where it does not. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#position += match[0].length;
    return match[0];
  }

  /** Takes this character, where it is the next. */
  take(char: string): boolean {
    if (this.peek() !== char) return false;
    this.#position++;
    return true;
  }

  space(): void {
    this.match(/\s+/y);
  }

  /** @throws CliError that shows what stands here in place of what is expected. */
  fail(expected: string): never {
    const rest = this.#text.slice(this.#position, this.#position + SHOWN_CHARS);
    throw new CliError(`${this.#flag}: expected ${expected} at [${rest || 'the end'}]`);
  }
}
