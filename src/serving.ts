// All that answers requests in one thread: the port, the dialects, the engine, reads of its own and an audit stream of its
// own. What only the main thread may do, it asks for. There is one of it a worker, or a single one in the main thread.

import { join } from 'node:path';
import { DeviceFiles } from './audit/device-files.ts';
import { type AuditLog, openAudit } from './audit/log.ts';
import type { Position } from './audit/mark.ts';
import type { AuditSync } from './audit/options.ts';
import { startRetention } from './audit/retention.ts';
import { readDelivered } from './audit/sink.ts';
import { streamOf } from './audit/stream.ts';
import type { BackupSource } from './core/backup-port.ts';
import type { Sighting } from './core/census.ts';
import { CENSUS_ENTRIES_MAX } from './core/limits.ts';
import { Counts, type CountsSnapshot } from './counts.ts';
import { systemClock } from './crypto/clock.ts';
import { systemEntropy } from './crypto/entropy.ts';
import type { Keyring } from './crypto/keyring.ts';
import { hashPassword } from './crypto/password.ts';
import { KEYS_FRESH_SECONDS } from './crypto/signing-keys.ts';
import { createAuthorityDialect } from './dialects/authority/dialect.ts';
import { createAwsDialect } from './dialects/aws/dialect.ts';
import { AWS_PERMISSIONS } from './dialects/aws/permissions.ts';
import { createAzureDialect } from './dialects/azure/dialect.ts';
import { AZURE_PERMISSIONS } from './dialects/azure/permissions.ts';
import { createGcpDialect } from './dialects/gcp/dialect.ts';
import { GCP_PERMISSIONS } from './dialects/gcp/permissions.ts';
import { createNativeDialect } from './dialects/native/dialect.ts';
import { NATIVE_PERMISSIONS } from './dialects/native/routes.ts';
import { createVaultDialect, isMarkedForVault } from './dialects/vault/dialect.ts';
import { VAULT_PERMISSIONS } from './dialects/vault/permissions.ts';
import { createSignatureReader } from './identity/aws-signature.ts';
import { createCertificateReader } from './identity/client-certificate.ts';
import { createJwtReader } from './identity/jwt.ts';
import { hashClientSecret, hashIssued, hashSessionToken, hashToken, parseToken } from './identity/tokens.ts';
import type { Logger } from './log.ts';
import { type AwsDoor, createAwsDoor } from './ops/aws/door.ts';
import { createCensus, recordDueCensus, settleCensus } from './ops/census.ts';
import { createDoor, type Door } from './ops/door.ts';
import { createEngine, type Engine } from './ops/engine.ts';
import type { ExercisedBy } from './ops/operation.ts';
import { QuotaTable } from './ops/quota-table.ts';
import { createCharge } from './ops/quotas.ts';
import { createVaultDoor, type VaultDoor } from './ops/vault/door.ts';
import { openGithub } from './outward/github.ts';
import { createRouter } from './router.ts';
import type { ThreadReads } from './store/open.ts';
import { startSweeper } from './sweeper.ts';
import type { MainThread } from './threads/main-thread.ts';
import { listen } from './wire/listener.ts';
import type { Dialect } from './wire/types.ts';

/** New readers reach the store this soon. */
const CENSUS_EVERY_MS = 1000;

const HASHES = { hashCredential: (text: string) => parseToken(text)?.hash, hashIssued, hashClientSecret };

/** What a thread needs to know; plain data, so that it can be told to a worker. */
export interface ServingOptions {
  readonly host: string;
  readonly port: number;
  /** Whether other threads listen there too. */
  readonly shared: boolean;
  /** The data directory. */
  readonly data: string;
  /** What the names of this server's audit streams begin with. */
  readonly server: string;
  /** The audit stream of this thread. */
  readonly stream: string;
  /** Whether an answer waits until its record is on the disk. */
  readonly auditSync: AuditSync;
  /** Where the records are sent; pruning waits for it. */
  readonly auditSink?: string;
  /** How long records are kept at the least. */
  readonly auditRetentionSeconds?: number;
  /** The key file of the seal. */
  readonly keyFile: string;
  /** What the server calls itself. */
  readonly issuer: string;
  readonly connectionsMax: number;
}

export interface ServingParts {
  readonly main: MainThread;
  readonly keyring: Keyring;
  /** The thread's own connection, and its rows as long as they are true. */
  readonly store: ThreadReads['store'];
  readonly reads: ThreadReads['reads'];
  readonly quotaMemory: SharedArrayBuffer;
  readonly log: Logger;
}

export interface Serving {
  counts(): CountsSnapshot;
  /** How far the audit stream of this thread has been written. */
  streamEnd(): Position;
  /** What it has seen of readers that the store does not have; it forgets it. */
  takeCensus(): Sighting[];
  /** Lets go of every payload that it holds opened. */
  forgetPayloads(): void;
  /** Takes no more connections or requests; what is under way has `graceMs`. */
  closeDoors(graceMs: number): void;
  /** Answers what is under way for at most `graceMs`, and ends. */
  stop(graceMs: number): Promise<void>;
}

/** Opens the port and answers requests. Rejects where it cannot. */
export async function startServing(options: ServingOptions, parts: ServingParts): Promise<Serving> {
  const { main, keyring, reads, quotaMemory, log } = parts;
  const clock = systemClock;
  const audit = await openStream(options, parts);
  const stopRetention = startRetention({
    // The main thread prunes.
    audit: { roll: (before) => audit.roll(before) },
    clock,
    retentionSeconds: options.auditRetentionSeconds,
    onFailure: (error) => log.error({ err: error }, 'an audit segment could not be closed'),
  });
  const counts = new Counts();
  const { census, stopCensus } = startCensus(main, log);
  const auditFiles = new DeviceFiles({
    forbidden: [options.data, options.keyFile],
    onFailure: (error) => log.error({ err: error }, 'requests by the API of Vault may fail until it does'),
  });
  const engine = createEngine({
    store: reads,
    writer: main,
    keyring,
    audit,
    clock,
    entropy: systemEntropy,
    signer: main,
    auditFiles,
    functions: { exists: (arn) => main.functionExists(arn) },
    github: openGithub(),
    proxy: { open: () => main.openProxy() },
    backups: backupsOf(main),
    charge: createCharge(new QuotaTable(quotaMemory)),
    census,
    settleCensus: () => main.settleCensus(),
    exercisedBy,
    onCall: (operation, outcome, code) => counts.operation(operation, outcome, code),
  });
  const doors = doorsOf(engine, parts, auditFiles, options.issuer);
  let ready = true;
  const onError = (error: unknown, requestId?: string) =>
    log.error({ err: error, requestId }, 'a request failed unexpectedly');
  const names = { issuer: options.issuer, tenantId: keyring.tenantId() };
  const dialects = dialectsOf(doors, main, names, onError);
  const listener = await listen({
    host: options.host,
    port: options.port,
    shared: options.shared,
    limits: { connectionsMax: options.connectionsMax },
    handler: createRouter({ dialects, ready: () => ready, metrics: () => main.metrics() }),
    tls: { certificateFor: (name) => main.certificateFor(name) },
    ready: () => ready,
    onError,
    onRequest: (entry) => {
      const { grpcCode, protocol, status, durationMs } = entry;
      counts.request(grpcCode === undefined ? protocol : 'grpc', grpcCode ?? status, durationMs);
      if (log.isLevelEnabled('debug')) log.debug(entry, 'request');
    },
  });
  return {
    counts: () => counts.snapshot(listener.connections()),
    streamEnd: () => audit.position,
    takeCensus: () => census.take(),
    forgetPayloads: () => keyring.forgetPayloads(),
    closeDoors: (graceMs) => {
      ready = false;
      void listener.drain(graceMs);
    },
    stop: async (graceMs) => {
      ready = false;
      await listener.drain(graceMs);
      await stopCensus();
      await stopRetention();
      await audit.close();
      auditFiles.close();
    },
  };
}

interface Doors {
  readonly door: Door;
  readonly vaultDoor: VaultDoor;
  readonly awsDoor: AwsDoor;
}

/** Each cloud's way to learn who asks. */
function doorsOf(
  engine: Engine,
  { main, reads: store, keyring }: ServingParts,
  auditFiles: DeviceFiles,
  issuer: string,
): Doors {
  const clock = systemClock;
  const jwts = createJwtReader();
  const door = createDoor({ engine, store, clock, jwts, ...HASHES });
  const common = { store, keyring, clock, digest: hashToken };
  return {
    door,
    vaultDoor: createVaultDoor({
      ...{ ...common, door, auditFiles, hashPassword, certificates: createCertificateReader() },
      ceremony: (step, fields) => main.ceremony(step, fields),
    }),
    awsDoor: createAwsDoor({
      ...common,
      ...{ engine, jwts, issuer, hashSessionToken },
      signatures: createSignatureReader(),
      certificates: () => main.signerCertificates(),
    }),
  };
}

/** The audit stream of this thread. */
function openStream(options: ServingOptions, { main, keyring, store, log }: ServingParts): Promise<AuditLog> {
  return openAudit({
    directory: join(options.data, 'audit'),
    stream: streamOf(options.server, options.stream),
    sync: options.auditSync,
    store: {
      pendingAudit: (limit) => store.pendingAudit(limit),
      auditMarks: () => store.auditMarks(),
      auditAnchors: () => store.auditAnchors(),
      settleAudit: (ids, mark) => main.settleAudit(ids, mark),
      anchorAudit: (anchor) => main.anchorAudit(anchor),
    },
    ends: () => main.streamEnds(),
    ...(options.server === '' ? {} : { refresh: () => main.refreshAudit() }),
    ...(options.auditSink === undefined ? {} : { delivered: deliveredTo(options.auditSink, store, options.server) }),
    mac: (text) => keyring.auditMac(text),
    clock: systemClock,
    onFailure: (error) => log.error({ err: error, stream: options.stream }, 'the audit log needs attention'),
  });
}

function backupsOf(main: MainThread): BackupSource {
  return {
    begin: () => main.beginBackup(),
    read: (id, atBytes) => main.readBackup(id, atBytes),
    end: (id) => main.endBackup(id),
  };
}

function deliveredTo(target: string, store: ServingParts['store'], server: string) {
  return () => readDelivered({ meta: (key) => store.meta(key) }, target, server);
}

/** What this thread sees of readers, and how it gets to the main thread. */
function startCensus(main: MainThread, log: Logger) {
  const failed = (error: unknown) => log.error({ err: error }, 'the census could not be written');
  const settle = async () => {
    try {
      await settleCensus(census, main);
    } catch (error) {
      failed(error);
    }
  };
  const census = createCensus({ entriesMax: CENSUS_ENTRIES_MAX, onFull: () => void settle() });
  const stop = startSweeper({
    everyMs: CENSUS_EVERY_MS,
    sweep: async () => {
      await recordDueCensus(census, main, systemClock.now());
      return false;
    },
    failed,
  });
  const stopCensus = async () => {
    await stop();
    await settle();
  };
  return { census, stopCensus };
}

/** By which dialects a permission can be made use of. */
const exercisedBy: ExercisedBy = (permission) => [
  ...(GCP_PERMISSIONS.has(permission) ? ['gcp'] : []),
  ...(AWS_PERMISSIONS.has(permission) ? ['aws'] : []),
  ...(AZURE_PERMISSIONS.has(permission) ? ['azure'] : []),
  ...(NATIVE_PERMISSIONS.has(permission) ? ['coffer'] : []),
  ...(VAULT_PERMISSIONS.has(permission) ? ['vault'] : []),
];

/** Every dialect, in the order in which the router asks. */
function dialectsOf(
  { door, vaultDoor, awsDoor }: Doors,
  main: MainThread,
  { issuer, tenantId }: { readonly issuer: string; readonly tenantId: string },
  onError: (error: unknown, requestId?: string) => void,
): readonly Dialect[] {
  const keys = {
    jwks: () => main.jwks(),
    certificates: () => main.signerCertificates(),
    freshSeconds: KEYS_FRESH_SECONDS,
  };
  const vault = createVaultDialect(vaultDoor, { onError, seal: () => main.seal() });
  return [
    { ...vault, claims: isMarkedForVault },
    createNativeDialect(door, { certificatePem: () => main.certificatePem(), onError }),
    createAuthorityDialect(door, { keys, address: () => issuer, tenantId, onError }),
    createAzureDialect(door, { address: () => issuer, tenantId, onError }),
    createAwsDialect(awsDoor, { onError }),
    createGcpDialect(door, { onError, makeAccountKey: () => main.makeAccountKey() }),
    vault,
  ];
}
