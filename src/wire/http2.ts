// HTTP/2 over sockets that the listener hands in, with and without TLS. Each stream is either a gRPC call or an HTTP
// request (RFC 9113). Only 'stream' is listened to: Node's 'request' layer would send trailers a second time.

import http2, { type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type Connection, connectionOf, remember } from './connection.ts';
import type { WireContext } from './context.ts';
import { GrpcCall } from './grpc.ts';
import { hostOf, type OpenRequest, openRequest, SENT_ONCE, targetProblem } from './head.ts';
import { type AnswerHeaders, HttpExchange } from './http-exchange.ts';
import { REFUSALS, type Refusal } from './refusal.ts';
import type { Headers } from './types.ts';

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM } = http2.constants;

/** Ours: what a peer may send ahead on one stream and on all of a connection before we have read it. */
const STREAM_WINDOW_BYTES = 256 * 1024;
const CONNECTION_WINDOW_BYTES = 1024 * 1024;

/** Fields that may occur once. Node keeps the first of several in silence; a dialect must see that there were more. */
const SINGLE_FIELDS = new Set(['authorization', 'content-type', 'grpc-timeout', 'host']);

export interface Http2Front {
  readonly server: http2.Http2Server;
  /** Open sessions, for the drain. */
  readonly sessions: ReadonlySet<ServerHttp2Session>;
}

/** A server that never listens: it is fed by `emit('connection', socket)`. */
export function http2Server(context: WireContext): Http2Front {
  const { limits } = context;
  const sessions = new Set<ServerHttp2Session>();
  const server = http2.createServer({
    maxHeaderListPairs: limits.headerCountMax,
    maxSessionMemory: limits.sessionMegabytesMax,
    streamResetBurst: limits.streamResetsBurst,
    streamResetRate: limits.streamResetsPerSecond,
    settings: {
      enablePush: false,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxConcurrentStreams: limits.streamsMax,
      maxHeaderListSize: limits.headerBytesMax,
    },
  });
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    openSession(context, session);
  });
  server.on('stream', (stream, headers, flags, rawHeaders) => {
    receive(context, stream as ServerHttp2Stream, headers, (flags & NGHTTP2_FLAG_END_STREAM) !== 0, rawHeaders);
  });
  // Node destroys the session by itself; without a listener the error would end the process.
  server.on('sessionError', () => {});
  return { server, sessions };
}

function openSession(context: WireContext, session: ServerHttp2Session): void {
  const { socket, encrypted } = session;
  const connection = remember(session, socket, encrypted === true);
  if (context.load.draining) return session.close();
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  const onIdle = (): void => {
    // Streams under way have waits of their own.
    if (connection.open === 0) session.close();
    else session.setTimeout(context.limits.idleMs, onIdle);
  };
  session.setTimeout(context.limits.idleMs, onIdle);
}

function receive(
  context: WireContext,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  ended: boolean,
  rawHeaders: readonly string[],
): void {
  // A stream that fails has told its peer; without a listener the error would end the process.
  stream.on('error', ignore);
  const { session } = stream;
  if (session === undefined || stream.destroyed) return;
  joinRepeated(headers, rawHeaders);
  const connection = connectionOf(session);
  const request = readRequest(connection, headers);
  const problem = requestProblem(context, request, headers);
  if (problem === undefined && GrpcCall.isMeant(request.headers['content-type'])) {
    return new GrpcCall(context, connection, stream, request).receive(ended);
  }
  const exchange = new Http2Exchange(context, connection, request, stream, ended);
  if (problem !== undefined) return exchange.refuse(problem);
  if (ended) return exchange.receiveNothing();
  const continues = request.headers['expect']?.toLowerCase() === '100-continue';
  exchange.receive(stream, continues ? () => stream.additionalHeaders({ ':status': 100 }) : undefined);
}

function ignore(): void {}

function joinRepeated(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    if (SINGLE_FIELDS.has(name) && headers[name] !== value) headers[name] = `${headers[name]}, ${value}`;
  }
}

function readRequest(connection: Connection, headers: IncomingHttpHeaders): OpenRequest {
  const host = hostOf(headers[':authority'] ?? headers.host);
  return openRequest('h2', connection, headers[':method'] ?? '', headers[':path'] ?? '', host, headers as Headers);
}

function requestProblem(context: WireContext, request: OpenRequest, headers: IncomingHttpHeaders): Refusal | undefined {
  const problem = targetProblem(request.method, headers[':path'] ?? '', context.limits.targetBytesMax);
  if (problem !== undefined) return problem;
  // RFC 9113 section 8.3.1: a Host that says something else than :authority is malformed.
  const differs = headers.host !== undefined && hostOf(headers.host) !== request.host;
  return request.host === '' || differs ? REFUSALS.host : undefined;
}

class Http2Exchange extends HttpExchange {
  readonly #stream: ServerHttp2Stream;
  readonly #ended: boolean;

  constructor(
    context: WireContext,
    connection: Connection,
    request: OpenRequest,
    stream: ServerHttp2Stream,
    ended: boolean,
  ) {
    super(context, connection, request);
    this.#stream = stream;
    this.#ended = ended;
    stream.on('close', () => this.close());
  }

  protected override send(status: number, headers: AnswerHeaders, body: string | Uint8Array | undefined): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const fields = { ':status': status, ...headers, [http2.sensitiveHeaders]: SENT_ONCE };
    stream.respond(fields, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    if (!this.#ended && !stream.readableEnded) this.linger(stream);
  }

  protected override abandon(): void {
    this.#stream.close(NGHTTP2_CANCEL);
  }
}
