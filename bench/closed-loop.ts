// Load as benchmarks need it: a fixed number of connections, each with one request under way, for a bounded time. What
// answers is watched from /proc, so that a server and its reference are told apart by what they cost, not by how busy
// the machine is.

import { usedSeconds } from './process-stat.ts';

/** What one round found. */
export interface Figures {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** User and system time of all threads of the server. */
  readonly serverMicroseconds: number;
  /** The same of the process that makes the load. */
  readonly loadMicroseconds: number;
}

/** One connection: it sends a request, and says when the answer to it is there and right. */
export interface Connection {
  /** Called once, before the first `send`. */
  open(answered: () => void, failed: (error: Error) => void): Promise<void>;
  send(): void;
  close(): void;
}

export interface LoopOptions {
  readonly seconds: number;
  /** The process that answers. */
  readonly pid: number;
}

const PERCENTILES = { p50: 0.5, p99: 0.99 } as const;

/** Runs all connections at once; rejects at the first answer that is wrong, and always closes them. */
export async function closedLoop(connections: readonly Connection[], options: LoopOptions): Promise<Figures> {
  const timesMs: number[] = [];
  let failed: (error: Error) => void = () => {};
  const broken = new Promise<never>((_, reject) => {
    failed = reject;
  });
  // Whoever waits below hears of it; when nobody does, the loop is over.
  broken.catch(() => {});
  try {
    const lanes = connections.map((connection) => new Lane(connection, timesMs));
    await Promise.race([Promise.all(lanes.map((lane) => lane.open(failed))), broken]);
    const serverBefore = usedSeconds(options.pid);
    const loadBefore = process.cpuUsage();
    const begunMs = performance.now();
    const untilMs = begunMs + options.seconds * 1000;
    await Promise.race([Promise.all(lanes.map((lane) => lane.run(untilMs))), broken]);
    const elapsedSeconds = (performance.now() - begunMs) / 1000;
    const load = process.cpuUsage(loadBefore);
    const serverSeconds = usedSeconds(options.pid) - serverBefore;
    const count = timesMs.length;
    const sorted = Float64Array.from(timesMs).sort();
    const at = (share: number) => sorted[Math.min(count - 1, Math.floor(count * share))] ?? Number.NaN;
    return {
      requestsPerSecond: count / elapsedSeconds,
      p50Ms: at(PERCENTILES.p50),
      p99Ms: at(PERCENTILES.p99),
      serverMicroseconds: (serverSeconds * 1e6) / count,
      loadMicroseconds: (load.user + load.system) / count,
    };
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** One connection in the loop: the next request leaves when the answer to the last is there. */
class Lane {
  readonly #connection: Connection;
  readonly #timesMs: number[];
  #sentMs = 0;
  #untilMs = 0;
  #done: () => void = () => {};

  constructor(connection: Connection, timesMs: number[]) {
    this.#connection = connection;
    this.#timesMs = timesMs;
  }

  open(failed: (error: Error) => void): Promise<void> {
    return this.#connection.open(() => this.#answered(), failed);
  }

  run(untilMs: number): Promise<void> {
    this.#untilMs = untilMs;
    this.#sentMs = performance.now();
    this.#connection.send();
    return new Promise((done) => {
      this.#done = done;
    });
  }

  #answered(): void {
    const nowMs = performance.now();
    this.#timesMs.push(nowMs - this.#sentMs);
    if (nowMs >= this.#untilMs) return this.#done();
    this.#sentMs = nowMs;
    this.#connection.send();
  }
}
