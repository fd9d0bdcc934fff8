// Two PostgreSQL on loopback, the second a synchronous standby of the first: a commit is answered once both have it. The
// primary can be killed as a power cut would, with all its processes, and the standby promoted; then the first place gets
// a new standby.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { binaries, freePort, ready, unprivileged } from './postgres.ts';

const USER = 'coffer';
const STREAMING_MS_MAX = 20_000;

interface Node {
  readonly port: number;
  readonly child: ChildProcess;
  readonly data: string;
}

export interface PostgresPair {
  /** Both hosts, without a password. */
  readonly dsn: string;
  readonly password: string;
  /** kill -9 of every process of the primary; resolves when they are gone. */
  killPrimary(): Promise<void>;
  /** Makes the standby the primary. */
  promote(): Promise<void>;
  /** A new standby in the place of the one that was killed; resolves once commits wait for it. */
  rebuild(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both; resolves once commits wait for the standby. */
export async function startPostgresPair(): Promise<PostgresPair> {
  const folder = binaries() ?? '';
  const account = unprivileged();
  const root = mkdtempSync(join(tmpdir(), 'coffer-pair-'));
  if (account.uid !== undefined) chownSync(root, account.uid, account.gid ?? account.uid);
  const password = randomBytes(16).toString('hex');
  const ports = [await freePort(), await freePort()] as const;
  const running = new Set<ChildProcess>();
  let directories = 0;
  const directory = () => join(root, `data-${++directories}`);
  const run = (program: string, args: readonly string[], env: Record<string, string> = {}) => {
    const options = { ...account, cwd: root, env: { ...process.env, ...env }, stdio: 'pipe' } as const;
    return execFileSync(join(folder, program), [...args], options);
  };
  const start = async (data: string, port: number): Promise<Node> => {
    const where = ['-h', '127.0.0.1', '-p', String(port), '-k', ''];
    // What is killed here are programs: the kernel keeps what they have written.
    const fast = ['-c', 'fsync=off', '-c', 'wal_retrieve_retry_interval=100ms'];
    const child = spawn(join(folder, 'postgres'), ['-D', data, ...where, ...fast], {
      ...account,
      cwd: root,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    await ready(child);
    return { port, child, data };
  };
  const sql = async (node: Node, text: string): Promise<unknown[]> => {
    const client = new pg.Client({ host: '127.0.0.1', port: node.port, user: USER, password, database: 'postgres' });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  const stopAll = async () => {
    const gone = [...running].map((child) => kill(child));
    await Promise.all(gone);
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', () => {
    for (const child of running) killGroup(child);
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });

  const standbyOf = async (from: Node, port: number): Promise<Node> => {
    const data = directory();
    const source = ['-h', '127.0.0.1', '-p', String(from.port), '-U', USER];
    run('pg_basebackup', ['-D', data, '-R', '-X', 'stream', '--checkpoint=fast', ...source], { PGPASSWORD: password });
    const node = await start(data, port);
    const endMs = performance.now() + STREAMING_MS_MAX;
    await sql(from, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    await sql(from, 'SELECT pg_reload_conf()');
    while ((await sql(from, "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'")).length === 0) {
      if (performance.now() > endMs) throw new Error('the standby does not follow');
      await sleep(50);
    }
    return node;
  };

  try {
    const passwordFile = join(root, 'password');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (account.uid !== undefined) chownSync(passwordFile, account.uid, account.gid ?? account.uid);
    const first = directory();
    const login = [`--username=${USER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    run('initdb', ['-D', first, ...login, '--no-sync', '--encoding=UTF8', '--locale=C']);
    let primary = await start(first, ports[0]);
    await sql(primary, 'CREATE DATABASE coffer');
    let standby = await standbyOf(primary, ports[1]);
    return {
      dsn: `postgres://${USER}@${ports.map((port) => `127.0.0.1:${port}`).join(',')}/coffer`,
      password,
      killPrimary: () => kill(primary.child),
      promote: async () => {
        // Alone, it has nobody to wait for.
        await sql(standby, 'SELECT pg_promote(true, 20)');
        await sql(standby, "ALTER SYSTEM SET synchronous_standby_names = ''");
        await sql(standby, 'SELECT pg_reload_conf()');
        [primary, standby] = [standby, primary];
      },
      rebuild: async () => {
        rmSync(standby.data, { recursive: true, force: true, maxRetries: 5 });
        standby = await standbyOf(primary, standby.port);
      },
      stop: stopAll,
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  killGroup(child);
  await gone;
}

/** With its children, which would go on for a moment without it. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}
