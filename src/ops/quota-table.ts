// The counters of all quotas of a server, shared by its threads: an open-addressed table of 64-bit words, each changed by
// compare-and-swap alone. A project takes three slots, found by 64 bits of its random uid. They begin full at each start.

import { type QuotaClass, takeToken } from '../core/quota.ts';
import type { Uid } from '../core/secret.ts';

/** Projects with a quota that one server counts for; 512 KiB. A power of two. */
const PROJECTS_MAX = 16_384;
const WORDS_EACH = 4;
const WORD_OF: Readonly<Record<QuotaClass, number>> = { access: 1, read: 2, write: 3 };
const UID_DIGITS = 16;

/** Memory for a new table, which every thread is given. */
export function newQuotaMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(PROJECTS_MAX * WORDS_EACH * BigInt64Array.BYTES_PER_ELEMENT);
}

export class QuotaTable {
  readonly #words: BigInt64Array<SharedArrayBuffer>;
  /** One number seen as a time and as the bits of it. */
  readonly #time: Float64Array<ArrayBuffer> = new Float64Array(1);
  readonly #bits: BigInt64Array<ArrayBuffer> = new BigInt64Array(this.#time.buffer);

  constructor(memory: SharedArrayBuffer) {
    this.#words = new BigInt64Array(memory);
  }

  /** Takes one request out of a project's bucket; false where there is none left. */
  take(project: Uid, quota: QuotaClass, perMinute: number, now: number): boolean {
    const slot = this.#slotOf(project);
    // As many projects with a quota as no machine serves: those beyond are not counted.
    if (slot === undefined) return true;
    const word = slot + WORD_OF[quota];
    for (;;) {
      const before = Atomics.load(this.#words, word);
      this.#bits[0] = before;
      const next = takeToken(this.#time[0] as number, perMinute, now);
      if (next === undefined) return false;
      this.#time[0] = next;
      if (Atomics.compareExchange(this.#words, word, before, this.#bits[0]) === before) return true;
    }
  }

  #slotOf(project: Uid): number | undefined {
    const wanted = BigInt.asIntN(64, BigInt(`0x${project.slice(0, UID_DIGITS)}`) | 1n);
    const first = Number(BigInt.asUintN(31, wanted >> 1n)) % PROJECTS_MAX;
    for (let tried = 0; tried < PROJECTS_MAX; tried++) {
      const slot = ((first + tried) % PROJECTS_MAX) * WORDS_EACH;
      const found = Atomics.compareExchange(this.#words, slot, 0n, wanted);
      if (found === 0n || found === wanted) return slot;
    }
    return undefined;
  }
}
