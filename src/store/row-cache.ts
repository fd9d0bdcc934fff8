// Rows by what asked for them, all read under one number of the epoch. Bounded in bytes: of two generations the older
// goes as soon as the younger is full, so that what is asked for stays and nothing has to be kept in order.

/** What a row without its payload comes to, about. */
const ROW_BYTES = 3072;

export class RowCache {
  /** What `get` answers where nothing is known: a row that is known not to exist is undefined. */
  static readonly ABSENT: unique symbol = Symbol('not read');
  readonly #generationBytesMax: number;
  #readAt: number | undefined;
  #young = new Map<string, unknown>();
  #old = new Map<string, unknown>();
  #youngBytes = 0;

  constructor(bytesMax: number) {
    this.#generationBytesMax = bytesMax / 2;
  }

  /** From now on rows of this number only. */
  hold(number: number): void {
    if (number === this.#readAt) return;
    this.#readAt = number;
    this.#youngBytes = 0;
    if (this.#young.size > 0) this.#young = new Map();
    if (this.#old.size > 0) this.#old = new Map();
  }

  get(key: string): unknown {
    const young = this.#young.get(key);
    if (young !== undefined || this.#young.has(key)) return young;
    const old = this.#old.get(key);
    if (old === undefined && !this.#old.has(key)) return RowCache.ABSENT;
    this.#put(key, old);
    return old;
  }

  /** Keeps a row that was read under `number`, unless the cache holds those of another by now. */
  add(key: string, row: unknown, number: number): void {
    if (number === this.#readAt) this.#put(key, row);
  }

  #put(key: string, row: unknown): void {
    this.#young.set(key, row);
    this.#youngBytes += ROW_BYTES + payloadBytes(row);
    if (this.#youngBytes < this.#generationBytesMax) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}

function payloadBytes(row: unknown): number {
  const sealed = (row as { readonly sealed?: { readonly ciphertext: Uint8Array } } | undefined)?.sealed;
  return sealed?.ciphertext.length ?? 0;
}
