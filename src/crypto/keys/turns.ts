// The one limiter of slow private-key work, across all threads of a server: the pool of threads that does it is shared
// with the disk, so one core less than there are may be busy with it at once. A turn is a word in shared memory that holds the
// time at which it lapses, so that a thread which dies takes none with it.

import { availableParallelism } from 'node:os';
import { Fault } from '../../core/error.ts';

/** Longer than the making of any key takes. */
const TURN_MS_MAX = 60_000;
/** Whoever was not woken looks again. */
const LOOK_MS = 250;
/** Ours: of one thread, and how long each waits at the most. */
const WAITING_MAX = 1000;
const WAIT_MS_MAX = 30_000;
const WORD_BYTES = 8;

/** Memory for `turns` at once, which every thread is given. */
export function newTurnMemory(turns: number = Math.max(1, availableParallelism() - 1)): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + turns) * WORD_BYTES);
}

export class Turns {
  /** Counts turns that ended: what those who wait are woken by. */
  readonly #ended: Int32Array<SharedArrayBuffer>;
  readonly #lapses: BigInt64Array<SharedArrayBuffer>;
  #waiting = 0;

  constructor(memory: SharedArrayBuffer = newTurnMemory()) {
    this.#ended = new Int32Array(memory, 0, 1);
    this.#lapses = new BigInt64Array(memory, WORD_BYTES);
  }

  /** Does `work` in a turn of its own. Rejects with KEYS_BUSY where too many wait already, or its turn does not come. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= WAITING_MAX) throw new Fault('KEYS_BUSY');
    this.#waiting++;
    let turn: Turn;
    try {
      turn = await this.#begin();
    } finally {
      this.#waiting--;
    }
    try {
      return await work();
    } finally {
      this.#end(turn);
    }
  }

  async #begin(): Promise<Turn> {
    const endsAtMs = performance.now() + WAIT_MS_MAX;
    while (performance.now() < endsAtMs) {
      const seen = Atomics.load(this.#ended, 0);
      const turn = this.#free();
      if (turn !== undefined) return turn;
      const { async, value } = Atomics.waitAsync(this.#ended, 0, seen, LOOK_MS);
      if (async) await value;
    }
    throw new Fault('KEYS_BUSY');
  }

  #free(): Turn | undefined {
    const now = BigInt(Date.now());
    const lapses = now + BigInt(TURN_MS_MAX);
    for (let word = 0; word < this.#lapses.length; word++) {
      const held = Atomics.load(this.#lapses, word);
      // One that lapses later than any can was taken before the clock was set back.
      const isHeld = held > now && held <= lapses;
      if (!isHeld && Atomics.compareExchange(this.#lapses, word, held, lapses) === held) return { word, lapses };
    }
    return undefined;
  }

  #end({ word, lapses }: Turn): void {
    Atomics.compareExchange(this.#lapses, word, lapses, 0n);
    Atomics.add(this.#ended, 0, 1);
    Atomics.notify(this.#ended, 0, 1);
  }
}

interface Turn {
  readonly word: number;
  readonly lapses: bigint;
}
