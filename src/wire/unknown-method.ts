// LIST and SCAN, which Vault's clients send and Node's HTTP parser does not know (RFC 9110 section 9.1 leaves methods
// open). The parser gives up at the first of them on a connection; the connection then goes on through a stream that
// spells them as methods which the parser does know and nobody serves. Connections without them pay nothing.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connectionOf, remember } from './connection.ts';

/** Methods of WebDAV (RFC 2068, RFC 5842), as long as those for which they stand. */
const STAND_INS: Readonly<Record<string, string>> = { LINK: 'LIST', BIND: 'SCAN' };
const SPELLED: readonly (readonly [method: Buffer, standIn: Buffer])[] = Object.entries(STAND_INS).map(
  ([standIn, method]) => [Buffer.from(`${method} `), Buffer.from(`${standIn} `)],
);

/** The method that a request on the wire had. */
export function methodOf(parsed: string): string {
  return parsed.length === 4 ? (STAND_INS[parsed] ?? parsed) : parsed;
}

/** A failure of the parser, as Node tells it. */
interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

/** Streams of ours, and sockets that one of them took over: their parsers have nothing more to say. */
const givenUp = new WeakSet<Duplex>();

/** True for a connection that goes on elsewhere. */
export function isGivenUp(stream: Duplex): boolean {
  return givenUp.has(stream);
}

/**
 * What gives the connection from the request on that the parser refused, to be served as a new one; undefined where it
 * refused something else. Node looks for a method only where a request begins, so no body can look like one. From the call
 * on the old parser gets nothing more.
 */
export function resumption(error: ParserError, stream: Duplex): (() => Duplex) | undefined {
  const { rawPacket } = error;
  if (error.code !== 'HPE_INVALID_METHOD' || rawPacket === undefined) return undefined;
  const found = SPELLED.find(([method]) => rawPacket.subarray(0, method.length).equals(method));
  if (found === undefined) return undefined;
  givenUp.add(stream);
  // A listener for data makes Node take a socket back from its parser.
  stream.on('data', () => {});
  for (const event of ['data', 'drain', 'timeout']) stream.removeAllListeners(event);
  stream.pause();
  return () => {
    const unread = stream instanceof Resumed ? stream.release() : { socket: stream as Socket, rest: NOTHING };
    const bytes = [found[1], rawPacket.subarray(found[1].length), unread.rest];
    const next = new Resumed(unread.socket, Buffer.concat(bytes));
    remember(next, unread.socket, connectionOf(stream).secure);
    return next;
  };
}

const NOTHING = Buffer.alloc(0);

/** A connection of which the next bytes were read already. */
class Resumed extends Duplex {
  readonly #socket: Socket;
  readonly #heard: readonly (readonly [event: string, listener: (chunk: Buffer) => void])[];

  constructor(socket: Socket, first: Buffer) {
    super();
    this.#socket = socket;
    this.#heard = [
      ['data', (chunk) => void (this.push(chunk) || socket.pause())],
      ['end', () => this.push(null)],
      ['close', () => this.destroy()],
      ['timeout', () => this.emit('timeout')],
    ];
    for (const [event, listener] of this.#heard) socket.on(event, listener);
    this.push(first);
  }

  /** Lets go of the socket, and of the parser that was fed by this stream. `rest` was read and not passed on. */
  release(): { readonly socket: Socket; readonly rest: Buffer } {
    for (const [event, listener] of this.#heard) this.#socket.off(event, listener);
    const rest = (this.read() as Buffer | null) ?? NOTHING;
    this.destroy();
    return { socket: this.#socket, rest };
  }

  /** By it node:http ends a connection that is idle. */
  setTimeout(milliseconds: number): this {
    this.#socket.setTimeout(milliseconds);
    return this;
  }

  /** As `net.Socket` has it: what was written still leaves. */
  destroySoon(): void {
    this.end(() => this.#socket.destroySoon());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!givenUp.has(this)) this.#socket.destroy();
    done(error);
  }
}
