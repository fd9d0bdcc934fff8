// One HTTP/1.1 connection of a client (RFC 9112): finds requests in what its socket brings, and writes their answers in the
// order in which they were asked. What takes too long is ended by `expire`, which a sweep calls: it has no timers.

import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Connection, connectionTo } from './connection.ts';
import type { Expiring, WireContext } from './context.ts';
import { ChunkedBody } from './h1/chunked.ts';
import type { KnownHeads } from './h1/known-heads.ts';
import { type HeadProblem, type RequestHead, requestHead } from './h1/request-head.ts';
import { REFUSALS, type Refusal, rawRefusal } from './refusal.ts';

/** Ours: a peer that leaves this much unread is not read from either. */
const UNREAD_BYTES_MAX = 1024 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);
const CR = 0x0d;
const LF = 0x0a;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** A head, and what was made of it; requests with the same head share it. */
export interface Prepared<T> {
  readonly head: RequestHead;
  readonly made: T;
}

/** A request on its way, told what comes for it. */
export interface Asked {
  readonly isReading: boolean;
  /** A part of the body. */
  add(chunk: Buffer): void;
  /** The body is whole. */
  end(): void;
  refuse(refusal: Refusal): void;
  /** Nothing more will pass: it was answered, or the peer is gone. */
  close(): void;
}

export interface ConnectionOwner<T> {
  /** Of all its connections. */
  readonly heads: KnownHeads<Prepared<T> | HeadProblem>;
  /** Makes of a head what all requests that have it share. */
  prepare(head: RequestHead): T;
  /** A request begins; `take` is to be called for it. */
  request(connection: Http1Connection<T>, prepared: Prepared<T>): void;
  /** What came was refused before it was a request. */
  refused(id: string, status: number): void;
  closed(): void;
}

interface Waiting {
  readonly asked: Asked;
  /** It expects to be told that its body is wanted. */
  expects: boolean;
  /** Its answer, where others are to be answered first. */
  answer: readonly (string | Uint8Array)[] | undefined;
  /** The connection ends behind it. */
  isLast: boolean;
}

export class Http1Connection<T> implements Expiring {
  /** For the sweep: always due. */
  readonly expiresAtMs = 0;
  place = 0;
  readonly connection: Connection;
  readonly #socket: Socket;
  readonly #context: WireContext;
  readonly #owner: ConnectionOwner<T>;
  /** What came and was not read: of a head that is not whole, or behind more answers than the peer has taken. */
  #partial: Buffer | undefined;
  /** Requests that were not answered, in their order. */
  readonly #waiting: Waiting[] = [];
  /** The body that is read, and whose it is. */
  #body: Waiting | undefined;
  #bytesLeft = 0;
  #chunks: ChunkedBody | undefined;
  /** Nothing that follows is to be read. */
  #isDeaf = false;
  /** The last word, once all that wait are answered. */
  #lastWord: Refusal | undefined;
  #isPaused = false;
  #requests = 0;
  /** As the sweep saw it: since when a head is read, nothing was asked, nothing was taken; and when it was ended. */
  #headSinceMs: number | undefined;
  #idleSinceMs: number | undefined;
  #requestsSeen = -1;
  #stalledSinceMs: number | undefined;
  #takenBytes = -1;
  #endedMs: number | undefined;

  /** Takes a connected socket over. */
  constructor(socket: Socket, secure: boolean, context: WireContext, owner: ConnectionOwner<T>) {
    this.connection = connectionTo(socket, secure);
    this.#socket = socket;
    this.#context = context;
    this.#owner = owner;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.#drained());
    // What a peer does to its socket is no failure of ours; 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => this.#closed());
  }

  /** True where no request is under way and nothing is left to write. */
  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#partial === undefined && this.#socket.writableLength === 0;
  }

  /** Ends the connection once what was written has left. */
  end(): void {
    this.#isDeaf = true;
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Takes up the request that the head just read began: what follows is its body. */
  take(asked: Asked, { head: { body, isKept } }: Prepared<T>): void {
    const waiting: Waiting = { asked, expects: false, answer: undefined, isLast: !isKept };
    this.#waiting.push(waiting);
    this.#requests++;
    if (body === 0) {
      this.#isDeaf = !isKept;
      return;
    }
    this.#body = waiting;
    if (body === 'chunked') {
      this.#chunks = new ChunkedBody(this.#context.limits.headerBytesMax, (data) => asked.add(data));
    } else {
      this.#bytesLeft = body;
    }
  }

  /** Tells the peer that the body of the request just taken is wanted, once it is next to be answered. */
  expect(): void {
    const waiting = this.#body;
    if (waiting === undefined) return;
    waiting.expects = true;
    if (this.#waiting[0] === waiting) this.#inform(waiting);
  }

  /** Whether the answer to this request ends the connection: its body was not read, or the peer wants it so. */
  isLast(asked: Asked): boolean {
    return this.#body?.asked === asked || this.#find(asked)?.isLast === true;
  }

  /** Writes an answer, or keeps it until those before it are written. With `isLast` the connection ends behind it. */
  answer(asked: Asked, parts: readonly (string | Uint8Array)[], isLast: boolean): void {
    const waiting = this.#find(asked);
    if (waiting === undefined || this.#endedMs !== undefined) return;
    waiting.answer = parts;
    waiting.isLast = isLast;
    if (isLast && this.#waiting.at(-1) === waiting) this.#isDeaf = true;
    if (this.#waiting[0] === waiting) this.#writeAnswers();
  }

  expire(): void {
    const nowMs = performance.now();
    const { headersMs, idleMs, stalledMs, lingerMs } = this.#context.limits;
    const socket = this.#socket;
    const unwritten = socket.writableLength;
    const takenBytes = socket.bytesWritten - unwritten;
    if (unwritten === 0 || takenBytes !== this.#takenBytes) this.#stalledSinceMs = undefined;
    else this.#stalledSinceMs ??= nowMs;
    this.#takenBytes = takenBytes;
    if (!this.isIdle || this.#requests !== this.#requestsSeen) this.#idleSinceMs = undefined;
    else this.#idleSinceMs ??= nowMs;
    this.#requestsSeen = this.#requests;
    if (hasPassed(this.#stalledSinceMs, stalledMs, nowMs)) socket.destroy();
    else if (unwritten === 0 && hasPassed(this.#endedMs, lingerMs, nowMs)) socket.destroy();
    else if (hasPassed(this.#headSinceMs, headersMs, nowMs)) this.#refuseRest(REFUSALS.slow);
    else if (hasPassed(this.#idleSinceMs, idleMs, nowMs)) this.end();
  }

  #find(asked: Asked): Waiting | undefined {
    const first = this.#waiting[0];
    return first?.asked === asked ? first : this.#waiting.find((each) => each.asked === asked);
  }

  #read(chunk: Buffer): void {
    let bytes = chunk;
    let at = 0;
    if (this.#partial !== undefined) {
      bytes = Buffer.concat([this.#partial, chunk]);
      this.#partial = undefined;
    }
    while (at < bytes.length && !this.#isDeaf && !this.#isUnread) {
      at = this.#body === undefined ? this.#readHead(bytes, at) : this.#readBody(bytes, at, this.#body);
    }
    if (!this.#isUnread) return;
    if (at < bytes.length && !this.#isDeaf) this.#partial = bytes.subarray(at);
    this.#isPaused = true;
    this.#socket.pause();
  }

  /** Whether the peer leaves too much unread to be read from. */
  get #isUnread(): boolean {
    return this.#socket.writableLength > UNREAD_BYTES_MAX;
  }

  /** Where the next thing begins. A head that is not whole is kept, up to its limit. */
  #readHead(bytes: Buffer, begin: number): number {
    const { headerBytesMax, headerCountMax } = this.#context.limits;
    let start = begin;
    // Section 2.2: an empty line before a request is to be ignored.
    while (bytes[start] === CR && bytes[start + 1] === LF) start += 2;
    const end = bytes.indexOf(HEAD_END, start);
    if ((end < 0 ? bytes.length : end) - start > headerBytesMax) return this.#stop(REFUSALS.headersLarge);
    if (end < 0) {
      if (start === bytes.length) return start;
      this.#partial = bytes.subarray(start);
      this.#headSinceMs ??= performance.now();
      return bytes.length;
    }
    this.#headSinceMs = undefined;
    const known = this.#owner.heads.get(bytes, start, end, () => this.#prepared(bytes, start, end, headerCountMax));
    if (typeof known === 'string') return this.#stop(HEAD_REFUSALS[known]);
    this.#owner.request(this, known);
    return end + HEAD_END.length;
  }

  #prepared(bytes: Buffer, start: number, end: number, fieldsMax: number): Prepared<T> | HeadProblem {
    const head = requestHead(bytes, start, end, fieldsMax);
    return typeof head === 'string' ? head : { head, made: this.#owner.prepare(head) };
  }

  #readBody(bytes: Buffer, start: number, waiting: Waiting): number {
    const { asked } = waiting;
    let end: number;
    if (this.#chunks === undefined) {
      end = Math.min(bytes.length, start + this.#bytesLeft);
      this.#bytesLeft -= end - start;
      asked.add(bytes.subarray(start, end));
      if (this.#bytesLeft > 0) return end;
    } else {
      end = this.#chunks.read(bytes, start);
      if (end < 0) return this.#stop(REFUSALS.malformed);
      if (!this.#chunks.isWhole) return end;
    }
    this.#body = undefined;
    this.#chunks = undefined;
    if (waiting.isLast) this.#isDeaf = true;
    asked.end();
    return end;
  }

  /** Reads no further: where a request ends cannot be known any more. Answers that are due still leave. */
  #stop(refusal: Refusal): number {
    this.#refuseRest(refusal);
    return Number.POSITIVE_INFINITY;
  }

  #refuseRest(refusal: Refusal): void {
    this.#isDeaf = true;
    this.#partial = undefined;
    this.#headSinceMs = undefined;
    const reading = this.#body?.asked;
    if (reading?.isReading) return reading.refuse(refusal);
    if (this.#body !== undefined) return;
    this.#lastWord = refusal;
    if (this.#waiting.length === 0) this.#sayLastWord(refusal);
  }

  #writeAnswers(): void {
    const socket = this.#socket;
    for (let first = this.#waiting[0]; first?.answer !== undefined; first = this.#waiting[0]) {
      this.#waiting.shift();
      if (first.answer.length > 1) socket.cork();
      for (const part of first.answer) socket.write(part, 'latin1');
      if (first.answer.length > 1) socket.uncork();
      first.asked.close();
      if (first.isLast) return this.#finish();
    }
    const next = this.#waiting[0];
    if (next !== undefined) this.#inform(next);
    else if (this.#lastWord !== undefined) this.#sayLastWord(this.#lastWord);
  }

  /** Tells who waits for it, and is next to be answered, that its body is wanted (RFC 9110 section 10.1.1). */
  #inform(waiting: Waiting): void {
    if (!waiting.expects || !waiting.asked.isReading) return;
    waiting.expects = false;
    this.#socket.write(CONTINUE, 'latin1');
  }

  /** Refuses what never became a request. */
  #sayLastWord(refusal: Refusal): void {
    const id = randomUUID();
    this.#socket.write(rawRefusal(refusal, id));
    this.#finish();
    this.#owner.refused(id, refusal.status);
  }

  /** Ends our side, and throws away for a moment what still comes: a socket closed with unread bytes would take the answer back. */
  #finish(): void {
    this.#isDeaf = true;
    this.#endedMs = performance.now();
    this.#socket.end();
    this.#drained();
  }

  #drained(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
    if (this.#partial !== undefined) this.#read(NOTHING);
  }

  #closed(): void {
    this.#isDeaf = true;
    for (const { asked } of this.#waiting.splice(0)) asked.close();
    this.#owner.closed();
  }
}

const HEAD_REFUSALS = {
  malformed: REFUSALS.malformed,
  large: REFUSALS.headersLarge,
  coding: REFUSALS.transferCoding,
} as const;

function hasPassed(sinceMs: number | undefined, limitMs: number, nowMs: number): boolean {
  return sinceMs !== undefined && nowMs - sinceMs > limitMs;
}
