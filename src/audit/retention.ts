// What an hour brings to the log by itself: a segment that was begun too long ago is closed, however little it holds, and
// what is older than it must be kept is pruned, which only closed segments can be.

import type { Audit } from '../core/audit-port.ts';
import type { Clock } from '../core/ports.ts';
import type { AuditLog } from './log.ts';
import { isMain, listStreams, serverOf } from './stream.ts';

const EVERY_MS = 3_600_000;
const DAY_SECONDS = 86_400;
/** Ours: so that somebody who prunes by hand finds closed segments. */
const SEGMENT_SECONDS_MAX: number = 30 * DAY_SECONDS;
/** Ours: nothing is kept for longer than a tenth more than it must be. */
const SEGMENTS_OF_RETENTION = 10;

export interface RetentionOptions {
  /** Closes segments of the stream that this log writes, and prunes all streams: one thread does that for the others. */
  readonly audit: Pick<AuditLog, 'roll'> & Partial<Pick<Audit, 'prune'>>;
  readonly clock: Clock;
  /** How long a record is kept at the least; absent: until somebody prunes. */
  readonly retentionSeconds?: number | undefined;
  /** Told of each failure; the next hour tries again. */
  readonly onFailure: (error: unknown) => void;
}

/** Sees to it now and then every hour; what it answers stops it, once what is under way has ended. */
export function startRetention(options: RetentionOptions): () => Promise<void> {
  const { audit, clock, retentionSeconds = Infinity, onFailure } = options;
  const segmentSeconds = Math.min(SEGMENT_SECONDS_MAX, retentionSeconds / SEGMENTS_OF_RETENTION);
  let running: Promise<void> = Promise.resolve();
  const tend = async (): Promise<void> => {
    try {
      await audit.roll(clock.now() - segmentSeconds * 1000);
      if (retentionSeconds < Infinity) await audit.prune?.(clock.now() - retentionSeconds * 1000);
    } catch (error) {
      onFailure(error);
    }
  };
  const again = (): void => {
    running = running.then(tend);
  };
  again();
  const timer = setInterval(again, EVERY_MS).unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

export interface FormerStreams {
  /** Holds the streams. */
  readonly root: string;
  readonly server: string;
  /** The streams that threads of this server are going to write. */
  readonly streams: readonly string[];
  open(stream: string): Promise<AuditLog>;
}

/** Closes the last segment of each stream of this server that no thread writes any more. For before the threads begin. */
export async function closeFormerStreams({ root, server, streams, open }: FormerStreams): Promise<void> {
  for (const stream of await listStreams(root)) {
    if (isMain(stream) || serverOf(stream) !== server || streams.includes(stream)) continue;
    const log = await open(stream);
    try {
      await log.roll(Infinity);
    } finally {
      await log.close();
    }
  }
}
