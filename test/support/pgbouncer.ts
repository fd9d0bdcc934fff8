// Debian's pgbouncer in transaction mode before a PostgreSQL of a test: each transaction may run in another process of
// the server, so whatever a program keeps in its session is lost, or somebody else's.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type Postgres, unprivileged } from './postgres.ts';

const PROGRAM = '/usr/sbin/pgbouncer';
const INSTALL_MS_MAX = 3 * 60_000;
const READY_MS_MAX = 10_000;
/** Fewer than the clients are, so that they have to share. */
const SERVER_CONNECTIONS = 4;

export interface PgBouncer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Why there can be none here, or undefined. Installs it where it may. */
export function whyNoPgBouncer(): string | undefined {
  if (!existsSync(PROGRAM) && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const options = { env, timeout: INSTALL_MS_MAX, stdio: 'ignore' } as const;
    try {
      execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'pgbouncer'], options);
    } catch {
      // Told below.
    }
  }
  if (existsSync(PROGRAM)) return undefined;
  if (process.env['CI'] === 'true') throw new Error('pgbouncer is not installed');
  return 'pgbouncer is not installed';
}

export async function startPgBouncer(postgres: Postgres): Promise<PgBouncer> {
  const account = unprivileged();
  const root = mkdtempSync(join(tmpdir(), 'coffer-pgbouncer-'));
  const port = await freePort();
  const [users, config] = [join(root, 'users'), join(root, 'config')];
  writeFileSync(users, `"${postgres.user}" "${postgres.password}"\n`, { mode: 0o600 });
  const lines = [
    '[databases]',
    `* = host=127.0.0.1 port=${postgres.port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = scram-sha-256',
    `auth_file = ${users}`,
    'pool_mode = transaction',
    `default_pool_size = ${SERVER_CONNECTIONS}`,
    'max_client_conn = 200',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  for (const path of [root, users, config]) {
    if (account.uid !== undefined) chownSync(path, account.uid, account.gid ?? account.uid);
  }
  const child = spawn(PROGRAM, ['-q', config], { ...account, cwd: root, stdio: 'ignore' });
  const atExit = () => {
    child.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  };
  process.once('exit', atExit);
  for (const endMs = performance.now() + READY_MS_MAX; !(await answers(port)); await sleep(50)) {
    if (performance.now() > endMs || child.exitCode !== null) throw new Error('pgbouncer does not start');
  }
  return {
    port,
    stop: async () => {
      process.off('exit', atExit);
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
