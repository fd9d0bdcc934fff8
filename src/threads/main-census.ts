// The census of the whole server, in the thread that writes it: what the threads hand on, and, for a decision that must
// know every reader, what each of them has at this moment.

import type { Sighting } from '../core/census.ts';
import type { Maybe, Store } from '../core/ports.ts';
import { createCensus, settleCensus } from '../ops/census.ts';

export interface MainCensus {
  /** What a thread hands on by itself; throws where the store does not take it, and then the thread keeps it. */
  recordCensus(sightings: readonly Sighting[]): Maybe<void>;
  /** Once this resolves, every read that was answered before it was called is in the store. */
  settleCensus(): Promise<void>;
}

/** `takeAll` takes what every thread has; it rejects where one of them does not answer. */
export function createMainCensus(
  store: Pick<Store, 'recordCensus'>,
  takeAll: () => Promise<readonly Sighting[]>,
): MainCensus {
  // Holds what was taken from the threads until the store has it; the threads bound how much that is.
  const taken = createCensus({ entriesMax: Number.POSITIVE_INFINITY });
  return {
    recordCensus: (sightings) => store.recordCensus(sightings),
    settleCensus: async () => {
      taken.restore(await takeAll());
      await settleCensus(taken, store);
    },
  };
}
