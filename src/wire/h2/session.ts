// One HTTP/2 connection of a client (RFC 9113): its socket from the preface to the end. It reads frames, writes what they
// led to in one piece, stops reading a peer that does not read, and ends what takes too long: by `expire`, which a sweep
// calls, and not by timers of its own.

import type { Duplex } from 'node:stream';
import { FrameReader } from './frame-reader.ts';
import { Guard } from './guard.ts';
import { ConnectionError, GOAWAY, INTERNAL_ERROR, NO_ERROR, numbersFrame } from './protocol.ts';
import { Receiver, type ReceiverLimits, type RequestTaker } from './receiver.ts';
import { Sender } from './sender.ts';
import { Streams } from './streams.ts';
import type { Turn } from './turn.ts';

/** Ours: a peer that leaves this much unread is not read from either. */
const UNREAD_BYTES_MAX = 1024 * 1024;

export interface SessionLimits extends ReceiverLimits {
  /** Streams that may be reset at once, and again each second after that. */
  readonly streamResetsBurst: number;
  readonly streamResetsPerSecond: number;
  /** From the begin of the session to the peer's settings. */
  readonly firstBytesMs: number;
  /** A session on which nothing comes and nothing is under way. */
  readonly idleMs: number;
  /** A peer that takes nothing of what is written. */
  readonly stalledMs: number;
  /** From our last word to the end of the socket, so that the peer can read it. */
  readonly lingerMs: number;
}

export interface SessionOwner<T> extends Omit<RequestTaker<T>, 'goAway'> {
  /** A failure of ours, not of the peer. */
  failed(error: unknown): void;
  /** The socket is closed, and so is each stream. */
  closed(): void;
}

export class Session<T> {
  /** For the sweep: always due. */
  readonly expiresAtMs = 0;
  place = 0;
  readonly #socket: Duplex;
  readonly #limits: SessionLimits;
  readonly #owner: SessionOwner<T>;
  readonly #sender: Sender;
  readonly #streams: Streams;
  readonly #receiver: Receiver<T>;
  readonly #reader: FrameReader;
  #isPaused = false;
  readonly #openedMs: number = performance.now();
  /** When something came last. */
  #activeMs: number = this.#openedMs;
  /** When the peer last took something, or had nothing to take, and how much it had taken. */
  #takenMs: number = this.#openedMs;
  #takenBytes = 0;
  /** When the last word was said. */
  #endedMs: number | undefined;

  /** Takes a connected socket over; its first bytes are those of the preface. */
  constructor(socket: Duplex, turn: Turn, limits: SessionLimits, owner: SessionOwner<T>) {
    this.#socket = socket;
    this.#limits = limits;
    this.#owner = owner;
    this.#sender = new Sender(socket, turn, (stream) => {
      if (stream.isEnded) this.#streams.end(stream);
    });
    const resets = new Guard('resets of streams', limits.streamResetsBurst, limits.streamResetsPerSecond);
    this.#streams = new Streams(this.#sender, resets, () => this.#endWhenDone());
    this.#receiver = new Receiver<T>(limits, this.#streams, this.#sender, {
      prepare: (head) => owner.prepare(head),
      request: (stream, prepared, ended) => owner.request(stream, prepared, ended),
      goAway: () => this.close(),
    });
    this.#reader = new FrameReader(this.#receiver);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.#drained());
    // What a peer does to its socket is no failure of ours; 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => this.#closed());
  }

  /** Takes no more requests, and ends the connection when those under way are answered (section 6.8). */
  close(): void {
    if (!this.#receiver.isClosing) this.#goAway(NO_ERROR);
  }

  /** Ends what takes too long. Streams have waits of their own. */
  expire(): void {
    const nowMs = performance.now();
    const { firstBytesMs, idleMs, stalledMs, lingerMs } = this.#limits;
    const { takenBytes } = this.#sender;
    const isWritten = this.#socket.writableLength === 0;
    if (isWritten || takenBytes !== this.#takenBytes) this.#takenMs = nowMs;
    this.#takenBytes = takenBytes;
    const isStalled = nowMs - this.#takenMs > stalledMs;
    const isLate = !this.#receiver.hasSettings && nowMs - this.#openedMs > firstBytesMs;
    const isOver = isWritten && this.#endedMs !== undefined && nowMs - this.#endedMs > lingerMs;
    if (isStalled || isLate || isOver) this.#socket.destroy();
    else if (this.#streams.open.length === 0 && nowMs - this.#activeMs > idleMs) this.close();
  }

  #read(chunk: Buffer): void {
    if (!this.#receiver.isReading) return;
    this.#activeMs = performance.now();
    this.#sender.isHeld = true;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      this.#fail(error);
    }
    this.#sender.isHeld = false;
    this.#sender.flush();
    if (this.#sender.backlogBytes <= UNREAD_BYTES_MAX || this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #drained(): void {
    this.#sender.pump();
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  #fail(error: unknown): void {
    const isPeers = error instanceof ConnectionError;
    if (!isPeers) this.#owner.failed(error);
    this.#goAway(isPeers ? error.code : INTERNAL_ERROR);
    this.#streams.clear();
  }

  #goAway(code: number): void {
    this.#receiver.isClosing = true;
    this.#sender.frame(numbersFrame(GOAWAY, 0, this.#streams.lastId, code));
    this.#endWhenDone();
  }

  /** Says the last word, and reads on for a moment: a socket closed with unread bytes would take it back. */
  #endWhenDone(): void {
    const receiver = this.#receiver;
    if (!receiver.isClosing || !receiver.isReading || this.#streams.open.length > 0) return;
    receiver.isReading = false;
    this.#endedMs = performance.now();
    this.#sender.flush();
    this.#socket.end();
  }

  #closed(): void {
    this.#receiver.isReading = false;
    this.#streams.clear();
    this.#owner.closed();
  }
}
