// Values by text for the hot path, bounded in bytes. Among millions most are asked for once: a full one takes only what is
// asked for a second time, so that what is asked for once leaves nothing behind. A Map does, even where nothing is found:
// each new text that it is asked for is made known to V8 for as long as the heap is not collected whole.

/** Where a value may lie: so many places next to each other. */
const WAYS = 4;
/** It remembers as many texts, by their hashes, that were not taken, as a number of so many bits has values. */
const REMEMBERED_BITS = 15;
/** Of a longer text not every character is part of the hash. */
const HASHED_CHARS_MAX = 256;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export interface KeptOptions {
  readonly bytesMax: number;
  /** What a value and its text come to at least, about. */
  readonly entryBytes: number;
}

export class Kept<T> {
  readonly #bytesMax: number;
  readonly #entryBytes: number;
  /** Less one, to choose by a hash. */
  readonly #sets: number;
  readonly #hashes: Int32Array;
  readonly #texts: (string | undefined)[];
  readonly #values: (T | undefined)[];
  readonly #bytes: Int32Array;
  /** 1: asked for since it was taken, or last passed over. */
  readonly #asked: Uint8Array;
  readonly #once = new Int32Array(1 << REMEMBERED_BITS);
  #total = 0;
  /** The place that is looked at next where bytes have to go. */
  #hand = 0;

  constructor({ bytesMax, entryBytes }: KeptOptions) {
    this.#bytesMax = bytesMax;
    this.#entryBytes = entryBytes;
    const sets = 2 ** Math.max(0, Math.floor(Math.log2(bytesMax / entryBytes / WAYS)));
    const places = sets * WAYS;
    this.#sets = sets - 1;
    this.#hashes = new Int32Array(places);
    this.#texts = new Array(places).fill(undefined);
    this.#values = new Array(places).fill(undefined);
    this.#bytes = new Int32Array(places);
    this.#asked = new Uint8Array(places);
  }

  get(text: string): T | undefined {
    const at = this.#find(text, hashOf(text));
    if (at < 0) return undefined;
    this.#asked[at] = 1;
    return this.#values[at];
  }

  /** Keeps a value of `moreBytes` beyond what every entry comes to, unless it is too large, or one too many and new. */
  add(text: string, value: T, moreBytes: number): void {
    const bytes = this.#entryBytes + moreBytes;
    if (bytes > this.#bytesMax) return;
    const hash = hashOf(text);
    const found = this.#find(text, hash);
    const at = found >= 0 ? found : this.#placeFor(hash, bytes);
    if (at < 0) return;
    this.#remove(at);
    this.#hashes[at] = hash;
    this.#texts[at] = text;
    this.#values[at] = value;
    this.#bytes[at] = bytes;
    this.#asked[at] = this.#once[onceOf(hash)] === hash ? 1 : 0;
    this.#total += bytes;
    this.#makeRoom(at);
  }

  /** Forgets every value, and not what was asked for. */
  clear(): void {
    if (this.#total === 0) return;
    this.#texts.fill(undefined);
    this.#values.fill(undefined);
    this.#bytes.fill(0);
    this.#asked.fill(0);
    this.#total = 0;
  }

  #find(text: string, hash: number): number {
    const from = (hash & this.#sets) * WAYS;
    for (let at = from; at < from + WAYS; at++) {
      if (this.#hashes[at] === hash && this.#texts[at] === text) return at;
    }
    return -1;
  }

  /** A free place, or, for a text that came before, that of another which nobody has asked for lately; -1: none. */
  #placeFor(hash: number, bytes: number): number {
    const from = (hash & this.#sets) * WAYS;
    let unasked = -1;
    for (let at = from; at < from + WAYS; at++) {
      if (this.#texts[at] === undefined && this.#total + bytes <= this.#bytesMax) return at;
      if (this.#asked[at] === 0) unasked = at;
    }
    if (this.#once[onceOf(hash)] !== hash) {
      this.#once[onceOf(hash)] = hash;
      return -1;
    }
    // Whoever is asked for again by the next time stays.
    if (unasked < 0) this.#asked.fill(0, from, from + WAYS);
    return unasked;
  }

  /** Lets others go until all are within the bound. */
  #makeRoom(but: number): void {
    while (this.#total > this.#bytesMax) {
      const at = this.#hand;
      this.#hand = (at + 1) % this.#texts.length;
      if (at === but) continue;
      if (this.#asked[at] === 1) this.#asked[at] = 0;
      else this.#remove(at);
    }
  }

  #remove(at: number): void {
    this.#total -= this.#bytes[at] as number;
    this.#bytes[at] = 0;
    this.#asked[at] = 0;
    this.#texts[at] = undefined;
    this.#values[at] = undefined;
  }
}

/** Where a hash is remembered. */
function onceOf(hash: number): number {
  return hash >>> (32 - REMEMBERED_BITS);
}

/** FNV-1a, and its bits mixed: the low ones choose the place. Whoever finds texts of one hash has them forget each other. */
function hashOf(text: string): number {
  const step = 1 + Math.floor(text.length / HASHED_CHARS_MAX);
  let hash = FNV_OFFSET ^ text.length;
  for (let at = 0; at < text.length; at += step) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x45d9f3b);
  return hash ^ (hash >>> 15);
}
