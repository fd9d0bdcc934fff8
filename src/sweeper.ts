// Runs what comes due by itself every few seconds, one round at a time. A round that leaves more goes on at once, after
// whatever requests came in meanwhile; it ends after a bounded number of batches.

export interface Sweeper {
  readonly everyMs: number;
  /** Settles one batch; answers whether there is more. */
  sweep(): Promise<boolean>;
  failed(error: unknown): void;
}

const BATCHES_MAX = 100;

/** Starts sweeping; what it answers stops it, and waits for the batch that runs. */
export function startSweeper({ everyMs, sweep, failed }: Sweeper): () => Promise<void> {
  let running: Promise<void> | undefined;
  let stopped = false;
  const round = async () => {
    try {
      for (let batch = 0; batch < BATCHES_MAX && !stopped && (await sweep()); batch++) {
        await new Promise((next) => setImmediate(next));
      }
    } catch (error) {
      failed(error);
    }
    running = undefined;
  };
  const timer = setInterval(() => {
    running ??= round();
  }, everyMs);
  timer.unref();
  return async () => {
    stopped = true;
    clearInterval(timer);
    await running;
  };
}
