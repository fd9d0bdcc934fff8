// What a peer's frames mean (RFC 9113 sections 5 to 8): requests and their bodies, windows, settings, pings. What breaks a
// rule ends its stream or, by a ConnectionError, the connection, with the code that the RFC names. No frame is trusted:
// sizes, counts and rates are bounded here.

import type { FrameTaker } from './frame-reader.ts';
import { Guard } from './guard.ts';
import { HeaderReader } from './header-reader.ts';
import {
  ACK,
  CONTINUATION,
  ConnectionError,
  DATA,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_HEAD_BYTES,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADERS,
  numbersFrame,
  PADDED,
  PING,
  PRIORITIZED,
  PRIORITY,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  REFUSED_STREAM,
  RST_STREAM,
  readUint31,
  SETTINGS,
  STREAM_CLOSED,
  WINDOW_BYTES_INITIAL,
  WINDOW_BYTES_MAX,
  WINDOW_UPDATE,
  writeFrameHead,
} from './protocol.ts';
import type { RequestHead } from './request-head.ts';
import type { Sender } from './sender.ts';
import { peerWindow, SETTINGS_ACK, settingsFrame } from './settings.ts';
import { Stream } from './stream.ts';
import type { Streams } from './streams.ts';

/** Ours: what a peer may send ahead on one stream and on all of a connection before we have read it. */
const STREAM_WINDOW_BYTES = 256 * 1024;
const CONNECTION_WINDOW_BYTES = 1024 * 1024;
/** Frames that bring nothing, at once and each second: nghttp2's defaults for what it calls glitches. */
const EMPTY_FRAMES_BURST = 1000;
const EMPTY_FRAMES_PER_SECOND = 33;

export interface ReceiverLimits {
  readonly headerBytesMax: number;
  readonly headerCountMax: number;
  /** Streams open at once. */
  readonly streamsMax: number;
  /** Bytes of answers that wait for the peer: no request is taken while there are more. */
  readonly sessionBytesMax: number;
}

export interface RequestTaker<T> {
  /** Makes of a head what all requests that have it share. */
  prepare(head: RequestHead): T;
  /** A request begins; it sets the stream's owner. `ended` tells that it has no body. */
  request(stream: Stream, prepared: T, ended: boolean): void;
  /** The peer wants to end the connection. */
  goAway(): void;
}

export class Receiver<T> implements FrameTaker {
  /** False where nothing that follows is to be read. */
  isReading = true;
  /** True where requests that begin now are no longer taken. */
  isClosing = false;
  /** The peer's settings came: it speaks HTTP/2. */
  hasSettings = false;
  readonly #limits: ReceiverLimits;
  readonly #taker: RequestTaker<T>;
  readonly #streams: Streams;
  readonly #sender: Sender;
  readonly #headers: HeaderReader<T>;
  readonly #emptyFrames = new Guard('frames that bring nothing', EMPTY_FRAMES_BURST, EMPTY_FRAMES_PER_SECOND);
  /** What the peer may still send on all streams together. */
  #window = CONNECTION_WINDOW_BYTES;
  /** Windows that the peer opened for what it had read. */
  #windowUpdates = 0;
  /** What we may send at first on each stream. */
  #sendWindow = WINDOW_BYTES_INITIAL;

  /** Says what we allow, as the first frames of the connection. */
  constructor(limits: ReceiverLimits, streams: Streams, sender: Sender, taker: RequestTaker<T>) {
    this.#limits = limits;
    this.#taker = taker;
    this.#streams = streams;
    this.#sender = sender;
    const { headerBytesMax, headerCountMax, streamsMax } = limits;
    this.#headers = new HeaderReader({ bytesMax: headerBytesMax, countMax: headerCountMax }, taker.prepare);
    sender.frame(settingsFrame(streamsMax, headerBytesMax, STREAM_WINDOW_BYTES));
    sender.frame(numbersFrame(WINDOW_UPDATE, 0, CONNECTION_WINDOW_BYTES - WINDOW_BYTES_INITIAL));
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    this.#checkPlace(type, flags, id);
    switch (type) {
      case DATA:
        return this.#onData(flags, id, bytes, start, end);
      case HEADERS:
        return this.#onHeaders(flags, id, bytes, start, end);
      case CONTINUATION:
        return this.#onContinuation(flags, bytes, start, end);
      case RST_STREAM:
        if (end - start !== 4) throw wrongSize(type);
        return this.#streams.resetByPeer(id);
      case SETTINGS:
        return this.#onSettings(flags, bytes, start, end);
      case WINDOW_UPDATE:
        return this.#onWindow(id, bytes, start, end);
      case PING:
        return this.#onPing(flags, bytes, start, end);
      case GOAWAY:
        if (end - start < 8) throw wrongSize(type);
        return this.#taker.goAway();
      case PUSH_PROMISE:
        throw new ConnectionError(PROTOCOL_ERROR, 'a client cannot push');
      case PRIORITY:
        if (end - start !== 5) this.#streams.fail(id, FRAME_SIZE_ERROR);
    }
    // Priorities are not heeded (section 5.3.2), and unknown frames must not be (section 5.5).
    this.#emptyFrames.count();
  }

  /** Whether such a frame may come now, on that stream. */
  #checkPlace(type: number, flags: number, id: number): void {
    if (!this.hasSettings && (type !== SETTINGS || (flags & ACK) !== 0)) {
      throw new ConnectionError(PROTOCOL_ERROR, 'the first frame must be SETTINGS');
    }
    const { open } = this.#headers;
    if (open !== undefined && (type !== CONTINUATION || id !== open.stream)) {
      throw new ConnectionError(PROTOCOL_ERROR, 'a header block is not whole');
    }
    const isOfStream = type < SETTINGS || type === CONTINUATION;
    const isOfConnection = type === SETTINGS || type === PING || type === GOAWAY;
    if ((isOfStream && id === 0) || (isOfConnection && id !== 0)) {
      throw new ConnectionError(PROTOCOL_ERROR, `frame ${type} on stream ${id}`);
    }
  }

  #onData(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    const size = end - start;
    this.#countData(size);
    const isPadded = (flags & PADDED) !== 0;
    const from = isPadded ? start + 1 : start;
    const to = isPadded ? end - padBytes(bytes, start, end) : end;
    const ends = (flags & END_STREAM) !== 0;
    if (from < to) this.#emptyFrames.forgive();
    else if (!ends) this.#emptyFrames.count();
    const stream = this.#streams.find(id);
    // What comes for a stream behind our GOAWAY was sent before the peer knew of it.
    if (stream === undefined) return this.isClosing ? undefined : this.#streams.stray(id, DATA);
    if (stream.isEnded) return this.#streams.fail(id, STREAM_CLOSED);
    stream.receiveWindow -= size;
    if (stream.receiveWindow < 0) return this.#streams.fail(id, FLOW_CONTROL_ERROR);
    if (stream.bytesLeft >= 0) {
      stream.bytesLeft -= to - from;
      // Section 8.1.1: a length that is not that of the body.
      if (stream.bytesLeft < 0 || (ends && stream.bytesLeft > 0)) return this.#streams.fail(id, PROTOCOL_ERROR);
    }
    if (!ends && stream.receiveWindow <= STREAM_WINDOW_BYTES / 2) {
      this.#sender.frame(numbersFrame(WINDOW_UPDATE, id, STREAM_WINDOW_BYTES - stream.receiveWindow));
      stream.receiveWindow = STREAM_WINDOW_BYTES;
    }
    if (from < to) stream.owner?.add(keepable(bytes, from, to));
    if (ends) this.#onEnd(stream);
  }

  /** Bodies are taken at once or thrown away, so the window of the connection opens again by itself. */
  #countData(bytes: number): void {
    this.#window -= bytes;
    if (this.#window < 0) throw new ConnectionError(FLOW_CONTROL_ERROR, 'more than the window of the connection');
    if (this.#window > CONNECTION_WINDOW_BYTES / 2) return;
    this.#sender.frame(numbersFrame(WINDOW_UPDATE, 0, CONNECTION_WINDOW_BYTES - this.#window));
    this.#window = CONNECTION_WINDOW_BYTES;
  }

  #onEnd(stream: Stream): void {
    if (stream.isClosed) return;
    stream.isEnded = true;
    if (stream.isSent) this.#streams.end(stream);
    else stream.owner?.end();
  }

  #onHeaders(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    const isPadded = (flags & PADDED) !== 0;
    const from = start + (isPadded ? 1 : 0) + ((flags & PRIORITIZED) === 0 ? 0 : 5);
    const to = isPadded ? end - padBytes(bytes, start, end) : end;
    if (from > to) throw new ConnectionError(PROTOCOL_ERROR, 'headers without room for what they announce');
    const endsStream = (flags & END_STREAM) !== 0;
    if ((flags & END_HEADERS) !== 0) this.#onBlock(id, endsStream, bytes, from, to);
    else this.#headers.begin(id, endsStream, bytes, from, to);
  }

  #onContinuation(flags: number, bytes: Buffer, start: number, end: number): void {
    const { stream, endsStream, parts, bytes: length } = this.#headers.continue(bytes, start, end);
    if ((flags & END_HEADERS) === 0) return;
    this.#headers.open = undefined;
    this.#onBlock(stream, endsStream, Buffer.concat(parts, length), 0, length);
  }

  #onBlock(id: number, endsStream: boolean, bytes: Buffer, start: number, end: number): void {
    const streams = this.#streams;
    const open = streams.find(id);
    if (open !== undefined || id <= streams.lastId) {
      return this.#onTrailers(id, open, endsStream, this.#headers.trailers(bytes, start, end));
    }
    const head = this.#headers.head(bytes, start, end);
    if (id % 2 === 0) throw new ConnectionError(PROTOCOL_ERROR, 'clients have odd streams');
    // What comes behind our GOAWAY is the peer's to ask elsewhere.
    if (this.isClosing) return;
    streams.lastId = id;
    this.#emptyFrames.forgive();
    if (head === 'large') return streams.fail(id, ENHANCE_YOUR_CALM);
    if (head === 'malformed' || (endsStream && head.contentLength > 0)) return streams.fail(id, PROTOCOL_ERROR);
    if (streams.open.length >= this.#limits.streamsMax) return streams.fail(id, REFUSED_STREAM);
    if (this.#sender.heldBytes > this.#limits.sessionBytesMax) return streams.fail(id, ENHANCE_YOUR_CALM);
    const stream = new Stream(streams, id, endsStream, head.contentLength, STREAM_WINDOW_BYTES, this.#sendWindow);
    streams.add(stream);
    this.#taker.request(stream, head.prepared, endsStream);
  }

  #onTrailers(id: number, stream: Stream | undefined, endsStream: boolean, areValid: boolean): void {
    if (stream === undefined) return this.isClosing ? undefined : this.#streams.stray(id, HEADERS);
    if (stream.isEnded) return this.#streams.fail(id, STREAM_CLOSED);
    if (!areValid || !endsStream || stream.bytesLeft > 0) return this.#streams.fail(id, PROTOCOL_ERROR);
    this.#onEnd(stream);
  }

  #onSettings(flags: number, bytes: Buffer, start: number, end: number): void {
    const size = end - start;
    if (size % 6 !== 0 || ((flags & ACK) !== 0 && size > 0)) throw wrongSize(SETTINGS);
    this.#emptyFrames.count();
    if ((flags & ACK) !== 0) return;
    this.hasSettings = true;
    const window = peerWindow(bytes, start, end);
    if (window !== undefined) {
      for (const stream of this.#streams.open) {
        stream.sendWindow += window - this.#sendWindow;
        if (stream.sendWindow > WINDOW_BYTES_MAX) throw windowOverflow();
      }
      this.#sendWindow = window;
    }
    this.#sender.frame(SETTINGS_ACK);
    this.#sender.pump();
  }

  #onWindow(id: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw wrongSize(WINDOW_UPDATE);
    const more = readUint31(bytes, start);
    // Whoever reads may say so for the stream and for the connection, once for each frame.
    if (this.#windowUpdates < 2 * this.#sender.dataFrames) this.#windowUpdates++;
    else this.#emptyFrames.count();
    if (id === 0) {
      if (more === 0) throw new ConnectionError(PROTOCOL_ERROR, 'a window that opens by nothing');
      if (!this.#sender.widen(more)) throw windowOverflow();
    } else {
      if (this.#streams.isIdle(id)) throw new ConnectionError(PROTOCOL_ERROR, 'the window of an idle stream');
      const stream = this.#streams.find(id);
      if (stream === undefined) return;
      if (more === 0) return this.#streams.fail(id, PROTOCOL_ERROR);
      stream.sendWindow += more;
      if (stream.sendWindow > WINDOW_BYTES_MAX) return this.#streams.fail(id, FLOW_CONTROL_ERROR);
    }
    this.#sender.pump();
  }

  #onPing(flags: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 8) throw wrongSize(PING);
    this.#emptyFrames.count();
    if ((flags & ACK) !== 0) return;
    const echo = Buffer.allocUnsafe(FRAME_HEAD_BYTES + 8);
    writeFrameHead(echo, 0, 8, PING, ACK, 0);
    bytes.copy(echo, FRAME_HEAD_BYTES, start, end);
    this.#sender.frame(echo);
  }
}

/** The length of the padding, which the first byte of the payload tells. */
function padBytes(bytes: Buffer, start: number, end: number): number {
  const padding = start === end ? 0 : (bytes[start] as number);
  if (padding >= end - start) throw new ConnectionError(PROTOCOL_ERROR, 'more padding than frame');
  return padding;
}

/** A part of what was read, copied where it would keep far more of it in memory than it is. */
function keepable(bytes: Buffer, start: number, end: number): Buffer {
  const part = bytes.subarray(start, end);
  return part.length * 4 < bytes.length ? Buffer.from(part) : part;
}

function wrongSize(type: number): ConnectionError {
  return new ConnectionError(FRAME_SIZE_ERROR, `the size of frame ${type} is wrong`);
}

function windowOverflow(): ConnectionError {
  return new ConnectionError(FLOW_CONTROL_ERROR, 'a window is larger than a window can be');
}
