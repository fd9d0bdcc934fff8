// How a thread knows whether anything was committed since it read: one number that all threads share, odd while a commit
// is under way, even and new after it. What was read under an even number holds as long as the number stands still. It
// turns odd before a commit can be seen by anybody: else one reader could see the new rows, and another, later, the old.

const STEP = 1;

export class Epoch {
  readonly #word: Int32Array<SharedArrayBuffer>;

  /** `memory` is that of the writer's own epoch, where this is another thread's. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.#word = new Int32Array(memory);
  }

  get memory(): SharedArrayBuffer {
    return this.#word.buffer;
  }

  /** The number under which rows read from now on may be kept; undefined while a commit is under way. */
  now(): number | undefined {
    const number = Atomics.load(this.#word, 0);
    return (number & STEP) === 0 ? number : undefined;
  }

  /** Runs a commit: whatever was read before it is not to be used after it, even where it fails. */
  commit<T>(work: () => T): T {
    Atomics.add(this.#word, 0, STEP);
    try {
      return work();
    } finally {
      Atomics.add(this.#word, 0, STEP);
    }
  }
}
