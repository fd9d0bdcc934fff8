// Rows kept as they were decoded, for as long as nothing was committed. What a request needs is answered from here only
// where every row of it was read under the number at which the epoch still stands: then all of them are of one snapshot.
// Lists are never kept. Bounded in bytes: of two generations the older goes as soon as the younger is full.

import type { Maybe, Need, Needs, RowsOf, Store } from '../core/ports.ts';
import type { Epoch } from './epoch.ts';

const BYTES_MAX: number = 16 * 1024 * 1024;
/** What a row without its payload comes to, about. */
const ROW_BYTES = 2048;

export class CachedReads implements Pick<Store, 'read'> {
  readonly #store: Pick<Store, 'read'>;
  readonly #epoch: Epoch;
  readonly #generationBytesMax: number;
  #readAt: number | undefined;
  #young = new Map<string, unknown>();
  #old = new Map<string, unknown>();
  #youngBytes = 0;

  constructor(store: Pick<Store, 'read'>, epoch: Epoch, bytesMax: number = BYTES_MAX) {
    this.#store = store;
    this.#epoch = epoch;
    this.#generationBytesMax = bytesMax / 2;
  }

  read<const N extends Needs>(needs: N): Maybe<RowsOf<N>> {
    const now = this.#epoch.now();
    if (now === undefined) return this.#store.read(needs);
    if (now !== this.#readAt) this.#forget(now);
    const rows: Record<string, unknown> = {};
    const keys: Record<string, string | undefined> = {};
    let missing = false;
    for (const name in needs) {
      const key = keyOf(needs[name] as Need);
      keys[name] = key;
      if (key === undefined) missing = true;
      else if (!missing) {
        const row = this.#row(key);
        if (row === ABSENT) missing = true;
        else rows[name] = row;
      }
    }
    if (!missing) return rows as RowsOf<N>;
    const read = this.#store.read(needs);
    if (read instanceof Promise) return read.then((found) => this.#keep(now, keys, found));
    return this.#keep(now, keys, read);
  }

  #row(key: string): unknown {
    const young = this.#young.get(key);
    if (young !== undefined || this.#young.has(key)) return young;
    const old = this.#old.get(key);
    if (old === undefined && !this.#old.has(key)) return ABSENT;
    this.#add(key, old);
    return old;
  }

  #keep<R>(now: number, keys: Readonly<Record<string, string | undefined>>, rows: R): R {
    if (now !== this.#readAt) return rows;
    for (const name in keys) {
      const key = keys[name];
      if (key !== undefined) this.#add(key, (rows as Record<string, unknown>)[name]);
    }
    return rows;
  }

  #add(key: string, row: unknown): void {
    this.#young.set(key, row);
    this.#youngBytes += ROW_BYTES + payloadBytes(row);
    if (this.#youngBytes < this.#generationBytesMax) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  #forget(now: number): void {
    this.#readAt = now;
    this.#youngBytes = 0;
    if (this.#young.size > 0) this.#young = new Map();
    if (this.#old.size > 0) this.#old = new Map();
  }
}

const ABSENT = Symbol('not read');

function payloadBytes(row: unknown): number {
  const sealed = (row as { readonly sealed?: { readonly ciphertext: Uint8Array } } | undefined)?.sealed;
  return sealed?.ciphertext.length ?? 0;
}

/** What tells this need from every other one; undefined for a list. No part of it can hold the line feed between them. */
function keyOf(need: Need): string | undefined {
  switch (need.need) {
    case 'server':
      return 'server';
    case 'project':
      return `project\n${need.project}`;
    case 'secret':
      return `secret\n${need.project}\n${need.location ?? ''}\n${need.key}\n${need.deleted ?? ''}`;
    case 'version':
    case 'payload': {
      const { project, location = '', key, deleted = '', number, alias = '', previous = '' } = need;
      return `${need.need}\n${project}\n${location}\n${key}\n${deleted}\n${number}\n${alias}\n${previous}`;
    }
    case 'account':
      return `account\n${need.email}`;
    case 'accountKey':
      return `accountKey\n${need.id}`;
    case 'accountKeys':
      return `accountKeys\n${need.email}`;
    case 'token':
      return `token\n${need.hash}`;
    default:
      return undefined;
  }
}
