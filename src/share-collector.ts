// Shares of a key as they come in, one holder after the other: kept in memory until they are enough, overwritten when they
// were used or given up. The same share counts once. What they are together is somebody else's to find out.

import { randomUUID, timingSafeEqual } from 'node:crypto';

export class ShareCollector {
  #shares: Uint8Array[] = [];
  #nonce = '';

  /** Names this attempt; empty: there is none. */
  get nonce(): string {
    return this.#nonce;
  }

  get progress(): number {
    return this.#shares.length;
  }

  /** Begins an attempt, anew where there is one. */
  begin(): void {
    this.forget();
    this.#nonce = randomUUID();
  }

  /** Takes a share; true once there are as many as `threshold`. */
  add(share: Uint8Array, threshold: number): boolean {
    const isKnown = this.#shares.some((each) => each.length === share.length && timingSafeEqual(each, share));
    if (!isKnown) this.#shares.push(share);
    return this.#shares.length >= threshold;
  }

  /** Does the work with the shares, which are gone afterwards; the attempt goes on. */
  async use<T>(work: (shares: readonly Uint8Array[]) => Promise<T>): Promise<T> {
    try {
      return await work(this.#shares);
    } finally {
      this.#drop();
    }
  }

  /** Ends the attempt. */
  forget(): void {
    this.#drop();
    this.#nonce = '';
  }

  #drop(): void {
    for (const share of this.#shares) share.fill(0);
    this.#shares = [];
  }
}
