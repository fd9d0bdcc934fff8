// Many uses of one key in one request: each item is judged and done by itself, so that one that fails takes no other with
// it. All versions that the items need are read from one snapshot. Where nothing takes its turn elsewhere, no promise is
// made.

import { Fault } from '../core/error.ts';
import type { Key, KeyVersion } from '../core/keys/key.ts';
import type { OpenKey } from '../core/keys/port.ts';
import { KEY_CONTEXT_BYTES_MAX, KEY_ITEM_VERSIONS_MAX, KEY_ITEMS_MAX } from '../core/limits.ts';
import type { Maybe, Need } from '../core/ports.ts';
import { foundKey, type KeyRef, keyNeed, opened } from './keys-found.ts';
import { then } from './maybe.ts';
import type { Decision, Finish, Input } from './operation.ts';

/** What became of one item: a value, or why not. */
export type ItemResult<T> = { readonly value: T } | { readonly fault: Fault };

/** The rows of a use: the key with each version that some item needs, by its number; 0: the newest. */
export type UseNeeds = Readonly<Record<string, Need & { need: 'key' }>>;

/** A key in use, before its material is opened. */
export interface KeyUsed {
  readonly key: Key;
  readonly versions: ReadonlyMap<number, KeyVersion>;
}

/** A number that no row has: such an item is refused by itself. */
const isNumber = (number: number) => Number.isSafeInteger(number) && number >= 0 && number < 2 ** 31;

/**
 * Throws LIMIT_REACHED where there are too many items, or too many different versions among them. `one`: what the row of an
 * only item is called.
 */
export function useNeeds(
  ref: KeyRef,
  numbers: readonly number[],
  itemsMax: number = KEY_ITEMS_MAX,
  one: `version${string}` = 'version',
): UseNeeds {
  if (numbers.length > itemsMax) throw new Fault('LIMIT_REACHED', { what: 'items of one request', limit: itemsMax });
  const [only] = numbers;
  if (numbers.length === 1 && only !== undefined && isNumber(only)) return { [one]: keyNeed(ref, only) };
  const distinct = new Set(numbers.filter(isNumber));
  if (distinct.size > KEY_ITEM_VERSIONS_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'versions of a key in one request', limit: KEY_ITEM_VERSIONS_MAX });
  }
  const needs: Record<string, Need & { need: 'key' }> = {};
  if (distinct.size === 0) distinct.add(0);
  for (const number of distinct) needs[`version${number}`] = keyNeed(ref, number);
  return needs;
}

/** The decision of a use: the key as it was found, and what the ledger keeps. Throws KEY_NOT_FOUND. */
export function useOf(
  input: Input<KeyRef, UseNeeds, unknown>,
  items: number,
  check: (key: Key) => void,
): Decision<KeyUsed> & { readonly result: KeyUsed } {
  const versions = new Map<number, KeyVersion>();
  let key: Key | undefined;
  for (const name in input.rows) {
    // The scope's own rows are among them.
    if (!name.startsWith('version')) continue;
    const found = foundKey(input, input.rows[name]);
    key = found.key;
    if (found.version !== undefined) versions.set(found.version.number, found.version);
  }
  if (key === undefined) throw new TypeError('a use of no key');
  check(key);
  const [only] = versions.keys();
  return {
    result: { key, versions },
    ...(versions.size === 1 && only !== undefined ? { version: only } : {}),
    ...(items === 1 ? {} : { details: { items } }),
  };
}

/** Opens versions of a key, each once. */
export class Opener {
  readonly key: Key;
  readonly #versions: ReadonlyMap<number, KeyVersion>;
  readonly #at: Finish;
  readonly #opened = new Map<number, OpenKey>();

  constructor({ key, versions }: KeyUsed, at: Finish) {
    this.key = key;
    this.#versions = versions;
    this.#at = at;
  }

  /** Throws KEY_VERSION_NOT_FOUND. */
  open(number: number): OpenKey {
    const known = this.#opened.get(number);
    if (known !== undefined) return known;
    const open = opened(this.#at, this.key, this.#versions.get(number), number);
    this.#opened.set(number, open);
    return open;
  }
}

/**
 * Does each item; what one ends in is its own alone, unless it is the only one, or says that the server cannot do any:
 * then the whole request ends in it, and the ledger says so.
 */
export function eachItem<I, T>(items: readonly I[], work: (item: I) => Maybe<T>): Maybe<readonly ItemResult<T>[]> {
  const [only] = items;
  if (items.length === 1) return then(work(only as I), (value) => [{ value }]);
  let later = false;
  const results = items.map((item): Maybe<ItemResult<T>> => {
    try {
      const value = work(item);
      if (!(value instanceof Promise)) return { value };
      later = true;
      return value.then((settled) => ({ value: settled }), failed);
    } catch (error) {
      return failed(error);
    }
  });
  return later ? Promise.all(results) : (results as readonly ItemResult<T>[]);
}

function failed(error: unknown): { readonly fault: Fault } {
  if (error instanceof Fault && error.class !== 'internal' && error.class !== 'unavailable') return { fault: error };
  throw error;
}

/** The context that an item is used with: of a derived key it must be there, of any other it means nothing. */
export function contextOfItem({ derived }: Key, context: Uint8Array | undefined): { readonly context?: Uint8Array } {
  if (!derived) return {};
  if (context === undefined || context.length === 0) throw new Fault('KEY_CONTEXT_MISSING');
  if (context.length > KEY_CONTEXT_BYTES_MAX) {
    throw new Fault('INVALID_FIELD', { field: 'context', problem: `at most ${KEY_CONTEXT_BYTES_MAX} bytes` });
  }
  return { context };
}
