// The composition root: the one file that knows every adapter. It opens the store, the seal, the audit and the port in
// this order, and closes them in the other.

import { hostname, networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { openAudit } from './audit/log.ts';
import { statePath } from './client/connection.ts';
import { CENSUS_ENTRIES_MAX } from './core/limits.ts';
import type { Clock, Maybe } from './core/ports.ts';
import { accountKeyMaker } from './crypto/account-keys.ts';
import { type CertificateAuthority, openAuthority } from './crypto/ca.ts';
import { systemClock } from './crypto/clock.ts';
import { systemEntropy } from './crypto/entropy.ts';
import { openSeal } from './crypto/file-seal.ts';
import { Keyring } from './crypto/keyring.ts';
import { OwnCertificate, type OwnCertificateFiles } from './crypto/own-certificate.ts';
import { KEYS_FRESH_SECONDS, openSigningKeys, type SigningKeys } from './crypto/signing-keys.ts';
import { createAuthorityDialect } from './dialects/authority/dialect.ts';
import { ownsAuthorityHost } from './dialects/authority/names.ts';
import { createGcpDialect } from './dialects/gcp/dialect.ts';
import { ownsGcpHost } from './dialects/gcp/hosts.ts';
import { GCP_PERMISSIONS } from './dialects/gcp/permissions.ts';
import { createNativeDialect } from './dialects/native/dialect.ts';
import { NATIVE_PERMISSIONS } from './dialects/native/routes.ts';
import { createJwtReader } from './identity/jwt.ts';
import { parseToken } from './identity/tokens.ts';
import { readOwner, removeNote, writeNote, writeOwner } from './local-state.ts';
import { createLog } from './log.ts';
import { createLoopbackProxy } from './loopback-proxy.ts';
import { createMetrics } from './metrics.ts';
import { bootstrap } from './ops/bootstrap.ts';
import { createCensus, recordDueCensus, settleCensus, sweepCensus } from './ops/census.ts';
import { createDoor, type Door } from './ops/door.ts';
import { createEngine } from './ops/engine.ts';
import type { ExercisedBy } from './ops/operation.ts';
import { createProxyGate } from './ops/proxy.ts';
import { type SweepDeps, sweep } from './ops/sweep.ts';
import type { Target } from './proxy/connect.ts';
import { readUpstream } from './proxy/upstream.ts';
import { createRouter } from './router.ts';
import { openSqlite, type SqliteStore } from './store/sqlite.ts';
import { startSweeper } from './sweeper.ts';
import { listen } from './wire/listener.ts';
import type { Dialect } from './wire/types.ts';

export interface ServeOptions {
  /** `HOST:PORT`; port 0 takes any free one. */
  readonly listen: string;
  readonly data: string;
  /** Absent: beside the data directory, `DATA.key`. */
  readonly keyFile?: string;
  /** A certificate for the names that stand in it; the local CA has all others. */
  readonly tls?: OwnCertificateFiles;
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
const DUE_SWEEP_MS = 5_000;
const CENSUS_DUE_MS = 1_000;
const TOKEN_SWEEP_MS = 10 * 60_000;

/** Runs a server until it is told to stop by SIGTERM or SIGINT; throws where it cannot start. */
export async function serve(options: ServeOptions): Promise<void> {
  const server = await startServer(options);
  process.stderr.write(`${server.greeting.join('\n')}\n`);
  if (options.tls !== undefined) process.on('SIGHUP', () => server.reload());
  await new Promise<void>((stopped) => {
    process.once('SIGTERM', stopped);
    process.once('SIGINT', stopped);
  });
  await server.stop();
}

/** Opens everything and answers once requests are; whatever was opened is closed again where a later step fails. */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const data = resolve(options.data);
  const address = parseListen(options.listen);
  const certificate = options.tls === undefined ? undefined : new OwnCertificate(options.tls);
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const step of closing.reverse()) await step();
  };
  try {
    const store = openSqlite({ directory: data });
    closing.push(() => store.close());
    return await startOn(store, { ...options, ...address, data, certificate }, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

interface Started extends ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly certificate: OwnCertificate | undefined;
}

async function startOn(
  store: SqliteStore,
  options: Started,
  closing: (() => unknown)[],
  close: () => Promise<void>,
): Promise<RunningServer> {
  const { data, host, port, certificate } = options;
  const log = createLog(process.env['COFFER_LOG_LEVEL'] ?? 'info');
  const clock: Clock = systemClock;
  const entropy = systemEntropy;
  const given = options.keyFile === undefined ? {} : { keyFile: options.keyFile };
  const seal = await openSeal({ dataDir: data, ...given, meta: store });
  const keyring = new Keyring(seal);
  const audit = await openAudit({
    directory: join(data, 'audit'),
    store,
    mac: (text) => keyring.auditMac(text),
    clock,
    onFailure: (error) => log.error({ err: error }, 'the audit log needs attention'),
  });
  closing.push(() => audit.close());
  const owner = readOwner(data);
  const first = await bootstrap({
    store,
    keyring,
    clock,
    entropy,
    keepOwner: (credential) => writeOwner(data, credential),
    ownerHash: owner === undefined ? undefined : parseToken(owner)?.hash,
  });
  if (first.record !== undefined) audit.copy(first.record);
  const authority = await openAuthority({ meta: store, keyring, clock, hosts: namesOf(host), allows: ownsName });
  const signer = await openSigningKeys({ meta: store, keyring, clock });

  let ready = false;
  let connections = () => 0;
  const metrics = createMetrics(() => connections());
  let target: Target = { host, port };
  const allows = createProxyGate({ store, keyring, clock });
  const proxy = createLoopbackProxy({ meta: store, target: () => target, route: readUpstream(process.env), allows });
  closing.push(() => proxy.stop());
  const { census, settle, recordDue, settleQuietly } = openCensus({ store, clock }, log.error.bind(log));
  closing.push(settleQuietly);
  const ports = { store, keyring, audit, clock, entropy, signer, proxy, census, settleCensus: settle, exercisedBy };
  const engine = createEngine({ ...ports, onCall: metrics.operation });
  const hashCredential = (text: string) => parseToken(text)?.hash;
  const door = createDoor({ engine, store, clock, jwts: createJwtReader(), hashCredential });
  const onError = (error: unknown, requestId?: string) =>
    log.error({ err: error, requestId }, 'a request failed unexpectedly');
  let issuer = '';
  const dialects = dialectsOf(door, { authority, signer, address: () => issuer, onError });
  const listener = await listen({
    host,
    port,
    handler: createRouter({ dialects, ready: () => ready, metrics: metrics.render }),
    tls: { certificateFor: (name) => certificate?.certificateFor(name ?? host) ?? authority.certificateFor(name) },
    ready: () => ready,
    onError,
    onRequest: (entry) => {
      const { grpcCode, protocol, status, durationMs } = entry;
      metrics.request(grpcCode === undefined ? protocol : 'grpc', String(grpcCode ?? status), durationMs);
      if (log.isLevelEnabled('debug')) log.debug(entry, 'request');
    },
  });
  connections = () => listener.connections();
  const address = `http://${urlHost(listener.address.host)}:${listener.address.port}`;
  target = { host: isWildcard(host) ? 'localhost' : host, port: listener.address.port };
  await proxy.resume();
  issuer = issuerOf(certificate, host, listener.address.port);
  const note = statePath(process.env);
  writeNote(note, { address, data, pid: process.pid, startedAt: new Date(clock.now()).toISOString() });
  closing.push(() => removeNote(note));
  closing.push(...startSweeping({ store, engine, clock, entropy, recordDue }, log.error.bind(log)));
  closing.push(async () => {
    ready = false;
    await listener.drain(DRAIN_MS);
  });
  ready = true;
  const reload = () => reloadCertificate(certificate, log);
  return { address, greeting: greeting(address, data, seal.keyFile, first.isNew), reload, stop: close };
}

/** A renewal gone wrong must not stop a server that runs. */
function reloadCertificate(certificate: OwnCertificate | undefined, log: ReturnType<typeof createLog>): void {
  if (certificate === undefined) return;
  try {
    certificate.reload();
    log.info({ endsAt: new Date(certificate.endsAt()).toISOString() }, 'the TLS certificate was read again');
  } catch (error) {
    log.error({ err: error }, 'the TLS certificate could not be read again: the old one stays');
  }
}

/** What the server calls itself where it speaks for itself: by the operator's certificate, else by where it listens. */
function issuerOf(certificate: OwnCertificate | undefined, host: string, port: number): string {
  const name = certificate?.hostName();
  if (name !== undefined) return `https://${name}${port === 443 ? '' : `:${port}`}`;
  return `http://${urlHost(isWildcard(host) ? hostname().toLowerCase() : host)}:${port}`;
}

/** Everything that is done every so often; what it answers stops it. */
function startSweeping(
  deps: Omit<SweepDeps, 'onFailure'> & { readonly store: SqliteStore; recordDue(): Maybe<void> },
  log: (fields: object, message: string) => void,
): (() => Promise<void>)[] {
  const failed = (what: string) => (error: unknown) => log({ err: error }, what);
  const dueFailed = failed('what was due could not be settled');
  return [
    startSweeper({
      everyMs: DUE_SWEEP_MS,
      sweep: () => sweep({ ...deps, onFailure: dueFailed }),
      failed: dueFailed,
    }),
    startSweeper({
      everyMs: TOKEN_SWEEP_MS,
      sweep: async () => (await deps.store.sweepTokens(deps.clock.now())) > 0,
      failed: failed('expired tokens could not be removed'),
    }),
    startSweeper({
      everyMs: CENSUS_DUE_MS,
      sweep: async () => {
        await deps.recordDue();
        return false;
      },
      failed: failed('the census could not be written'),
    }),
    startSweeper({
      everyMs: TOKEN_SWEEP_MS,
      sweep: () => sweepCensus(deps.store, deps.clock),
      failed: failed('readers of long ago could not be removed'),
    }),
  ];
}

/** By which dialects a permission can be made use of. */
const exercisedBy: ExercisedBy = (permission) => [
  ...(GCP_PERMISSIONS.has(permission) ? ['gcp'] : []),
  ...(NATIVE_PERMISSIONS.has(permission) ? ['coffer'] : []),
];

/** The census of this thread, and how it gets into the store. */
function openCensus(
  { store, clock }: { readonly store: SqliteStore; readonly clock: Clock },
  log: (fields: object, message: string) => void,
) {
  const census = createCensus({ entriesMax: CENSUS_ENTRIES_MAX, onFull: () => void settleQuietly() });
  const settle = () => settleCensus(census, store);
  const recordDue = () => recordDueCensus(census, store, clock.now());
  const settleQuietly = async () => {
    try {
      await settle();
    } catch (error) {
      log({ err: error }, 'the census could not be written');
    }
  };
  return { census, settle, recordDue, settleQuietly };
}

interface DialectParts {
  readonly authority: CertificateAuthority;
  readonly signer: SigningKeys;
  address(): string;
  onError(error: unknown, requestId?: string): void;
}

/** Every dialect, in the order in which the router asks. */
function dialectsOf(door: Door, { authority, signer, address, onError }: DialectParts): readonly Dialect[] {
  const keys = {
    jwks: () => signer.jwks(),
    certificates: () => signer.certificates(),
    freshSeconds: KEYS_FRESH_SECONDS,
  };
  return [
    createNativeDialect(door, { certificatePem: () => authority.certificatePem(), onError }),
    createAuthorityDialect(door, { keys, address, onError }),
    createGcpDialect(door, { onError, makeAccountKey: accountKeyMaker() }),
  ];
}

/** The cloud's names that this server answers to, and so has certificates for. */
function ownsName(name: string): boolean {
  return ownsGcpHost(name) || ownsAuthorityHost(name);
}

function greeting(address: string, data: string, keyFile: string, isNew: boolean): string[] {
  return [
    `coffer: listening on ${address} (plain text and TLS on this port)`,
    `  data      ${data}`,
    `  key file  ${keyFile}`,
    ...(isNew ? ['            keep a copy of it elsewhere: without it nobody can open the data'] : []),
    ...(isLoopback(address)
      ? []
      : ['  warning   plain text on this address can be read on the network: let clients use https']),
    '  next      in another terminal:',
    '            ./coffer secrets create my-secret --project=default --replication-policy=automatic',
    "            echo -n 'a value' | ./coffer secrets versions add my-secret --project=default --data-file=-",
    '            ./coffer secrets versions access latest --secret=my-secret --project=default',
  ];
}

/** Splits `HOST:PORT`, `[IPV6]:PORT`; throws one line that says what is wrong. */
function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) {
    throw new Error(`--listen ${text}: expected HOST:PORT, such as 127.0.0.1:8200`);
  }
  return { host, port };
}

/** The names and addresses by which clients reach a server that listens on `host`. */
function namesOf(host: string): readonly string[] {
  if (!isWildcard(host)) return [host];
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  return [hostname().toLowerCase(), ...addresses];
}

function isLoopback(address: string): boolean {
  return /^http:\/\/(127\.|\[::1\]|localhost)/.test(address);
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
