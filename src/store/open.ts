// The store of a server, whichever engine it is on: the embedded one in the data directory, or PostgreSQL, of which the
// data directory holds what is this server's own. How other threads of the process read it is said in plain data.

import type { SharedAudit } from '../core/audit-port.ts';
import type { AuthorityStamp } from '../core/authority-stamp.ts';
import type { Clock, MetaStore, Store } from '../core/ports.ts';
import { CachedReads } from './cached-reads.ts';
import { prepareDirectory } from './directory.ts';
import { Epoch } from './epoch.ts';
import { lockDirectory } from './lock.ts';
import type { PostgresAddress } from './postgres/dsn.ts';
import type { Connecting } from './postgres/link.ts';
import { readServerId } from './server-id.ts';
import { snapshotStore } from './snapshot.ts';
import { openSqlite } from './sqlite.ts';
import { SqliteReader } from './sqlite-reads.ts';

/** What the thread that writes has open. */
export type ServerStore = Store &
  MetaStore & {
    /** Has `told` called after each commit of this server that destroyed a payload, until what it answers is called. */
    onErase(told: () => void): () => void;
    /** A number that grows whenever this server writes something. */
    readonly rowsWritten: number;
    /** Does `work` while no other server that has this store raises its counter. */
    counting<T>(work: () => Promise<T>): Promise<T>;
  };

/** How another thread reads the store. */
export type StoreSource =
  | { readonly engine: 'sqlite'; readonly directory: string; readonly epochMemory: SharedArrayBuffer }
  | { readonly engine: 'postgres'; readonly connecting: Connecting; readonly server: string };

export interface OpenStore {
  readonly store: ServerStore;
  readonly source: StoreSource;
  /** What the names of its audit streams begin with; empty where no other server shares the store. */
  readonly server: string;
  /** What several servers give each other of their logs, where they can share the store. */
  readonly shared?: SharedAudit;
  /** Does what a start makes once; no other server does the same meanwhile. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Has `told` called where records of changes may wait in the store that nobody was told of. It answers as `onErase`. */
  onDoubt(told: () => void): () => void;
  /** Copies the store as it is at one moment to a new private SQLite file, while it goes on. */
  snapshot(to: string): Promise<void>;
  close(): Promise<void>;
}

/** What a thread that answers reads by. */
export interface ThreadReads {
  readonly store: Pick<Store, 'read' | 'pendingAudit' | 'auditMarks' | 'auditAnchors'> & Pick<MetaStore, 'meta'>;
  /** The same rows, kept while they are true. */
  readonly reads: Pick<Store, 'read'> & AuthorityStamp;
  close(): void;
}

/** Connections of each thread to PostgreSQL, beside the one for stamps. */
const READING_CONNECTIONS_MAX = 3;

export interface OpenOptions {
  readonly data: string;
  /** Absent: the embedded engine. */
  readonly postgres?: PostgresAddress;
  readonly clock: Clock;
  /** Told once of each new problem of a PostgreSQL, and, with undefined, that it is over. */
  readonly onProblem: (problem: string | undefined) => void;
}

/** Opens it and brings its schema up to date. Rejects with StoreError, one line for the operator. */
export async function openStore({ data, postgres, clock, onProblem }: OpenOptions): Promise<OpenStore> {
  if (postgres === undefined) return openEmbedded(data);
  const { openPostgres } = await import('./postgres/store.ts');
  const { prepareConnecting } = await import('./postgres/link.ts');
  const directory = prepareDirectory(data);
  const lock = lockDirectory(directory);
  try {
    const server = readServerId(directory);
    const connecting = prepareConnecting(postgres);
    const store = await openPostgres({ connecting, server, clock, onProblem });
    return {
      store,
      shared: store,
      server,
      source: { engine: 'postgres', connecting, server },
      alone: (work) => store.alone(work),
      onDoubt: (told) => store.onDoubt(told),
      snapshot: async (to) => (await import('./copy-store.ts')).copyStore(connecting, to),
      close: async () => {
        await store.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Opens the store a second time, for one thread. `onErase` is told once payloads were destroyed elsewhere. */
export async function openThreadReads(source: StoreSource, onErase: () => void): Promise<ThreadReads> {
  if (source.engine === 'sqlite') {
    const store = new SqliteReader(source.directory);
    return { store, reads: new CachedReads(store, new Epoch(source.epochMemory)), close: () => store.close() };
  }
  const [{ Pool }, { PostgresReads }, { FreshReads }, { Snapshots }] = await Promise.all([
    import('./postgres/pool.ts'),
    import('./postgres/reads.ts'),
    import('./postgres/fresh-reads.ts'),
    import('./postgres/snapshots.ts'),
  ]);
  const gate = new Pool(source.connecting, 1);
  const pool = new Pool(source.connecting, READING_CONNECTIONS_MAX);
  return {
    store: new PostgresReads(pool, source.server),
    reads: new FreshReads({ gate, snapshots: new Snapshots(pool, READING_CONNECTIONS_MAX), onErase }),
    close: () => {
      gate.close();
      pool.close();
    },
  };
}

function openEmbedded(directory: string): OpenStore {
  const sqlite = openSqlite({ directory });
  return {
    store: sqlite,
    server: '',
    source: { engine: 'sqlite', directory, epochMemory: sqlite.epoch.memory },
    // Its directory is locked.
    alone: (work) => work(),
    onDoubt: () => () => {},
    snapshot: (to) => snapshotStore(directory, to),
    close: async () => sqlite.close(),
  };
}
