// A whole server without its wires: the real store, keyring and audit in a directory of their own, and callers to ask
// as. The clock is the test's, so that an hour passes when the test says so.

import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAudit } from '../../src/audit/log.ts';
import { Backups } from '../../src/backup/source.ts';
import type { Audit } from '../../src/core/audit-port.ts';
import type { AuditRecord } from '../../src/core/audit-record.ts';
import type { Clock, Store } from '../../src/core/ports.ts';
import { type Caller, SYSTEM } from '../../src/core/principal.ts';
import type { RotationFunctions } from '../../src/core/rotation/port.ts';
import { systemEntropy } from '../../src/crypto/entropy.ts';
import { SEAL_META, sealRecord } from '../../src/crypto/file-seal.ts';
import { Keyring } from '../../src/crypto/keyring.ts';
import { openSigningKeys, type SigningKeys } from '../../src/crypto/signing-keys.ts';
import { createSignatureReader } from '../../src/identity/aws-signature.ts';
import { createJwtReader } from '../../src/identity/jwt.ts';
import { hashClientSecret, hashIssued, hashSessionToken, hashToken, parseToken } from '../../src/identity/tokens.ts';
import { createLoopbackProxy } from '../../src/loopback-proxy.ts';
import { type AwsDoor, createAwsDoor } from '../../src/ops/aws/door.ts';
import { bootstrap } from '../../src/ops/bootstrap.ts';
import { type CensusBook, createCensus, settleCensus } from '../../src/ops/census.ts';
import { createDoor, type Door } from '../../src/ops/door.ts';
import { createEngine, type Engine } from '../../src/ops/engine.ts';
import { then } from '../../src/ops/maybe.ts';
import type { Operation } from '../../src/ops/operation.ts';
import { createProxyGate } from '../../src/ops/proxy.ts';
import { newQuotaMemory, QuotaTable } from '../../src/ops/quota-table.ts';
import { createCharge } from '../../src/ops/quotas.ts';
import { sweep } from '../../src/ops/sweep.ts';
import { createWriter, type Writer } from '../../src/ops/writer.ts';
import { openGithub } from '../../src/outward/github.ts';
import { NO_FUNCTIONS } from '../../src/rotators/lambda.ts';
import { CachedReads } from '../../src/store/cached-reads.ts';
import { snapshotStore } from '../../src/store/snapshot.ts';
import { openSqlite } from '../../src/store/sqlite.ts';

export interface World {
  readonly store: Store;
  readonly door: Door;
  readonly awsDoor: AwsDoor;
  /** For what the server does by itself. */
  readonly engine: Engine;
  readonly signer: SigningKeys;
  readonly census: CensusBook;
  readonly clock: { now(): number; advance(milliseconds: number): void };
  /** Asks as the holder of a credential, or as nobody. */
  ask<C, R>(operation: Operation<C, R>, command: C, credential?: string): Promise<R>;
  as(credential?: string, userAgent?: string): Promise<Caller>;
  readonly ownerCredential: string;
  /** Settles everything that is due; throws what could not be settled. */
  sweep(): Promise<void>;
  /** Every record so far. */
  records(): Promise<readonly AuditRecord[]>;
  close(): Promise<void>;
}

export interface WorldOptions {
  /** Stands before the real audit. */
  readonly wrapAudit?: (audit: Audit) => Audit;
  /** How many sightings wait at the most. */
  readonly censusEntriesMax?: number;
  /** Absent: there are none. */
  readonly functions?: RotationFunctions;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const root = mkdtempSync(join(tmpdir(), 'coffer-ops-'));
  const directory = join(root, 'data');
  let time = 1_800_000_000_000;
  const clock: World['clock'] & Clock = {
    now: () => time,
    advance: (milliseconds) => {
      time += milliseconds;
    },
  };
  const store = openSqlite({ directory });
  const rootKey = createSecretKey(randomBytes(32));
  const sealKey = { id: 'f'.repeat(16), key: createSecretKey(randomBytes(32)) };
  // What a backup takes along, so that what opens this opens that too.
  await store.setMeta(SEAL_META, sealRecord('file', sealKey, rootKey));
  const keyring = new Keyring({
    root: rootKey,
    fingerprintKey: createSecretKey(randomBytes(32)),
    sealType: 'file',
    sealKeyId: sealKey.id,
  });
  const mac = (text: string) => keyring.auditMac(text);
  const log = await openAudit({
    directory: join(directory, 'audit'),
    stream: 'main',
    sync: 'interval',
    store,
    mac,
    clock,
  });
  const audit = options.wrapAudit?.(log) ?? log;
  const entropy = systemEntropy;
  let ownerCredential = '';
  const keepOwner = (credential: { reveal(): string }) => {
    ownerCredential = credential.reveal();
  };
  const first = await bootstrap({ store, keyring, clock, entropy, keepOwner, ownerHash: undefined });
  if (first.record !== undefined) log.copy(first.record);
  const signer = await openSigningKeys({ meta: store, keyring, clock });
  const allows = createProxyGate({ store, keyring, clock });
  const target = () => ({ host: '127.0.0.1', port: 1 });
  const proxy = createLoopbackProxy({ meta: store, target, route: () => ({ kind: 'direct' }), allows });
  const snapshot = (to: string) => snapshotStore(directory, to);
  const made = { data: directory, store, snapshot, keyring, storeId: '0'.repeat(16), clock };
  const backups = new Backups({ ...made, onFailure: (error) => assert.fail(error as Error) });
  const charge = createCharge(new QuotaTable(newQuotaMemory()));
  // As between threads: what is submitted, and what is answered, is plain data or is lost.
  const inner = createWriter({ store, keyring, audit, clock, entropy });
  const writer: Writer = {
    submit: ({ operation, caller, ...data }) => {
      const crossed = caller.principal === SYSTEM ? caller : structuredClone(caller);
      return then(inner.submit({ operation, caller: crossed, ...structuredClone(data) }), structuredClone);
    },
  };
  const reads = new CachedReads(store, store.epoch);
  const census = createCensus({ entriesMax: options.censusEntriesMax ?? 1000 });
  const engine = createEngine({
    auditFiles: { open: () => {}, append: () => true },
    functions: options.functions ?? NO_FUNCTIONS,
    github: openGithub(),
    ...{ store: reads, writer, keyring, audit, clock, entropy, signer, proxy, backups, charge, census },
    settleCensus: () => settleCensus(census, store),
    exercisedBy: (permission) => [`test of ${permission}`],
  });
  const hashCredential = (text: string) => parseToken(text)?.hash;
  const door = createDoor({
    engine,
    store: reads,
    clock,
    jwts: createJwtReader(),
    hashCredential,
    hashIssued,
    hashClientSecret,
  });
  const awsDoor = createAwsDoor({
    ...{ engine, store: reads, keyring, clock, digest: hashToken, hashSessionToken },
    signatures: createSignatureReader(),
    ...{ jwts: createJwtReader(), certificates: () => signer.certificates(), issuer: 'http://127.0.0.1:8200' },
  });
  const origin = { dialect: 'test', peer: '127.0.0.1', requestId: 'r' };
  const as = async (credential?: string, userAgent?: string) =>
    door.authenticate(credential, userAgent === undefined ? origin : { ...origin, userAgent });
  return {
    store,
    door,
    awsDoor,
    engine,
    signer,
    census,
    clock,
    ownerCredential,
    as,
    sweep: async () => {
      const onFailure = (error: unknown) => {
        throw error;
      };
      while (await sweep({ store, engine, clock, entropy, onFailure }));
    },
    ask: async (operation, command, credential) => door.call(operation, await as(credential), command),
    records: async () => (await log.query({ limit: 1000 })).records,
    close: async () => {
      await proxy.stop();
      await backups.close();
      await log.close();
      await store.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
