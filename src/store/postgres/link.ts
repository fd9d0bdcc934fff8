// One connection to the primary. Whatever fails leaves here as a PostgresError; a connection that was lost, or kept us
// waiting, is closed and never used again. Nothing is kept on the server's side between transactions but statements under
// names of their own text, and not even those where a pooler is in between.

import { readFileSync } from 'node:fs';
import type { Client, ClientConfig } from 'pg';
import type { Statement } from '../statement.ts';
import { StoreError } from '../store-error.ts';
import { type Answer, Batch, type Prepared } from './batch.ts';
import type { PostgresAddress, PostgresHost } from './dsn.ts';
import { errorOf, PostgresError, postgresProblem } from './problem.ts';

/** Of one host: a machine that is gone does not even refuse. */
const CONNECT_MS_MAX = 2_500;
/** Of one round trip, above every wait that a statement is allowed. */
export const ANSWER_MS_MAX = 8_000;
const VERSION_MIN = 150_000;
const KEEP_ALIVE_MS = 10_000;

const GREETING = `SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on',
  current_setting('server_version_num')::int, current_setting('server_version'), pg_backend_pid(),
  current_setting('server_encoding'), current_setting('bytea_output')`;

export class Link {
  readonly #client: Client;
  #prepared: Prepared | undefined;
  #broken: PostgresError | undefined;

  constructor(client: Client) {
    this.#client = client;
    client.on('error', (error) => this.#break(errorOf(error)));
    client.on('end', () => this.#break(errorOf(new Error('the connection ended'))));
  }

  /** Whether it can be used again: alive, and outside of any transaction. */
  get isIdle(): boolean {
    return this.#broken === undefined && this.#client.getTransactionStatus() === 'I';
  }

  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** Sends all of them at once and answers each; the first that fails rejects, and those behind it were not run. */
  async run(statements: readonly Statement[], limitMs: number = ANSWER_MS_MAX): Promise<readonly Answer[]> {
    if (this.#broken !== undefined) throw this.#broken;
    const batch = new Batch(statements, this.#prepared);
    const timer = setTimeout(() => this.#break(errorOf(new Error('no answer in time'))), limitMs);
    this.#client.query(batch as never);
    try {
      return await batch.answers;
    } catch (error) {
      const known = errorOf(error);
      if (known.failing === 'lost') this.#break(known);
      throw this.#broken ?? known;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Who is there. Throws where it is none that we can use; keeps statements from now on where it speaks for itself. */
  async greet(): Promise<void> {
    const [answer] = await this.run([{ sql: GREETING, values: [] }]);
    const [readOnly, version, versionName, processId, encoding, bytes] = answer?.rows[0] ?? [];
    if (Number(version) < VERSION_MIN) {
      throw postgresProblem(`it is PostgreSQL ${versionName}, which is too old`, 'use PostgreSQL 15 or later', 'lost');
    }
    if (readOnly === true) throw new PostgresError('it can only be read', '25006', errorOf(READ_ONLY).known);
    if (encoding !== 'UTF8') {
      throw postgresProblem(`its database is in ${encoding}`, 'make one in UTF8', 'refused');
    }
    if (bytes !== 'hex') {
      throw postgresProblem('its bytea_output is not hex', 'reset it for the user and the database', 'refused');
    }
    // A pooler gives out a number of its own, and the next transaction may run in another process.
    const { processID } = this.#client as unknown as { readonly processID: number | null };
    if (processID === processId) this.#prepared = new Map();
  }

  close(): void {
    this.#break(errorOf(new Error('the connection was closed')));
  }

  #break(why: PostgresError): void {
    if (this.#broken !== undefined) return;
    this.#broken = why;
    this.#client.end().catch(() => {});
    // Whoever waits for an answer on it is told now.
    if (!wasIdle(this.#client)) destroy(this.#client);
  }
}

interface Streaming {
  readonly connection: { readonly stream: { destroy(): void } };
}

const READ_ONLY = Object.assign(new Error('it can only be read'), { code: '25006' });

/** Ends it at once: what it waits for may never come. */
function destroy(client: Client): void {
  (client as unknown as Streaming).connection.stream.destroy();
}

function wasIdle(client: Client): boolean {
  return client.getTransactionStatus() === 'I';
}

/** What the files of an address hold by now, and the driver, which costs nobody who does not use it. */
export interface Connecting {
  readonly address: PostgresAddress;
  readonly rootCert?: string;
}

/** Reads what the address names; throws StoreError. */
export function prepareConnecting(address: PostgresAddress): Connecting {
  if (address.rootCertFile === undefined) return { address };
  try {
    return { address, rootCert: readFileSync(address.rootCertFile, 'utf8') };
  } catch (error) {
    throw new StoreError(
      `cannot read the certificates in ${address.rootCertFile} (${(error as NodeJS.ErrnoException).code})`,
      {
        cause: error,
      },
    );
  }
}

/** A connection to the first host that is the primary; rejects with PostgresError, the most telling of what they said. */
export async function connect(connecting: Connecting): Promise<Link> {
  const { default: pg } = await import('pg');
  const failed: PostgresError[] = [];
  for (const host of connecting.address.hosts) {
    const client = new pg.Client(configOf(connecting, host));
    client.on('error', () => {});
    try {
      await client.connect();
      const link = new Link(client);
      try {
        await link.greet();
        return link;
      } catch (error) {
        link.close();
        throw error;
      }
    } catch (error) {
      destroy(client);
      failed.push(errorOf(error));
    }
  }
  throw failed.toSorted((a, b) => weight(a) - weight(b))[0] as PostgresError;
}

/** One host that only stands by, or is down, says less than one that turns us away. */
function weight({ code, known }: PostgresError): number {
  if (code === '25006') return 1;
  return known?.problem === 'it does not answer' ? 2 : 0;
}

function configOf({ address, rootCert }: Connecting, { host, port }: PostgresHost): ClientConfig {
  const { user, database, password, tls } = address;
  return {
    host,
    port,
    user,
    database,
    // Absent, the driver would look into files of its own choice.
    password: () => password ?? '',
    application_name: 'coffer',
    connectionTimeoutMillis: CONNECT_MS_MAX,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    ssl:
      tls === 'disable' || host.startsWith('/')
        ? false
        : {
            rejectUnauthorized: tls !== 'require',
            ...(rootCert === undefined ? {} : { ca: rootCert }),
            ...(tls === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
          },
  };
}
