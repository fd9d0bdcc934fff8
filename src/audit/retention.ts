// Prunes the log by itself, once an hour, so that nothing is kept longer than it must be.

import type { Audit } from '../core/audit-port.ts';
import type { Clock } from '../core/ports.ts';

const EVERY_MS = 3_600_000;

export interface RetentionOptions {
  readonly audit: Pick<Audit, 'prune'>;
  readonly clock: Clock;
  /** How long a record is kept at the least. */
  readonly retentionSeconds: number;
  /** Told of each pruning that failed; the next hour tries again. */
  readonly onFailure: (error: unknown) => void;
}

/** Prunes now and then every hour; what it answers stops it, once a pruning that is under way has ended. */
export function startRetention(options: RetentionOptions): () => Promise<void> {
  const { audit, clock, retentionSeconds, onFailure } = options;
  let running: Promise<void> = Promise.resolve();
  const prune = async (): Promise<void> => {
    try {
      await audit.prune(clock.now() - retentionSeconds * 1000);
    } catch (error) {
      onFailure(error);
    }
  };
  const again = (): void => {
    running = running.then(prune);
  };
  again();
  const timer = setInterval(again, EVERY_MS).unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
