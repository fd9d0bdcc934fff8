// Sends every line of every stream to a place outside of the server: a file, or whoever takes a POST. What is sent is on
// the disk already, up to the marks that the store keeps, and what was taken is noted in the store only afterwards; so
// the sink may be behind and may get a line twice, and never misses one. One batch is in memory at a time.

import { hash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { AuditMark } from '../core/audit-port.ts';
import type { MetaStore, Store } from '../core/ports.ts';
import { Backlog, type SinkPlace } from './sink-backlog.ts';
import { nextBatch, type SinkBatch } from './sink-batch.ts';
import { openTarget, type SinkTarget } from './sink-target.ts';
import { isStream, serverOf } from './stream.ts';

/** How often the marks are looked at. */
const POLL_MS = 500;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 60_000;

export interface SinkOptions {
  /** Holds the streams. */
  readonly directory: string;
  /** `file:/PATH`, `https://…` or `http://…`. */
  readonly target: string;
  /** A file of `Name: value` lines that go with each POST, read anew each time; a token belongs there. */
  readonly headersFile?: string;
  readonly meta: MetaStore;
  readonly store: Pick<Store, 'auditMarks'>;
  /** Only its streams are sent: the others of a shared store send theirs. */
  readonly server: string;
  /** Told once of each new failure; the sink goes on trying. */
  readonly onFailure: (error: Error) => void;
}

export interface AuditSink {
  /** What the sink has not taken yet, as of the last look. */
  backlog(): { readonly bytes: number; readonly oldestTime?: number };
  /** The last record of each stream that it has taken. */
  delivered(): ReadonlyMap<string, number>;
  /** Why it does not take any at present; undefined while all is well. */
  readonly problem: string | undefined;
  /** Ends after the batch that is under way. */
  stop(): Promise<void>;
}

/** Starts sending. Throws where the target is none that can be. */
export async function openAuditSink(options: SinkOptions): Promise<AuditSink> {
  const target = openTarget(options.target, options.headersFile);
  const key = keyOf(options.target, options.server);
  const places = readPlaces(await options.meta.meta(key));
  const sink = new Sink(options, target, key, places);
  sink.start();
  return sink;
}

/** The last record of each stream that the sink of this target has taken, as any thread may read it. */
export async function readDelivered(
  meta: Pick<MetaStore, 'meta'>,
  target: string,
  server: string,
): Promise<ReadonlyMap<string, number>> {
  return sequencesOf(readPlaces(await meta.meta(keyOf(target, server))));
}

class Sink implements AuditSink {
  readonly #options: SinkOptions;
  readonly #target: SinkTarget;
  readonly #key: string;
  readonly #places: Map<string, SinkPlace>;
  readonly #backlog: Backlog;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #problem: string | undefined;
  #retryMs = RETRY_MS_MIN;
  #lookedAtMs = -Infinity;

  constructor(options: SinkOptions, target: SinkTarget, key: string, places: Map<string, SinkPlace>) {
    this.#options = options;
    this.#target = target;
    this.#key = key;
    this.#places = places;
    this.#backlog = new Backlog(options.directory);
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  start(): void {
    this.#running = this.#run();
  }

  backlog(): { readonly bytes: number; readonly oldestTime?: number } {
    return this.#backlog.last;
  }

  delivered(): ReadonlyMap<string, number> {
    return sequencesOf(this.#places);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#target.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let waitMs = POLL_MS;
      try {
        await this.#round();
        this.#problem = undefined;
        this.#retryMs = RETRY_MS_MIN;
      } catch (error) {
        if (signal.aborted) return;
        this.#tell(error);
        waitMs = this.#retryMs;
        this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
      }
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Sends all that the marks cover by now. Rejects with the first failure; one of a stream's files stops that stream. */
  async #round(): Promise<void> {
    const { store, server } = this.#options;
    const marks = (await store.auditMarks()).filter(({ stream }) => isStream(stream) && serverOf(stream) === server);
    let failure: { readonly error: unknown } | undefined;
    for (const mark of marks) {
      for (;;) {
        await this.#look(marks);
        const batch = await nextBatch(this.#options.directory, mark, this.#places.get(mark.stream)).catch((error) => {
          failure ??= { error };
          return undefined;
        });
        if (batch === undefined || this.#stopping.signal.aborted) break;
        await this.#deliver(batch, mark.stream);
      }
    }
    if (failure !== undefined) throw failure.error;
    await this.#backlog.look(marks, this.#places);
  }

  async #deliver({ lines, end, skippedTo }: SinkBatch, stream: string): Promise<void> {
    await this.#target.send(lines, stream, this.#stopping.signal);
    this.#places.set(stream, end);
    await this.#options.meta.setMeta(this.#key, Buffer.from(JSON.stringify(Object.fromEntries(this.#places))));
    this.#retryMs = RETRY_MS_MIN;
    if (skippedTo === undefined) return;
    this.#tell(new Error(`records up to ${skippedTo} of the stream ${stream} were gone before they could be sent`));
  }

  /** Not at each batch: a long backlog has many files. */
  async #look(marks: readonly AuditMark[]): Promise<void> {
    if (performance.now() - this.#lookedAtMs < POLL_MS) return;
    this.#lookedAtMs = performance.now();
    await this.#backlog.look(marks, this.#places).catch(() => undefined);
  }

  #tell(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (problem !== this.#problem) {
      this.#options.onFailure(new Error(`the audit sink: ${problem}`, { cause: error }));
    }
    this.#problem = problem;
  }
}

/** Another target begins with the first line there is. */
function keyOf(target: string, server: string): string {
  return `audit.sink.${server}${hash('sha256', target).slice(0, 16)}`;
}

function readPlaces(bytes: Uint8Array | undefined): Map<string, SinkPlace> {
  if (bytes === undefined) return new Map();
  const places = JSON.parse(Buffer.from(bytes).toString('utf8')) as Readonly<Record<string, SinkPlace>>;
  return new Map(Object.entries(places));
}

function sequencesOf(places: ReadonlyMap<string, SinkPlace>): ReadonlyMap<string, number> {
  return new Map([...places].map(([stream, { sequence }]) => [stream, sequence]));
}
