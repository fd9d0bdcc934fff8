// The composition root: the one file that knows every adapter. It opens the store, the seal, the audit and the port in
// this order, and closes them in the other.

import { hostname, networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { openAudit } from './audit/log.ts';
import { statePath } from './client/connection.ts';
import type { Clock } from './core/ports.ts';
import { openAuthority } from './crypto/ca.ts';
import { systemClock } from './crypto/clock.ts';
import { systemEntropy } from './crypto/entropy.ts';
import { openSeal } from './crypto/file-seal.ts';
import { Keyring } from './crypto/keyring.ts';
import { createGcpDialect } from './dialects/gcp/dialect.ts';
import { ownsGcpHost } from './dialects/gcp/hosts.ts';
import { createNativeDialect } from './dialects/native/dialect.ts';
import { parseToken } from './identity/tokens.ts';
import { readOwner, removeNote, writeNote, writeOwner } from './local-state.ts';
import { createLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import { bootstrap } from './ops/bootstrap.ts';
import { createDoor } from './ops/door.ts';
import { createEngine } from './ops/engine.ts';
import { createRouter } from './router.ts';
import { openSqlite, type SqliteStore } from './store/sqlite.ts';
import { listen } from './wire/listener.ts';

export interface ServeOptions {
  /** `HOST:PORT`; port 0 takes any free one. */
  readonly listen: string;
  readonly data: string;
  /** Absent: beside the data directory, `DATA.key`. */
  readonly keyFile?: string;
}

export interface RunningServer {
  readonly address: string;
  /** What to tell whoever started it. */
  readonly greeting: readonly string[];
  stop(): Promise<void>;
}

const DRAIN_MS = 10_000;
const SWEEP_MS = 10 * 60_000;

/** Runs a server until it is told to stop by SIGTERM or SIGINT; throws where it cannot start. */
export async function serve(options: ServeOptions): Promise<void> {
  const server = await startServer(options);
  process.stderr.write(`${server.greeting.join('\n')}\n`);
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
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const step of closing.reverse()) await step();
  };
  try {
    const store = openSqlite({ directory: data });
    closing.push(() => store.close());
    return await startOn(store, { ...options, ...address, data }, closing, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function startOn(
  store: SqliteStore,
  options: ServeOptions & { readonly host: string; readonly port: number },
  closing: (() => unknown)[],
  close: () => Promise<void>,
): Promise<RunningServer> {
  const { data, host, port } = options;
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
  const authority = await openAuthority({ meta: store, keyring, clock, hosts: namesOf(host), allows: ownsGcpHost });

  let ready = false;
  let connections = () => 0;
  const metrics = createMetrics(() => connections());
  const engine = createEngine({ store, keyring, audit, clock, entropy, onCall: metrics.operation });
  const door = createDoor({ engine, store, clock, hashCredential: (text) => parseToken(text)?.hash });
  const onError = (error: unknown, requestId?: string) =>
    log.error({ err: error, requestId }, 'a request failed unexpectedly');
  const native = createNativeDialect(door, { certificatePem: () => authority.certificatePem(), onError });
  const listener = await listen({
    host,
    port,
    handler: createRouter({
      dialects: [native, createGcpDialect(door, { onError })],
      ready: () => ready,
      metrics: metrics.render,
    }),
    tls: { certificateFor: (name) => authority.certificateFor(name) },
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
  const note = statePath(process.env);
  writeNote(note, { address, data, pid: process.pid, startedAt: new Date(clock.now()).toISOString() });
  closing.push(() => removeNote(note));
  const sweeping = setInterval(() => void sweep(store, clock, log.error.bind(log)), SWEEP_MS);
  sweeping.unref();
  closing.push(() => clearInterval(sweeping));
  closing.push(async () => {
    ready = false;
    await listener.drain(DRAIN_MS);
  });
  ready = true;
  return { address, greeting: greeting(address, data, seal.keyFile, first.isNew), stop: close };
}

async function sweep(
  store: SqliteStore,
  clock: Clock,
  failed: (fields: object, message: string) => void,
): Promise<void> {
  try {
    await store.sweepTokens(clock.now());
  } catch (error) {
    failed({ err: error }, 'expired tokens could not be removed');
  }
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
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  return [hostname().toLowerCase(), ...addresses];
}

function isLoopback(address: string): boolean {
  return /^http:\/\/(127\.|\[::1\]|localhost)/.test(address);
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
