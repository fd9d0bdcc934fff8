// A connection for unary gRPC calls that costs its machine little: HTTP/2 frames by hand (RFC 9113), one stream at a
// time. An answer is right when it has a head, a message as long as expected, and trailers; every so often the message
// is compared as a whole.

import { connect, type Socket } from 'node:net';
import type { Connection } from './closed-loop.ts';
import { type HeaderBlocks, headerBlocks } from './hpack.ts';

export interface GrpcOptions {
  readonly address: string;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly message: Uint8Array;
  /** The message that must come back. */
  readonly answer: Uint8Array;
  readonly sampleEvery: number;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const FRAME_HEAD_BYTES = 9;
const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const ACK = 1;
const END_STREAM = 1;
const END_HEADERS = 4;
const INITIAL_WINDOW_SIZE = 4;
const WINDOW_BYTES_MAX = 2 ** 31 - 1;
const WINDOW_BYTES_DEFAULT = 65_535;
/** How much may come before the window of the connection is opened again. */
const REFILL_BYTES = 2 ** 24;

const READ_BYTES = 64 * 1024;
const readBuffer = Buffer.allocUnsafe(READ_BYTES);

function frame(type: number, flags: number, stream: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A request whose stream is still to be written, at both places. */
interface Call {
  readonly bytes: Buffer;
  readonly streamAt: readonly [number, number];
}

export function grpcFrame(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0]), uint32(message.length), message]);
}

function callOf(block: Buffer, message: Uint8Array): Call {
  const head = frame(HEADERS, END_HEADERS, 0, block);
  const bytes = Buffer.concat([head, frame(DATA, END_STREAM, 0, grpcFrame(message))]);
  return { bytes, streamAt: [5, head.length + 5] };
}

export class GrpcConnection implements Connection {
  readonly #options: GrpcOptions;
  readonly #blocks: HeaderBlocks;
  readonly #answer: Buffer;
  #call: Call;
  #socket: Socket | undefined;
  #answered: () => void = () => {};
  #failed: (error: Error) => void = () => {};
  #held: Buffer = Buffer.alloc(0);
  #stream = -1;
  #received = 0;
  #dataBytes = 0;
  #data: Buffer[] = [];
  #untilSample = 0;

  constructor(options: GrpcOptions) {
    this.#options = options;
    this.#answer = grpcFrame(options.answer);
    this.#blocks = headerBlocks([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', options.path],
      [':authority', '127.0.0.1'],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ...Object.entries(options.metadata),
    ]);
    this.#call = callOf(this.#blocks.first, options.message);
  }

  open(answered: () => void, failed: (error: Error) => void): Promise<void> {
    this.#answered = answered;
    this.#failed = failed;
    const { hostname, port } = new URL(this.#options.address);
    return new Promise((opened) => {
      const onread = { buffer: readBuffer, callback: (bytes: number) => this.#read(bytes) };
      const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread }, opened);
      this.#socket = socket;
      socket.on('error', failed);
      socket.on('close', () => failed(new Error('the server closed a connection')));
      const window = Buffer.concat([Buffer.from([0, INITIAL_WINDOW_SIZE]), uint32(WINDOW_BYTES_MAX)]);
      const open = uint32(WINDOW_BYTES_MAX - WINDOW_BYTES_DEFAULT);
      socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, window), frame(WINDOW_UPDATE, 0, 0, open)]));
    });
  }

  send(): void {
    const isFirst = this.#stream < 0;
    this.#stream = isFirst ? 1 : this.#stream + 2;
    const { bytes, streamAt } = this.#call;
    for (const at of streamAt) bytes.writeUInt32BE(this.#stream, at);
    this.#socket?.write(bytes);
    if (isFirst) this.#call = callOf(this.#blocks.next, this.#options.message);
  }

  close(): void {
    this.#failed = () => {};
    this.#socket?.removeAllListeners('close');
    this.#socket?.destroy();
  }

  #read(bytes: number): boolean {
    const held = this.#held;
    const fresh = readBuffer.subarray(0, bytes);
    const seen = held.length === 0 ? fresh : Buffer.concat([held, fresh]);
    let at = 0;
    while (seen.length - at >= FRAME_HEAD_BYTES) {
      const end = at + FRAME_HEAD_BYTES + seen.readUIntBE(at, 3);
      if (end > seen.length) break;
      this.#take(seen, at, end);
      at = end;
    }
    // The shared buffer is another connection's in a moment.
    this.#held = at === seen.length ? Buffer.alloc(0) : Buffer.from(seen.subarray(at));
    return true;
  }

  #take(seen: Buffer, at: number, end: number): void {
    const type = seen[at + 3];
    const flags = seen[at + 4] as number;
    const body = at + FRAME_HEAD_BYTES;
    switch (type) {
      case DATA:
        this.#dataBytes += end - body;
        if (this.#untilSample === 0) this.#data.push(Buffer.from(seen.subarray(body, end)));
        this.#refill(end - body);
        break;
      case HEADERS:
        if ((flags & END_STREAM) !== 0) this.#judge();
        break;
      case SETTINGS:
      case PING:
        if ((flags & ACK) === 0) {
          const echoed = type === PING ? seen.subarray(body, end) : Buffer.alloc(0);
          this.#socket?.write(frame(type, ACK, 0, echoed));
        }
        break;
      case RST_STREAM:
      case GOAWAY:
        this.#failed(
          new Error(`the server ended the stream: frame ${type}, ${seen.subarray(body, end).toString('hex')}`),
        );
        break;
      default:
    }
  }

  /** Trailers came. Without a message before them they say why there is none. */
  #judge(): void {
    const answer = this.#answer;
    if (this.#dataBytes !== answer.length) {
      return this.#failed(new Error(`a wrong answer: ${this.#dataBytes} of ${answer.length} bytes`));
    }
    if (this.#untilSample === 0) {
      if (!Buffer.concat(this.#data).equals(answer)) return this.#failed(new Error('an answer has the wrong content'));
      this.#data = [];
      this.#untilSample = this.#options.sampleEvery;
    }
    this.#untilSample--;
    this.#dataBytes = 0;
    this.#answered();
  }

  #refill(bytes: number): void {
    this.#received += bytes;
    if (this.#received < REFILL_BYTES) return;
    this.#socket?.write(frame(WINDOW_UPDATE, 0, 0, uint32(this.#received)));
    this.#received = 0;
  }
}
