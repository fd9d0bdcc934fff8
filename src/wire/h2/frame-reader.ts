// Cuts what a connection brings into frames (RFC 9113 sections 3.4 and 4.1), in whatever pieces it comes. A frame that
// lies in one piece is read where it lies; of one that does not, the bytes are copied once.

import {
  ConnectionError,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  FRAME_SIZE_ERROR,
  PROTOCOL_ERROR,
  readUint31,
} from './protocol.ts';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export interface FrameTaker {
  /** False where nothing that follows is to be read. */
  readonly isReading: boolean;
  /** One frame; its payload is `bytes` from `start` to `end`. */
  frame(type: number, flags: number, stream: number, bytes: Buffer, start: number, end: number): void;
}

export class FrameReader {
  readonly #taker: FrameTaker;
  #prefaceBytes = 0;
  /** A frame of which a part came: as long as it will be, or as its head while that is not whole. */
  #partial: Buffer | undefined;
  #partialBytes = 0;

  constructor(taker: FrameTaker) {
    this.#taker = taker;
  }

  /** Hands on each whole frame. @throws ConnectionError where the bytes are none. */
  read(chunk: Buffer): void {
    let at = this.#prefaceBytes < PREFACE.length ? this.#readPreface(chunk) : 0;
    while (at < chunk.length && this.#taker.isReading) {
      const left = chunk.length - at;
      if (this.#partial === undefined && left >= FRAME_HEAD_BYTES) {
        const end = at + FRAME_HEAD_BYTES + payloadBytes(chunk, at);
        if (end <= chunk.length) {
          this.#hand(chunk, at, end);
          at = end;
          continue;
        }
      }
      at = this.#keep(chunk, at);
    }
  }

  #readPreface(chunk: Buffer): number {
    const bytes = Math.min(chunk.length, PREFACE.length - this.#prefaceBytes);
    if (chunk.compare(PREFACE, this.#prefaceBytes, this.#prefaceBytes + bytes, 0, bytes) !== 0) {
      throw new ConnectionError(PROTOCOL_ERROR, 'the preface is not that of HTTP/2');
    }
    this.#prefaceBytes += bytes;
    return bytes;
  }

  /** Adds to the frame that is not whole, and hands it on when it is. */
  #keep(chunk: Buffer, from: number): number {
    this.#partial ??= Buffer.allocUnsafe(FRAME_HEAD_BYTES);
    const at = this.#fill(chunk, from);
    if (this.#partialBytes !== FRAME_HEAD_BYTES || this.#partial.length !== FRAME_HEAD_BYTES) return at;
    const bytes = payloadBytes(this.#partial, 0);
    if (bytes === 0) {
      this.#handPartial();
      return at;
    }
    const whole = Buffer.allocUnsafe(FRAME_HEAD_BYTES + bytes);
    whole.set(this.#partial);
    this.#partial = whole;
    return this.#fill(chunk, at);
  }

  #fill(chunk: Buffer, from: number): number {
    const partial = this.#partial as Buffer;
    const copied = chunk.copy(partial, this.#partialBytes, from);
    this.#partialBytes += copied;
    if (this.#partialBytes === partial.length && partial.length > FRAME_HEAD_BYTES) this.#handPartial();
    return from + copied;
  }

  #handPartial(): void {
    const frame = this.#partial as Buffer;
    this.#partial = undefined;
    this.#partialBytes = 0;
    this.#hand(frame, 0, frame.length);
  }

  #hand(bytes: Buffer, at: number, end: number): void {
    const type = bytes[at + 3] as number;
    const flags = bytes[at + 4] as number;
    this.#taker.frame(type, flags, readUint31(bytes, at + 5), bytes, at + FRAME_HEAD_BYTES, end);
  }
}

function payloadBytes(head: Buffer, at: number): number {
  const bytes = ((head[at] as number) << 16) | ((head[at + 1] as number) << 8) | (head[at + 2] as number);
  if (bytes > FRAME_BYTES_MAX) throw new ConnectionError(FRAME_SIZE_ERROR, 'the frame is too large');
  return bytes;
}
