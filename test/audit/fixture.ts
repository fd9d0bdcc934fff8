// An audit log in a directory of its own, over a store that is a map: what the log asks of a store and no more, so that
// a test can lose, forge or roll back what it holds.

import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type AuditLog, openAudit } from '../../src/audit/log.ts';
import type { Mac } from '../../src/audit/mark.ts';
import type { AuditOptions } from '../../src/audit/options.ts';
import { segmentPath } from '../../src/audit/segment.ts';
import type { AuditAnchor, AuditMark } from '../../src/core/audit-port.ts';
import type { AuditRecord } from '../../src/core/audit-record.ts';

export class MapStore {
  readonly pending = new Map<string, AuditRecord>();
  readonly marks = new Map<string, AuditMark>();
  readonly anchors = new Map<string, AuditAnchor>();
  settlements = 0;
  /** While it is set the store takes no mark, so that what a test puts in its place stays there. */
  isHeld = false;

  /** The mark of the stream `main`. */
  get mark(): AuditMark | undefined {
    return this.marks.get('main');
  }

  set mark(mark: AuditMark | undefined) {
    if (mark === undefined) this.marks.delete('main');
    else this.marks.set('main', mark);
  }

  /** What a change's transaction does. */
  commit(record: AuditRecord): AuditRecord {
    this.pending.set(record.id, record);
    return record;
  }

  pendingAudit(limit = Number.MAX_SAFE_INTEGER): readonly AuditRecord[] {
    return [...this.pending.values()].slice(0, limit);
  }

  settleAudit(ids: readonly string[], mark: AuditMark | undefined): void {
    if (this.isHeld) throw new Error('the store takes no mark');
    for (const id of ids) this.pending.delete(id);
    if (mark !== undefined) this.marks.set(mark.stream, mark);
    this.settlements += 1;
  }

  auditMarks(): readonly AuditMark[] {
    return [...this.marks.values()].sort((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  anchorAudit(anchor: AuditAnchor): void {
    const before = this.anchors.get(anchor.stream);
    if (before === undefined || before.segment < anchor.segment) this.anchors.set(anchor.stream, anchor);
  }

  auditAnchors(): readonly AuditAnchor[] {
    return [...this.anchors.values()];
  }
}

export const mac: Mac = (text) => createHmac('sha256', 'key of the tests').update(text).digest('base64url');

export interface Bench {
  readonly directory: string;
  readonly store: MapStore;
  readonly failures: string[];
  log: AuditLog;
  /** Opens the log again, as a new process would: without a word to the one before. */
  reopen(segmentBytesMax?: number): Promise<AuditLog>;
  /** Opens the log of another stream over the same store. */
  openStream(stream: string, options?: Partial<AuditOptions>): Promise<AuditLog>;
  path(number: number): string;
  read(number: number): string;
  lines(number: number): string[];
  edit(number: number, edit: (text: string) => string): void;
}

/** A directory that goes with the test, and an open log in it. */
export async function openBench(
  context: TestContext,
  segmentBytesMax?: number,
  options: Partial<AuditOptions> = {},
): Promise<Bench> {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-audit-'));
  const store = new MapStore();
  const failures: string[] = [];
  const open = (bytes?: number, more: Partial<AuditOptions> = options): Promise<AuditLog> =>
    openAudit({
      directory,
      stream: 'main',
      sync: 'interval',
      store,
      mac,
      clock: { now: () => 1_763_800_000_000 },
      onFailure: (error) => failures.push(error.message),
      ...(bytes === undefined ? {} : { segmentBytesMax: bytes }),
      ...more,
    });
  const path = (number: number) => segmentPath(directory, number);
  const read = (number: number) => readFileSync(path(number), 'latin1');
  const first = await open(segmentBytesMax);
  const opened = [first];
  const bench: Bench = {
    directory,
    store,
    failures,
    log: first,
    async reopen(bytes = segmentBytesMax) {
      bench.log = await open(bytes);
      opened.push(bench.log);
      return bench.log;
    },
    async openStream(stream, more = {}) {
      const log = await open(segmentBytesMax, { ...options, ...more, stream });
      opened.push(log);
      return log;
    },
    path,
    read,
    lines: (number) => read(number).trimEnd().split('\n'),
    edit: (number, edit) => writeFileSync(path(number), edit(read(number)), 'latin1'),
  };
  context.after(async () => {
    for (const log of opened) await log.close();
    rmSync(directory, { recursive: true });
  });
  return bench;
}

/** A record of a read; `changes` replace its fields. */
export function recordOf(number: number, changes: Partial<AuditRecord> = {}): AuditRecord {
  return {
    id: `id-${number}`,
    time: 1_763_800_000_000 + number,
    operation: 'versions.access',
    outcome: 'allowed',
    principal: 'serviceAccount:app@demo-project.iam.gserviceaccount.com',
    credential: '0123456789ab',
    resource: 'projects/demo-project/secrets/database-password',
    version: 3,
    dialect: 'gcp.grpc',
    peer: '127.0.0.1:40812',
    requestId: `request-${number}`,
    userAgent: 'gl-python/3.13.1 grpc/1.76.0',
    ...changes,
  };
}

/** Appends records `from` to `to`, one write each. */
export async function appendRange(log: AuditLog, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number += 1) await log.append(recordOf(number));
}
