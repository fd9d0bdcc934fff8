// The worker threads of a server. One that dies is replaced at once, at the same place of the audit log; where it dies
// again and again, after a wait that grows. All stop together.

import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Position } from '../audit/mark.ts';
import type { Sighting } from '../core/census.ts';
import { Fault } from '../core/error.ts';
import type { CountsSnapshot } from '../counts.ts';
import type { ServingOptions } from '../serving.ts';
import { type Answerers, Line } from './line.ts';
import { receivedCensus, type SentCensus } from './sent-census.ts';
import type { Threads } from './threads.ts';
import type { WorkerData } from './worker.ts';

/** A worker that lives shorter than this died of its own start. */
const SHORT_LIFE_MS = 5_000;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 10_000;
/** Beyond the grace that its connections have. */
const STOP_MS = 2_000;
/** Ours: how long a scrape waits for one thread. */
const COUNTS_MS_MAX = 1_000;
/** The young generation. Nearly nothing of a request outlives it, so that more would only be memory (docs/performance.md). */
const YOUNG_MEGABYTES_MAX = 12;

/**
 * How far a heap grows beyond what lives in it before all of it is collected: V8 lets one grow to four times that, and
 * every worker has one.
 */
const HEAP_GROWTH_PERCENT = 50;

const ENTRY = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.mjs';

export interface PoolOptions {
  /** One for each place. */
  readonly workers: readonly Worker[];
  readonly serving: Omit<ServingOptions, 'stream'>;
  readonly shared: Omit<WorkerData, 'options'>;
  readonly answerers: Answerers;
  /** Told of a worker that died by itself, and what it had counted when it was last asked. */
  died(error: Error, counted: CountsSnapshot | undefined): void;
}

/** Begins loading what a worker runs, which takes longer than all else of a start; it then waits to be told what to do. */
export function spawnWorker(): Worker {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  return new Worker(new URL(ENTRY, import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES_MAX },
  });
}

/** Starts the workers; rejects with what kept the first of them that failed from starting, and then none is left. */
export async function startPool(options: PoolOptions): Promise<Threads> {
  const members = options.workers.map((_, index) => new Member(options, index + 1));
  const started = await Promise.allSettled(
    members.map((member, index) => member.start(options.workers[index] as Worker)),
  );
  const failed = started.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(members.map((member) => member.stop(0)));
    throw failed.reason;
  }
  return {
    counts: async () => {
      const all = await Promise.all(members.map((member) => member.counts()));
      return all.filter((each) => each !== undefined);
    },
    streamEnds: async () => {
      const all = await Promise.all(members.map((member) => member.streamEnd()));
      return all.filter((each) => each !== undefined);
    },
    takeCensus: async () => (await Promise.all(members.map((member) => member.takeCensus()))).flat(),
    forgetPayloads: () => {
      for (const member of members) member.forgetPayloads();
    },
    closeDoors: async (graceMs) => {
      await Promise.all(members.map((member) => member.closeDoors(graceMs)));
    },
    stop: async (graceMs) => {
      await Promise.all(members.map((member) => member.stop(graceMs)));
    },
  };
}

/** One place among the workers, and whichever thread has it now. */
class Member {
  readonly #options: PoolOptions;
  readonly #stream: string;
  #worker: Worker | undefined;
  #line: Line | undefined;
  #counted: CountsSnapshot | undefined;
  #restartMs = RESTART_MS_MIN;
  #stopping = false;

  constructor(options: PoolOptions, number: number) {
    this.#options = options;
    this.#stream = `w${number}`;
  }

  /** Resolves once the worker listens. */
  start(worker: Worker): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { serving, shared, answerers } = this.#options;
    const gone = () => new Error(`worker ${this.#stream} is gone`);
    const line = new Line(worker, { ...answerers, ready: () => resolve() }, gone);
    const begunMs = performance.now();
    let problem: Error | undefined;
    worker.on('message', (message) => line.receive(message));
    worker.on('error', (error) => {
      problem = error as Error;
    });
    worker.on('exit', () => {
      line.end();
      const error = problem ?? gone();
      reject(error);
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#line = undefined;
      if (!this.#stopping) void this.#replace(error, performance.now() - begunMs);
    });
    this.#worker = worker;
    this.#line = line;
    worker.postMessage({ options: { ...serving, stream: this.#stream }, ...shared } satisfies WorkerData);
    // Only the first start has somebody who waits for it.
    promise.catch(() => {});
    return promise;
  }

  async counts(): Promise<CountsSnapshot | undefined> {
    try {
      this.#counted = (await this.#line?.ask('counts', undefined, COUNTS_MS_MAX)) as CountsSnapshot | undefined;
    } catch {
      // What it said last time is better than a counter that falls.
    }
    return this.#counted;
  }

  /** Undefined of a worker that is not there at the moment: what it has written is in its file. */
  async streamEnd(): Promise<Position | undefined> {
    return (await this.#line?.ask('streamEnd', undefined).catch(() => undefined)) as Position | undefined;
  }

  /** What a worker that died had not handed on is lost with it; one that does not answer must be waited for. */
  async takeCensus(): Promise<readonly Sighting[]> {
    const line = this.#line;
    if (line === undefined) return [];
    try {
      return receivedCensus((await line.ask('takeCensus', undefined)) as SentCensus);
    } catch (error) {
      if (this.#line !== line) return [];
      throw new Fault('STORE_UNAVAILABLE', { problem: 'a thread does not say what it has read' }, { cause: error });
    }
  }

  forgetPayloads(): void {
    this.#line?.ask('forgetPayloads', undefined).catch(() => {});
  }

  async closeDoors(graceMs: number): Promise<void> {
    this.#stopping = true;
    await this.#line?.ask('closeDoors', graceMs, STOP_MS).catch(() => {});
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    await this.counts();
    await this.#line?.ask('stop', graceMs, graceMs + STOP_MS).catch(() => {});
    await worker.terminate();
  }

  async #replace(error: Error, lifeMs: number): Promise<void> {
    this.#options.died(error, this.#counted);
    this.#counted = undefined;
    this.#restartMs = lifeMs < SHORT_LIFE_MS ? Math.min(2 * this.#restartMs, RESTART_MS_MAX) : 0;
    if (this.#restartMs > 0) await sleep(this.#restartMs, undefined, { ref: false });
    this.#restartMs = Math.max(this.#restartMs, RESTART_MS_MIN);
    if (!this.#stopping) await this.start(spawnWorker()).catch(() => {});
  }
}
