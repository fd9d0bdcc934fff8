// Counts what a peer does that costs it little and us something: it may do it so often at once, and so often each second
// after that. Resets of streams are CVE-2023-44487 and CVE-2025-8671; the others pings, settings and frames without
// content (CVE-2019-9512, 9515 and 9518).

import { ConnectionError, ENHANCE_YOUR_CALM } from './protocol.ts';

export class Guard {
  readonly #what: string;
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #atMs = 0;

  constructor(what: string, burst: number, perSecond: number) {
    this.#what = what;
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
  }

  /** Counts one. @throws ConnectionError where it was one too many. */
  count(): void {
    const nowMs = performance.now();
    const earned = ((nowMs - this.#atMs) / 1000) * this.#perSecond;
    this.#atMs = nowMs;
    this.#left = Math.min(this.#burst, this.#left + earned) - 1;
    if (this.#left < 0) throw new ConnectionError(ENHANCE_YOUR_CALM, `too many ${this.#what}`);
  }

  /** The peer did something useful: all is forgiven. */
  forgive(): void {
    this.#left = this.#burst;
  }
}
