// Masks a stream: bytes in, bytes out, every byte that belongs to a form of a given value replaced, whatever the chunks.
// Forms that overlap become one `***`. Held back is only what may be the beginning of a form; all else leaves at once.
// Values may be added while it runs: what is held back is then looked at again.

import { Transform, type TransformCallback } from 'node:stream';
import type { PatternSet } from './pattern-set.ts';

const MASK = Buffer.from('***');

/** A masked stretch, as offsets into the held bytes; `shown` once its `***` has left. */
interface Stretch {
  from: number;
  to: number;
  shown: boolean;
}

/** The patterns of this moment: another set may take their place at any time. */
export interface PatternSource {
  readonly patterns: PatternSet;
}

export class Masker {
  readonly #source: PatternSource;
  #patterns: PatternSet;
  #state = 0;
  #held: Buffer = Buffer.alloc(0);
  #stretches: Stretch[] = [];

  constructor(source: PatternSource) {
    this.#source = source;
    this.#patterns = source.patterns;
  }

  /** What may leave after `chunk` has come in. */
  write(chunk: Uint8Array): Buffer {
    const patterns = this.#source.patterns;
    const held = this.#held.length;
    let start = held;
    if (patterns !== this.#patterns) {
      this.#patterns = patterns;
      this.#state = 0;
      start = 0;
    }
    this.#held = held === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
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
    const merged: Stretch = { from, to, shown: false };
    const apart = this.#stretches.filter((stretch) => {
      if (stretch.to <= merged.from || stretch.from >= merged.to) return true;
      merged.from = Math.min(merged.from, stretch.from);
      merged.to = Math.max(merged.to, stretch.to);
      merged.shown ||= stretch.shown;
      return false;
    });
    this.#stretches = [...apart, merged].toSorted((one, other) => one.from - other.from);
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
export function maskStream(source: PatternSource): Transform {
  const masker = new Masker(source);
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
