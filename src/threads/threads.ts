// The threads that answer requests on one address: workers, or, where none are wanted, this thread itself.

import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { Position } from '../audit/mark.ts';
import type { Sighting } from '../core/census.ts';
import type { CountsSnapshot } from '../counts.ts';
import type { Keyring, OpenRoot } from '../crypto/keyring.ts';
import type { Logger } from '../log.ts';
import type { ServingOptions } from '../serving.ts';
import { openThreadReads, type StoreSource } from '../store/open.ts';
import { WIRE_LIMITS } from '../wire/limits.ts';
import type { Answerers } from './line.ts';
import type { MainThread } from './main-thread.ts';
import { spawnWorker, startPool } from './pool.ts';

/** More would only wait for the one thread that writes. */
const WORKERS_DEFAULT_MAX = 4;

/** What the main thread asks of the threads that answer. */
export interface Threads {
  counts(): Promise<readonly CountsSnapshot[]>;
  streamEnds(): Promise<readonly Position[]>;
  /** What they have seen of readers that the store does not have; they forget it. */
  takeCensus(): Promise<readonly Sighting[]>;
  forgetPayloads(): void;
  stop(graceMs: number): Promise<void>;
}

export interface ThreadsOptions {
  /** None: this thread answers. */
  readonly workers: readonly Worker[];
  readonly serving: Omit<ServingOptions, 'stream' | 'shared' | 'connectionsMax'>;
  readonly main: MainThread;
  readonly answerers: Answerers;
  readonly source: StoreSource;
  readonly root: OpenRoot;
  readonly keyring: Keyring;
  readonly quotaMemory: SharedArrayBuffer;
  readonly log: Logger;
  /** Told what a thread had counted that is no more. */
  lost(counted: CountsSnapshot): void;
}

/** One a core; one alone where the kernel does not spread connections over several. */
export function workersDefault(): number {
  return process.platform === 'linux' ? Math.min(availableParallelism(), WORKERS_DEFAULT_MAX) : 1;
}

/** As many workers as are wanted, loading; whoever cannot use them must end them. */
export function spawnWorkers(count: number): readonly Worker[] {
  return Array.from({ length: count }, spawnWorker);
}

/** Has requests answered; rejects where that cannot be, and then none of the workers is left. */
export async function startThreads(options: ThreadsOptions): Promise<Threads> {
  const { workers, source, log, quotaMemory } = options;
  const connectionsMax = Math.ceil(WIRE_LIMITS.connectionsMax / Math.max(1, workers.length));
  const serving = { ...options.serving, shared: workers.length > 1, connectionsMax };
  if (workers.length === 0) {
    const { main, keyring } = options;
    // With workers this thread needs no dialects.
    const { startServing } = await import('../serving.ts');
    const { store, reads, close } = await openThreadReads(source, () => keyring.forgetPayloads());
    const parts = { main, keyring, store, reads, quotaMemory, log };
    const only = await startServing({ ...serving, stream: 'w1' }, parts);
    return {
      counts: async () => [only.counts()],
      streamEnds: async () => [only.streamEnd()],
      takeCensus: async () => only.takeCensus(),
      forgetPayloads: only.forgetPayloads,
      stop: async (graceMs) => {
        await only.stop(graceMs);
        close();
      },
    };
  }
  return startPool({
    workers,
    serving,
    shared: { root: options.root, source, quotaMemory, logLevel: log.level },
    answerers: options.answerers,
    died: (error, counted) => {
      log.error({ err: error }, 'a worker died and is replaced');
      if (counted !== undefined) options.lost(counted);
    },
  });
}
