// Makes destroyed payloads leave the disk: shortly after a destruction it empties SQLite's log into the file, then goes
// through the file a slice at a time and zeroes what lies in the unallocated parts of its pages (see slack.ts).
// It writes only while the log is empty and no transaction is open, and only bytes that belong to nothing: a write
// that is cut off changes no row. The pages that SQLite holds in memory are dropped afterwards.

import { closeSync, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs';
import type { Connection } from './connection.ts';
import { PAGES_MAX, slackOf } from './slack.ts';

/** How long destroyed bytes may stay: erasures that come together share one pass. */
const DELAY_MS = 250;
/** The same after a failure, or while a foreign reader keeps the log from being emptied. */
const AGAIN_MS = 5000;
/** Between two slices, so that a large file never holds up the requests. */
const PAUSE_MS = 5;
const SLICE_PAGES = 256;

export interface EraserOptions {
  readonly connection: Connection;
  /** The file that `connection` has open. */
  readonly path: string;
  /** Told when a pass has gone through the whole file and nothing was destroyed meanwhile. */
  readonly onDone: () => void;
}

export class Eraser {
  readonly #connection: Connection;
  readonly #descriptor: number;
  readonly #onDone: () => void;
  readonly #pageBytes: number;
  #timer: NodeJS.Timeout | undefined;
  /** The page that the next slice begins with; undefined while nothing is to be erased. */
  #next: number | undefined;
  /** A destruction came after this pass had begun. */
  #again = false;

  constructor({ connection, path, onDone }: EraserOptions) {
    this.#connection = connection;
    this.#onDone = onDone;
    this.#pageBytes = Number(connection.all('PRAGMA page_size')[0]?.[0]);
    // Open as long as the connection: closing it would drop the connection's own locks on the file.
    this.#descriptor = openSync(path, 'r+');
  }

  /** Starts a pass soon, or another one after the pass that runs. */
  soon(): void {
    if (this.#next === undefined) {
      this.#next = 1;
      this.#wake(DELAY_MS);
    } else if (this.#next > 1) this.#again = true;
  }

  /** A whole pass at once; false where a foreign reader of the file kept the log from being emptied. */
  now(): boolean {
    if (!this.#connection.truncateLog()) return false;
    let page: number | undefined = 1;
    while (page !== undefined) {
      const next = this.#slice(page);
      if (next === page) return false;
      page = next;
    }
    this.#onDone();
    return true;
  }

  /** Stops; call it once the connection is closed. */
  close(): void {
    this.stop();
    closeSync(this.#descriptor);
  }

  /** No more work by itself. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = undefined;
  }

  #wake(delayMs: number): void {
    this.#timer = setTimeout(() => this.#step(), delayMs).unref();
  }

  #step(): void {
    const page = this.#next ?? 1;
    let next: number | undefined = page;
    try {
      if (page > 1 || this.#connection.truncateLog()) next = this.#slice(page);
      if (next === undefined && !this.#again) this.#onDone();
    } catch {
      // A disk that fails now may do better later; the bytes are looked for again then.
    }
    if (next === undefined && this.#again) {
      this.#again = false;
      next = 1;
    }
    this.#next = next;
    if (next !== undefined) this.#wake(next === page ? AGAIN_MS : PAUSE_MS);
  }

  /** Erases one slice; answers where the next begins, undefined at the end, the same page where it must be retried. */
  #slice(first: number): number | undefined {
    const slice = Buffer.allocUnsafe(SLICE_PAGES * this.#pageBytes);
    const pages = this.#readPages(slice, first);
    const dirty: number[] = [];
    for (let index = 0; index < pages; index++) {
      if (slackOf(this.#pageAt(slice, index), first + index) !== undefined) dirty.push(first + index);
    }
    if (dirty.length > 0) {
      if (!this.#connection.truncateLog()) return first;
      for (const page of dirty) this.#zero(page);
      fdatasyncSync(this.#descriptor);
      this.#connection.dropPages();
    }
    const next = first + pages;
    return pages < SLICE_PAGES || next > PAGES_MAX ? undefined : next;
  }

  /** Reads the page again: emptying the log may have changed it. */
  #zero(number: number): void {
    const page = Buffer.allocUnsafe(this.#pageBytes);
    if (this.#readPages(page, number) !== 1) return;
    const slack = slackOf(page, number);
    if (slack === undefined) return;
    const zeros = Buffer.alloc(slack.end - slack.start);
    writeSync(this.#descriptor, zeros, 0, zeros.length, (number - 1) * this.#pageBytes + slack.start);
  }

  #readPages(into: Buffer, first: number): number {
    const bytes = readSync(this.#descriptor, into, 0, into.length, (first - 1) * this.#pageBytes);
    return Math.floor(bytes / this.#pageBytes);
  }

  #pageAt(slice: Buffer, index: number): Buffer {
    return slice.subarray(index * this.#pageBytes, (index + 1) * this.#pageBytes);
  }
}
