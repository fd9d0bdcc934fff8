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
type Entry = { -readonly [K in keyof Sighting]: Sighting[K] } & {
  /** When it was last handed on; 0: never. */
  dueSince: number;
};

const DUE_MS = CENSUS_DUE_SECONDS * 1000;

export function createCensus({ entriesMax, onFull }: CensusOptions): CensusBook {
  return new Book(entriesMax, onFull);
}

class Book implements CensusBook {
  /** By secret, then by principal; what is left differs in version, workload and dialect, and is a few. */
  #entries = new Map<string, Map<string, Entry[]>>();
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
    const known = this.#entries.get(read.secretUid)?.get(read.principal);
    const entry = known === undefined ? undefined : find(known, read);
    if (entry === undefined) this.#add(read, now);
    else count(entry, now);
  }

  due(now: number): Sighting[] {
    const due: Sighting[] = [];
    for (const [secretUid, ofSecret] of this.#entries) {
      for (const [principal, entries] of ofSecret) {
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
        if (kept.length === 0) ofSecret.delete(principal);
        else if (kept.length < entries.length) ofSecret.set(principal, kept);
      }
      if (ofSecret.size === 0) this.#entries.delete(secretUid);
    }
    return due;
  }

  take(): Sighting[] {
    const taken: Sighting[] = [];
    for (const ofSecret of this.#entries.values()) {
      for (const entries of ofSecret.values()) {
        for (const entry of entries) if (entry.reads > 0) taken.push(sightingOf(entry));
      }
    }
    this.#entries = new Map();
    this.#size = 0;
    return taken;
  }

  restore(sightings: readonly Sighting[]): void {
    for (const sighting of sightings) {
      const known = this.#entriesOf(sighting);
      const entry = find(known, sighting);
      if (entry === undefined) {
        known.push({ ...sighting, dueSince: 0 });
        this.#size += 1;
        continue;
      }
      entry.firstSeenAt = Math.min(entry.reads === 0 ? sighting.firstSeenAt : entry.firstSeenAt, sighting.firstSeenAt);
      entry.lastSeenAt = Math.max(entry.lastSeenAt, sighting.lastSeenAt);
      entry.reads += sighting.reads;
      entry.dueSince = 0;
    }
  }

  #entriesOf({ secretUid, principal }: Seen): Entry[] {
    const ofSecret = this.#entries.get(secretUid) ?? added(this.#entries, secretUid, new Map<string, Entry[]>());
    return ofSecret.get(principal) ?? added(ofSecret, principal, []);
  }

  #add(read: Seen, now: number): void {
    if (this.#size >= this.#entriesMax) this.#onFull?.();
    if (this.#size >= this.#entriesMax) {
      this.#missed += 1;
      return;
    }
    const known = this.#entriesOf(read);
    // A principal that calls itself something else each time would make this list long, and it is walked.
    const isNamed = known.length < WORKLOADS_PER_PRINCIPAL_MAX;
    const nameless = isNamed ? undefined : find(known, { ...read, workload: '' });
    if (nameless !== undefined) {
      count(nameless, now);
      return;
    }
    const { projectUid, secretUid, version, principal, workload, dialect } = read;
    const named = { projectUid, secretUid, version, principal, workload: isNamed ? workload : '', dialect };
    known.push({ ...named, firstSeenAt: now, lastSeenAt: now, reads: 1, dueSince: 0 });
    this.#size += 1;
  }
}

function added<V>(map: Map<string, V>, key: string, value: V): V {
  map.set(key, value);
  return value;
}

function find(entries: readonly Entry[], { version, workload, dialect }: Seen): Entry | undefined {
  for (const entry of entries) {
    if (entry.version === version && entry.workload === workload && entry.dialect === dialect) return entry;
  }
  return undefined;
}

function count(entry: Entry, now: number): void {
  if (entry.reads === 0) entry.firstSeenAt = now;
  // A clock that was set back takes nothing back.
  if (now > entry.lastSeenAt) entry.lastSeenAt = now;
  entry.reads += 1;
}

function sightingOf({ dueSince: _, ...entry }: Entry): Sighting {
  // Where the clock was set back since the last time, the first is the later of the two.
  return { ...entry, firstSeenAt: Math.min(entry.firstSeenAt, entry.lastSeenAt) };
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
