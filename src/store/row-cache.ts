// Rows by what asked for them, all read under one number of the epoch. Bounded in bytes.

import { Kept } from '../core/kept.ts';

/** What a row without its payload comes to, about. */
const ROW_BYTES = 3072;

export class RowCache {
  /** What `get` answers where nothing is known: a row that is known not to exist is undefined. */
  static readonly ABSENT: unique symbol = Symbol('not read');
  static readonly #NONE: unique symbol = Symbol('no row');
  readonly #kept: Kept<unknown>;
  #readAt: number | undefined;

  constructor(bytesMax: number) {
    this.#kept = new Kept({ bytesMax, entryBytes: ROW_BYTES });
  }

  /** From now on rows of this number only. */
  hold(number: number): void {
    if (number === this.#readAt) return;
    this.#readAt = number;
    this.#kept.clear();
  }

  get(key: string): unknown {
    const row = this.#kept.get(key);
    if (row === undefined) return RowCache.ABSENT;
    return row === RowCache.#NONE ? undefined : row;
  }

  /** Keeps a row that was read under `number`, unless the cache holds those of another by now. */
  add(key: string, row: unknown, number: number): void {
    if (number === this.#readAt) this.#kept.add(key, row === undefined ? RowCache.#NONE : row, payloadBytes(row));
  }
}

function payloadBytes(row: unknown): number {
  const sealed = (row as { readonly sealed?: { readonly ciphertext: Uint8Array } } | undefined)?.sealed;
  return sealed?.ciphertext.length ?? 0;
}
