// What was made of heads that came before, on whichever connection: programs ask for the same things again and again, and
// the same bytes mean the same. A head that comes for the first time leaves nothing but a number.

/** Ours: 256 KiB for the bytes. Longer heads are read each time. */
const HEAD_BYTES_MAX = 1024;
const SETS = 64;
const WAYS = 4;
/** How many heads it remembers to have come once. */
const ONCE = 4096;
/** The request line, where most heads differ; of what follows not every byte is part of the hash. */
const LINE_BYTES = 160;
const STEP = 3;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export class KnownHeads<T> {
  readonly #bytes: Buffer = Buffer.alloc(SETS * WAYS * HEAD_BYTES_MAX);
  readonly #lengths = new Uint16Array(SETS * WAYS);
  readonly #hashes = new Int32Array(SETS * WAYS);
  readonly #values: (T | undefined)[] = new Array(SETS * WAYS).fill(undefined);
  readonly #once = new Int32Array(ONCE);
  #next = 0;

  /** What was made of these very bytes, or is made of them now. */
  get(bytes: Buffer, start: number, end: number, make: () => T): T {
    const length = end - start;
    if (length > HEAD_BYTES_MAX) return make();
    const hash = hashOf(bytes, start, end);
    const first = (hash & (SETS - 1)) * WAYS;
    for (let place = first; place < first + WAYS; place++) {
      if (this.#hashes[place] !== hash || this.#lengths[place] !== length) continue;
      const at = place * HEAD_BYTES_MAX;
      if (this.#bytes.compare(bytes, start, end, at, at + length) === 0) return this.#values[place] as T;
    }
    const made = make();
    const once = hash & (ONCE - 1);
    if (this.#once[once] === hash) this.#keep(first, hash, bytes, start, end, made);
    this.#once[once] = hash;
    return made;
  }

  /** Forgets all: a head holds what somebody proves himself by. */
  clear(): void {
    this.#bytes.fill(0);
    this.#lengths.fill(0);
    this.#hashes.fill(0);
    this.#values.fill(undefined);
    this.#once.fill(0);
  }

  #keep(first: number, hash: number, bytes: Buffer, start: number, end: number, made: T): void {
    const place = first + this.#next;
    this.#next = (this.#next + 1) % WAYS;
    bytes.copy(this.#bytes, place * HEAD_BYTES_MAX, start, end);
    this.#lengths[place] = end - start;
    this.#hashes[place] = hash;
    this.#values[place] = made;
  }
}

/** FNV-1a, and its bits mixed: the low ones choose the place. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = FNV_OFFSET ^ (end - start);
  const line = Math.min(end, start + LINE_BYTES);
  for (let at = start; at < line; at++) hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME);
  for (let at = line; at < end; at += STEP) hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x45d9f3b);
  return hash ^ (hash >>> 15);
}
