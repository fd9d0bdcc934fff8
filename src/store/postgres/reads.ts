// What can be read of a PostgreSQL store: by a thread that only reads, and by the one that writes.

import type { AuditAnchor, AuditMark } from '../../core/audit-port.ts';
import type { AuditRecord } from '../../core/audit-record.ts';
import { Fault } from '../../core/error.ts';
import type { Needs, RowsOf } from '../../core/ports.ts';
import { integer } from '../cells.ts';
import { auditAnchorOf, auditMarkOf, auditRecordOf } from '../rows.ts';
import { ANCHORS_SELECT, MARKS_SELECT } from '../sql/audit.ts';
import { META_SELECT } from '../sql/server.ts';
import type { Rows, Statement, Value } from '../statement.ts';
import { rowOf } from './loading.ts';
import { READ_MS_MAX } from './moment.ts';
import type { Pool } from './pool.ts';
import { faultOf } from './problem.ts';
import { loadSnapshot } from './snapshots.ts';
import { WAITING_SELECT } from './sql.ts';

export class PostgresReads {
  protected readonly pool: Pool;
  /** The id of this server. */
  protected readonly server: string;

  constructor(pool: Pool, server: string) {
    this.pool = pool;
    this.server = server;
  }

  async read<const N extends Needs>(needs: N): Promise<RowsOf<N>> {
    try {
      const names = Object.keys(needs);
      const { outcomes } = await loadSnapshot(this.pool, Object.values(needs as Needs));
      return Object.fromEntries(names.map((name, at) => [name, rowOf(outcomes[at])])) as RowsOf<N>;
    } catch (error) {
      throw faultOf(error);
    }
  }

  async pendingAudit(limit?: number): Promise<readonly AuditRecord[]> {
    return (await this.waiting(limit)).map(({ record }) => record);
  }

  async auditMarks(): Promise<readonly AuditMark[]> {
    return (await this.all(MARKS_SELECT)).map(auditMarkOf);
  }

  async auditAnchors(): Promise<readonly AuditAnchor[]> {
    return (await this.all(ANCHORS_SELECT)).map(auditAnchorOf);
  }

  async meta(key: string): Promise<Uint8Array | undefined> {
    const value = (await this.all(META_SELECT, [key]))[0]?.[0];
    if (value === undefined || value instanceof Uint8Array) return value;
    throw new Fault('INTERNAL', { table: 'meta', uid: key, problem: `row ${key} of meta holds no bytes` });
  }

  protected async waiting(limit: number = Number.MAX_SAFE_INTEGER) {
    const rows = await this.all(WAITING_SELECT, [this.server, limit]);
    return rows.map((row) => ({ record: auditRecordOf(row), ordinal: integer('audit_waiting', row, 2) }));
  }

  /** The rows of one statement, which changes nothing. */
  protected async all(sql: string, values: readonly Value[] = []): Promise<Rows> {
    const statement: Statement = { sql, values };
    try {
      return await this.pool.use(READ_MS_MAX, async (link) => (await link.run([statement]))[0]?.rows ?? []);
    } catch (error) {
      throw faultOf(error);
    }
  }
}
