// Retention: whole sealed segments go, oldest first, once everything in them is older than asked for and the sink has
// it. Before a file goes, the ledger says so and the store has an anchor of where the stream begins from then on, so
// that `verify` proves what was kept and tells a pruning from a removal.

import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { AuditAnchor, AuditMark } from '../core/audit-port.ts';
import type { AuditPruned, AuditRecord, PrunedStream } from '../core/audit-record.ts';
import { Fault } from '../core/error.ts';
import type { Store } from '../core/ports.ts';
import { SYSTEM } from '../core/principal.ts';
import { indexPath } from './index-file.ts';
import type { SegmentHeader } from './line.ts';
import { anchorHolds, type Mac, sealAnchor } from './mark.ts';
import { parseHeader } from './parse.ts';
import { firstLine } from './scan.ts';
import { listSegments, segmentName, segmentPath, syncDirectory } from './segment.ts';
import { listStreams, streamDirectory } from './stream.ts';

export interface PruneOptions {
  /** Holds the streams. */
  readonly directory: string;
  readonly store: Pick<Store, 'auditMarks' | 'auditAnchors' | 'anchorAudit'>;
  readonly mac: Mac;
  /** Milliseconds since 1970. */
  readonly before: number;
  readonly now: number;
  /** The last record of each stream that the sink has; absent: there is none to wait for. */
  readonly sink: ReadonlyMap<string, number> | undefined;
  /** Puts a record into the ledger; on the disk when this resolves. */
  record(record: AuditRecord): Promise<void>;
}

interface Plan {
  readonly stream: string;
  readonly directory: string;
  /** What an earlier pruning has left behind. */
  readonly leftovers: readonly number[];
  readonly numbers: readonly number[];
  /** The first line of the first segment that stays. */
  readonly kept: SegmentHeader | undefined;
  readonly waiting: number;
}

/** Prunes every stream. Rejects with AUDIT_INCOMPLETE, or with the error of the file system or the store. */
export async function pruneStreams(options: PruneOptions): Promise<AuditPruned> {
  const marks = await options.store.auditMarks();
  const anchors = await options.store.auditAnchors();
  const streams: PrunedStream[] = [];
  let waiting = 0;
  for (const stream of await listStreams(options.directory)) {
    const mark = marks.find((each) => each.stream === stream);
    const anchorOf = (all: readonly AuditAnchor[]) => all.find((each) => each.stream === stream);
    const anchor = anchorOf(anchors);
    const plan = await planOf(options, stream, mark, anchor).catch(async (error: unknown) => {
      // Another thread may have pruned it meanwhile.
      const moved = anchorOf(await options.store.auditAnchors());
      if (moved?.segment === anchor?.segment) throw error;
      return planOf(options, stream, mark, moved);
    });
    waiting += plan.waiting;
    if (plan.kept !== undefined) streams.push(await announce(options, plan, plan.kept));
    await remove(plan.directory, [...plan.leftovers, ...plan.numbers]);
  }
  return { streams, waiting };
}

async function planOf(
  { directory: root, before, sink, mac }: PruneOptions,
  stream: string,
  mark: AuditMark | undefined,
  anchor: AuditAnchor | undefined,
): Promise<Plan> {
  const directory = streamDirectory(root, stream);
  const all = await listSegments(directory);
  if (anchor !== undefined && !anchorHolds(anchor, mac)) throw incomplete(stream, anchor.segment);
  const first = Number(anchor?.segment ?? 1);
  // The mark must stay provable, and a segment that is being written has no end.
  const last = Math.min(Number(mark?.segment ?? 0), all.at(-1) ?? 0);
  const numbers: number[] = [];
  let kept: SegmentHeader | undefined;
  let waiting = 0;
  for (let number = first; number < last; number += 1) {
    // An anchor behind a gap would pass a removal off as a pruning.
    const next = await headerOf(directory, number + 1);
    if (!all.includes(number) || next === undefined) throw incomplete(stream, segmentName(number));
    // Nothing in a segment is younger than the moment at which the next was begun.
    if (next.time >= before) break;
    if (sink !== undefined && (sink.get(stream) ?? 0) < next.after) {
      waiting += 1;
      continue;
    }
    if (waiting > 0) continue;
    numbers.push(number);
    kept = next;
  }
  return { stream, directory, leftovers: all.filter((number) => number < first), numbers, kept, waiting };
}

/** Says in the ledger and in the store where the stream begins from now on. */
async function announce(options: PruneOptions, plan: Plan, kept: SegmentHeader): Promise<PrunedStream> {
  const { store, mac, before, now } = options;
  const { stream, numbers } = plan;
  const through = kept.after;
  const id = randomUUID().replaceAll('-', '');
  await options.record({
    id,
    time: now,
    operation: 'audit.pruned',
    outcome: 'allowed',
    principal: SYSTEM.member,
    resource: 'audit',
    dialect: SYSTEM.member,
    peer: '',
    requestId: id,
    details: { stream, through, segments: numbers.length, before: new Date(before).toISOString(), head: kept.head },
  });
  await store.anchorAudit(sealAnchor({ stream, segment: kept.segment, sequence: through, head: kept.head }, mac));
  return { stream, segments: numbers.length, through };
}

async function remove(directory: string, numbers: readonly number[]): Promise<void> {
  if (numbers.length === 0) return;
  for (const number of numbers) {
    await rm(segmentPath(directory, number), { force: true });
    await rm(indexPath(directory, number), { force: true });
  }
  await syncDirectory(directory);
}

async function headerOf(directory: string, number: number): Promise<SegmentHeader | undefined> {
  const line = await firstLine(segmentPath(directory, number)).catch(() => undefined);
  return line === undefined ? undefined : parseHeader(line);
}

function incomplete(stream: string, segment: string): Fault {
  return new Fault('AUDIT_INCOMPLETE', { stream, segment });
}
