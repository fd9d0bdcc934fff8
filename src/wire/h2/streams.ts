// The streams of one session: those that are open, and how the last of the others ended, since what may still come for
// a stream depends on that (RFC 9113 section 5.1). They are in an array with places and not in a Map: what is added and
// deleted with each request would leave there a chain of dead tables, each kept by the one before.

import type { Guard } from './guard.ts';
import { ConnectionError, DATA, numbersFrame, PROTOCOL_ERROR, RST_STREAM, STREAM_CLOSED } from './protocol.ts';
import type { Sender } from './sender.ts';
import type { Stream, StreamHost } from './stream.ts';

/** Ours: of how many ended streams it is known how they ended. */
const REMEMBERED = 64;

export class Streams implements StreamHost {
  /** In no order; each knows its place. */
  readonly open: Stream[] = [];
  /** The highest id that the peer has used. */
  lastId = 0;
  readonly #sender: Sender;
  /** Counts resets, whosever they are: a peer can make us do it. */
  readonly #resets: Guard;
  readonly #removed: () => void;
  /** Ids of ended streams; those that we reset as their negative. */
  readonly #ended = new Int32Array(REMEMBERED);
  #next = 0;
  /** The one asked for last: its frames come in a row. */
  #latest: Stream | undefined;

  /** `removed` is called whenever a stream has left. */
  constructor(sender: Sender, resets: Guard, removed: () => void) {
    this.#sender = sender;
    this.#resets = resets;
    this.#removed = removed;
  }

  add(stream: Stream): void {
    stream.place = this.open.push(stream) - 1;
    this.#latest = stream;
  }

  find(id: number): Stream | undefined {
    if (this.#latest?.id === id) return this.#latest;
    const found = this.open.find((stream) => stream.id === id);
    if (found !== undefined) this.#latest = found;
    return found;
  }

  /** The peer has not opened this stream, or never can. */
  isIdle(id: number): boolean {
    return id > this.lastId || id % 2 === 0;
  }

  answer(stream: Stream, block: Buffer, open: string, body: Uint8Array | undefined, trailers?: Buffer): void {
    this.#sender.answer(stream, block, open, body, trailers);
  }

  inform(stream: Stream, block: Buffer): void {
    this.#sender.inform(stream, block);
  }

  /** Takes out a stream on which both sides said all, or which the peer gave up. */
  end(stream: Stream): void {
    this.#remember(stream.id);
    this.#remove(stream);
  }

  reset(stream: Stream, code: number): void {
    this.#sender.frame(numbersFrame(RST_STREAM, stream.id, code));
    this.#remember(-stream.id);
    this.#remove(stream);
  }

  /** The peer resets a stream. @throws ConnectionError where it never was, or that happens too often. */
  resetByPeer(id: number): void {
    if (this.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, 'the reset of an idle stream');
    this.#resets.count();
    const stream = this.find(id);
    if (stream !== undefined) this.end(stream);
  }

  /** What the peer did ends one stream, open or not (section 5.4.2); too many of them end the connection. */
  fail(id: number, code: number): void {
    this.#resets.count();
    const stream = this.find(id);
    if (stream !== undefined) return this.reset(stream, code);
    this.#sender.frame(numbersFrame(RST_STREAM, id, code));
    this.#remember(-id);
  }

  /** A frame came for a stream that is not open (section 5.1). */
  stray(id: number, type: number): void {
    if (this.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, `frame ${type} on an idle stream`);
    // Sent before the peer knew of our reset.
    if (this.#ended.includes(-id)) return;
    if (type === DATA) return this.fail(id, STREAM_CLOSED);
    const code = this.#ended.includes(id) ? STREAM_CLOSED : PROTOCOL_ERROR;
    throw new ConnectionError(code, 'headers on a stream that has ended');
  }

  /** Takes out all, without a word to the peer. */
  clear(): void {
    for (const stream of [...this.open]) if (!stream.isClosed) this.#remove(stream);
  }

  #remove(stream: Stream): void {
    const last = this.open.pop() as Stream;
    if (last !== stream) {
      this.open[stream.place] = last;
      last.place = stream.place;
    }
    if (this.#latest === stream) this.#latest = undefined;
    stream.isClosed = true;
    this.#sender.drop(stream);
    stream.owner?.close();
    this.#removed();
  }

  #remember(id: number): void {
    this.#ended[this.#next] = id;
    this.#next = (this.#next + 1) % REMEMBERED;
  }
}
