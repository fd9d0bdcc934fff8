// What one thread has seen of readers: on the hot path, so a reader that is known costs two look-ups and no memory. A
// reader that is new is due for the store at once, one that reads on only every minute: whoever has to know sooner, like
// the guard, takes all there is. Bounded; once full, its owner is asked to empty it before it takes another.

import type { Sighting } from '../core/census.ts';
import type { Census, Seen } from '../core/census-ports.ts';
import { CENSUS_DUE_SECONDS, CENSUS_RETENTION_SECONDS, WORKLOADS_PER_PRINCIPAL_MAX } from '../core/limits.ts';
import type { Clock, Maybe, Store } from '../core/ports.ts';

export interface CensusOptions {
  readonly entriesMax: number;
  /** Called where another entry would be one too many; it should `take` what there is. */
  onFull?(): void;
}

export interface CensusBook extends Census {
  /** How many readers it knows. */
  readonly size: number;
  /** How many reads could not be kept, since the beginning: `onFull` did not make room. */
  readonly missed: number;
  /** What the store should have by now; it goes on knowing those readers. `now` in milliseconds since 1970. */
  due(now: number): Sighting[];
  /** All that the store does not have, and forgets every reader. */
  take(): Sighting[];
  /** Takes back what could not be stored; it may exceed the bound then, by what came meanwhile. */
  restore(sightings: readonly Sighting[]): void;
}

/** Counts what the store does not have yet; no reads: it has all. */
type Entry = { -readonly [K in keyof Omit<Sighting, 'ordinal'>]: Sighting[K] } & {
  readonly ordinal: number | undefined;
  /** When it was last handed on; 0: never. */
  dueSince: number;
  /** Another of the same key and principal: they differ in version, workload and dialect, and are a few. */
  next: Entry | undefined;
};

type Place = Pick<Seen, 'secretUid' | 'principal'> & { readonly ordinal?: number | undefined };

const DUE_MS = CENSUS_DUE_SECONDS * 1000;

export function createCensus({ entriesMax, onFull }: CensusOptions): CensusBook {
  return new Book(entriesMax, onFull);
}

class Book implements CensusBook {
  /**
   * By version, or else by secret, and by principal where there are several: what is seen once costs no more than itself. A
   * number is no text that a Map makes known to V8.
   */
  #entries = new Map<number | string, Entry | Map<string, Entry>>();
  #size = 0;
  #missed = 0;
  readonly #entriesMax: number;
  readonly #onFull: (() => void) | undefined;

  constructor(entriesMax: number, onFull: (() => void) | undefined) {
    this.#entriesMax = entriesMax;
    this.#onFull = onFull;
  }

  get size(): number {
    return this.#size;
  }

  get missed(): number {
    return this.#missed;
  }

  seen(read: Seen, now: number): void {
    const entry = find(this.#firstOf(read), read);
    if (entry === undefined) this.#add(read, now);
    else again(entry, now);
  }

  due(now: number): Sighting[] {
    const due: Sighting[] = [];
    for (const [key, known] of this.#entries) {
      if (!(known instanceof Map)) {
        const kept = this.#dueOf(entriesFrom(known), now, due);
        if (kept === undefined) this.#entries.delete(key);
        else this.#entries.set(key, kept);
        continue;
      }
      for (const [principal, first] of known) {
        const kept = this.#dueOf(entriesFrom(first), now, due);
        if (kept === undefined) known.delete(principal);
        else known.set(principal, kept);
      }
      if (known.size === 0) this.#entries.delete(key);
    }
    return due;
  }

  take(): Sighting[] {
    const taken: Sighting[] = [];
    for (const known of this.#entries.values()) {
      for (const first of known instanceof Map ? known.values() : [known]) {
        for (const entry of entriesFrom(first)) if (entry.reads > 0) taken.push(sightingOf(entry));
      }
    }
    this.#entries = new Map();
    this.#size = 0;
    return taken;
  }

  restore(sightings: readonly Sighting[]): void {
    for (const sighting of sightings) {
      const entry = find(this.#firstOf(sighting), sighting);
      if (entry === undefined) {
        this.#keep({ ...sighting, ordinal: sighting.ordinal, dueSince: 0, next: undefined });
        continue;
      }
      entry.firstSeenAt = Math.min(entry.reads === 0 ? sighting.firstSeenAt : entry.firstSeenAt, sighting.firstSeenAt);
      entry.lastSeenAt = Math.max(entry.lastSeenAt, sighting.lastSeenAt);
      entry.reads += sighting.reads;
      entry.dueSince = 0;
    }
  }

  #firstOf({ ordinal, secretUid, principal }: Place): Entry | undefined {
    const known = this.#entries.get(ordinal ?? secretUid);
    if (known instanceof Map) return known.get(principal);
    return known?.principal === principal ? known : undefined;
  }

  #keep(entry: Entry): void {
    const { principal } = entry;
    const key = entry.ordinal ?? entry.secretUid;
    this.#size += 1;
    const last = entriesFrom(this.#firstOf(entry)).at(-1);
    if (last !== undefined) {
      last.next = entry;
      return;
    }
    const known = this.#entries.get(key);
    if (known instanceof Map) known.set(principal, entry);
    else if (known === undefined) this.#entries.set(key, entry);
    else this.#entries.set(key, new Map([known, entry].map((each) => [each.principal, each])));
  }

  /** Adds what is due of these to `due`; answers the first of those that are still known. */
  #dueOf(entries: readonly Entry[], now: number, due: Sighting[]): Entry | undefined {
    const kept = entries.filter((entry) => {
      const waited = now - entry.dueSince;
      // Below 0 the clock was set back.
      if (waited >= 0 && waited < DUE_MS) return true;
      if (entry.reads === 0) return false;
      due.push(sightingOf(entry));
      entry.reads = 0;
      entry.dueSince = now;
      return true;
    });
    this.#size -= entries.length - kept.length;
    kept.forEach((entry, at) => {
      entry.next = kept[at + 1];
    });
    return kept[0];
  }

  #add(read: Seen, now: number): void {
    if (this.#size >= this.#entriesMax) this.#onFull?.();
    if (this.#size >= this.#entriesMax) {
      this.#missed += 1;
      return;
    }
    // A principal that calls itself something else each time would make this list long, and it is walked.
    const known = entriesFrom(this.#firstOf(read));
    const isNamed = known.length < WORKLOADS_PER_PRINCIPAL_MAX;
    const nameless = isNamed ? undefined : find(known[0], { ...read, workload: '' });
    if (nameless !== undefined) {
      again(nameless, now);
      return;
    }
    const { projectUid, secretUid, version, ordinal, principal, dialect } = read;
    const workload = isNamed ? read.workload : '';
    const named = { projectUid, secretUid, version, ordinal, principal, workload, dialect };
    this.#keep({ ...named, firstSeenAt: now, lastSeenAt: now, reads: 1, dueSince: 0, next: undefined });
  }
}

function find(first: Entry | undefined, { secretUid, version, workload, dialect }: Seen): Entry | undefined {
  for (let entry = first; entry !== undefined; entry = entry.next) {
    if (entry.version !== version || entry.workload !== workload || entry.dialect !== dialect) continue;
    // Another may have come to the place of one that was deleted.
    if (entry.secretUid === secretUid) return entry;
  }
  return undefined;
}

function entriesFrom(first: Entry | undefined): readonly Entry[] {
  const entries: Entry[] = [];
  for (let entry = first; entry !== undefined; entry = entry.next) entries.push(entry);
  return entries;
}

/** Counts one more read. */
function again(entry: Entry, now: number): void {
  if (entry.reads === 0) entry.firstSeenAt = now;
  // A clock that was set back takes nothing back.
  if (now > entry.lastSeenAt) entry.lastSeenAt = now;
  entry.reads += 1;
}

function sightingOf(entry: Entry): Sighting {
  const { projectUid, secretUid, version, ordinal, principal, workload, dialect, lastSeenAt, reads } = entry;
  // Where the clock was set back since the last time, the first is the later of the two.
  const firstSeenAt = Math.min(entry.firstSeenAt, lastSeenAt);
  const named = { projectUid, secretUid, version, principal, workload, dialect, firstSeenAt, lastSeenAt, reads };
  return ordinal === undefined ? named : { ...named, ordinal };
}

type Recorder = Pick<Store, 'recordCensus'>;

/** Brings everything seen so far into the store. Where that fails it waits on, and this throws or rejects. */
export function settleCensus(book: CensusBook, store: Recorder): Maybe<void> {
  return record(book, store, book.take());
}

/** The same for what is due. */
export function recordDueCensus(book: CensusBook, store: Recorder, now: number): Maybe<void> {
  return record(book, store, book.due(now));
}

function record(book: CensusBook, store: Recorder, sightings: readonly Sighting[]): Maybe<void> {
  if (sightings.length === 0) return undefined;
  const failed = (error: unknown): never => {
    book.restore(sightings);
    throw error;
  };
  try {
    const recorded = store.recordCensus(sightings);
    return recorded instanceof Promise ? recorded.catch(failed) : recorded;
  } catch (error) {
    return failed(error);
  }
}

/** Forgets readers that have read nothing for as long as the census remembers; answers whether there may be more. */
export async function sweepCensus(store: Pick<Store, 'sweepCensus'>, clock: Clock): Promise<boolean> {
  return (await store.sweepCensus(clock.now() - CENSUS_RETENTION_SECONDS * 1000)) > 0;
}
