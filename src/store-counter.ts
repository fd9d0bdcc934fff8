// The counter by which an older copy of the store is told from the newest, while a server runs: raised every so often
// where something was written. That an older copy was accepted stands in the ledger.

import type { Acceptance, StoreCounter } from './backup/counter.ts';
import type { Audit } from './core/audit-port.ts';
import { systemClock } from './crypto/clock.ts';
import { systemEntropy } from './crypto/entropy.ts';
import type { Logger } from './log.ts';
import { ownRecord } from './ops/bootstrap.ts';
import type { ServerStore } from './store/open.ts';
import { startSweeper } from './sweeper.ts';

const COUNTER_MS = 60_000;

/** That an older copy is in use is known to the ledger before the counter says that it is the newest. */
export async function recordAcceptance(
  { operation, details }: Acceptance,
  store: ServerStore,
  audit: Pick<Audit, 'copy'>,
): Promise<void> {
  const record = { ...ownRecord(systemClock.now(), systemEntropy, operation), details };
  await store.transact({}, () => ({ result: undefined, changes: [], record }));
  audit.copy(record);
}

/** Raises the counter every so often where something was written, and at the end; what it answers does the latter. */
export function startCounter(counter: StoreCounter, store: ServerStore, log: Logger): () => Promise<void> {
  const failed = (error: unknown) => log.error({ err: error }, 'the counter of the store could not be raised');
  let written = store.rowsWritten;
  const raise = async () => {
    await counter.advance();
    written = store.rowsWritten;
  };
  const stop = startSweeper({
    everyMs: COUNTER_MS,
    sweep: async () => {
      if (store.rowsWritten !== written) await raise();
      return false;
    },
    failed,
  });
  return async () => {
    await stop();
    await raise().catch(failed);
  };
}
