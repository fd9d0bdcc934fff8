// Questions and answers between two threads. Whatever is asked in one turn of the event loop goes in one message, and so
// do the answers: a message costs more than what is in it. Every question has its bound in time, and ends when the other
// side does. Only plain data crosses; a Fault is made anew from its code and facts.

import { Fault, type FaultData } from '../core/error.ts';
import type { Maybe } from '../core/ports.ts';
import { Stale } from '../ops/writer.ts';

/** A MessagePort, or the Worker at the other end of one. */
export interface Port {
  postMessage(message: unknown): void;
}

/** What one side can be asked. Each takes and answers plain data, and may throw. */
export type Answerers = Readonly<Record<string, (value: never) => Maybe<unknown>>>;

interface Question {
  readonly id: number;
  readonly what: string;
  readonly value: unknown;
}

type Failure = { readonly fault: FaultData } | { readonly stale: true } | { readonly error: unknown };
type Answer = { readonly id: number; readonly value: unknown } | ({ readonly id: number } & Failure);

interface Parcel {
  readonly questions: readonly Question[];
  readonly answers: readonly Answer[];
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly endsAtMs: number;
}

/** How often overdue questions are looked for. */
const SWEEP_MS = 250;
/** Ours: below what the clients' own deadlines usually are. */
export const ANSWER_MS_MAX = 10_000;

export class Line {
  readonly #port: Port;
  readonly #answerers: Answerers;
  readonly #late: () => Error;
  readonly #waiting = new Map<number, Waiting>();
  readonly #timer: NodeJS.Timeout;
  #questions: Question[] = [];
  #answers: Answer[] = [];
  #nextId = 1;
  #ended = false;

  /** `late` is what a question ends in that was not answered. The caller hands every message of the port to `receive`. */
  constructor(port: Port, answerers: Answerers, late: () => Error) {
    this.#port = port;
    this.#answerers = answerers;
    this.#late = late;
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
    this.#timer.unref();
  }

  /** Asks the other side; rejects with what it threw, or where no answer came in time. */
  ask(what: string, value: unknown, limitMs: number = ANSWER_MS_MAX): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#late());
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject, endsAtMs: performance.now() + limitMs });
    this.#send();
    this.#questions.push({ id, what, value });
    return promise;
  }

  receive(message: unknown): void {
    const { questions, answers } = message as Parcel;
    for (const answer of answers) this.#settle(answer);
    for (const question of questions) this.#answer(question);
  }

  /** Ends every question that waits. */
  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    for (const { reject } of this.#waiting.values()) reject(this.#late());
    this.#waiting.clear();
  }

  #send(): void {
    if (this.#questions.length > 0 || this.#answers.length > 0) return;
    setImmediate(() => {
      const parcel: Parcel = { questions: this.#questions, answers: this.#answers };
      this.#questions = [];
      this.#answers = [];
      if (!this.#ended) this.#port.postMessage(parcel);
    });
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    if ('value' in answer) waiting.resolve(answer.value);
    else waiting.reject(thrown(answer));
  }

  #answer({ id, what, value }: Question): void {
    const reply = (answer: Answer): void => {
      this.#send();
      this.#answers.push(answer);
    };
    const failed = (error: unknown): void => reply({ id, ...failure(error) });
    try {
      const answerer = this.#answerers[what];
      if (answerer === undefined) throw new Error(`nobody answers ${what}`);
      const answer = answerer(value as never);
      if (answer instanceof Promise) answer.then((settled) => reply({ id, value: settled }), failed);
      else reply({ id, value: answer });
    } catch (error) {
      failed(error);
    }
  }

  #sweep(): void {
    const now = performance.now();
    for (const [id, { endsAtMs, reject }] of this.#waiting) {
      // They were asked in their order, most with the same bound.
      if (endsAtMs > now) continue;
      this.#waiting.delete(id);
      reject(this.#late());
    }
  }
}

function failure(error: unknown): Failure {
  if (error instanceof Fault && error.code !== 'INTERNAL') return { fault: { code: error.code, facts: error.facts } };
  if (error instanceof Stale) return { stale: true };
  return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

function thrown(failed: Failure): Error {
  if ('fault' in failed) return new Fault(failed.fault.code, failed.fault.facts);
  if ('stale' in failed) return new Stale();
  return new Fault('INTERNAL', {}, { cause: failed.error });
}
