// Several statements in one round trip: they go out together, one Sync behind them, and stop at the first that fails.
// Source: https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-FLOW-PIPELINING. The driver's own query sends
// one at a time; this is a query of ours in its place, as pg-query-stream is one.

import { hash } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Rows, Statement, Value } from '../statement.ts';
import { numberParameters } from './dialect.ts';

export interface Answer {
  readonly rows: Rows;
  /** `INSERT 0 1`, `COMMIT`. */
  readonly tag: string;
}

interface Field {
  readonly dataTypeID: number;
}

type Decode = (text: string) => unknown;

const BYTEA = 17;
const TEXT: Decode = (text) => text;
const DECODERS: ReadonlyMap<number, Decode> = new Map<number, Decode>([
  [16, (text) => text === 't'],
  [BYTEA, (text) => Buffer.from(text.slice(2), 'hex')],
  [20, Number],
  [21, Number],
  [23, Number],
]);

/** What a connection knows of the statements that it has prepared: their columns, by name. */
export type Prepared = Map<string, readonly Decode[]>;

/** A server keeps them until the connection ends. */
const PREPARED_MAX = 500;
/** Of a statement whose columns are not known yet, or that has none. */
const NONE: readonly Decode[] = [];
const names = new Map<string, string>();

/** The same text has the same name everywhere: whoever has prepared it, it is this statement. */
function nameOf(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = `coffer_${hash('sha256', sql, 'hex').slice(0, 32)}`;
    if (names.size >= 4 * PREPARED_MAX) names.clear();
    names.set(sql, name);
  }
  return name;
}

/** The driver's connection, as far as a query uses it. */
interface Wire extends EventEmitter {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: { readonly name: string; readonly text: string }): void;
  bind(message: { readonly statement: string; readonly values: readonly (string | Buffer | null)[] }): void;
  describe(message: { readonly type: 'P' }): void;
  execute(message?: undefined): void;
  sync(): void;
}

/** A statement on its way. */
interface Sent {
  /** Empty: not kept. */
  readonly name: string;
  decoders: readonly Decode[];
}

export class Batch {
  readonly #statements: readonly Statement[];
  readonly #prepared: Prepared | undefined;
  readonly #sent: Sent[] = [];
  /** Names that the server was told and has not taken yet. */
  readonly #parsing: string[] = [];
  readonly #answers: Answer[] = [];
  readonly #settle: PromiseWithResolvers<readonly Answer[]> = Promise.withResolvers();
  #wire: Wire | undefined;
  #rows: unknown[][] = [];

  /** `prepared`: statements are kept under a name; absent: none is, as a pooler between us asks for. */
  constructor(statements: readonly Statement[], prepared: Prepared | undefined) {
    this.#statements = statements;
    this.#prepared = prepared;
  }

  /** Resolves with an answer for each; rejects with the error of the first that failed. */
  get answers(): Promise<readonly Answer[]> {
    return this.#settle.promise;
  }

  /** The driver's: writes it all. */
  submit(connection: object): void {
    const wire = connection as Wire;
    this.#wire = wire;
    wire.stream.cork();
    try {
      for (const { sql, values } of this.#statements) this.#send(wire, sql, values);
      if (this.#parsing.length > 0) wire.on('parseComplete', this.#parsed);
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    const sent = this.#sent[this.#answers.length] as Sent;
    sent.decoders = fields.map(({ dataTypeID }) => DECODERS.get(dataTypeID) ?? TEXT);
    if (sent.name !== '') this.#prepared?.set(sent.name, sent.decoders);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const { decoders } = this.#sent[this.#answers.length] as Sent;
    const row = new Array<unknown>(fields.length);
    for (let column = 0; column < fields.length; column += 1) {
      const cell = fields[column] as string | null;
      row[column] = cell === null ? null : (decoders[column] as Decode)(cell);
    }
    this.#rows.push(row);
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#answers.push({ rows: this.#rows, tag: text });
    this.#rows = [];
  }

  /**
   * Of a statement that failed the server still says in which state it leaves the connection: until then nobody may have
   * it. Of one that ends the connection, or that never was sent, nothing comes any more.
   */
  handleError(error: unknown): void {
    const wire = this.#wire;
    wire?.off('parseComplete', this.#parsed);
    const isOfStatement = (error as { readonly severity?: string }).severity === 'ERROR';
    if (wire === undefined || !isOfStatement) return this.#settle.reject(error);
    const settle = () => {
      wire.off('readyForQuery', settle);
      wire.off('end', settle);
      this.#settle.reject(error);
    };
    wire.once('readyForQuery', settle);
    wire.once('end', settle);
  }

  handleReadyForQuery(): void {
    this.#wire?.off('parseComplete', this.#parsed);
    this.#settle.resolve(this.#answers);
  }

  /** The server has the next of them, also where running it fails. Its columns follow. */
  readonly #parsed = (): void => {
    const name = this.#parsing.shift();
    if (name) this.#prepared?.set(name, NONE);
  };

  #send(wire: Wire, sql: string, values: readonly Value[]): void {
    const prepared = this.#prepared;
    const name = prepared === undefined ? '' : this.#nameFor(sql, prepared);
    const kept = prepared?.get(name);
    // The same statement twice in one batch is told once.
    const isTold = name !== '' && (kept !== undefined || this.#parsing.includes(name));
    if (!isTold) {
      wire.parse({ name, text: numberParameters(sql) });
      this.#parsing.push(name);
    }
    wire.bind({ statement: name, values: values.map(parameter) });
    if (kept === undefined || kept === NONE) wire.describe({ type: 'P' });
    wire.execute();
    this.#sent.push({ name, decoders: kept ?? NONE });
  }

  #nameFor(sql: string, prepared: Prepared): string {
    const name = nameOf(sql);
    return prepared.has(name) || prepared.size + this.#parsing.length < PREPARED_MAX ? name : '';
  }
}

/** Bytes go as they are, everything else as text. */
function parameter(value: Value): string | Buffer | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
