// What can go wrong around the operations, at moments that chance picks: the store fails before it has done anything or
// after it has done it all, it decides twice, the audit log fails before or after it has the record, the copy of a
// record gets lost, a change is not heard of by the writer, or late, when nobody waits for it any more, or it is told to
// be made ready anew, and the server dies at any of these moments.

import type { Audit, AuditAnchor } from '../../src/core/audit-port.ts';
import type { AuditRecord } from '../../src/core/audit-record.ts';
import type { Sighting } from '../../src/core/census.ts';
import { Fault } from '../../src/core/error.ts';
import type { Store } from '../../src/core/ports.ts';
import { Stale, type Writer } from '../../src/ops/writer.ts';
import type { Random } from './random.ts';

/** A call in so many meets a fault. */
const READ_FAULTS = 60;
const WRITE_FAULTS = 15;
const APPEND_FAULTS = 40;
const COPY_FAULTS = 20;
const LINE_FAULTS = 15;

export const MOMENTS = ['before', 'in decide', 'after commit', 'before append', 'after append', 'before copy'] as const;
export type Moment = (typeof MOMENTS)[number];

export class Faults {
  readonly #random: Random;
  #dies: { readonly at: Moment; readonly die: () => void } | undefined;
  readonly #late = new Map<string, () => Promise<void>>();
  /** Off while a dead server is let go. */
  isOn = true;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Has `die` called the next time the server comes to this moment. */
  dieAt(at: Moment, die: () => void): void {
    this.#dies = { at, die };
  }

  /** Ids of the requests whose change is still on its way, though they were answered. */
  get late(): readonly string[] {
    return [...this.#late.keys()];
  }

  /** What is on its way to the writer arrives there. */
  async arrive(id: string): Promise<void> {
    const arrives = this.#late.get(id);
    this.#late.delete(id);
    await arrives?.();
  }

  /** What is on its way never arrives. */
  forget(): void {
    this.#late.clear();
  }

  wrapReads(reads: Pick<Store, 'read'>): Pick<Store, 'read'> {
    return { read: (needs) => (this.#meets(READ_FAULTS) ? failed() : reads.read(needs)) };
  }

  wrapStore(store: Store): Store {
    return {
      read: (needs) => store.read(needs),
      transact: (needs, decide) => store.transact(needs, decide),
      transactAll: (jobs) => {
        this.#comeTo('before');
        const fault = this.#meets(WRITE_FAULTS) ? this.#random.pick(['before', 'after', 'twice'] as const) : undefined;
        if (fault === 'before') return failed();
        const settled = store.transactAll(
          jobs.map(({ needs, decide }) => ({
            needs,
            decide: (rows) => {
              // The port says that it may run more than once.
              if (fault === 'twice') decide(rows);
              const outcome = decide(rows);
              this.#comeTo('in decide');
              return outcome;
            },
          })),
        );
        this.#comeTo('after commit');
        return fault === 'after' ? failed() : settled;
      },
      ...settlement(store),
    };
  }

  wrapWriter(writer: Writer): Writer {
    return {
      submit: (submission) => {
        if (!this.#meets(LINE_FAULTS)) return writer.submit(submission);
        const fault = this.#random.pick(['lost', 'late', 'stale'] as const);
        if (fault === 'stale') throw new Stale();
        if (fault === 'late') {
          this.#late.set(submission.caller.requestId, async () => {
            // Nobody is left to hear what became of it.
            await Promise.resolve(writer.submit(submission)).catch(() => undefined);
          });
        }
        return failed();
      },
    };
  }

  wrapAudit(audit: Audit): Audit {
    const refused = (): never => {
      throw new Fault('AUDIT_UNAVAILABLE');
    };
    return {
      append: async (record) => {
        this.#comeTo('before append');
        const fault = this.#meets(APPEND_FAULTS) ? this.#random.pick(['before', 'after'] as const) : undefined;
        if (fault === 'before') refused();
        await audit.append(record);
        this.#comeTo('after append');
        if (fault === 'after') refused();
      },
      copy: (record: AuditRecord) => {
        this.#comeTo('before copy');
        if (!this.#meets(COPY_FAULTS)) audit.copy(record);
      },
      query: (query) => audit.query(query),
      verify: () => audit.verify(),
      export: (part) => audit.export(part),
      prune: (before) => audit.prune(before),
    };
  }

  #meets(times: number): boolean {
    return this.isOn && this.#random.once(times);
  }

  #comeTo(moment: Moment): void {
    if (!this.isOn || this.#dies?.at !== moment) return;
    const { die } = this.#dies;
    this.#dies = undefined;
    die();
  }
}

function failed(): never {
  throw new Fault('STORE_UNAVAILABLE', { problem: 'the simulation says so' });
}

/** What only the audit log asks of a store. */
function settlement(store: Store) {
  return {
    pendingAudit: (limit?: number) => store.pendingAudit(limit),
    settleAudit: (...settled: Parameters<Store['settleAudit']>) => store.settleAudit(...settled),
    auditMarks: () => store.auditMarks(),
    auditAnchors: () => store.auditAnchors(),
    anchorAudit: (anchor: AuditAnchor) => store.anchorAudit(anchor),
    sweepTokens: (now: number) => store.sweepTokens(now),
    sweepVault: (now: number) => store.sweepVault(now),
    recordCensus: (sightings: readonly Sighting[]) => store.recordCensus(sightings),
    sweepCensus: (before: number) => store.sweepCensus(before),
    close: () => store.close(),
  };
}
