// What a session sends (RFC 9113 sections 5.2 and 6.9): an answer's headers, body and trailers in one buffer where the
// peer's windows allow it, and the rest of a body as they open again. It never lets more than a bounded backlog wait for a
// peer that does not read: bodies then stay with their streams, whose number is bounded.

import type { Duplex } from 'node:stream';
import { NO_TABLE } from './header-block.ts';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  HEADERS,
  WINDOW_BYTES_INITIAL,
  WINDOW_BYTES_MAX,
  writeFrameHead,
} from './protocol.ts';
import type { Stream } from './stream.ts';
import type { Turn } from './turn.ts';

/** Ours: above the mark at which a socket tells when it has room again, and enough to keep a fast peer busy. */
const BACKLOG_BYTES_MAX = 256 * 1024;

export class Sender {
  /** True while frames are being read: whoever reads flushes. */
  isHeld = false;
  /** Frames of bodies sent since the connection began. */
  dataFrames = 0;
  readonly #socket: Duplex;
  readonly #turn: Turn;
  readonly #ended: (stream: Stream) => void;
  /** Of the whole connection. */
  #window = WINDOW_BYTES_INITIAL;
  /** The first block of headers tells that we use no table. */
  #toldTable = false;
  /** Frames to be written; most turns have one piece. */
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #waitingBytes = 0;
  #writtenBytes = 0;
  /** Streams whose body is not sent yet, in the order in which they were answered. */
  #blocked: Stream[] = [];
  /** Some of them wait for room in the backlog, and not for the peer. */
  #isFull = false;

  /** `ended` is told of each stream whose answer is whole. */
  constructor(socket: Duplex, turn: Turn, ended: (stream: Stream) => void) {
    this.#socket = socket;
    this.#turn = turn;
    this.#ended = ended;
  }

  /** Bytes of frames that the kernel has not taken yet. */
  get backlogBytes(): number {
    return this.#waitingBytes + this.#socket.writableLength;
  }

  /** Bytes that the kernel has taken since the connection began. */
  get takenBytes(): number {
    return this.#writtenBytes - this.#socket.writableLength;
  }

  /** Bytes of answers that wait, here or with their streams. */
  get heldBytes(): number {
    let bytes = this.backlogBytes;
    for (const { body, sentBytes } of this.#blocked) bytes += (body?.length ?? 0) - sentBytes;
    return bytes;
  }

  /** Sends whole frames. */
  frame(bytes: Buffer): void {
    if (this.#first === undefined) {
      this.#first = bytes;
      if (!this.isHeld) this.#turn.add(this);
    } else if (this.#more === undefined) {
      this.#more = [bytes];
    } else {
      this.#more.push(bytes);
    }
    this.#waitingBytes += bytes.length;
  }

  /** Sends headers that end nothing. */
  inform(stream: Stream, block: Buffer): void {
    this.#open(stream, block, '', 0, 0);
  }

  /** As `Stream.answer`. */
  answer(stream: Stream, block: Buffer, open: string, body: Uint8Array | undefined, trailers?: Buffer): void {
    stream.body = body;
    stream.trailers = trailers;
    const sendBytes = this.#sendable(stream);
    const flags = body === undefined && trailers === undefined ? END_STREAM : 0;
    this.#open(stream, block, open, flags, sendBytes);
    stream.isAnswered = true;
    this.#passed(stream, sendBytes);
  }

  /** The peer takes more on the connection. False where that is more than a window can be. */
  widen(bytes: number): boolean {
    this.#window += bytes;
    return this.#window <= WINDOW_BYTES_MAX;
  }

  /** Sends of the bodies that wait what the windows allow now. */
  pump(): void {
    if (this.#blocked.length === 0) return;
    const waiting = this.#blocked;
    this.#blocked = [];
    this.#isFull = false;
    for (const stream of waiting) {
      if (stream.isClosed) continue;
      const sendBytes = this.#sendable(stream);
      const frames = Buffer.allocUnsafe(restBytes(stream, sendBytes));
      writeRest(frames, 0, stream, sendBytes);
      if (frames.length > 0) this.frame(frames);
      this.#passed(stream, sendBytes);
    }
  }

  /** Forgets what a stream had to send. */
  drop(stream: Stream): void {
    if (stream.body === undefined) return;
    stream.body = undefined;
    this.#blocked = this.#blocked.filter((each) => each !== stream);
  }

  /** Hands everything to the socket, in one write. */
  flush(): void {
    const first = this.#first;
    if (first === undefined) return;
    const bytes = this.#more === undefined ? first : Buffer.concat([first, ...this.#more], this.#waitingBytes);
    this.#first = undefined;
    this.#more = undefined;
    this.#waitingBytes = 0;
    if (!this.#socket.writable) return;
    this.#writtenBytes += bytes.length;
    this.#socket.write(bytes);
    // A socket whose kernel took all at once does not tell that it has room again.
    if (this.#isFull && this.#socket.writableLength === 0) this.pump();
  }

  /** How much of a stream's body may leave now. */
  #sendable({ body, sentBytes, sendWindow }: Stream): number {
    if (body === undefined || body.length === sentBytes) return 0;
    const allowed = Math.max(0, Math.min(body.length - sentBytes, this.#window, sendWindow));
    const room = Math.max(0, BACKLOG_BYTES_MAX - this.backlogBytes);
    this.#isFull ||= room < allowed;
    return Math.min(allowed, room);
  }

  /** Sends a frame of headers and what of the body goes along with it. */
  #open(stream: Stream, block: Buffer, open: string, flags: number, sendBytes: number): void {
    const blockBytes = (this.#toldTable ? 0 : 1) + block.length + open.length;
    if (blockBytes > FRAME_BYTES_MAX) throw new RangeError('the headers of the answer are too large');
    const withRest = stream.body !== undefined || stream.trailers !== undefined;
    const rest = withRest ? restBytes(stream, sendBytes) : 0;
    const bytes = Buffer.allocUnsafe(FRAME_HEAD_BYTES + blockBytes + rest);
    let at = writeFrameHead(bytes, 0, blockBytes, HEADERS, flags | END_HEADERS, stream.id);
    if (!this.#toldTable) bytes[at++] = NO_TABLE;
    this.#toldTable = true;
    at += block.copy(bytes, at);
    if (open !== '') at += bytes.write(open, at, 'latin1');
    if (withRest) writeRest(bytes, at, stream, sendBytes);
    this.frame(bytes);
  }

  #passed(stream: Stream, sentBytes: number): void {
    stream.sentBytes += sentBytes;
    stream.sendWindow -= sentBytes;
    this.#window -= sentBytes;
    this.dataFrames += Math.ceil(sentBytes / FRAME_BYTES_MAX);
    if (stream.body !== undefined && stream.sentBytes < stream.body.length) {
      this.#blocked.push(stream);
      return;
    }
    stream.body = undefined;
    stream.trailers = undefined;
    stream.isSent = true;
    this.#ended(stream);
  }
}

function isLast({ body, sentBytes }: Stream, sendBytes: number): boolean {
  return body === undefined || sentBytes + sendBytes === body.length;
}

/** Bytes of the frames that `writeRest` writes. */
function restBytes(stream: Stream, sendBytes: number): number {
  const dataBytes = sendBytes + Math.ceil(sendBytes / FRAME_BYTES_MAX) * FRAME_HEAD_BYTES;
  const { trailers } = stream;
  return trailers !== undefined && isLast(stream, sendBytes)
    ? dataBytes + FRAME_HEAD_BYTES + trailers.length
    : dataBytes;
}

/** Writes a part of a body in frames, and the trailers behind its end. */
function writeRest(to: Buffer, from: number, stream: Stream, sendBytes: number): void {
  const { id, body, sentBytes, trailers } = stream;
  const ends = isLast(stream, sendBytes);
  let at = from;
  for (let sent = 0; sent < sendBytes; ) {
    const bytes = Math.min(FRAME_BYTES_MAX, sendBytes - sent);
    const flags = ends && trailers === undefined && sent + bytes === sendBytes ? END_STREAM : 0;
    at = writeFrameHead(to, at, bytes, DATA, flags, id);
    to.set((body as Uint8Array).subarray(sentBytes + sent, sentBytes + sent + bytes), at);
    at += bytes;
    sent += bytes;
  }
  if (!ends || trailers === undefined) return;
  at = writeFrameHead(to, at, trailers.length, HEADERS, END_HEADERS | END_STREAM, id);
  to.set(trailers, at);
}
