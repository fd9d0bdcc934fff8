// The composition root: it opens the store, the seal, the audit and the threads that answer, in this order, and closes
// them in the other. The main thread is the store's one writer; requests are answered by workers, or, with none, here.

import { resolve } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { AuditLog } from './audit/log.ts';
import { openCounter } from './backup/counter.ts';
import { statePath } from './client/connection.ts';
import type { Audit } from './core/audit-port.ts';
import type { MetaStore } from './core/ports.ts';
import { systemClock } from './crypto/clock.ts';
import { counterMac } from './crypto/counter-mac.ts';
import { systemEntropy } from './crypto/entropy.ts';
import { nameKey } from './crypto/envelope.ts';
import { openSeal } from './crypto/file-seal.ts';
import { defaultKeyFile, SealError } from './crypto/key-file.ts';
import { Keyring, type OpenRoot } from './crypto/keyring.ts';
import { newTurnMemory } from './crypto/keys/turns.ts';
import { OwnCertificate, type OwnCertificateFiles } from './crypto/own-certificate.ts';
import { storedSeal } from './crypto/shamir-seal.ts';
import { parseToken } from './identity/tokens.ts';
import { isLoopback, issuerOf, type ListenAddress, parseListen, urlOf } from './listen-address.ts';
import { readOwner, removeNote, writeNote, writeOwner } from './local-state.ts';
import { createLog, type Logger } from './log.ts';
import { type AuditSettings, type Ledger, ledgerOf, openAuditStream, openMainServices } from './main-services.ts';
import { bootstrap } from './ops/bootstrap.ts';
import { newQuotaMemory } from './ops/quota-table.ts';
import { operationNamed } from './ops/table.ts';
import { readUpstream } from './proxy/upstream.ts';
import { startRotations } from './rotations.ts';
import { type LambdaSettings, NO_FUNCTIONS, openLambda } from './rotators/lambda.ts';
import { type OpenServer, ShareSeal } from './share-seal.ts';
import { type OpenStore, openStore } from './store/open.ts';
import { nameOf, type PostgresAddress, parseDsn } from './store/postgres/dsn.ts';
import { withPassword } from './store/postgres/password.ts';
import { recordAcceptance, startCounter } from './store-counter.ts';
import { startSweeping } from './sweeps.ts';
import { answersOf } from './threads/main-thread.ts';
import { spawnWorkers, startThreads, type Threads, workersDefault } from './threads/threads.ts';
import { type Reservation, reserve } from './wire/listener.ts';

export interface ServeOptions {
  /** `HOST:PORT`; port 0 takes any free one. */
  readonly listen: string;
  readonly data: string;
  /** `postgres://…`; absent: the embedded store in the data directory. */
  readonly store?: string;
  /** Holds the password that `store` leaves out. */
  readonly storePasswordFile?: string;
  /** Absent: beside the data directory, `DATA.key`. */
  readonly keyFile?: string;
  /** A certificate for the names that stand in it; the local CA has all others. */
  readonly tls?: OwnCertificateFiles;
  /** Threads that answer requests; 0: the main thread does. Absent: as many as the machine has for them. */
  readonly workers?: number;
  readonly audit?: AuditSettings;
  /** Where rotation functions are invoked; absent: nowhere. */
  readonly lambda?: LambdaSettings;
  /** Start on an older copy of the store. */
  readonly acceptRollback?: boolean;
  /** Of a new store; absent: that of the store, or a file. */
  readonly seal?: 'file' | 'shamir';
}

export interface RunningServer {
  readonly address: string;
  /** What to tell whoever started it. */
  readonly greeting: readonly string[];
  /** Reads the operator's own certificate again; where it cannot be served, goes on with the old one and says so. */
  reload(): void;
  stop(): Promise<void>;
}

const DRAIN_MS = 10_000;

/** Runs a server until it is told to stop by SIGTERM or SIGINT; throws where it cannot start. */
export async function serve(options: ServeOptions): Promise<void> {
  const server = await startServer(options);
  if (options.tls !== undefined) process.on('SIGHUP', () => server.reload());
  // Whoever reads the greeting may stop the server at once.
  const told = new Promise<void>((stopped) => {
    process.once('SIGTERM', stopped);
    process.once('SIGINT', stopped);
  });
  process.stderr.write(`${server.greeting.join('\n')}\n`);
  await told;
  await server.stop();
}

/** Opens everything and answers once requests are; whatever was opened is closed again where a later step fails. */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const data = resolve(options.data);
  const listenOn = parseListen(options.listen);
  const certificate = options.tls === undefined ? undefined : new OwnCertificate(options.tls);
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const log = createLog(process.env['COFFER_LOG_LEVEL'] ?? 'info');
    const starting = { ...options, data, listenOn, certificate, log, closing };
    if (options.seal === 'shamir') return { ...(await startSealed(starting)), stop: close };
    const spawned = spawn(options, closing);
    const started = await startOn({ ...starting, ...(await openPlace(starting)), spawned });
    return { ...started, stop: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function addressOf({ store, storePasswordFile: file }: ServeOptions): PostgresAddress | undefined {
  if (store === undefined) return undefined;
  return withPassword(parseDsn(store), { env: process.env, ...(file === undefined ? {} : { file }) });
}

interface Starting extends Omit<ServeOptions, 'store'> {
  readonly listenOn: ListenAddress;
  readonly certificate: OwnCertificate | undefined;
  readonly opened: OpenStore;
  /** Where everything is, for people. */
  readonly place: string;
  readonly log: Logger;
  readonly spawned: readonly Worker[];
  /** What is to be done at the end, the last first. */
  readonly closing: (() => unknown)[];
  /** Of a store that shares have opened; the counter of the store lies beside `keyFile`. Absent: a key file opens it. */
  readonly unsealed?: OpenRoot & { readonly keyFile: string };
  /** Absent: it is not taken yet. */
  readonly at?: Reservation;
  /** Seals it again, where its seal is one that can. */
  readonly sealAgain?: () => Promise<void>;
  /** Told when no thread takes connections any more. */
  readonly stopping?: () => void;
}

/** Workers that load while the rest is opened. */
function spawn({ workers }: ServeOptions, closing: Starting['closing']): readonly Worker[] {
  const spawned = spawnWorkers(workers ?? workersDefault());
  closing.push(() => Promise.all(spawned.map((worker) => worker.terminate())));
  return spawned;
}

type Place = Pick<Starting, 'opened' | 'place'>;

async function openPlace(options: ServeOptions & Pick<Starting, 'log' | 'closing'>): Promise<Place> {
  const { data, log, closing } = options;
  const address = addressOf(options);
  const onProblem = (problem: string | undefined) => {
    if (problem === undefined) log.info('the store answers again');
    else log.error({ problem }, 'the store does not work');
  };
  const postgres = address === undefined ? {} : { postgres: address };
  const opened = await openStore({ data, clock: systemClock, onProblem, ...postgres });
  closing.push(() => opened.close());
  return { opened, place: address === undefined ? data : `${data} (audit log, id of this server), ${nameOf(address)}` };
}

async function reserveFor({ listenOn, closing }: Pick<Starting, 'listenOn' | 'closing'>): Promise<Reservation> {
  const at = await reserve(listenOn.host, listenOn.port);
  closing.push(() => at.release());
  return at;
}

type StartingSealed = ServeOptions & Pick<Starting, 'listenOn' | 'certificate' | 'log' | 'closing'>;

/** Listens, and opens the rest each time that enough shares came. */
async function startSealed(options: StartingSealed): Promise<Omit<RunningServer, 'stop'>> {
  const { data, listenOn, certificate, closing, log } = options;
  const { opened, place } = await openPlace(options);
  if (((await storedSeal(opened.store)) ?? 'shamir') !== 'shamir') {
    throw new SealError(`the store in ${data} is sealed by a key file, not by shares: leave --seal away`);
  }
  const at = await reserveFor(options);
  const shareSeal = new ShareSeal({
    ...{ opened, data, host: listenOn.host, at, certificate, log },
    open: (root, sealAgain) =>
      openPhase({ ...options, opened, place, at, unsealed: { ...root, keyFile: defaultKeyFile(data) }, sealAgain }),
  });
  closing.push(() => shareSeal.stop());
  await shareSeal.start();
  const address = urlOf(at);
  return {
    address,
    greeting: [
      `coffer: listening on ${address} (sealed by shares)`,
      `  data      ${place}`,
      "  next      initialise it where it is new, and unseal it, by Vault's API: vault operator init, vault operator unseal",
    ],
    reload: () => reloadCertificate(certificate, log),
  };
}

async function openPhase(options: Omit<Starting, 'spawned'>): Promise<OpenServer> {
  const closing: (() => unknown)[] = [];
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
    begin();
  };
  try {
    await startOn({ ...options, spawned: spawn(options, closing), closing, stopping: begin });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    close: () => {
      const closed = close();
      return { closing: begun, closed };
    },
  };
}

async function startOn(starting: Starting): Promise<Omit<RunningServer, 'stop'>> {
  const { data, place, opened, certificate, closing, listenOn, log, audit: settings = {} } = starting;
  const { store, source, server } = opened;
  const prepared = await opened.alone(() => prepare(starting));
  const { seal, keyring, storeId, ledger, audit, isNew } = prepared;
  const at = starting.at ?? (await reserveFor(starting));
  const quotaMemory = newQuotaMemory();
  const functions =
    starting.lambda === undefined ? NO_FUNCTIONS : openLambda({ ...starting.lambda, clock: systemClock });
  let threads: Threads | undefined;
  const { main, engine, metrics, proxy } = await opened.alone(() =>
    openMainServices({
      ...{
        data,
        opened,
        ledger,
        storeId,
        keyring,
        audit,
        settings,
        certificate,
        at,
        quotaMemory,
        functions,
        log,
        closing,
        workers: starting.spawned.length,
      },
      host: listenOn.host,
      upstream: readUpstream(process.env),
      seal: starting.sealAgain,
      threads: () => threads,
    }),
  );
  const answering = await startThreads({
    workers: starting.spawned,
    serving: {
      host: at.host,
      port: at.port,
      ...(starting.sealAgain === undefined ? {} : { shared: true as const }),
      data,
      keyFile: seal.keyFile,
      server,
      auditSync: settings.sync ?? 'interval',
      ...(settings.sink === undefined ? {} : { auditSink: settings.sink }),
      ...(settings.retentionSeconds === undefined ? {} : { auditRetentionSeconds: settings.retentionSeconds }),
      issuer: issuerOf({ host: listenOn.host, port: at.port }, certificate?.hostName()),
    },
    ...{ main, source, root: seal, keyring, quotaMemory, log },
    answerers: answersOf(main, operationNamed),
    lost: metrics.keep,
  });
  threads = answering;
  // From now on none of the threads' streams can be removed unseen; nobody has to wait for it.
  audit.enroll().catch((error: unknown) => log.error({ err: error }, 'the audit streams could not be named'));
  closing.push(store.onErase(() => answering.forgetPayloads()));
  closing.push(async () => {
    await answering.closeDoors(DRAIN_MS);
    starting.stopping?.();
    await answering.stop(DRAIN_MS);
  });
  await proxy.resume();
  const address = urlOf(at);
  const note = statePath(process.env);
  writeNote(note, { address, data, pid: process.pid, startedAt: new Date(systemClock.now()).toISOString() });
  closing.push(() => removeNote(note));
  const sweeping = { store, engine, clock: systemClock, entropy: systemEntropy };
  closing.push(...startSweeping(sweeping, log.error.bind(log)));
  // One that has no address for them leaves rotations to the other servers of its store.
  if (starting.lambda !== undefined) {
    const failed = (error: unknown) => log.error({ err: error }, 'a rotation could not be carried out');
    closing.push(startRotations({ ...sweeping, functions, isAlone: opened.shared === undefined, failed }));
  }
  return {
    address,
    greeting: greeting(address, place, seal.keyFile, isNew),
    reload: () => reloadCertificate(certificate, log),
  };
}

interface Prepared {
  readonly seal: OpenRoot & { readonly keyFile: string };
  readonly keyring: Keyring;
  /** The id of the root key. */
  readonly storeId: string;
  readonly ledger: Ledger;
  readonly audit: AuditLog;
  readonly isNew: boolean;
}

/** What comes before anything can be answered: the seal, the counter, the ledger, the owner. */
async function prepare({
  data,
  place,
  keyFile,
  opened,
  unsealed,
  acceptRollback,
  closing,
  log,
  audit: settings = {},
}: Starting): Promise<Prepared> {
  const { store } = opened;
  const opens = unsealed ?? (await openByFile(data, keyFile, store));
  const seal = { ...opens, turnMemory: newTurnMemory() };
  const keyring = new Keyring(seal);
  const storeId = nameKey(seal.root).id;
  const counter = await openCounter({
    ...{ store, data: place, storeId, keyFile: seal.keyFile, mac: counterMac(seal.root) },
    accept: acceptRollback === true,
    warn: (text) => log.warn(text),
  });
  const ledger = ledgerOf(data, opened);
  const audit = await openAuditStream(data, settings, { opened, ledger, keyring, log });
  closing.push(() => audit.close());
  closing.push(opened.onDoubt(() => audit.copyPending()));
  if (counter.acceptance !== undefined) await recordAcceptance(counter.acceptance, store, audit);
  await counter.advance();
  closing.push(startCounter(counter, store, log));
  const isNew = await prepareOwner(data, opened, keyring, audit);
  return { seal, keyring, storeId, ledger, audit, isNew };
}

async function openByFile(data: string, keyFile: string | undefined, meta: MetaStore): Promise<Prepared['seal']> {
  if ((await storedSeal(meta)) === 'shamir') {
    throw new SealError(`the store in ${data} is sealed by shares: start it with --seal=shamir`);
  }
  return openSeal({ dataDir: data, ...(keyFile === undefined ? {} : { keyFile }), meta });
}

/** Sets a new server up, and the owner's credential where there is none; answers whether the server was new. */
async function prepareOwner(
  data: string,
  { store, server }: OpenStore,
  keyring: Keyring,
  audit: Pick<Audit, 'copy'>,
): Promise<boolean> {
  const owner = readOwner(data);
  const { isNew, record } = await bootstrap({
    store,
    isShared: server !== '',
    keyring,
    clock: systemClock,
    entropy: systemEntropy,
    keepOwner: (credential) => writeOwner(data, credential),
    ownerHash: owner === undefined ? undefined : parseToken(owner)?.hash,
  });
  if (record !== undefined) audit.copy(record);
  return isNew;
}

/** A renewal gone wrong must not stop a server that runs. */
function reloadCertificate(certificate: OwnCertificate | undefined, log: Logger): void {
  if (certificate === undefined) return;
  try {
    certificate.reload();
    log.info({ endsAt: new Date(certificate.endsAt()).toISOString() }, 'the TLS certificate was read again');
  } catch (error) {
    log.error({ err: error }, 'the TLS certificate could not be read again: the old one stays');
  }
}

function greeting(address: string, data: string, keyFile: string, isNew: boolean): string[] {
  return [
    `coffer: listening on ${address} (plain text and TLS on this port)`,
    `  data      ${data}`,
    `  key file  ${keyFile}`,
    ...(isNew ? ['            keep a copy of it elsewhere: without it nobody can open the data'] : []),
    ...(isLoopback(new URL(address).hostname)
      ? []
      : ['  warning   plain text on this address can be read on the network: let clients use https']),
    '  next      in another terminal:',
    '            ./coffer secrets create my-secret --project=default --replication-policy=automatic',
    "            echo -n 'a value' | ./coffer secrets versions add my-secret --project=default --data-file=-",
    '            ./coffer secrets versions access latest --secret=my-secret --project=default',
  ];
}
