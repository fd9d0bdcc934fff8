// What was made of the header blocks that a connection sent last. A client that repeats itself sends the same bytes, and
// they mean the same as long as the table that they refer to has not changed.

/** Ours: a client alternates between a few methods; one that always says something new costs a copy of these. */
const ENTRIES = 4;
const BLOCK_BYTES_MAX = 1024;

interface Entry<T> {
  readonly block: Uint8Array;
  readonly changes: number;
  readonly value: T;
}

export class HeadCache<T> {
  readonly #entries: Entry<T>[] = [];
  #next = 0;

  /** `changes` counts the changes of the table. */
  find(bytes: Buffer, start: number, end: number, changes: number): T | undefined {
    for (const { block, changes: then, value } of this.#entries) {
      if (then === changes && block.length === end - start && isEqual(block, bytes, start)) return value;
    }
    return undefined;
  }

  /** To be called only with a block that did not change the table. */
  keep(bytes: Buffer, start: number, end: number, changes: number, value: T): void {
    if (end - start > BLOCK_BYTES_MAX) return;
    // A copy of its own: a slice would keep alive all that came with it.
    this.#entries[this.#next] = { block: new Uint8Array(bytes.subarray(start, end)), changes, value };
    this.#next = (this.#next + 1) % ENTRIES;
  }
}

/** Most blocks are a dozen bytes, for which a loop is faster than a call. */
function isEqual(block: Uint8Array, bytes: Buffer, start: number): boolean {
  for (let at = 0; at < block.length; at++) if (block[at] !== bytes[start + at]) return false;
  return true;
}
