// HTTP/1.1 over sockets that the listener hands in: what a request that was read may ask for, and its answer. A second or
// missing host, another expectation, a target that is not a path are refused here; the protocol itself is in `h1`.

import type { Socket } from 'node:net';
import { report, type WireContext } from './context.ts';
import { answerHead } from './h1/answer-head.ts';
import { KnownHeads } from './h1/known-heads.ts';
import type { RequestHead } from './h1/request-head.ts';
import { cutTarget, hostOf, openRequest, type RequestParts, targetProblem } from './head.ts';
import { httpDate } from './http-date.ts';
import { type AnswerHeaders, HttpExchange } from './http-exchange.ts';
import { type ConnectionOwner, Http1Connection, type Prepared } from './http1-connection.ts';
import type { WireLimits } from './limits.ts';
import { REFUSALS, type Refusal } from './refusal.ts';

/** Ours: up to this a copy is cheaper than a second buffer for the kernel. */
const JOINED_BYTES_MAX = 64 * 1024;

/** What the requests of a connection share that have the same head. */
interface Made {
  readonly parts: RequestParts;
  readonly problem: Refusal | undefined;
  readonly expectsContinue: boolean;
}

/** All HTTP/1.1 connections of one listener. */
export class Http1Front {
  readonly #connections: Set<Http1Connection<Made>> = new Set();
  readonly #heads: ConnectionOwner<Made>['heads'] = new KnownHeads();
  readonly #context: WireContext;
  readonly #kept: string;

  constructor(context: WireContext) {
    this.#context = context;
    // Clients that read it do not ask on a connection that is about to be closed.
    this.#kept = `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(context.limits.idleMs / 1000)}\r\n`;
  }

  /** Takes over a socket whose first bytes were put back. */
  accept(socket: Socket, secure: boolean): void {
    const context = this.#context;
    const connection = new Http1Connection<Made>(socket, secure, context, {
      heads: this.#heads,
      prepare: (head) => prepare(head, context.limits),
      request: (asked, prepared) => this.#receive(asked, prepared),
      refused: (id, status) => {
        const { peer } = connection.connection;
        const nothing = { method: '', path: '', durationMs: 0, bytesIn: 0, bytesOut: 0 };
        report(context, { id, protocol: 'http/1.1', status, peer, ...nothing });
      },
      closed: () => {
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#heads.clear();
        context.load.forget(connection);
      },
    });
    this.#connections.add(connection);
    context.load.watch(connection);
    socket.resume();
  }

  /** Ends connections on which nothing is under way. */
  endIdle(): void {
    for (const connection of this.#connections) if (connection.isIdle) connection.end();
  }

  #receive(connection: Http1Connection<Made>, prepared: Prepared<Made>): void {
    const context = this.#context;
    const exchange = new Http1Exchange(context, connection, prepared.made.parts, this.#kept);
    connection.take(exchange, prepared);
    const isTooMany = connection.connection.open > context.limits.pipelinedMax;
    const problem = isTooMany ? REFUSALS.pipelined : prepared.made.problem;
    if (problem !== undefined) return exchange.refuse(problem);
    if (prepared.head.body === 0) return exchange.receiveNothing();
    exchange.expectBody();
    if (prepared.made.expectsContinue && exchange.isReading) connection.expect();
  }
}

function prepare({ method, target, headers, isCurrent }: RequestHead, limits: WireLimits): Made {
  const host = hostOf(headers['host']);
  const expected = isCurrent ? headers['expect']?.toLowerCase() : undefined;
  const expectsContinue = expected === '100-continue';
  let problem = targetProblem(method, target, limits.targetBytesMax);
  if (host === '') problem ??= REFUSALS.host;
  if (expected !== undefined && !expectsContinue) problem ??= REFUSALS.expectation;
  return { parts: cutTarget(method, target, host, headers), problem, expectsContinue };
}

class Http1Exchange extends HttpExchange {
  readonly #to: Http1Connection<Made>;
  readonly #kept: string;
  #isClosing = false;

  constructor(context: WireContext, to: Http1Connection<Made>, parts: RequestParts, kept: string) {
    super(context, to.connection, openRequest('http/1.1', to.connection, parts));
    this.#to = to;
    this.#kept = kept;
  }

  /** Also ends the connection, unless only the handler failed: behind a malformed request nothing can be trusted. */
  override refuse(refusal: Refusal): void {
    this.#isClosing = refusal !== REFUSALS.internal;
    super.refuse(refusal);
  }

  protected override send(status: number, headers: AnswerHeaders, body: string | Uint8Array | undefined): void {
    const isLast = this.#isClosing || this.context.load.draining || this.#to.isLast(this);
    const kept = isLast ? 'connection: close\r\n' : this.#kept;
    const head = answerHead(status, headers, `date: ${httpDate()}\r\n${kept}`);
    this.#to.answer(this, joined(head, body), isLast);
  }

  protected override abandon(): void {
    this.#to.destroy();
  }
}

/** What is to be written, in as few pieces as is worth it: each costs a call of the kernel. */
function joined(head: string, body: string | Uint8Array | undefined): readonly (string | Uint8Array)[] {
  if (body === undefined) return [head];
  if (typeof body === 'string') {
    if (Buffer.byteLength(body) === body.length) return [head + body];
    return joined(head, Buffer.from(body));
  }
  if (body.length > JOINED_BYTES_MAX) return [head, body];
  const whole = Buffer.allocUnsafe(head.length + body.length);
  whole.write(head, 'latin1');
  whole.set(body, head.length);
  return [whole];
}
