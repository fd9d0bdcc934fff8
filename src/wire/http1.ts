// HTTP/1.1 over sockets that the listener hands in. Node parses (RFC 9112); what it lets pass and we do not serve is
// refused here: a second or missing host, other transfer codings, too many headers, targets that are not a path.

import { randomUUID } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connectionOf } from './connection.ts';
import type { WireContext } from './context.ts';
import { cutTarget, hostOf, openRequest, targetProblem } from './head.ts';
import { type AnswerHeaders, HttpExchange } from './http-exchange.ts';
import { sweepMs } from './limits.ts';
import { REFUSALS, type Refusal, rawRefusal } from './refusal.ts';
import type { Headers } from './types.ts';

/** A server that never listens: it is fed by `emit('connection', socket)`. */
export function http1Server(context: WireContext): http.Server {
  const { limits } = context;
  const server = http.createServer({
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersMs,
    // Bodies are timed by the sweep, as those of HTTP/2 are.
    requestTimeout: 0,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: sweepMs(limits),
    joinDuplicateHeaders: true,
    // Checked here, so that the refusal has a body and an id.
    requireHostHeader: false,
    optimizeEmptyRequests: true,
  });
  // One more than allowed: Node drops what is over its limit in silence, so that only the surplus one tells.
  server.maxHeadersCount = limits.headerCountMax + 1;
  server.on('request', (request, response) => receive(context, request, response, false));
  server.on('checkContinue', (request, response) => receive(context, request, response, true));
  server.on('checkExpectation', (request, response) => {
    new Http1Exchange(context, request, response).refuse(REFUSALS.expectation);
  });
  server.on('connect', (request, socket) => refuseRaw(context, socket, REFUSALS.connect, request));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => onClientError(context, error, socket));
  // Node times headers and finds idle connections only on a server that has begun to listen.
  server.emit('listening');
  return server;
}

function receive(
  context: WireContext,
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
): void {
  const exchange = new Http1Exchange(context, request, response);
  const problem = requestProblem(context, request, exchange);
  if (problem !== undefined) return exchange.refuse(problem);
  if (!exchange.hasBody) return exchange.receiveNothing();
  exchange.connection.reading = exchange;
  exchange.receive(request);
  if (expectsContinue && exchange.isReading) response.writeContinue();
}

function requestProblem(context: WireContext, request: IncomingMessage, exchange: Http1Exchange): Refusal | undefined {
  const { limits } = context;
  if (exchange.connection.open > limits.pipelinedMax) return REFUSALS.pipelined;
  if (request.rawHeaders.length > 2 * limits.headerCountMax) return REFUSALS.headersLarge;
  const problem = targetProblem(request.method ?? '', request.url ?? '', limits.targetBytesMax);
  if (problem !== undefined) return problem;
  if (exchange.request.host === '') return REFUSALS.host;
  const coding = request.headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  // RFC 9112 section 6.1: a body in chunks before HTTP/1.1 is faulty framing.
  if (request.httpVersion !== '1.1') return REFUSALS.malformed;
  return coding.toLowerCase() === 'chunked' ? undefined : REFUSALS.transferCoding;
}

class Http1Exchange extends HttpExchange {
  /** RFC 9112 section 6.3: without these headers a request has no body. */
  readonly hasBody: boolean;
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse;
  #closing = false;

  constructor(context: WireContext, incoming: IncomingMessage, outgoing: ServerResponse) {
    const connection = connectionOf(incoming.socket);
    const { method = '', url = '' } = incoming;
    const headers = incoming.headers as Headers;
    super(
      context,
      connection,
      openRequest('http/1.1', connection, cutTarget(method, url, hostOf(headers['host']), headers)),
    );
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    const contentLength = headers['content-length'];
    this.hasBody = (contentLength !== undefined && contentLength !== '0') || headers['transfer-encoding'] !== undefined;
    outgoing.on('close', () => this.close());
  }

  /** Reads the body from the parser. */
  receive(source: IncomingMessage): void {
    this.expectBody();
    source.on('data', (chunk: Buffer) => this.add(chunk));
    source.on('end', () => this.end());
  }

  /** Also ends the connection, unless only the handler failed: behind a malformed request nothing can be trusted. */
  override refuse(refusal: Refusal): void {
    this.#closing = refusal !== REFUSALS.internal;
    super.refuse(refusal);
  }

  protected override send(status: number, headers: AnswerHeaders, body: string | Uint8Array | undefined): void {
    const outgoing = this.#outgoing;
    const unread = this.hasBody && !this.#incoming.complete;
    if (unread || this.#closing || this.context.load.draining) headers['connection'] = 'close';
    outgoing.writeHead(status, headers);
    if (!unread) {
      outgoing.end(body);
      return;
    }
    if (body === undefined) outgoing.flushHeaders();
    else outgoing.write(body);
    this.#incoming.on('end', () => outgoing.end());
    this.linger();
    this.#incoming.resume();
  }

  protected override abandon(): void {
    this.#outgoing.socket?.destroy();
  }

  override close(): void {
    if (this.connection.reading === this) this.connection.reading = undefined;
    super.close();
  }
}

const CLIENT_ERRORS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: REFUSALS.headersLarge,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: REFUSALS.bodyLarge,
  ERR_HTTP_REQUEST_TIMEOUT: REFUSALS.slow,
};

function onClientError(context: WireContext, error: NodeJS.ErrnoException, socket: Duplex): void {
  const { open, reading } = connectionOf(socket);
  const isReading = reading?.isReading === true;
  const refusal = CLIENT_ERRORS[error.code ?? ''] ?? REFUSALS.malformed;
  // An answer written now would be taken for that of the request before it.
  if (error.code === 'ECONNRESET' || !socket.writable || open > 1 || (open === 1 && !isReading)) {
    socket.destroy();
  } else if (isReading) {
    reading.refuse(refusal);
    // The parser is lost, so no end of the body will be seen.
    (socket as Socket).destroySoon();
  } else {
    refuseRaw(context, socket, refusal);
  }
}

function refuseRaw(context: WireContext, socket: Duplex, refusal: Refusal, request?: IncomingMessage): void {
  const id = randomUUID();
  const answer = rawRefusal(refusal, id);
  const { peer } = connectionOf(socket);
  socket.on('error', () => socket.destroy());
  socket.end(answer);
  (socket as Socket).destroySoon();
  const { method = '' } = request ?? {};
  const { status } = refusal;
  context.onRequest?.({
    id,
    protocol: 'http/1.1',
    method,
    path: '',
    status,
    durationMs: 0,
    bytesIn: 0,
    bytesOut: 0,
    peer,
  });
}
