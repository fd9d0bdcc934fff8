// A server without its wires over any directory: the real store, keyring, audit log and operations, under a clock,
// entropy and faults of the test's choice. Several doors lead in, each with a connection, kept rows and an audit stream
// of its own, as the threads of a server have them. The same root key each time, so that what one wrote the next opens.

import { createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { type AuditLog, openAudit } from '../../src/audit/log.ts';
import type { Position } from '../../src/audit/mark.ts';
import type { AuditSync } from '../../src/audit/options.ts';
import type { Audit } from '../../src/core/audit-port.ts';
import type { Clock, Entropy, Store } from '../../src/core/ports.ts';
import { Keyring } from '../../src/crypto/keyring.ts';
import { createJwtReader } from '../../src/identity/jwt.ts';
import { hashClientSecret, hashIssued, parseToken } from '../../src/identity/tokens.ts';
import { readOwner, writeOwner } from '../../src/local-state.ts';
import { bootstrap } from '../../src/ops/bootstrap.ts';
import { createCensus, settleCensus } from '../../src/ops/census.ts';
import { createDoor, type Door } from '../../src/ops/door.ts';
import { createEngine } from '../../src/ops/engine.ts';
import { newQuotaMemory, QuotaTable } from '../../src/ops/quota-table.ts';
import { createCharge } from '../../src/ops/quotas.ts';
import type { Writer } from '../../src/ops/writer.ts';
import { openGithub } from '../../src/outward/github.ts';
import { NO_FUNCTIONS } from '../../src/rotators/lambda.ts';
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
  /** Absent: `interval`. */
  readonly auditSync?: AuditSync;
  /** Absent: under the root key of these tests. */
  readonly openKeyring?: (store: SqliteStore) => Promise<Keyring>;
  readonly onAuditFailure?: (error: Error) => void;
}

export interface Core {
  /** Unwrapped. */
  readonly store: SqliteStore;
  /** Of the main stream; it reads all. */
  readonly log: AuditLog;
  readonly keyring: Keyring;
  readonly doors: readonly Door[];
  readonly ownerCredential: string;
  close(): Promise<void>;
}

const KEY_BYTES = 32;
const DOORS = 3;
const key = (fill: number) => createSecretKey(Buffer.alloc(KEY_BYTES, fill));
const ROOT = { root: key(1), fingerprintKey: key(2), sealType: 'file', sealKeyId: 'test' };

function absent(): never {
  throw new Error('no step of these tests signs, or asks for a proxy');
}

/** Opens everything as a server does at its start; what was opened is closed again where a later part fails. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const store = openSqlite({ directory: options.directory });
    closing.push(() => store.close());
    const keyring = (await options.openKeyring?.(store)) ?? new Keyring(ROOT);
    const logs: AuditLog[] = [];
    const openStream = async (stream: string): Promise<AuditLog> => {
      const log = await openLog(options, store, keyring, stream, () => logs.map(({ position }) => position));
      closing.push(() => log.close());
      logs.push(log);
      return log;
    };
    const log = await openStream('main');
    const ownerCredential = await openOwner(options, store, log, keyring);
    const { clock, entropy, wrapStore = same, wrapWriter = same, wrapAudit = same } = options;
    const deps = { store: wrapStore(store), keyring, audit: wrapAudit(log), clock, entropy };
    const writer = wrapWriter(createGroupWriter(deps));
    const doors: Door[] = [];
    for (let number = 1; number <= DOORS; number += 1) {
      const reader = new SqliteReader(options.directory);
      closing.push(() => reader.close());
      doors.push(openDoor(options, { store, reader, keyring, writer, log: await openStream(`w${number}`) }));
    }
    return { store, log, keyring, doors, ownerCredential, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function openLog(
  options: CoreOptions,
  store: SqliteStore,
  keyring: Keyring,
  stream: string,
  ends: () => readonly Position[],
): Promise<AuditLog> {
  const { directory, clock, segmentBytesMax, onAuditFailure } = options;
  return openAudit({
    directory: join(directory, 'audit'),
    stream,
    sync: options.auditSync ?? 'interval',
    store,
    ends,
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

interface DoorParts {
  readonly store: SqliteStore;
  readonly reader: SqliteReader;
  readonly keyring: Keyring;
  readonly writer: Writer;
  readonly log: AuditLog;
}

function openDoor(options: CoreOptions, { store, reader, keyring, writer, log }: DoorParts): Door {
  const { clock, entropy, wrapReads = same, wrapAudit = same } = options;
  const reads = new CachedReads(wrapReads(reader), store.epoch);
  const signer = { sign: absent };
  const proxy = { open: absent };
  const backups = { begin: absent, read: absent, end: absent };
  const charge = createCharge(new QuotaTable(newQuotaMemory()));
  const audit = wrapAudit(log);
  const census = createCensus({ entriesMax: 1000 });
  const engine = createEngine({
    auditFiles: { open: () => {}, append: () => true },
    functions: NO_FUNCTIONS,
    github: openGithub(),
    ...{ store: reads, writer, keyring, audit, clock, entropy, signer, proxy, backups, charge, census },
    settleCensus: () => settleCensus(census, store),
    exercisedBy: () => [],
  });
  const hashCredential = (text: string) => parseToken(text)?.hash;
  return createDoor({
    engine,
    store: reads,
    clock,
    jwts: createJwtReader(),
    hashCredential,
    hashIssued,
    hashClientSecret,
  });
}

function same<T>(value: T): T {
  return value;
}
