// A client of HTTP/2 that says whatever it is told, frame by frame, and keeps what comes back: for what a proper client
// would refuse to send. Header blocks are literals that enter no table.

import net from 'node:net';
import { until } from './wire.ts';

export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** One frame; `length` is what it claims where that is not what it has. */
export function frameOf(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array | string = '',
  length?: number,
): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(length ?? bytes.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, bytes]);
}

export function uint32(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * index);
  return bytes;
}

/** A SETTINGS frame of pairs of a number and a value. */
export function settingsOf(...settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const pairs = settings.map(([id, value]) => Buffer.concat([Buffer.of(0, id), uint32(value)]));
  return frameOf(4, 0, 0, Buffer.concat(pairs));
}

/** A header block; names and values are below 127 characters, or the first 127 * 128. */
export function blockOf(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  const text = (value: string): Buffer => {
    const left = value.length - 127;
    const length = left < 0 ? [value.length] : left < 128 ? [127, left] : [127, (left % 128) | 128, left >> 7];
    return Buffer.concat([Buffer.from(length), Buffer.from(value, 'latin1')]);
  };
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

export const GET: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/x'],
  [':authority', 'a.test'],
];
export const POST: typeof GET = [[':method', 'POST'], ...GET.slice(1)];
export const CALL: typeof GET = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/a.b.Echo/Say'],
  [':authority', 'a.test'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
];

/** A HEADERS frame whose block is whole (END_HEADERS), unless `flags` say something else. */
export function headersOf(stream: number, fields: typeof GET, flags = 4): Buffer {
  return frameOf(1, flags, stream, blockOf(fields));
}

/** A request that a body is to follow, and one that has none (END_STREAM). */
export const postOn = (stream = 1): Buffer => headersOf(stream, POST);
export const getOn = (stream = 1): Buffer => headersOf(stream, GET, 5);

export class RawH2 {
  readonly frames: Frame[] = [];
  isClosed = false;
  readonly socket: net.Socket;
  #held: Buffer = Buffer.alloc(0);

  /** Connects and sends the preface and empty settings, or only what is given. */
  constructor(port: number, greeting: Uint8Array = Buffer.concat([PREFACE, settingsOf()])) {
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.isClosed = true;
    });
    this.socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.send(greeting);
  }

  send(...bytes: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** A request without a body. */
  get(stream: number, fields: typeof GET = GET): void {
    this.send(frameOf(1, 5, stream, blockOf(fields)));
  }

  of(type: number, stream?: number): Frame[] {
    return this.frames.filter((frame) => frame.type === type && (stream === undefined || frame.stream === stream));
  }

  /** The bytes of a stream's body so far. */
  body(stream: number): Buffer {
    return Buffer.concat(this.of(0, stream).map(({ payload }) => payload));
  }

  /** Whether the server has ended its side of a stream. */
  isDone(stream: number): boolean {
    return this.frames.some((frame) => frame.stream === stream && frame.type < 2 && (frame.flags & 1) !== 0);
  }

  /** Waits for the end of the connection; the code of the last GOAWAY, or undefined. */
  async closed(): Promise<number | undefined> {
    await until(() => this.isClosed);
    return this.isClosed ? this.of(7).at(-1)?.payload.readUInt32BE(4) : undefined;
  }

  /** Waits for the reset of a stream; its code. */
  async reset(stream: number): Promise<number | undefined> {
    await until(() => this.of(3, stream).length > 0 || this.isClosed);
    return this.of(3, stream)[0]?.payload.readUInt32BE(0);
  }

  /** Waits until the server has read all that was sent. */
  async settled(): Promise<void> {
    const before = this.of(6).length;
    this.send(frameOf(6, 0, 0, 'ping now'));
    await until(() => this.of(6).length > before || this.isClosed);
  }

  close(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#held, chunk]);
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3);
      const stream = bytes.readUInt32BE(5);
      this.frames.push({
        type: bytes[3] as number,
        flags: bytes[4] as number,
        stream,
        payload: bytes.subarray(9, end),
      });
      bytes = bytes.subarray(end);
    }
    this.#held = bytes;
  }
}
