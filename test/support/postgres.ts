// A real PostgreSQL for tests: the system's own, on a free loopback port, in a directory of its own, gone with the test
// process. Where none is installed and we are root on Debian, it is installed; where that cannot be, tests are skipped
// and say so, but with CI=true that is a failure. Durability is off unless asked for: its data is not meant to last.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const READY_MS_MAX = 20_000;
const INSTALL_MS_MAX = 5 * 60_000;

export interface PostgresOptions {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  /** Whether what it commits is on the disk, as a benchmark wants it. */
  readonly isDurable?: boolean;
  /** Speaks TLS too, with this certificate and key, in PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

export interface Postgres {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  stop(): Promise<void>;
}

export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Why there can be no PostgreSQL here, or undefined where there is one: `{ skip: whyNoPostgres() ?? false }`.
 * Installs it where it may. Throws with CI=true, so that no pipeline passes without it.
 */
export function whyNoPostgres(): string | undefined {
  let why = 'PostgreSQL is not installed';
  if (binaries() === undefined && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    try {
      install();
    } catch (error) {
      why = `PostgreSQL cannot be installed: ${(error as Error).message}`;
    }
  }
  if (binaries() !== undefined) return undefined;
  if (process.env['CI'] === 'true') throw new Error(why);
  return why;
}

/** Starts a server that holds one database owned by one user who logs in with a password (SCRAM). */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const folder = binaries();
  if (folder === undefined) throw new Error('PostgreSQL is not installed');
  const { user = 'coffer', password = randomBytes(16).toString('hex'), database = 'coffer' } = options;
  const account = unprivileged();
  const root = mkdtempSync(join(tmpdir(), 'coffer-postgres-'));
  const data = join(root, 'data');
  const passwordFile = join(root, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  for (const path of [root, passwordFile]) {
    if (account.uid !== undefined) chownSync(path, account.uid, account.gid ?? account.uid);
  }
  const login = [`--username=${user}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  execFileSync(join(folder, 'initdb'), ['-D', data, ...login, '--no-sync', '--encoding=UTF8', '--locale=C'], {
    ...account,
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  rmSync(passwordFile);
  const single = ['--single', '-D', data, 'postgres'];
  const create = `CREATE DATABASE "${database.replaceAll('"', '""')}"\n`;
  execFileSync(join(folder, 'postgres'), single, {
    ...account,
    cwd: root,
    input: create,
    stdio: ['pipe', 'ignore', 'pipe'],
  });

  const port = await freePort();
  const fast = options.isDurable
    ? []
    : ['-c', 'fsync=off', '-c', 'full_page_writes=off', '-c', 'synchronous_commit=off'];
  const where = ['-h', '127.0.0.1', '-p', String(port), '-k', ''];
  const secure = options.tls === undefined ? [] : tlsSettings(root, account, options.tls);
  const child = spawn(join(folder, 'postgres'), ['-D', data, ...where, ...fast, ...secure], {
    ...account,
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = stopper(child, root);
  await ready(child).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { host: '127.0.0.1', port, user, password, database, stop };
}

function tlsSettings(root: string, account: Account, tls: NonNullable<PostgresOptions['tls']>): string[] {
  const settings = { ssl_cert_file: tls.certificate, ssl_key_file: tls.key };
  return Object.entries(settings).flatMap(([name, text]) => {
    const path = join(root, name);
    writeFileSync(path, text, { mode: 0o600 });
    if (account.uid !== undefined) chownSync(path, account.uid, account.gid ?? account.uid);
    return ['-c', `${name}=${path}`, '-c', 'ssl=on'];
  });
}

/** The folder of the server's programs, where one is installed. */
export function binaries(): string | undefined {
  const versions = globSync('/usr/lib/postgresql/*/bin').sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  const folders = [...versions, ...(process.env['PATH'] ?? '').split(delimiter)];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

function install(): void {
  // The package starts a server of its own, which nobody asked for; RUNLEVEL=1 keeps it from doing so.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const options = { env, timeout: INSTALL_MS_MAX, stdio: ['ignore', 'ignore', 'pipe'] as const };
  execFileSync('apt-get', ['update', '-qq'], { ...options, stdio: [...options.stdio] });
  const quiet = ['install', '-y', '-qq', '--no-install-recommends', 'postgresql'];
  execFileSync('apt-get', quiet, { ...options, stdio: [...options.stdio] });
}

/** PostgreSQL refuses to run as root: then it runs as its own user, or as nobody. */
export function unprivileged(): Account {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // No such user: the next one.
    }
  }
  throw new Error('PostgreSQL needs a user other than root: there is neither postgres nor nobody');
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`PostgreSQL was not ready in time:\n${said}`)), READY_MS_MAX);
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-64 * 1024);
      if (!/ready to accept (read-only )?connections/.test(said)) return;
      clearTimeout(timer);
      resolve();
    });
    child.once('exit', () => {
      clearTimeout(timer);
      reject(new Error(`PostgreSQL ended:\n${said}`));
    });
  });
}

/** Ends the server the quick way and removes what it wrote; also when the test process ends without asking. */
function stopper(child: ChildProcess, root: string): () => Promise<void> {
  const gone = once(child, 'exit');
  const atExit = () => {
    child.kill('SIGQUIT');
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', atExit);
  return async () => {
    process.off('exit', atExit);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGQUIT');
      await gone;
    }
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
}
