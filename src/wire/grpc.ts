// One unary gRPC call on an HTTP/2 stream: grpc/grpc `doc/PROTOCOL-HTTP2.md`. Reads exactly one uncompressed message,
// keeps the caller's deadline, and answers with one message or, on failure, with trailers only.

import { Body } from './body.ts';
import type { Connection } from './connection.ts';
import type { WireContext } from './context.ts';
import { Exchange } from './exchange.ts';
import { encodeBinary, encodeStatusMessage, FRAME_HEADER_BYTES, frame, timeoutMs } from './grpc-codec.ts';
import {
  GRPC_CANCELLED,
  GRPC_DEADLINE_EXCEEDED,
  GRPC_INTERNAL,
  GRPC_OK,
  GRPC_RESOURCE_EXHAUSTED,
  GRPC_UNAVAILABLE,
  GRPC_UNIMPLEMENTED,
} from './grpc-status.ts';
import { headerBlock } from './h2/header-block.ts';
import { CANCEL } from './h2/protocol.ts';
import type { Stream, StreamOwner } from './h2/stream.ts';
import { EMPTY_BODY, type OpenRequest, REQUEST_ID_CHARS } from './head.ts';
import { checkHealth, HEALTH_SERVICE } from './health.ts';
import { httpDate } from './http-date.ts';
import { REFUSALS } from './refusal.ts';
import type { GrpcFailure, GrpcRequest, GrpcResponse } from './types.ts';

const OK_TRAILERS = headerBlock({ 'grpc-status': '0' });
/** Ours: status text and details share the 8 KiB that clients allow for all metadata (`GRPC_ARG_MAX_METADATA_SIZE`). */
const STATUS_MESSAGE_CHARS_MAX = 1024;
const STATUS_DETAILS_BYTES_MAX = 4096;
/** A deadline nearer than this gets a timer of its own; the sweep notices the others early enough. */
const TIMER_BELOW_MS = 5000;

/** `grpc`, `grpc+proto` and either with parameters. `grpc-web` is another protocol. */
const CONTENT_TYPE = /^application\/grpc(\+[^;]*)?\s*(;|$)/i;
/** What nearly every client sends, and is compared with first. */
const PLAIN_CONTENT_TYPE = 'application/grpc';

export class GrpcCall extends Exchange<GrpcResponse> implements StreamOwner {
  readonly #stream: Stream;
  /** Where the name of the method begins in the path, behind that of the service. */
  #methodAt = 0;
  #message: Uint8Array = EMPTY_BODY;
  #deadlineAtMs: number = Number.POSITIVE_INFINITY;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #header: Buffer | undefined;
  #expectedBytes = 0;

  constructor(context: WireContext, connection: Connection, stream: Stream, request: OpenRequest) {
    super(context, connection, request, new Body(context, context.limits.messageBytesMax + FRAME_HEADER_BYTES));
    this.#stream = stream;
    stream.owner = this;
  }

  /** True where the content type is one of gRPC's. */
  static isMeant(contentType: string | undefined): boolean {
    return contentType === PLAIN_CONTENT_TYPE || (contentType !== undefined && CONTENT_TYPE.test(contentType));
  }

  /** Reads the call and asks the handler. `ended` tells that no message follows the headers. */
  receive(ended: boolean): void {
    const problem = this.#headProblem();
    if (problem !== undefined) return this.#refuse(problem[0], problem[1]);
    if (ended) this.#refuse(GRPC_UNIMPLEMENTED, 'the call carries no message');
  }

  override close(): void {
    clearTimeout(this.#deadlineTimer);
    super.close();
  }

  override expire(): void {
    if (this.phase === 'handling') this.#refuse(GRPC_DEADLINE_EXCEEDED, 'the deadline passed');
    else super.expire();
  }

  protected override invoke(): GrpcResponse | Promise<GrpcResponse> {
    const call = this.#grpcRequest();
    if (call.service === HEALTH_SERVICE) return checkHealth(call, this.context.ready());
    const answer = this.context.handler.grpc(call);
    const leftMs = this.#deadlineAtMs - performance.now();
    // Only a handler that takes its time can miss a deadline that it had not missed before.
    if (answer instanceof Promise && leftMs < TIMER_BELOW_MS) {
      this.#deadlineTimer = setTimeout(expireCall, leftMs, this);
    }
    return answer;
  }

  protected override answer(response: GrpcResponse): void {
    clearTimeout(this.#deadlineTimer);
    if (!response.ok) return this.#fail(response);
    const framed = frame(response.message);
    this.answered();
    this.#stream.answer(okBlock(), this.request.id, framed, OK_TRAILERS);
    this.report(200, framed.length, GRPC_OK);
  }

  protected override fail(error: unknown): void {
    this.context.onError(error, this.request.id);
    this.#refuse(GRPC_INTERNAL, `internal error, request id ${this.request.id}`);
  }

  protected override refuseSlow(): void {
    this.#refuse(GRPC_DEADLINE_EXCEEDED, 'the request did not arrive in time');
  }

  protected override abandon(): void {
    this.#stream.reset(CANCEL);
  }

  protected override reportGone(): void {
    this.report(200, 0, GRPC_CANCELLED);
  }

  #headProblem(): [code: number, message: string] | undefined {
    const { method, path, headers } = this.request;
    if (method !== 'POST') return [GRPC_INTERNAL, REFUSALS.grpcMethod.message];
    if (!isProto(headers['content-type'])) {
      return [GRPC_UNIMPLEMENTED, 'the message must be coded as application/grpc+proto'];
    }
    this.#methodAt = methodAt(path);
    if (this.#methodAt === 0) return [GRPC_UNIMPLEMENTED, 'the path does not name a method'];
    const timeout = headers['grpc-timeout'];
    if (timeout !== undefined) {
      const leftMs = timeoutMs(timeout);
      if (Number.isNaN(leftMs)) return [GRPC_INTERNAL, 'grpc-timeout is not valid'];
      this.#deadlineAtMs = this.startedMs + leftMs;
      this.expiresAtMs = Math.min(this.expiresAtMs, this.#deadlineAtMs);
    }
    return undefined;
  }

  #grpcRequest(): GrpcRequest {
    const { id, protocol, secure, method, host, path, query, headers, peer } = this.request;
    const service = path.slice(1, this.#methodAt - 1);
    const rpc = path.slice(this.#methodAt);
    return { id, protocol, secure, method, host, path, query, headers, peer, service, rpc, message: this.#message };
  }

  /** Takes what came of the message. */
  add(chunk: Buffer): void {
    const refusal = this.body.add(chunk);
    if (!this.isReading) return;
    if (this.#expectedBytes === 0) {
      this.#header = this.#header === undefined ? chunk : Buffer.concat([this.#header, chunk]);
      if (this.#header.length < FRAME_HEADER_BYTES) return;
      const flagged = this.#readFrameHeader(this.#header);
      this.#header = undefined;
      if (flagged !== undefined) return this.#refuse(flagged[0], flagged[1]);
    }
    if (this.body.bytesIn > this.#expectedBytes) {
      this.#refuse(GRPC_UNIMPLEMENTED, 'the call carries more than one message');
    } else if (refusal !== undefined) {
      this.#refuse(GRPC_UNAVAILABLE, REFUSALS.busy.message);
    }
  }

  #readFrameHeader(header: Buffer): [code: number, message: string] | undefined {
    const { messageBytesMax } = this.context.limits;
    const messageBytes = header.readUInt32BE(1);
    if (header[0] !== 0) {
      const coding = this.request.headers['grpc-encoding'] ?? 'identity';
      // Compressed without saying how is a broken peer; with a coding that we lack, one that can do without.
      if (header[0] !== 1 || coding === 'identity')
        return [GRPC_INTERNAL, 'the compressed flag of the message is not valid'];
      return [GRPC_UNIMPLEMENTED, 'messages must not be compressed'];
    }
    if (messageBytes > messageBytesMax) {
      return [GRPC_RESOURCE_EXHAUSTED, `Received message larger than max (${messageBytes} vs. ${messageBytesMax})`];
    }
    this.#expectedBytes = FRAME_HEADER_BYTES + messageBytes;
    return undefined;
  }

  /** Asks the handler, once nothing more comes. */
  end(): void {
    if (!this.isReading) return;
    const { bytesIn } = this.body;
    if (bytesIn === 0) return this.#refuse(GRPC_UNIMPLEMENTED, 'the call carries no message');
    if (this.#expectedBytes === 0 || bytesIn < this.#expectedBytes)
      return this.#refuse(GRPC_INTERNAL, 'the message is cut off');
    if (performance.now() >= this.#deadlineAtMs) return this.#refuse(GRPC_DEADLINE_EXCEEDED, 'the deadline passed');
    this.#message = this.body.take().subarray(FRAME_HEADER_BYTES);
    this.ask(this.#deadlineAtMs);
  }

  #refuse(code: number, message: string): void {
    this.#fail({ ok: false, code, message });
  }

  /** Ends the call with trailers only: one block of headers that holds the status. */
  #fail({ code, message, details }: GrpcFailure): void {
    if (this.phase === 'answered' || this.phase === 'closed') return;
    const status = this.request.method === 'POST' ? 200 : REFUSALS.grpcMethod.status;
    const trailers: Record<string, string | number> = {
      ':status': status,
      'content-type': 'application/grpc',
      date: httpDate(),
      'x-request-id': this.request.id,
      'grpc-status': String(code),
    };
    // A field value may not begin or end with a space (RFC 9113 section 8.2.1).
    const text = message.slice(0, STATUS_MESSAGE_CHARS_MAX).trim();
    if (text !== '') trailers['grpc-message'] = encodeStatusMessage(text);
    if (details !== undefined && details.byteLength <= STATUS_DETAILS_BYTES_MAX) {
      trailers['grpc-status-details-bin'] = encodeBinary(details);
    }
    if (code === GRPC_UNIMPLEMENTED) trailers['grpc-accept-encoding'] = 'identity';
    this.answered();
    this.#stream.answer(headerBlock(trailers), '', undefined);
    if (!this.#stream.isEnded) this.linger();
    this.report(status, 0, code);
  }
}

function isProto(contentType = ''): boolean {
  if (contentType === PLAIN_CONTENT_TYPE) return true;
  const subtype = CONTENT_TYPE.exec(contentType)?.[1] ?? '';
  return subtype === '' || subtype.toLowerCase() === '+proto';
}

/** Where the method's name begins in `/package.Service/Method`; 0 where the path has another form. */
function methodAt(path: string): number {
  const slash = path.indexOf('/', 1);
  const isMethod = slash > 1 && slash < path.length - 1 && !path.includes('/', slash + 1);
  return isMethod ? slash + 1 : 0;
}

let okBlockDate = '';
let okBlockBytes: Buffer = Buffer.alloc(0);

/** The headers of every answer with a message, but for the request's id, which is written behind them. */
function okBlock(): Buffer {
  const date = httpDate();
  if (date !== okBlockDate) {
    const headers = { ':status': 200, 'content-type': 'application/grpc', date };
    okBlockBytes = headerBlock(headers, { name: 'x-request-id', chars: REQUEST_ID_CHARS });
    okBlockDate = date;
  }
  return okBlockBytes;
}

function expireCall(call: GrpcCall): void {
  call.expire();
}
