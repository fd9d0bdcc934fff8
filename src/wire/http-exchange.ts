// One HTTP request and its answer, the same for HTTP/1.1 and HTTP/2: reads the body, asks the handler, answers once.
// A handler that fails, or answers what HTTP cannot say, becomes a 500 that names only the request id.

import { Body, inflate } from './body.ts';
import type { Connection } from './connection.ts';
import type { WireContext } from './context.ts';
import { Exchange } from './exchange.ts';
import type { OpenRequest } from './head.ts';
import { REFUSALS, type Refusal, refusalBody } from './refusal.ts';
import type { WireResponse } from './types.ts';

export type AnswerHeaders = Record<string, string | number>;

/** Headers that speak about the connection or the framing: the listener's, never a handler's (RFC 9110 section 7.6.1). */
const OWN_HEADERS = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
]);

/** What the log says where the peer left before its answer; nginx's number, never sent. */
const STATUS_PEER_GONE = 499;

export abstract class HttpExchange extends Exchange<WireResponse> {
  #isZipped = false;

  constructor(context: WireContext, connection: Connection, request: OpenRequest) {
    super(context, connection, request, new Body(context, context.limits.bodyBytesMax));
  }

  /** Writes an answer. `body` is undefined where nothing of it is to be sent. */
  protected abstract send(status: number, headers: AnswerHeaders, body: string | Uint8Array | undefined): void;

  /** Hands a request without a body to the handler at once. */
  receiveNothing(): void {
    this.ask(Number.POSITIVE_INFINITY);
  }

  /** Judges what the head says about the body that follows; then `add` and `end` are to be called. */
  expectBody(): void {
    const { headers } = this.request;
    const coding = headers['content-encoding'];
    this.#isZipped = coding === 'gzip' || coding === 'x-gzip';
    if (Number(headers['content-length']) > this.context.limits.bodyBytesMax) return this.refuse(REFUSALS.bodyLarge);
    if (coding !== undefined && !this.#isZipped && coding !== 'identity') this.refuse(REFUSALS.bodyCoding);
  }

  /** Takes a part of the body. */
  add(chunk: Buffer): void {
    const refusal = this.body.add(chunk);
    if (refusal !== undefined) this.refuse(refusal);
  }

  /** Asks the handler, once the body is whole. */
  end(): void {
    if (!this.isReading) return;
    this.request.body = this.body.take();
    if (this.#isZipped) this.#inflate();
    else this.ask(Number.POSITIVE_INFINITY);
  }

  /** Answers without the handler. It does nothing once an answer is under way. */
  refuse(refusal: Refusal): void {
    if (this.phase === 'answered' || this.phase === 'closed') return;
    const headers = { 'content-type': 'application/json; charset=utf-8', ...refusal.headers };
    this.#write({ status: refusal.status, headers, body: refusalBody(refusal, this.request.id) });
  }

  protected override invoke(): WireResponse | Promise<WireResponse> {
    return this.context.handler.http(this.request);
  }

  protected override answer(response: WireResponse): void {
    const { status } = response;
    if (!(status >= 200 && status <= 599)) throw new RangeError(`the handler answered with status ${status}`);
    this.#write(response);
  }

  protected override fail(error: unknown): void {
    this.context.onError(error, this.request.id);
    this.refuse(REFUSALS.internal);
  }

  protected override refuseSlow(): void {
    this.refuse(REFUSALS.slow);
  }

  protected override reportGone(): void {
    this.report(STATUS_PEER_GONE, 0);
  }

  #inflate(): void {
    inflate(this.request.body, this.context.limits.bodyBytesMax, (content, refusal) => {
      this.request.body = content;
      if (refusal === undefined) this.ask(Number.POSITIVE_INFINITY);
      else this.refuse(refusal);
    });
  }

  #write(response: WireResponse): void {
    const { status } = response;
    const bodiless = status === 204 || status === 304;
    const body = bodiless ? undefined : response.body;
    const headers = answerHeaders(response, this.request.id);
    const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body) : (body?.byteLength ?? 0);
    if (!bodiless) headers['content-length'] = bodyBytes;
    const sentBytes = this.request.method === 'HEAD' ? 0 : bodyBytes;
    this.answered();
    this.send(status, headers, sentBytes === 0 ? undefined : body);
    this.report(status, sentBytes);
  }
}

function answerHeaders(response: WireResponse, requestId: string): AnswerHeaders {
  const headers: AnswerHeaders = { 'x-request-id': requestId, 'cache-control': 'private, no-store' };
  const given = response.headers;
  for (const name in given) {
    const lowerName = name.toLowerCase();
    if (!OWN_HEADERS.has(lowerName)) headers[lowerName] = given[name] as string;
  }
  return headers;
}
