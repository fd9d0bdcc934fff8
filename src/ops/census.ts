// What one thread has seen of readers since it last told the store: on the hot path, so a reader that is known costs two
// look-ups and no memory. It holds a bounded number; once full, its owner is asked to empty it before it takes another.

import type { Sighting } from '../core/census.ts';
import { CENSUS_RETENTION_SECONDS, WORKLOADS_PER_PRINCIPAL_MAX } from '../core/limits.ts';
import type { Census, Clock, Maybe, Seen, Store } from '../core/ports.ts';

export interface CensusOptions {
  readonly entriesMax: number;
  /** Called where another entry would be one too many; it should `take` what there is. */
  onFull?(): void;
}

export interface CensusBook extends Census {
  /** How many sightings wait. */
  readonly size: number;
  /** How many reads could not be kept, since the beginning: `onFull` did not make room. */
  readonly missed: number;
  /** All that wait, and forgets them. */
  take(): Sighting[];
  /** Takes back what could not be stored; it may exceed the bound then, by what came meanwhile. */
  restore(sightings: readonly Sighting[]): void;
}

type Entry = { -readonly [K in keyof Sighting]: Sighting[K] };

/** By secret, then by principal; what is left differs in version, workload and dialect, and is a few. */
type Entries = Map<string, Map<string, Entry[]>>;

export function createCensus({ entriesMax, onFull }: CensusOptions): CensusBook {
  let entries: Entries = new Map();
  let size = 0;
  let missed = 0;

  const entriesOf = ({ secretUid, principal }: Seen): Entry[] => {
    const ofSecret = entries.get(secretUid) ?? added(entries, secretUid, new Map<string, Entry[]>());
    return ofSecret.get(principal) ?? added(ofSecret, principal, []);
  };
  const add = (read: Seen, now: number) => {
    if (size >= entriesMax) onFull?.();
    if (size >= entriesMax) {
      missed += 1;
      return;
    }
    const known = entriesOf(read);
    // A principal that calls itself something else each time would make this list long, and it is walked.
    const workload = known.length < WORKLOADS_PER_PRINCIPAL_MAX ? read.workload : '';
    const nameless = workload === read.workload ? undefined : find(known, { ...read, workload });
    if (nameless !== undefined) return count(nameless, now, 1);
    known.push(newEntry({ ...read, workload }, now));
    size += 1;
  };

  return {
    get size() {
      return size;
    },
    get missed() {
      return missed;
    },
    seen: (read, now) => {
      const known = entries.get(read.secretUid)?.get(read.principal);
      const entry = known === undefined ? undefined : find(known, read);
      if (entry === undefined) add(read, now);
      else count(entry, now, 1);
    },
    take: () => {
      const taken = [...entries.values()].flatMap((ofSecret) => [...ofSecret.values()].flat());
      entries = new Map();
      size = 0;
      return taken;
    },
    restore: (sightings) => {
      for (const sighting of sightings) {
        const known = entriesOf(sighting);
        const entry = find(known, sighting);
        if (entry === undefined) {
          known.push({ ...sighting });
          size += 1;
          continue;
        }
        count(entry, sighting.lastSeenAt, sighting.reads);
        entry.firstSeenAt = Math.min(entry.firstSeenAt, sighting.firstSeenAt);
      }
    },
  };
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

function newEntry({ projectUid, secretUid, version, principal, workload, dialect }: Seen, now: number): Entry {
  return { projectUid, secretUid, version, principal, workload, dialect, firstSeenAt: now, lastSeenAt: now, reads: 1 };
}

function count(entry: Entry, now: number, reads: number): void {
  // A clock that was set back takes nothing back.
  if (now > entry.lastSeenAt) entry.lastSeenAt = now;
  entry.reads += reads;
}

/** Brings every sighting so far into the store. Where that fails they wait on, and it throws or rejects. */
export function settleCensus(book: CensusBook, store: Pick<Store, 'recordCensus'>): Maybe<void> {
  if (book.size === 0) return undefined;
  const sightings = book.take();
  const failed = (error: unknown): never => {
    book.restore(sightings);
    throw error;
  };
  try {
    const settled = store.recordCensus(sightings);
    return settled instanceof Promise ? settled.catch(failed) : settled;
  } catch (error) {
    return failed(error);
  }
}

/** Forgets readers that have read nothing for as long as the census remembers; answers whether there may be more. */
export async function sweepCensus(store: Pick<Store, 'sweepCensus'>, clock: Clock): Promise<boolean> {
  return (await store.sweepCensus(clock.now() - CENSUS_RETENTION_SECONDS * 1000)) > 0;
}
