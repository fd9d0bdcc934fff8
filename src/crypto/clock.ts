// The time of the server: the machine's clock, but it never goes backwards within a process. Where the machine's clock
// was set back, ours goes on at half speed until it is caught up with, so that nothing stops expiring meanwhile.

import type { Clock } from '../core/ports.ts';

/** A clock over a wall clock (milliseconds since 1970) and one that only ever advances (milliseconds). */
export function steadyClock(wall: () => number, monotonic: () => number): Clock {
  let last = Number.NEGATIVE_INFINITY;
  let lastMonotonic = monotonic();
  return {
    now: () => {
      const elapsed = monotonic() - lastMonotonic;
      lastMonotonic += elapsed;
      last = Math.max(wall(), last + elapsed / 2);
      return Math.floor(last);
    },
  };
}

export const systemClock: Clock = steadyClock(Date.now, () => performance.now());
