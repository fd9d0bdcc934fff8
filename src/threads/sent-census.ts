// Sightings as they cross from one thread to another: thousands at once, most of them of a few readers. They go by columns,
// since V8 names every member of every object that it copies.

import type { Sighting } from '../core/census.ts';

type Reader = Pick<Sighting, 'projectUid' | 'principal' | 'workload' | 'dialect'>;

export interface SentCensus {
  readonly readers: readonly Reader[];
  readonly secretUids: readonly string[];
  /** Of each: its reader, version, ordinal or 0, the first and the last time, and how many reads. */
  readonly numbers: Float64Array;
}

const NUMBERS_EACH = 6;

export function sentCensus(sightings: readonly Sighting[]): SentCensus {
  const readers: Reader[] = [];
  const known = new Map<string, number>();
  const numbers = new Float64Array(sightings.length * NUMBERS_EACH);
  let last = -1;
  let at = 0;
  for (const sighting of sightings) {
    if (!isBy(sighting, readers[last])) last = numberOf(sighting, readers, known);
    const { version, ordinal = 0, firstSeenAt, lastSeenAt, reads } = sighting;
    numbers[at] = last;
    numbers[at + 1] = version;
    numbers[at + 2] = ordinal;
    numbers[at + 3] = firstSeenAt;
    numbers[at + 4] = lastSeenAt;
    numbers[at + 5] = reads;
    at += NUMBERS_EACH;
  }
  return { readers, secretUids: sightings.map(({ secretUid }) => secretUid), numbers };
}

export function receivedCensus({ readers, secretUids, numbers }: SentCensus): Sighting[] {
  return secretUids.map((secretUid, index) => {
    const at = index * NUMBERS_EACH;
    const { projectUid, principal, workload, dialect } = readers[numbers[at] as number] as Reader;
    const sighting: Sighting = {
      projectUid,
      secretUid,
      version: numbers[at + 1] as number,
      principal,
      workload,
      dialect,
      firstSeenAt: numbers[at + 3] as number,
      lastSeenAt: numbers[at + 4] as number,
      reads: numbers[at + 5] as number,
    };
    const ordinal = numbers[at + 2] as number;
    return ordinal === 0 ? sighting : { ...sighting, ordinal };
  });
}

function isBy(sighting: Reader, reader: Reader | undefined): boolean {
  return (
    reader !== undefined &&
    sighting.projectUid === reader.projectUid &&
    sighting.principal === reader.principal &&
    sighting.workload === reader.workload &&
    sighting.dialect === reader.dialect
  );
}

function numberOf({ projectUid, principal, workload, dialect }: Reader, readers: Reader[], known: Map<string, number>) {
  // None of them can hold a line break.
  const key = `${projectUid}\n${principal}\n${workload}\n${dialect}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  known.set(key, readers.length);
  return readers.push({ projectUid, principal, workload, dialect }) - 1;
}
