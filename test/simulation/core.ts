// A server without its wires over any directory: the real store, keyring, audit log and operations, under a clock,
// entropy and faults of the test's choice. Several doors lead in, each with a connection and kept rows of its own, as
// the threads of a server have them. The same root key each time, so that what one wrote the next can open.

import { createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { type AuditLog, openAudit } from '../../src/audit/log.ts';
import type { Audit } from '../../src/core/audit-port.ts';
import type { Clock, Entropy, Store } from '../../src/core/ports.ts';
import { Keyring } from '../../src/crypto/keyring.ts';
import { createJwtReader } from '../../src/identity/jwt.ts';
import { parseToken } from '../../src/identity/tokens.ts';
import { readOwner, writeOwner } from '../../src/local-state.ts';
import { bootstrap } from '../../src/ops/bootstrap.ts';
import { createCensus, settleCensus } from '../../src/ops/census.ts';
import { createDoor, type Door } from '../../src/ops/door.ts';
import { createEngine } from '../../src/ops/engine.ts';
import { newQuotaMemory, QuotaTable } from '../../src/ops/quota-table.ts';
import { createCharge } from '../../src/ops/quotas.ts';
import type { Writer } from '../../src/ops/writer.ts';
import { CachedReads } from '../../src/store/cached-reads.ts';
import { openSqlite, type SqliteStore } from '../../src/store/sqlite.ts';
import { SqliteReader } from '../../src/store/sqlite-reads.ts';
import { createGroupWriter } from '../../src/threads/group-writer.ts';

export interface CoreOptions {
  /** The data directory. */
  readonly directory: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Stand before the real store, for the operations alone. */
  readonly wrapStore?: (store: Store) => Store;
  readonly wrapReads?: (reads: Pick<Store, 'read'>) => Pick<Store, 'read'>;
  /** Stands on the way of a change from a door to the one writer. */
  readonly wrapWriter?: (writer: Writer) => Writer;
  readonly wrapAudit?: (audit: Audit) => Audit;
  readonly segmentBytesMax?: number;
  readonly onAuditFailure?: (error: Error) => void;
}

export interface Core {
  /** Unwrapped. */
  readonly store: SqliteStore;
  readonly log: AuditLog;
  readonly keyring: Keyring;
  readonly doors: readonly Door[];
  readonly ownerCredential: string;
  close(): Promise<void>;
}

const KEY_BYTES = 32;
export const DOORS = 3;
const key = (fill: number) => createSecretKey(Buffer.alloc(KEY_BYTES, fill));

function absent(): never {
  throw new Error('no step of these tests signs, or asks for a proxy');
}

/** Opens everything as a server does at its start; what was opened is closed again where a later part fails. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const store = openSqlite({ directory: options.directory });
  let log: AuditLog | undefined;
  try {
    const keyring = new Keyring({ root: key(1), fingerprintKey: key(2), sealType: 'file', sealKeyId: 'test' });
    log = await openLog(options, store, keyring);
    const ownerCredential = await openOwner(options, store, log, keyring);
    const readers = Array.from({ length: DOORS }, () => new SqliteReader(options.directory));
    const opened = log;
    const close = async () => {
      await opened.close();
      for (const reader of readers) reader.close();
      store.close();
    };
    return { store, log, keyring, doors: openDoors(options, store, readers, log, keyring), ownerCredential, close };
  } catch (error) {
    await log?.close();
    store.close();
    throw error;
  }
}

function openLog(options: CoreOptions, store: SqliteStore, keyring: Keyring): Promise<AuditLog> {
  const { directory, clock, segmentBytesMax, onAuditFailure } = options;
  return openAudit({
    directory: join(directory, 'audit'),
    stream: 'main',
    sync: 'interval',
    store,
    mac: (text) => keyring.auditMac(text),
    clock,
    ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }),
    ...(onAuditFailure === undefined ? {} : { onFailure: onAuditFailure }),
  });
}

async function openOwner(options: CoreOptions, store: SqliteStore, log: AuditLog, keyring: Keyring): Promise<string> {
  const { directory, clock, entropy } = options;
  const known = readOwner(directory);
  const { record } = await bootstrap({
    store,
    keyring,
    clock,
    entropy,
    keepOwner: (credential) => writeOwner(directory, credential),
    ownerHash: known === undefined ? undefined : parseToken(known)?.hash,
  });
  if (record !== undefined) log.copy(record);
  return readOwner(directory) ?? '';
}

function openDoors(
  options: CoreOptions,
  store: SqliteStore,
  readers: readonly SqliteReader[],
  log: AuditLog,
  keyring: Keyring,
): readonly Door[] {
  const { clock, entropy } = options;
  const { wrapStore = same, wrapReads = same, wrapWriter = same, wrapAudit = same } = options;
  const audit = wrapAudit(log);
  const writer = wrapWriter(createGroupWriter({ store: wrapStore(store), keyring, audit, clock, entropy }));
  const signer = { sign: absent };
  const proxy = { open: absent };
  const charge = createCharge(new QuotaTable(newQuotaMemory()));
  const hashCredential = (text: string) => parseToken(text)?.hash;
  const census = createCensus({ entriesMax: 1000 });
  return readers.map((reader) => {
    const reads = new CachedReads(wrapReads(reader), store.epoch);
    const engine = createEngine({
      ...{ store: reads, writer, keyring, audit, clock, entropy, signer, proxy, charge, census },
      settleCensus: () => settleCensus(census, store),
      exercisedBy: () => [],
    });
    return createDoor({ engine, store: reads, clock, jwts: createJwtReader(), hashCredential });
  });
}

function same<T>(value: T): T {
  return value;
}
