// HTTP/2 over sockets that the listener hands in, with and without TLS. Each stream is either a gRPC call or an HTTP
// request; the protocol itself is in `h2`.

import type { Socket } from 'node:net';
import { type Connection, connectionTo } from './connection.ts';
import type { WireContext } from './context.ts';
import { GrpcCall } from './grpc.ts';
import { headerBlock } from './h2/header-block.ts';
import { CANCEL } from './h2/protocol.ts';
import type { RequestHead } from './h2/request-head.ts';
import { Session } from './h2/session.ts';
import type { Stream, StreamOwner } from './h2/stream.ts';
import { Turn } from './h2/turn.ts';
import { cutTarget, hostOf, type OpenRequest, openRequest, type RequestParts, targetProblem } from './head.ts';
import { httpDate } from './http-date.ts';
import { type AnswerHeaders, HttpExchange } from './http-exchange.ts';
import type { WireLimits } from './limits.ts';
import { REFUSALS, type Refusal } from './refusal.ts';

const CONTINUE = headerBlock({ ':status': 100 });

/** What the requests of a connection share that have the same head. */
interface Prepared {
  readonly parts: RequestParts;
  readonly problem: Refusal | undefined;
  readonly isGrpc: boolean;
}

/** All HTTP/2 connections of one listener. */
export class Http2Front {
  /** Open sessions, for the drain. */
  readonly sessions: Set<Session<Prepared>> = new Set();
  readonly #context: WireContext;
  readonly #turn = new Turn();

  constructor(context: WireContext) {
    this.#context = context;
  }

  /** Takes over a socket whose first bytes were put back. */
  accept(socket: Socket, secure: boolean): void {
    const context = this.#context;
    const connection = connectionTo(socket, secure);
    const session = new Session<Prepared>(socket, this.#turn, context.limits, {
      prepare: (head) => prepare(head, context.limits),
      request: (stream, prepared, ended) => receive(context, connection, stream, prepared, ended),
      failed: (error) => context.onError(error),
      closed: () => {
        this.sessions.delete(session);
        context.load.forget(session);
      },
    });
    this.sessions.add(session);
    context.load.watch(session);
    socket.resume();
  }
}

function prepare({ method, target, authority, headers }: RequestHead, limits: WireLimits): Prepared {
  const host = hostOf(authority ?? headers['host']);
  // RFC 9113 section 8.3.1: a Host that says something else than :authority is malformed.
  const differs = headers['host'] !== undefined && hostOf(headers['host']) !== host;
  const problem =
    targetProblem(method, target, limits.targetBytesMax) ?? (host === '' || differs ? REFUSALS.host : undefined);
  const isGrpc = problem === undefined && GrpcCall.isMeant(headers['content-type']);
  return { parts: cutTarget(method, target, host, headers), problem, isGrpc };
}

function receive(
  context: WireContext,
  connection: Connection,
  stream: Stream,
  { parts, problem, isGrpc }: Prepared,
  ended: boolean,
): void {
  const request = openRequest('h2', connection, parts);
  if (isGrpc) return new GrpcCall(context, connection, stream, request).receive(ended);
  const exchange = new Http2Exchange(context, connection, request, stream);
  if (problem !== undefined) return exchange.refuse(problem);
  if (ended) return exchange.receiveNothing();
  exchange.expectBody();
  if (exchange.isReading && request.headers['expect']?.toLowerCase() === '100-continue') stream.inform(CONTINUE);
}

class Http2Exchange extends HttpExchange implements StreamOwner {
  readonly #stream: Stream;

  constructor(context: WireContext, connection: Connection, request: OpenRequest, stream: Stream) {
    super(context, connection, request);
    this.#stream = stream;
    stream.owner = this;
  }

  protected override send(status: number, headers: AnswerHeaders, body: string | Uint8Array | undefined): void {
    const stream = this.#stream;
    const block = headerBlock({ ':status': status, date: httpDate(), ...headers });
    stream.answer(block, '', typeof body === 'string' ? Buffer.from(body) : body);
    if (!stream.isEnded) this.linger();
  }

  protected override abandon(): void {
    this.#stream.reset(CANCEL);
  }
}
