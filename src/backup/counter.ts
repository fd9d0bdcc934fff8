// Tells an older copy of a store: a number that only grows is kept in the store and, beside the key, how far it has been
// seen. The store's is raised first, so it is never behind after a crash; where it is behind, the store went back. Servers
// that share a store raise one number, one at a time, and each remembers what it saw. See docs/backup.md for what that
// notices and what it cannot.

import type { MetaStore } from '../core/ports.ts';
import { CounterError, counterFile, readSeen, writeSeen } from './counter-file.ts';
import { type Mac, readNote, signNote } from './signed-note.ts';

const COUNTER_META = 'counter';
export const RESTORED_META = 'restored';
const COUNTER_KIND = 'coffer-counter-1';
const RESTORED_KIND = 'coffer-restored-1';

export interface CounterStore extends MetaStore {
  /** Does `work` while no other server that has this store raises its counter. */
  counting<T>(work: () => Promise<T>): Promise<T>;
}

export interface CounterOptions {
  readonly store: CounterStore;
  readonly data: string;
  readonly keyFile: string;
  /** The id of the root key. */
  readonly storeId: string;
  readonly mac: Mac;
  /** An older copy is taken as it is. */
  readonly accept: boolean;
  /** One line for the operator: the server runs, but an older copy would not be noticed. */
  readonly warn: (text: string) => void;
}

/** What the ledger must hold of a start on an older copy. */
export interface Acceptance {
  readonly operation: 'server.restored' | 'server.acceptRollback';
  readonly details: Readonly<Record<string, string | number>>;
}

/** Rejects with CounterError, one line for the operator, for an older copy that nobody knows of; nothing is changed then. */
export async function openCounter(options: CounterOptions): Promise<StoreCounter> {
  const { store, data, keyFile, storeId, mac, accept, warn } = options;
  const file = counterFile(keyFile, storeId);
  const own = counterOf(await store.meta(COUNTER_META), options);
  const seen = readOrAccept(file, options);
  const restoredAt = restoredFrom(await store.meta(RESTORED_META), { storeId, own, seen, mac });
  const reached = Math.max(own, seen ?? 0);
  if (restoredAt !== undefined) {
    const details = { backup: restoredAt, counter: own, seen: seen ?? 0 };
    return new StoreCounter(options, file, reached, { operation: 'server.restored', details });
  }
  if (seen === undefined && own > 0) {
    warn(`${file} is missing and is made anew: whether ${data} is an older copy of the store cannot be told this time`);
  }
  if (seen !== undefined && own >= seen) return new StoreCounter(options, file, reached, undefined);
  if (seen === undefined || seen === 0) return new StoreCounter(options, file, reached, undefined);
  if (!accept) {
    throw new CounterError(
      `this is an older copy of the store: ${data} stands at ${own}, and ${file} has seen ${seen}: ` +
        'put the newest copy back, or start once with --accept-rollback',
    );
  }
  const details = { counter: own, seen };
  return new StoreCounter(options, file, reached, { operation: 'server.acceptRollback', details });
}

export class StoreCounter {
  /** What is to be recorded before the first `advance`; undefined for a store as it should be. */
  readonly acceptance: Acceptance | undefined;
  readonly #options: CounterOptions;
  readonly #file: string;
  /** What the store's must not be below: what was found, then what this server raised it to. */
  #value: number;
  #isRaised = false;
  /** The last problem that was told. */
  #told = '';

  constructor(options: CounterOptions, file: string, reached: number, acceptance: Acceptance | undefined) {
    this.#options = options;
    this.#file = file;
    this.#value = reached;
    this.acceptance = acceptance;
  }

  /** Raises both numbers, durably, the store's first. Rejects with what the store does; a file that fails is told. */
  advance(): Promise<void> {
    return this.#options.store.counting(() => this.#raise());
  }

  async #raise(): Promise<void> {
    const { store, storeId, mac } = this.#options;
    const own = counterOf(await store.meta(COUNTER_META), this.#options);
    if (this.#isRaised && own < this.#value) {
      this.#tell(`has seen ${this.#value}, and the store stands at ${own}: it was set back under a server that runs`);
    }
    const value = Math.max(own, this.#value) + 1;
    await store.setMeta(COUNTER_META, Buffer.from(signNote(COUNTER_KIND, [storeId, String(value)], mac)));
    this.#value = value;
    this.#isRaised = true;
    try {
      const seen = this.#seenNow();
      if (seen >= value) this.#tell(`has seen ${seen}, so another copy of the store is in use with this key`);
      else writeSeen(this.#file, storeId, value, mac);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      this.#tell(`cannot be written (${code ?? message}), so an older copy of the store would not be noticed`);
    }
  }

  /** A file that was damaged is written anew: at the start it was looked at. */
  #seenNow(): number {
    try {
      return readSeen(this.#file, this.#options.storeId, this.#options.mac) ?? 0;
    } catch (error) {
      if (error instanceof CounterError && error.cause === undefined) return 0;
      throw error;
    }
  }

  #tell(problem: string): void {
    if (problem !== this.#told) this.#options.warn(`the counter file ${this.#file} ${problem}`);
    this.#told = problem;
  }
}

/** The counter that a store holds; 0 for one from before there were any. Throws CounterError. */
export function counterOf(
  bytes: Uint8Array | undefined,
  { data, storeId, mac, accept }: Pick<CounterOptions, 'data' | 'storeId' | 'mac' | 'accept'>,
): number {
  if (bytes === undefined) return 0;
  const [id, value] = readNote(Buffer.from(bytes).toString('latin1'), COUNTER_KIND, 2, mac) ?? [];
  if (id === storeId && value !== undefined) return Number(value);
  if (accept) return 0;
  throw new CounterError(
    `the counter of the store in ${data} was changed, so an older copy cannot be told: ` +
      'put the newest copy back, or start once with --accept-rollback',
  );
}

interface Restored {
  readonly storeId: string;
  readonly own: number;
  readonly seen: number | undefined;
  readonly mac: Mac;
}

/**
 * The note by which a restored store is known at its first start, and at no other: it holds for the two numbers as they
 * were when it was restored, and that start raises both. `time` is when its backup was made.
 */
export function restoredNote({ storeId, own, seen = 0, mac }: Restored, time: string): Buffer {
  return Buffer.from(signNote(RESTORED_KIND, [storeId, String(own), String(seen), time], mac));
}

function restoredFrom(bytes: Uint8Array | undefined, { storeId, own, seen = 0, mac }: Restored): string | undefined {
  if (bytes === undefined) return undefined;
  const words = readNote(Buffer.from(bytes).toString('latin1'), RESTORED_KIND, 4, mac);
  const [id, counter, seenThen, time] = words ?? [];
  return id === storeId && counter === String(own) && seenThen === String(seen) ? time : undefined;
}

function readOrAccept(file: string, { storeId, mac, accept }: CounterOptions): number | undefined {
  try {
    return readSeen(file, storeId, mac);
  } catch (error) {
    if (accept && error instanceof CounterError) return undefined;
    throw error;
  }
}
