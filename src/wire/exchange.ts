// One request and its answer, whatever carries it: asks the handler once, is answered once, and lets go of everything
// when the peer is gone. A plain value from the handler is written in the same turn, without a promise.

import type { Body } from './body.ts';
import type { Connection } from './connection.ts';
import { type Expiring, report, type WireContext } from './context.ts';
import type { OpenRequest } from './head.ts';

export abstract class Exchange<Answer> implements Expiring {
  expiresAtMs: number;
  place = 0;
  readonly connection: Connection;
  readonly request: OpenRequest;
  protected phase: 'reading' | 'handling' | 'answered' | 'closed' = 'reading';
  protected readonly context: WireContext;
  protected readonly body: Body;
  protected readonly startedMs: number = performance.now();

  constructor(context: WireContext, connection: Connection, request: OpenRequest, body: Body) {
    this.context = context;
    this.connection = connection;
    this.request = request;
    this.body = body;
    this.expiresAtMs = this.startedMs + context.limits.requestMs;
    context.load.watch(this);
    connection.open++;
  }

  /** Calls the handler. */
  protected abstract invoke(): Answer | Promise<Answer>;
  /** Writes the handler's answer. What it throws goes to `fail`. */
  protected abstract answer(answer: Answer): void;
  /** Answers for a handler that failed. */
  protected abstract fail(error: unknown): void;
  /** Answers a request that did not arrive in time. */
  protected abstract refuseSlow(): void;
  /** Ends what the peer does not take. */
  protected abstract abandon(): void;
  /** Reports that the peer left before it was answered. */
  protected abstract reportGone(): void;

  get isReading(): boolean {
    return this.phase === 'reading';
  }

  /** To be called when nothing more will pass: all was sent, or the peer is gone. */
  close(): void {
    if (this.phase === 'closed') return;
    if (this.phase !== 'answered') this.reportGone();
    this.phase = 'closed';
    this.body.release();
    this.context.load.forget(this);
    this.connection.open--;
  }

  expire(): void {
    if (this.phase === 'reading') this.refuseSlow();
    else this.abandon();
  }

  /** Asks the handler, unless the request was answered or left meanwhile. `expiresAtMs` bounds its time. */
  protected ask(expiresAtMs: number): void {
    if (this.phase !== 'reading') return;
    const { load } = this.context;
    this.phase = 'handling';
    this.expiresAtMs = expiresAtMs;
    load.handling++;
    let answer: Answer | Promise<Answer>;
    try {
      answer = this.invoke();
    } catch (error) {
      return this.#settle(undefined, error);
    }
    if (!(answer instanceof Promise)) return this.#settle(answer);
    answer.then(
      (value) => this.#settle(value),
      (error) => this.#settle(undefined, error ?? new Error('the handler failed without an error')),
    );
  }

  /** Marks the answer as under way; from now on the peer's slowness is what is bounded. */
  protected answered(): void {
    this.phase = 'answered';
    this.body.release();
    this.expiresAtMs = performance.now() + this.context.limits.stalledMs;
  }

  /**
   * Leaves time to throw away the rest of a body that was answered too early for its sender. Ending the stream now would
   * reset it under the peer's hands, before it has read why (RFC 9112 section 9.6; the same holds for HTTP/2).
   */
  protected linger(): void {
    this.expiresAtMs = performance.now() + this.context.limits.lingerMs;
  }

  protected report(status: number, bytesOut: number, grpcCode?: number): void {
    if (this.context.onRequest === undefined) return;
    const { id, protocol, method, path, peer } = this.request;
    const durationMs = performance.now() - this.startedMs;
    const entry = { id, protocol, method, path, status, durationMs, bytesIn: this.body.bytesIn, bytesOut, peer };
    report(this.context, grpcCode === undefined ? entry : { ...entry, grpcCode });
  }

  #settle(answer: Answer | undefined, error?: unknown): void {
    this.context.load.handling--;
    // A peer that left, or a deadline that passed, wants no answer any more; a failure is still worth knowing.
    if (this.phase !== 'handling') {
      if (error !== undefined) this.context.onError(error, this.request.id);
      return;
    }
    if (error !== undefined) return this.#failed(error);
    try {
      this.answer(answer as Answer);
    } catch (problem) {
      // Nothing was sent: all headers are checked before any is written.
      this.phase = 'handling';
      this.#failed(problem);
    }
  }

  #failed(error: unknown): void {
    try {
      this.fail(error);
    } catch {
      // Not even a refusal can be written, so the peer is told by the end of its stream.
      this.abandon();
    }
  }
}
