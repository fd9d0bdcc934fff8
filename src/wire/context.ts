// What all connections of one listener share: the handler, the limits, and the counts that limits and drain look at.

import type { WireLimits } from './limits.ts';
import type { Peer, WireHandler } from './types.ts';

/** One answered request, as the log and the metrics want it. It holds no header, no query and no body. */
export interface RequestEntry {
  readonly id: string;
  readonly protocol: 'http/1.1' | 'h2';
  /** Empty, as is the path, where the request could not be read so far. */
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Only of gRPC calls: the status code as in grpc/grpc `doc/statuscodes.md`. */
  readonly grpcCode?: number;
  readonly durationMs: number;
  /** Bytes of the bodies as they travelled, without headers. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly peer: Peer;
}

/** A wait that the sweep ends when its time has passed. */
export interface Expiring {
  /** On the clock of `performance.now()`. */
  readonly expiresAtMs: number;
  /** Where `Load` keeps it: Load's alone to set. */
  place: number;
  expire(): void;
}

export interface WireContext {
  readonly handler: WireHandler;
  readonly limits: WireLimits;
  readonly ready: () => boolean;
  readonly onError: (error: unknown, requestId?: string) => void;
  readonly onRequest: ((entry: RequestEntry) => void) | undefined;
  readonly load: Load;
}

/** Counts that change with every request. */
export class Load {
  /** True from the first moment of a drain: answers on HTTP/1.1 then close their connection. */
  draining = false;
  /** Requests whose handler has not answered yet. */
  handling = 0;
  /** Bytes of request bodies held now. */
  bufferedBytes = 0;
  /** Requests under way and HTTP/2 sessions, in no order; each knows its place. */
  readonly #waits: Expiring[] = [];

  /** Watches a wait until `forget`. */
  watch(wait: Expiring): void {
    wait.place = this.#waits.push(wait) - 1;
  }

  forget(wait: Expiring): void {
    const last = this.#waits.pop() as Expiring;
    if (last === wait) return;
    this.#waits[wait.place] = last;
    last.place = wait.place;
  }

  sweep(nowMs: number): void {
    // A wait that expires may leave at once, and another take its place.
    for (const wait of [...this.#waits]) if (wait.expiresAtMs <= nowMs) wait.expire();
  }
}

/** Tells the log of a request. A log that fails must not end the process: the answer is out. */
export function report({ onRequest, onError }: WireContext, entry: RequestEntry): void {
  try {
    onRequest?.(entry);
  } catch (error) {
    onError(error, entry.id);
  }
}
