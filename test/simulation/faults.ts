// What can go wrong around the operations, at moments that chance picks: the store fails before it has done anything or
// after it has done it all, it decides twice, the audit log fails before or after it has the record, the copy of a
// record gets lost, and the server dies at any of these moments.

import type { AuditRecord } from '../../src/core/audit-record.ts';
import { Fault } from '../../src/core/error.ts';
import type { Audit, Store } from '../../src/core/ports.ts';
import type { Random } from './random.ts';

/** A call in so many meets a fault. */
const READ_FAULTS = 60;
const WRITE_FAULTS = 15;
const APPEND_FAULTS = 40;
const COPY_FAULTS = 20;

export const MOMENTS = ['before', 'in decide', 'after commit', 'before append', 'after append', 'before copy'] as const;
export type Moment = (typeof MOMENTS)[number];

export class Faults {
  readonly #random: Random;
  #dies: { readonly at: Moment; readonly die: () => void } | undefined;
  /** Off while the simulation itself asks. */
  isOn = true;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Has `die` called the next time the server comes to this moment. */
  dieAt(at: Moment, die: () => void): void {
    this.#dies = { at, die };
  }

  wrapStore(store: Store): Store {
    const failed = (): never => {
      throw new Fault('STORE_UNAVAILABLE', { problem: 'the simulation says so' });
    };
    return {
      read: (needs) => (this.#meets(READ_FAULTS) ? failed() : store.read(needs)),
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

  wrapAudit(audit: Audit): Audit {
    const failed = (): never => {
      throw new Fault('AUDIT_UNAVAILABLE');
    };
    return {
      append: async (record) => {
        this.#comeTo('before append');
        const fault = this.#meets(APPEND_FAULTS) ? this.#random.pick(['before', 'after'] as const) : undefined;
        if (fault === 'before') failed();
        await audit.append(record);
        this.#comeTo('after append');
        if (fault === 'after') failed();
      },
      copy: (record: AuditRecord) => {
        this.#comeTo('before copy');
        if (!this.#meets(COPY_FAULTS)) audit.copy(record);
      },
      query: (query) => audit.query(query),
      verify: () => audit.verify(),
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

/** What only the audit log asks of a store. */
function settlement(store: Store) {
  return {
    pendingAudit: () => store.pendingAudit(),
    settleAudit: (...settled: Parameters<Store['settleAudit']>) => store.settleAudit(...settled),
    auditMark: () => store.auditMark(),
    sweepTokens: (now: number) => store.sweepTokens(now),
    close: () => store.close(),
  };
}
