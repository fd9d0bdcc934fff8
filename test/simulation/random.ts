// Chance that can be had again: everything that a simulation draws, and the entropy that it gives the server, follows
// from one seed.

import { CREDENTIAL_PREFIX, CREDENTIAL_RANDOM_CHARS } from '../../src/core/credential.ts';
import type { Entropy } from '../../src/core/ports.ts';
import { Redacted } from '../../src/core/redacted.ts';
import { hashToken } from '../../src/identity/tokens.ts';

const CHARS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const GOLDEN = 0x9e3779b9;

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 32 bits (splitmix32). */
  bits(): number {
    this.#state = (this.#state + GOLDEN) | 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** From 0 to `count` − 1. */
  below(count: number): number {
    return Math.floor((this.bits() / 2 ** 32) * count);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(values: readonly T[]): T {
    if (values.length === 0) throw new Error('there is nothing to pick from');
    return values[this.below(values.length)] as T;
  }

  /** One of the names, each as likely as its number says. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const names = Object.keys(weights) as T[];
    let left = this.below(names.reduce((sum, name) => sum + weights[name], 0));
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    throw new Error('no name has any weight');
  }

  text(chars: string, count: number): string {
    return Array.from({ length: count }, () => chars[this.below(chars.length)]).join('');
  }
}

/** What a server draws its names and tokens from. Not fit for secrets, which here are nobody's. */
export function entropyOf(random: Random): Entropy {
  const hex = (count: number) => random.text('0123456789abcdef', count);
  return {
    uid: () => hex(32),
    etag: () => hex(14),
    digits: (count) => random.text('123456789', 1) + random.text('0123456789', count - 1),
    text: (count) => random.text(CHARS, count),
    credential: (kind) => {
      const text = CREDENTIAL_PREFIX[kind] + random.text(CHARS, CREDENTIAL_RANDOM_CHARS);
      return { text: new Redacted(text), hash: hashToken(text) };
    },
  };
}
