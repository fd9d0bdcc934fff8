// A few connections, made when they are needed and kept while they are good. Work that a lost connection undid is done
// again on another one, for so long as its time allows: that carries requests over a primary that changes.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Connecting, connect, type Link } from './link.ts';
import { errorOf, PostgresError, postgresProblem } from './problem.ts';

/** Those who wait for a connection; every request of a thread may. */
const WAITING_MAX = 20_000;
/** Between two attempts, doubled each time. */
const PAUSE_MS_MIN = 5;
const PAUSE_MS_MAX = 250;

export class Pool {
  readonly #connecting: Connecting;
  readonly #size: number;
  readonly #idle: Link[] = [];
  readonly #waiting = new Set<(taken: Link | PostgresError) => void>();
  #open = 0;
  #closed = false;
  readonly #told: (problem: string | undefined) => void;
  #problem: string | undefined;

  /** `told` hears of each new problem, and, with undefined, that it is over. */
  constructor(connecting: Connecting, size: number, told: (problem: string | undefined) => void = () => {}) {
    this.#told = told;
    this.#connecting = connecting;
    this.#size = size;
  }

  /**
   * Does `work` on a connection, and again where it was undone for a reason that may pass, until `limitMs` are over.
   * Rejects with what it ended in last. `work` leaves no transaction open.
   */
  async use<T>(limitMs: number, work: (link: Link) => Promise<T>): Promise<T> {
    const endsAtMs = performance.now() + limitMs;
    for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      try {
        const done = await this.#once(endsAtMs, work);
        this.#tell(undefined);
        return done;
      } catch (error) {
        if (error instanceof PostgresError && !this.#closed) this.#tell(error.known?.problem);
        const isFinal = !(error instanceof PostgresError) || error.failing === 'refused' || this.#closed;
        if (isFinal || performance.now() + pauseMs >= endsAtMs) throw error;
        await sleep(pauseMs, undefined, { ref: false });
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const link of this.#idle.splice(0)) link.close();
    this.#wakeAll(closedError());
  }

  #tell(problem: string | undefined): void {
    if (problem !== this.#problem) this.#told(problem);
    this.#problem = problem;
  }

  async #once<T>(endsAtMs: number, work: (link: Link) => Promise<T>): Promise<T> {
    const link = await this.#take(endsAtMs);
    try {
      return await work(link);
    } finally {
      this.#give(link);
    }
  }

  async #take(endsAtMs: number): Promise<Link> {
    for (;;) {
      if (this.#closed) throw closedError();
      const link = this.#idle.pop();
      if (link === undefined) break;
      if (link.isIdle) return link;
      this.#drop(link);
    }
    if (this.#open >= this.#size) return this.#wait(endsAtMs);
    this.#open += 1;
    try {
      return await connect(this.#connecting);
    } catch (error) {
      this.#open -= 1;
      // They would wait for a connection that nobody gives back.
      if (this.#open === 0) this.#wakeAll(errorOf(error));
      throw error;
    }
  }

  async #wait(endsAtMs: number): Promise<Link> {
    if (this.#waiting.size >= WAITING_MAX) {
      throw postgresProblem('too many requests wait for it', 'start it again', 'refused');
    }
    const { promise, resolve } = Promise.withResolvers<Link | PostgresError>();
    this.#waiting.add(resolve);
    const late = () => this.#waiting.delete(resolve) && resolve(errorOf(new Error('no connection was free in time')));
    const timer = setTimeout(late, endsAtMs - performance.now());
    const taken = await promise;
    clearTimeout(timer);
    if (taken instanceof Error) throw taken;
    return taken;
  }

  /** Hands it to the first who waits; false where nobody does. */
  #wake(taken: Link | PostgresError): boolean {
    const [first] = this.#waiting;
    if (first === undefined) return false;
    this.#waiting.delete(first);
    first(taken);
    return true;
  }

  #wakeAll(why: PostgresError): void {
    while (this.#wake(why));
  }

  #give(link: Link): void {
    if (link.isIdle && !this.#closed) {
      if (!this.#wake(link)) this.#idle.push(link);
      return;
    }
    this.#drop(link);
    // One who waits can make a new one in its place.
    this.#wake(postgresProblem('the connection was lost', '', 'again'));
  }

  #drop(link: Link): void {
    link.close();
    this.#open -= 1;
  }
}

function closedError(): PostgresError {
  return postgresProblem('the server is stopping', '', 'refused');
}
