// A real MariaDB for tests: Debian's, on a free loopback port, in a directory of its own, gone with the test process. Where
// none is installed and we are root on Debian, it is installed; where that cannot be, tests are skipped and say so, but with
// CI=true that is a failure.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, unprivileged } from './postgres.ts';

const PROGRAM = '/usr/sbin/mariadbd';
/** What makes the tables of the server itself. */
const SYSTEM = ['mysql_system_tables.sql', 'mysql_performance_tables.sql', 'mysql_system_tables_data.sql'];
const INSTALL_MS_MAX = 3 * 60_000;
const READY_MS_MAX = 20_000;

export interface MariaDb {
  readonly port: number;
  stop(): Promise<void>;
}

/** Why there can be none here, or undefined. Installs it where it may. */
export function whyNoMariaDb(): string | undefined {
  if (!existsSync(PROGRAM) && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const options = { env, timeout: INSTALL_MS_MAX, stdio: 'ignore' } as const;
    try {
      execFileSync('apt-get', ['update', '-qq'], options);
      execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'mariadb-server-core'], options);
    } catch {
      // Told below.
    }
  }
  if (existsSync(PROGRAM)) return undefined;
  if (process.env['CI'] === 'true') throw new Error('MariaDB is not installed');
  return 'MariaDB is not installed';
}

/** Starts a server with one user, who logs in from 127.0.0.1 with this password. */
export async function startMariaDb(user: string, password: string): Promise<MariaDb> {
  const account = unprivileged();
  const root = mkdtempSync(join(tmpdir(), 'coffer-mariadb-'));
  const data = join(root, 'data');
  mkdirSync(data);
  if (account.uid !== undefined)
    for (const path of [root, data]) chownSync(path, account.uid, account.gid ?? account.uid);
  const port = await freePort();
  const all = ['--no-defaults', `--datadir=${data}`, '--innodb-flush-log-at-trx-commit=0'];
  const statements = [
    'CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\nSET @skip_auth_anonymous=1;',
    ...SYSTEM.map((file) => readFileSync(join('/usr/share/mysql', file), 'utf8')),
    `FLUSH PRIVILEGES;\nCREATE USER ${user}@'127.0.0.1' IDENTIFIED BY '${password}';\n`,
  ];
  const bootstrap = [...all, '--bootstrap', '--skip-networking'];
  execFileSync(PROGRAM, bootstrap, { ...account, cwd: root, input: statements.join('\n'), stdio: 'pipe' });
  const where = [`--port=${port}`, '--bind-address=127.0.0.1', '--skip-name-resolve', '--socket='];
  const child = spawn(PROGRAM, [...all, ...where, `--pid-file=${join(root, 'pid')}`], {
    ...{ ...account, cwd: root },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const gone = once(child, 'exit');
  const clear = () => {
    child.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', clear);
  const stop = async () => {
    process.off('exit', clear);
    child.kill('SIGKILL');
    await gone;
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = '';
  const timer = setTimeout(() => reject(new Error(`MariaDB was not ready in time:\n${said}`)), READY_MS_MAX);
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-64 * 1024);
    if (said.includes('ready for connections')) resolve();
  });
  child.once('exit', () => reject(new Error(`MariaDB ended:\n${said}`)));
  await promise
    .finally(() => clearTimeout(timer))
    .catch(async (error: unknown) => {
      await stop();
      throw error;
    });
  return { port, stop };
}
