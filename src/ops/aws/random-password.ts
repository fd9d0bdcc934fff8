// A password that nobody else has: GetRandomPassword. Every character is as likely as any other; where each kind must be
// there, one of each is drawn first, and all are shuffled.

import { Fault } from '../../core/error.ts';
import type { Entropy } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import { type Operation, operation } from '../operation.ts';

export interface RandomPassword {
  readonly length: number;
  /** The kinds of characters, each a text of them; none of them may be empty. */
  readonly kinds: readonly string[];
  /** Characters that may be there too. */
  readonly others: string;
  /** One of each kind at least. */
  readonly isEach: boolean;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const DRAW_CHARS = 4;
const DRAWS = 64 ** DRAW_CHARS;

/** Draws whole numbers below a bound, each as likely as any other. */
class Dice {
  readonly #entropy: Entropy;
  #text = '';
  #at = 0;

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
  }

  below(bound: number): number {
    const fair = DRAWS - (DRAWS % bound);
    for (;;) {
      const drawn = this.#draw();
      if (drawn < fair) return drawn % bound;
    }
  }

  #draw(): number {
    if (this.#at === this.#text.length) {
      this.#text = this.#entropy.text(1024);
      this.#at = 0;
    }
    const characters = this.#text.slice(this.#at, this.#at + DRAW_CHARS);
    this.#at += DRAW_CHARS;
    return [...characters].reduce((number, character) => number * 64 + DIGITS.indexOf(character), 0);
  }
}

function make({ length, kinds, others, isEach }: RandomPassword, entropy: Entropy): string {
  const dice = new Dice(entropy);
  const pick = (characters: string) => characters[dice.below(characters.length)] as string;
  const all = kinds.join('') + others;
  const drawn = Array.from({ length }, (_, index) => pick((isEach ? kinds[index] : undefined) ?? all));
  for (let last = drawn.length - 1; last > 0; last--) {
    const other = dice.below(last + 1);
    [drawn[last], drawn[other]] = [drawn[other] as string, drawn[last] as string];
  }
  return drawn.join('');
}

export const randomPassword: Operation<RandomPassword, Redacted<string>> = operation({
  name: 'passwords.random',
  help: 'make a random password',
  kind: 'read',
  permission: 'authenticated',
  target: () => ({ asked: 'a random password' }),
  decide: (input) => {
    const { length, kinds, isEach } = input.command;
    if (kinds.length === 0 || (isEach && kinds.length > length)) {
      throw new Fault('AWS_REQUEST_INVALID', {
        problem: 'The password length is too short, or too many characters are excluded, for what it must hold.',
      });
    }
    return { result: new Redacted(make(input.command, input.entropy)) };
  },
});
