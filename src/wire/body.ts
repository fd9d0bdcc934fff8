// Holds a request body in memory, never more than allowed of one body or of all together, and undoes gzip within the
// same limit: a body that inflates beyond it is refused, however small it came (RFC 9110 section 8.4).

import { gunzip } from 'node:zlib';
import type { WireContext } from './context.ts';
import { EMPTY_BODY } from './head.ts';
import { REFUSALS, type Refusal } from './refusal.ts';

export class Body {
  /** Bytes that came over the wire, also those thrown away. */
  bytesIn = 0;
  readonly #context: WireContext;
  readonly #bytesMax: number;
  /** What is held, and room behind it: most bodies come in one piece, and others in as many as their sender likes. */
  #held: Buffer | undefined;
  #heldBytes = 0;
  #open = true;

  constructor(context: WireContext, bytesMax: number) {
    this.#context = context;
    this.#bytesMax = bytesMax;
  }

  /** Keeps a chunk, or says why not and lets go of all. After `release` chunks are only counted. */
  add(chunk: Buffer): Refusal | undefined {
    this.bytesIn += chunk.length;
    if (!this.#open) return undefined;
    const { limits, load } = this.#context;
    const large = this.bytesIn > this.#bytesMax;
    if (large || load.bufferedBytes + chunk.length > limits.bufferedBytesMax) {
      this.release();
      return large ? REFUSALS.bodyLarge : REFUSALS.busy;
    }
    load.bufferedBytes += chunk.length;
    this.#keep(chunk);
    return undefined;
  }

  /** The body in one piece; it stays on the common budget until `release`. */
  take(): Uint8Array {
    const body = this.#held?.subarray(0, this.#heldBytes) ?? EMPTY_BODY;
    this.#forget();
    return body;
  }

  /** Gives the memory back to the common budget. It may be called more than once. */
  release(): void {
    this.#forget();
    this.#context.load.bufferedBytes -= this.#heldBytes;
    this.#heldBytes = 0;
  }

  /** Copies what comes after the first chunk, so that small ones cost no more than their bytes. */
  #keep(chunk: Buffer): void {
    const before = this.#heldBytes;
    this.#heldBytes += chunk.length;
    if (this.#held === undefined) {
      this.#held = chunk;
      return;
    }
    if (this.#heldBytes > this.#held.length) {
      const wider = Buffer.allocUnsafe(2 * this.#heldBytes);
      wider.set(this.#held.subarray(0, before));
      this.#held = wider;
    }
    this.#held.set(chunk, before);
  }

  #forget(): void {
    this.#open = false;
    this.#held = undefined;
  }
}

/** Undoes gzip. `done` is called later, with the content or with why not. */
export function inflate(
  body: Uint8Array,
  bytesMax: number,
  done: (content: Uint8Array, refusal?: Refusal) => void,
): void {
  gunzip(body, { maxOutputLength: bytesMax }, (error, content) => {
    if (error === null) return done(content);
    const large = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    done(EMPTY_BODY, large ? REFUSALS.bodyLarge : REFUSALS.bodyGzip);
  });
}
