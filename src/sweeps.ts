// What the main thread does every so often by itself: what came due is settled, what has expired is removed.

import { sweepCensus } from './ops/census.ts';
import { type SweepDeps, sweep } from './ops/sweep.ts';
import type { ServerStore } from './store/open.ts';
import { startSweeper } from './sweeper.ts';

const DUE_SWEEP_MS = 5_000;
const TOKEN_SWEEP_MS = 10 * 60_000;

/** Everything that is done every so often; what it answers stops it. */
export function startSweeping(
  deps: Omit<SweepDeps, 'onFailure'> & { readonly store: ServerStore },
  log: (fields: object, message: string) => void,
): (() => Promise<void>)[] {
  const failed = (what: string) => (error: unknown) => log({ err: error }, what);
  const dueFailed = failed('what was due could not be settled');
  return [
    startSweeper({
      everyMs: DUE_SWEEP_MS,
      sweep: () => sweep({ ...deps, onFailure: dueFailed }),
      failed: dueFailed,
    }),
    startSweeper({
      everyMs: TOKEN_SWEEP_MS,
      sweep: async () => (await deps.store.sweepTokens(deps.clock.now())) > 0,
      failed: failed('expired tokens could not be removed'),
    }),
    startSweeper({
      everyMs: TOKEN_SWEEP_MS,
      sweep: async () => (await deps.store.sweepVault(deps.clock.now())) > 0,
      failed: failed("what expired of Vault's API could not be removed"),
    }),
    startSweeper({
      everyMs: TOKEN_SWEEP_MS,
      sweep: () => sweepCensus(deps.store, deps.clock),
      failed: failed('readers of long ago could not be removed'),
    }),
  ];
}
