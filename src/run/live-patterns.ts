// What a run masks, while its secrets change: the values that the child was started with for as long as the run lasts,
// the current ones, and those in between, which may still turn up in what the child prints. Of these the oldest are
// dropped when they take too much memory.

import { formsOf } from './mask-forms.ts';
import type { PatternSource } from './masker.ts';
import { PatternSet } from './pattern-set.ts';

/** Of the forms of values that are neither the first nor current: some hundred passwords, or six keys in PEM. */
const RETIRED_BYTES_MAX = 1024 * 1024;

interface Forms {
  readonly forms: readonly Buffer[];
  readonly bytes: number;
}

export class LivePatterns implements PatternSource {
  patterns: PatternSet;
  readonly #first: ReadonlyMap<string, Forms>;
  #current: ReadonlyMap<string, Forms>;
  /** Oldest first. */
  #retired: Map<string, Forms> = new Map();

  constructor(payloads: readonly Uint8Array[]) {
    this.#first = this.#current = new Map(payloads.map((payload) => [keyOf(payload), spell(payload)]));
    this.patterns = this.#build();
  }

  /** True where there is nothing to look for. */
  get isEmpty(): boolean {
    return [...this.#first.values()].every(({ forms }) => forms.length === 0);
  }

  /** From now on these values are the current ones; those that they replace stay masked. */
  update(payloads: readonly Uint8Array[]): void {
    const before = this.#current;
    const known = (key: string): Forms | undefined => before.get(key) ?? this.#first.get(key) ?? this.#retired.get(key);
    this.#current = new Map(
      payloads.map((payload) => {
        const key = keyOf(payload);
        return [key, known(key) ?? spell(payload)];
      }),
    );
    for (const [key, forms] of before) if (!this.#first.has(key)) this.#retired.set(key, forms);
    for (const key of this.#current.keys()) this.#retired.delete(key);
    let bytes = [...this.#retired.values()].reduce((sum, forms) => sum + forms.bytes, 0);
    for (const [key, forms] of this.#retired) {
      if (bytes <= RETIRED_BYTES_MAX) break;
      this.#retired.delete(key);
      bytes -= forms.bytes;
    }
    this.patterns = this.#build();
  }

  #build(): PatternSet {
    const all = new Map([...this.#first, ...this.#retired, ...this.#current]);
    return new PatternSet([...all.values()].flatMap(({ forms }) => forms));
  }
}

function keyOf(payload: Uint8Array): string {
  return Buffer.from(payload).toString('latin1');
}

function spell(payload: Uint8Array): Forms {
  const forms = formsOf(payload);
  return { forms, bytes: forms.reduce((sum, form) => sum + form.length, 0) };
}
