// What one thread counts: plain numbers, since it happens on every request, and plain data, since the main thread adds up
// those of all threads when somebody asks (metrics.ts). Never a name of a secret, a principal or an address.

/** Upper bounds in milliseconds. */
export const DURATION_BUCKETS_MS: readonly number[] = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 5000];
/** Ours: kinds of requests that are told apart. Statuses and codes are few; a peer chooses none of the labels. */
const KINDS_MAX = 10_000;

export interface Durations {
  /** How many took up to each bound and more than the one before; the last: more than all. */
  readonly buckets: number[];
  sumMs: number;
}

export interface CountsSnapshot {
  /** By `operation outcome code`. */
  readonly operations: ReadonlyMap<string, number>;
  /** By `protocol status`. */
  readonly requests: ReadonlyMap<string, Durations>;
  readonly connections: number;
}

export class Counts {
  /** Those that were allowed, which most are, by the name of the operation alone: a text that is there already. */
  readonly #operations = new Map<string, { count: number }>();
  readonly #requests = new Map<string, Durations>();

  operation(name: string, outcome: string, code: string | undefined): void {
    const kind = outcome === 'allowed' ? name : `${name} ${outcome} ${code ?? ''}`;
    const known = this.#operations.get(kind);
    if (known !== undefined) known.count++;
    else if (this.#operations.size < KINDS_MAX) this.#operations.set(kind, { count: 1 });
  }

  request(protocol: string, status: number, durationMs: number): void {
    const kind = `${protocol} ${status}`;
    let durations = this.#requests.get(kind);
    if (durations === undefined) {
      if (this.#requests.size >= KINDS_MAX) return;
      durations = { buckets: new Array<number>(DURATION_BUCKETS_MS.length + 1).fill(0), sumMs: 0 };
      this.#requests.set(kind, durations);
    }
    let bucket = 0;
    while (bucket < DURATION_BUCKETS_MS.length && durationMs > (DURATION_BUCKETS_MS[bucket] as number)) bucket++;
    durations.buckets[bucket] = (durations.buckets[bucket] as number) + 1;
    durations.sumMs += durationMs;
  }

  snapshot(connections: number): CountsSnapshot {
    const whole = (kind: string) => (kind.includes(' ') ? kind : `${kind} allowed `);
    const operations = new Map([...this.#operations].map(([kind, { count }]) => [whole(kind), count]));
    return { operations, requests: this.#requests, connections };
  }
}
