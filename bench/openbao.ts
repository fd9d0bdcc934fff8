// OpenBao on a PostgreSQL, as its documentation sets it up: the release binary that its PyPI wheel ships, a KV store of
// version 2, an audit file, and a token that may read and write there and nothing else.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type Postgres } from '../test/support/postgres.ts';
import { scratch } from '../test/support/start.ts';
import { pythonVenv } from '../test/support/venv.ts';
import { PAYLOAD } from './subject.ts';

const READY_MS_MAX = 30_000;

export interface OpenBao {
  readonly address: string;
  readonly pid: number;
  readonly token: string;
  stop(): Promise<void>;
}

/** Starts it on a database of its own, unsealed, with `secret/measured` of 640 bytes. */
export async function startOpenBao(postgres: Postgres, dsn: string): Promise<OpenBao> {
  const bao = join(dirname(await pythonVenv(join(import.meta.dirname, 'requirements.txt'))), 'bao');
  const root = scratch();
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const audit = join(root, 'audit');
  mkdirSync(audit);
  const config = join(root, 'config.hcl');
  const lines = [
    `storage "postgresql" { connection_url = "${dsn}?sslmode=disable" }`,
    `listener "tcp" { address = "127.0.0.1:${port}" tls_disable = true }`,
    `audit "file" "log" { options { file_path = "${join(audit, 'log')}" } }`,
    `api_addr = "${address}"`,
    'disable_mlock = true',
    'log_level = "error"',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  const child = spawn(bao, ['server', `-config=${config}`], { cwd: root, stdio: 'ignore' });
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  const stop = async () => {
    process.off('exit', atExit);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  try {
    return { address, pid: child.pid as number, token: await setUp(address, child), stop };
  } catch (error) {
    await stop();
    throw new Error(`OpenBao on PostgreSQL ${postgres.port} does not come up`, { cause: error });
  }
}

async function setUp(address: string, child: ChildProcess): Promise<string> {
  let token = '';
  const ask = async (method: string, path: string, body?: object) => {
    const headers = { 'x-vault-token': token };
    const response = await fetch(`${address}/v1/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    // biome-ignore lint/suspicious/noExplicitAny: JSON of any answer
    return (text === '' ? {} : JSON.parse(text)) as any;
  };
  const endMs = performance.now() + READY_MS_MAX;
  const until = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (performance.now() > endMs || child.exitCode !== null) throw error;
        await sleep(100);
      }
    }
  };
  const made = await until(() => ask('PUT', 'sys/init', { secret_shares: 1, secret_threshold: 1 }));
  await ask('PUT', 'sys/unseal', { key: made.keys[0] });
  token = made.root_token;
  await until(() => ask('POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } }));
  const rules = 'path "secret/data/*" { capabilities = ["create", "read", "update"] }';
  await ask('PUT', 'sys/policies/acl/measured', { policy: rules });
  const data = { value: PAYLOAD.toString('base64') };
  await until(() => ask('POST', 'secret/data/measured', { data }));
  const { auth } = await ask('POST', 'auth/token/create', { policies: ['measured'], no_default_policy: true });
  return auth.client_token;
}
