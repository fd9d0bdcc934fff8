// A connection of HTTP/1.1 that costs its machine little: a request made once, and an answer of which only the status
// and the length are read. Every so often, and whenever something looks odd, the whole of it is.

import { connect, type Socket } from 'node:net';
import type { Connection } from './closed-loop.ts';

export interface Http1Options {
  readonly address: string;
  /** The whole request as sent, head and body, or what makes the next one. */
  readonly request: Uint8Array | (() => Uint8Array);
  /** What is asked of the body of an answer that is looked at; false ends the run. */
  readonly isRight: (body: Buffer) => boolean;
  /** One of so many answers is looked at. */
  readonly sampleEvery: number;
}

const READ_BYTES = 64 * 1024;
const OK = Buffer.from('HTTP/1.1 200 ');
const HEAD_END = Buffer.from('\r\n\r\n');

/** Filled and emptied in one turn, so all connections can share it. */
const readBuffer = Buffer.allocUnsafe(READ_BYTES);

/** A request with what HTTP asks for and no more. */
export function http1Request(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: Uint8Array,
): Buffer {
  const all = { host: '127.0.0.1', ...headers, ...(body === undefined ? {} : { 'content-length': `${body.length}` }) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), body ?? Buffer.alloc(0)]);
}

export class Http1Connection implements Connection {
  readonly #options: Http1Options;
  #socket: Socket | undefined;
  #answered: () => void = () => {};
  #failed: (error: Error) => void = () => {};
  /** What came of an answer that is not complete yet. */
  #held: Buffer = Buffer.alloc(0);
  /** Of the last answer, with its head: the next is most likely as long. */
  #answerBytes = 0;
  #untilSample = 0;

  constructor(options: Http1Options) {
    this.#options = options;
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
    });
  }

  send(): void {
    const { request } = this.#options;
    this.#socket?.write(typeof request === 'function' ? request() : request);
  }

  close(): void {
    this.#failed = () => {};
    this.#socket?.removeAllListeners('close');
    this.#socket?.destroy();
  }

  #read(bytes: number): boolean {
    const isWhole = bytes === this.#answerBytes && this.#held.length === 0 && this.#untilSample > 0;
    if (isWhole && readBuffer.compare(OK, 0, OK.length, 0, OK.length) === 0) {
      this.#untilSample--;
      this.#answered();
    } else {
      this.#held = Buffer.concat([this.#held, readBuffer.subarray(0, bytes)]);
      this.#readWhole();
    }
    return true;
  }

  #readWhole(): void {
    const held = this.#held;
    const end = held.indexOf(HEAD_END);
    if (end < 0) return;
    const head = held.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
    const bodyAt = end + HEAD_END.length;
    if (held.length < bodyAt + length) return;
    const isDue = this.#untilSample <= 0;
    const status = head.slice(0, head.indexOf('\r\n'));
    const body = held.subarray(bodyAt);
    if (!held.subarray(0, OK.length).equals(OK) || body.length !== length) {
      return this.#failed(new Error(`a wrong answer: ${status}, ${body.length} of ${length} bytes: ${body}`));
    }
    if (isDue && !this.#options.isRight(body)) return this.#failed(new Error('an answer has the wrong content'));
    this.#untilSample = isDue ? this.#options.sampleEvery : this.#untilSample - 1;
    this.#answerBytes = held.length;
    this.#held = Buffer.alloc(0);
    this.#answered();
  }
}
