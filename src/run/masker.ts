// Masks a stream: bytes in, bytes out, every byte that belongs to a form of a given value replaced, whatever the chunks.
// Forms that overlap become one `***`. Held back is only what may be the beginning of a form; all else leaves at once.

import { Transform, type TransformCallback } from 'node:stream';
import type { PatternSet } from './pattern-set.ts';

const MASK = Buffer.from('***');

/** A masked stretch, as offsets into the held bytes; `shown` once its `***` has left. */
interface Stretch {
  from: number;
  to: number;
  shown: boolean;
}

export class Masker {
  readonly #patterns: PatternSet;
  #state = 0;
  #held: Buffer = Buffer.alloc(0);
  #stretches: Stretch[] = [];

  constructor(patterns: PatternSet) {
    this.#patterns = patterns;
  }

  /** What may leave after `chunk` has come in. */
  write(chunk: Uint8Array): Buffer {
    const patterns = this.#patterns;
    const start = this.#held.length;
    this.#held = start === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    let state = this.#state;
    for (let at = start; at < this.#held.length; at++) {
      state = patterns.step(state, this.#held[at] as number);
      const length = patterns.matchLength(state);
      if (length > 0) this.#cover(at + 1 - length, at + 1);
    }
    this.#state = state;
    return this.#release(this.#held.length - patterns.openLength(state));
  }

  /** The rest: the stream is over, so what was held is no form. */
  end(): Buffer {
    this.#state = 0;
    return this.#release(this.#held.length);
  }

  #cover(from: number, to: number): void {
    let merged: Stretch = { from, to, shown: false };
    for (
      let last = this.#stretches.at(-1);
      last !== undefined && last.to > merged.from;
      last = this.#stretches.at(-1)
    ) {
      merged = { from: Math.min(from, last.from, merged.from), to, shown: merged.shown || last.shown };
      this.#stretches.pop();
    }
    this.#stretches.push(merged);
  }

  /** Lets go of the first `length` held bytes: no later match can begin among them. */
  #release(length: number): Buffer {
    const out: Buffer[] = [];
    let at = 0;
    for (const stretch of this.#stretches) {
      if (stretch.from >= length) break;
      if (stretch.from > at) out.push(this.#held.subarray(at, stretch.from));
      if (!stretch.shown) out.push(MASK);
      stretch.shown = true;
      at = Math.min(stretch.to, length);
    }
    if (at < length) out.push(this.#held.subarray(at, length));
    this.#held = this.#held.subarray(length);
    this.#stretches = this.#stretches
      .filter((stretch) => stretch.to > length)
      .map((stretch) => ({ ...stretch, from: Math.max(0, stretch.from - length), to: stretch.to - length }));
    return out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out);
  }
}

/** A stream that masks what flows through it. */
export function maskStream(patterns: PatternSet): Transform {
  const masker = new Masker(patterns);
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      const out = masker.write(chunk);
      done(null, out.length > 0 ? out : undefined);
    },
    flush(done: TransformCallback) {
      const out = masker.end();
      done(null, out.length > 0 ? out : undefined);
    },
  });
}
