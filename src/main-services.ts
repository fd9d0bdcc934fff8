// What there is one of in a server, whatever the number of its threads: the writer, the keys it signs with, the
// certificates, the loopback proxy, the audit stream of changes and the sink. All of it lives in the main thread.

import { join } from 'node:path';
import { type AuditLog, openAudit } from './audit/log.ts';
import { Mirror } from './audit/mirror.ts';
import type { AuditStore, AuditSync } from './audit/options.ts';
import { closeFormerStreams, startRetention } from './audit/retention.ts';
import { sharing } from './audit/share.ts';
import { type AuditSink, openAuditSink, readDelivered } from './audit/sink.ts';
import { MAIN, streamOf } from './audit/stream.ts';
import { Backups } from './backup/source.ts';
import { Fault } from './core/error.ts';
import type { RotationFunctions } from './core/rotation/port.ts';
import { accountKeyMaker } from './crypto/account-keys.ts';
import { openAuthority } from './crypto/ca.ts';
import { systemClock } from './crypto/clock.ts';
import { systemEntropy } from './crypto/entropy.ts';
import type { Keyring } from './crypto/keyring.ts';
import type { OwnCertificate } from './crypto/own-certificate.ts';
import { openSigningKeys } from './crypto/signing-keys.ts';
import { ownsAuthorityHost, ownsEntraHost } from './dialects/authority/names.ts';
import { ownsAwsHost } from './dialects/aws/hosts.ts';
import { isCertifiedVault } from './dialects/azure/hosts.ts';
import { ownsGcpHost } from './dialects/gcp/hosts.ts';
import { KeyCeremonies } from './key-ceremonies.ts';
import { isWildcard, type ListenAddress, namesOf } from './listen-address.ts';
import type { Logger } from './log.ts';
import { createLoopbackProxy, type RunningLoopbackProxy } from './loopback-proxy.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createEngine, type Engine } from './ops/engine.ts';
import { createProxyGate } from './ops/proxy.ts';
import { QuotaTable } from './ops/quota-table.ts';
import { createCharge } from './ops/quotas.ts';
import { openGithub } from './outward/github.ts';
import type { Route } from './proxy/upstream.ts';
import type { OpenStore } from './store/open.ts';
import { createGroupWriter } from './threads/group-writer.ts';
import { createMainCensus } from './threads/main-census.ts';
import type { MainThread } from './threads/main-thread.ts';
import type { Threads } from './threads/threads.ts';

export interface AuditSettings {
  /** Absent: an answer leaves once the kernel has its record. */
  readonly sync?: AuditSync;
  /** Where every record is sent, `file:/PATH` or a URL. */
  readonly sink?: string;
  /** A file of header lines that go with each POST to the sink. */
  readonly sinkHeaders?: string;
  /** Absent: records are kept for ever. */
  readonly retentionSeconds?: number;
}

export interface MainOptions {
  readonly data: string;
  readonly opened: OpenStore;
  readonly ledger: Ledger;
  readonly keyring: Keyring;
  /** The id of the root key. */
  readonly storeId: string;
  readonly audit: AuditLog;
  readonly settings: AuditSettings;
  /** The operator's own certificate. */
  readonly certificate: OwnCertificate | undefined;
  /** As it was asked for. */
  readonly host: string;
  /** As it was taken. */
  readonly at: ListenAddress;
  readonly quotaMemory: SharedArrayBuffer;
  /** How many threads answer beside this one. */
  readonly workers: number;
  /** How the loopback proxy gets to what is not ours. */
  readonly upstream: (host: string, port: number) => Route;
  readonly functions: RotationFunctions;
  readonly log: Logger;
  /** What is to be done at the end, the last first. */
  readonly closing: (() => unknown)[];
  /** Seals the server; absent: its seal is a file, which is there whenever the server is. */
  readonly seal?: (() => Promise<void>) | undefined;
  /** The threads that answer; undefined until they are there. */
  threads(): Threads | undefined;
}

export interface MainServices {
  readonly main: MainThread;
  /** For what the server does by itself. */
  readonly engine: Engine;
  readonly metrics: Metrics;
  readonly proxy: RunningLoopbackProxy;
}

/** What the store does for the audit log. */
export interface Ledger {
  readonly store: AuditStore;
  /** Brings what other servers have written into the directory; absent: there are none. */
  readonly refresh?: () => Promise<void>;
}

/** With a store that is shared, what is settled is shared too. */
export function ledgerOf(data: string, { store, shared, server }: OpenStore): Ledger {
  if (shared === undefined) return { store };
  const root = join(data, 'audit');
  const mirror = new Mirror({ root, server, store, shared });
  const settleAudit = sharing(root, store, shared);
  const ledger: AuditStore = {
    pendingAudit: (limit) => store.pendingAudit(limit),
    auditMarks: () => store.auditMarks(),
    auditAnchors: () => store.auditAnchors(),
    anchorAudit: (anchor) => store.anchorAudit(anchor),
    settleAudit,
  };
  return { store: ledger, refresh: () => mirror.refresh() };
}

/** Opens an audit stream of this server, that of changes unless another is named; it goes on where it ended. */
export function openAuditStream(
  data: string,
  { sync = 'interval', sink }: AuditSettings,
  parts: Pick<MainOptions, 'opened' | 'ledger' | 'keyring' | 'log'>,
  stream: string = streamOf(parts.opened.server, MAIN),
): Promise<AuditLog> {
  const { keyring, log, opened, ledger } = parts;
  const { store, server } = opened;
  return openAudit({
    directory: join(data, 'audit'),
    stream,
    sync,
    ...ledger,
    mac: (text) => keyring.auditMac(text),
    clock: systemClock,
    ...(sink === undefined ? {} : { delivered: () => readDelivered(store, sink, server) }),
    onFailure: (error) => log.error({ err: error }, 'the audit log needs attention'),
  });
}

export async function openMainServices(options: MainOptions): Promise<MainServices> {
  const { keyring, audit, host, at, closing, ledger, threads, functions } = options;
  const { store } = options.opened;
  const clock = systemClock;
  const entropy = systemEntropy;
  const proxy = createLoopbackProxy({
    meta: store,
    target: () => ({ host: isWildcard(at.host) ? 'localhost' : at.host, port: at.port }),
    route: options.upstream,
    allows: createProxyGate({ store, keyring, clock }),
  });
  closing.push(() => proxy.stop());
  const backups = openBackups(options);
  await startUpkeep(options);
  const sink = await startSink(options);
  const authority = await openAuthority({ meta: store, keyring, clock, hosts: namesOf(host), allows: ownsName });
  const isShared = options.opened.shared !== undefined;
  const signer = await openSigningKeys({ meta: store, keyring, clock, isShared });
  // The first key signs at once, so all servers must begin with the same.
  if (isShared) await signer.jwks();
  const writer = createGroupWriter({ store, keyring, audit, clock, entropy });
  const metrics = createMetrics({ sinkBacklog: () => sink?.backlog() });
  const main: MainThread = {
    submit: (submission) => writer.submit(submission),
    settleAudit: (ids, mark) => ledger.store.settleAudit(ids, mark),
    refreshAudit: async () => ledger.refresh?.(),
    anchorAudit: (anchor) => store.anchorAudit(anchor),
    streamEnds: async () => [audit.position, ...((await threads()?.streamEnds()) ?? [])],
    ...createMainCensus(store, async () => (await threads()?.takeCensus()) ?? []),
    certificateFor: (name) => options.certificate?.certificateFor(name ?? host) ?? authority.certificateFor(name),
    certificatePem: () => authority.certificatePem(),
    sign: (claims) => signer.sign(claims),
    jwks: () => signer.jwks(),
    signerCertificates: () => signer.certificates(),
    makeAccountKey: accountKeyMaker(),
    openProxy: () => proxy.open(),
    functionExists: (arn) => functions.exists(arn),
    beginBackup: () => backups.begin(),
    readBackup: (id, atBytes) => backups.read(id, atBytes),
    endBackup: (id) => backups.end(id),
    metrics: async () => metrics.render((await threads()?.counts()) ?? []),
    seal: async () => {
      if (options.seal === undefined)
        throw new Fault('UNIMPLEMENTED', { what: 'sealing a server whose key is a file' });
      await options.seal();
    },
    ceremony: openCeremonies(options),
  };
  const charge = createCharge(new QuotaTable(options.quotaMemory));
  const engine = createEngine({
    ...{ store, writer, keyring, audit, clock, entropy, signer, proxy, backups, charge },
    settleCensus: () => main.settleCensus(),
    // Nor does it enable a device.
    auditFiles: { open: () => {}, append: () => false },
    functions,
    github: openGithub(),
    // The server's own work reads no payload, and nobody asks it a question.
    census: { seen: () => {} },
    exercisedBy: () => [],
  });
  return { main, engine, metrics, proxy };
}

/** A key file has no holders. */
function openCeremonies({ opened, audit, seal, closing }: MainOptions): MainThread['ceremony'] {
  if (seal === undefined) {
    return async () => {
      const problem = 'the seal of this server is its key file (auto-unseal), of which there are no shares';
      throw new Fault('VAULT_REQUEST_INVALID', { problem });
    };
  }
  const ceremonies = new KeyCeremonies(opened, audit);
  closing.push(() => ceremonies.forget());
  return (step, fields) => ceremonies.step(step, fields);
}

function openBackups({ data, opened, ledger, keyring, storeId, log, closing }: MainOptions): Backups {
  const onFailure = (error: unknown) => log.error({ err: error }, 'the backup could not be made');
  const { store } = opened;
  const snapshot = async (to: string) => {
    await opened.snapshot(to);
    await ledger.refresh?.();
  };
  const backups = new Backups({ data, store, snapshot, keyring, storeId, clock: systemClock, onFailure });
  closing.push(() => backups.close());
  return backups;
}

/** Closes what no thread writes any more, and prunes what is too old. */
async function startUpkeep(options: MainOptions): Promise<void> {
  const { data, settings, opened, audit, log, closing, workers } = options;
  const { server } = opened;
  const streams = Array.from({ length: Math.max(1, workers) }, (_, index) => streamOf(server, `w${index + 1}`));
  const onFailure = (error: unknown) => log.error({ err: error }, 'the audit log could not be pruned');
  const open = (stream: string) => openAuditStream(data, settings, options, stream);
  await closeFormerStreams({ root: join(data, 'audit'), server, streams, open }).catch(onFailure);
  const { retentionSeconds } = settings;
  closing.push(startRetention({ audit, clock: systemClock, retentionSeconds, onFailure }));
}

/** Sends the ledger on, where that is asked for. */
async function startSink({ data, settings, opened, log, closing }: MainOptions): Promise<AuditSink | undefined> {
  const { sink: target, sinkHeaders } = settings;
  const { store, server } = opened;
  if (target === undefined) return undefined;
  const sink = await openAuditSink({
    directory: join(data, 'audit'),
    target,
    ...(sinkHeaders === undefined ? {} : { headersFile: sinkHeaders }),
    meta: store,
    store,
    server,
    onFailure: (error) => log.error({ err: error }, 'the audit sink takes nothing'),
  });
  closing.push(() => sink.stop());
  return sink;
}

/** The cloud's names that this server answers to, and so has certificates for. */
function ownsName(name: string): boolean {
  return (
    ownsGcpHost(name) || ownsAuthorityHost(name) || ownsEntraHost(name) || ownsAwsHost(name) || isCertifiedVault(name)
  );
}
