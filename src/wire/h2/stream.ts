// One stream: a request and its answer (RFC 9113 section 5). It holds the numbers that its session and its sender keep of
// it, and is what an answer is written to.

/** Takes what comes on a stream. */
export interface StreamOwner {
  /** A part of the body. */
  add(chunk: Buffer): void;
  /** The body is whole. */
  end(): void;
  /** Nothing more passes in either direction: all was said, or one side gave up. */
  close(): void;
}

/** The session, as a stream knows it; `Stream` says what each does. */
export interface StreamHost {
  answer(stream: Stream, block: Buffer, open: string, body: Uint8Array | undefined, trailers?: Buffer): void;
  inform(stream: Stream, block: Buffer): void;
  reset(stream: Stream, code: number): void;
}

export class Stream {
  readonly id: number;
  owner: StreamOwner | undefined;
  /** The peer has ended its side. */
  isEnded: boolean;
  isClosed = false;
  /** An answer has begun, and all of it was sent. */
  isAnswered = false;
  isSent = false;
  /** Where the session keeps it. */
  place = 0;
  /** What the peer may still send before it hears of us; may pass below zero only by the peer's fault. */
  receiveWindow: number;
  /** What is left of the announced length of the body; -1 where none was. */
  bytesLeft: number;
  /** What we may send; below zero where the peer took some of it back. */
  sendWindow: number;
  /** The answer's body, how much of it is sent, and the block of fields that follows it. */
  body: Uint8Array | undefined;
  sentBytes = 0;
  trailers: Buffer | undefined;
  readonly #host: StreamHost;

  constructor(
    host: StreamHost,
    id: number,
    isEnded: boolean,
    bytesLeft: number,
    receiveWindow: number,
    sendWindow: number,
  ) {
    this.#host = host;
    this.id = id;
    this.isEnded = isEnded;
    this.bytesLeft = bytesLeft;
    this.receiveWindow = receiveWindow;
    this.sendWindow = sendWindow;
  }

  /**
   * Answers, once; a closed stream takes it in silence. `block` and `trailers` are header blocks, `open` is the value that
   * the last field of `block` waits for, or empty. Without a body the headers end the stream.
   * @throws RangeError where the headers are larger than a frame.
   */
  answer(block: Buffer, open: string, body: Uint8Array | undefined, trailers?: Buffer): void {
    if (!this.isClosed && !this.isAnswered) this.#host.answer(this, block, open, body, trailers);
  }

  /** Sends headers that come before the answer (status 1xx). */
  inform(block: Buffer): void {
    if (!this.isClosed && !this.isAnswered) this.#host.inform(this, block);
  }

  /** Ends both directions at once. */
  reset(code: number): void {
    if (!this.isClosed) this.#host.reset(this, code);
  }
}
