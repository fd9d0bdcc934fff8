// A PostgreSQL as one side of a move, in one transaction: as a source it is of one moment, as a target it is filled and
// checked before anybody can see it. A move keeps all writers out; a copy that is only read disturbs nobody.

import type { SharedPart } from '../../core/audit-port.ts';
import type { AuditRecord } from '../../core/audit-record.ts';
import { bytes, integer, text } from '../cells.ts';
import { type Connecting, connect, type Link } from '../postgres/link.ts';
import { migrate } from '../postgres/schema.ts';
import {
  BEGIN,
  BEGIN_READING,
  COMMIT,
  PARTS_INSERT,
  PARTS_LIST,
  STAMPS_LOCK,
  WAITING_ALL,
  WAITING_INSERT,
} from '../postgres/sql.ts';
import { auditRecordOf } from '../rows.ts';
import type { Row, Rows, Statement, Value } from '../statement.ts';
import { StoreError } from '../store-error.ts';
import { ROWS_MAX, type Target } from './copy.ts';
import { insertInto, rowsAfter, type Table } from './tables.ts';

/** Of one round trip: an index over many rows may be made in it. */
const ANSWER_MS_MAX = 10 * 60_000;
const PARTS_MAX = 16;

const SERVERS = `SELECT COUNT(*) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'coffer' AND pid <> pg_backend_pid()`;
const FAR_DEADLINES = `SELECT set_config('idle_in_transaction_session_timeout', '0', true),
  set_config('statement_timeout', '0', true), set_config('lock_timeout', '10000', true)`;
/** An entry may come before the one that owns it. */
const REFERENCES_LAST = 'SET CONSTRAINTS ALL DEFERRED';
const NUMBERED = ['secrets', 'events', 'census_principals', 'audit_waiting'];

export class PostgresSide implements Target {
  readonly #link: Link;

  private constructor(link: Link) {
    this.#link = link;
  }

  /** To move from or to: no server may be running. Rejects with StoreError or PostgresError. */
  static async open(connecting: Connecting): Promise<PostgresSide> {
    return PostgresSide.#begin(connecting, async (side) => {
      await migrate(side.#link);
      const servers = Number((await side.#all(SERVERS))[0]?.[0]);
      if (servers > 0) throw new StoreError('a coffer server is using the PostgreSQL: stop every one of them first');
      await side.#run([{ sql: BEGIN, values: [] }]);
      await side.#run([
        { sql: FAR_DEADLINES, values: [] },
        { sql: REFERENCES_LAST, values: [] },
        { sql: STAMPS_LOCK, values: [] },
      ]);
    });
  }

  /** To copy while servers go on. Rejects with PostgresError. */
  static async read(connecting: Connecting): Promise<PostgresSide> {
    return PostgresSide.#begin(connecting, async (side) => {
      await side.#run([
        { sql: BEGIN_READING, values: [] },
        { sql: FAR_DEADLINES, values: [] },
      ]);
    });
  }

  static async #begin(connecting: Connecting, begin: (side: PostgresSide) => Promise<void>): Promise<PostgresSide> {
    const side = new PostgresSide(await connect(connecting));
    try {
      await begin(side);
      return side;
    } catch (error) {
      side.close();
      throw error;
    }
  }

  rows(table: Table, after: Row | undefined): Promise<Rows> {
    const values = [...((after?.slice(0, table.key.length) ?? []) as Value[]), ROWS_MAX];
    return this.#all(rowsAfter(table, after === undefined), values);
  }

  async insert(table: Table, rows: Rows): Promise<void> {
    const sql = insertInto(table);
    const first: Statement[] = table.name === 'server' ? [{ sql: 'DELETE FROM server', values: [] }] : [];
    await this.#run([...first, ...rows.map((row) => ({ sql, values: row as Value[] }))]);
  }

  /** The records of changes that are in no segment yet, of every server. */
  async waiting(): Promise<readonly AuditRecord[]> {
    return (await this.#all(WAITING_ALL)).map(auditRecordOf);
  }

  /** They are nobody's: the server that starts first takes them. */
  async insertWaiting(records: readonly AuditRecord[]): Promise<void> {
    const values = (record: AuditRecord) => [record.id, JSON.stringify(record), '', 0];
    await this.#run(records.map((record) => ({ sql: WAITING_INSERT, values: values(record) })));
  }

  /** Every part of every stream, each stream in its order. */
  async *parts(): AsyncGenerator<SharedPart> {
    for (let after: readonly Value[] = ['', '', -1]; ; ) {
      const rows = await this.#all(PARTS_LIST, [...after, PARTS_MAX]);
      for (const row of rows) {
        yield {
          stream: text('audit_parts', row, 0),
          segment: text('audit_parts', row, 1),
          atBytes: integer('audit_parts', row, 2),
          lengthBytes: integer('audit_parts', row, 3),
          packed: bytes('audit_parts', row, 4),
        };
      }
      if (rows.length < PARTS_MAX) return;
      after = (rows.at(-1)?.slice(0, 3) ?? []) as Value[];
    }
  }

  async insertPart({ stream, segment, atBytes, lengthBytes, packed }: SharedPart): Promise<void> {
    await this.#run([{ sql: PARTS_INSERT, values: [stream, segment, atBytes, lengthBytes, packed] }]);
  }

  /** Makes what was written the store. Numbers that rows were given are not given out again. */
  async commit(): Promise<void> {
    const setval = (table: string) => ({
      sql: `SELECT setval(pg_get_serial_sequence('${table}', 'ordinal'), COALESCE(MAX(ordinal), 0) + 1, false) FROM ${table}`,
      values: [],
    });
    await this.#run([...NUMBERED.map(setval), { sql: COMMIT, values: [] }]);
  }

  /** What was not committed is gone. */
  close(): void {
    this.#link.close();
  }

  async #all(sql: string, values: readonly Value[] = []): Promise<Rows> {
    return (await this.#run([{ sql, values }]))[0]?.rows ?? [];
  }

  #run(statements: readonly Statement[]) {
    return statements.length === 0 ? Promise.resolve([]) : this.#link.run(statements, ANSWER_MS_MAX);
  }
}
