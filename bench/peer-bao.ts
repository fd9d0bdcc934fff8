// OpenBao as it stands in production, to measure beside: Raft storage, a file audit device (written, not fsynced), no TLS
// on loopback. Its program comes with the Python packages of the tests.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { repository } from '../test/support/start.ts';
import { pythonVenv } from '../test/support/venv.ts';

const START_MS_MAX = 20_000;
const STEP_MS = 100;

export interface Bao {
  readonly address: string;
  readonly pid: number;
  readonly root: string;
  stop(): Promise<void>;
}

export async function startBao(): Promise<Bao> {
  const python = await pythonVenv(join(repository, 'test/vault/python/requirements.txt'));
  const directory = mkdtempSync(join(tmpdir(), 'bench-bao-'));
  const [port, cluster] = [await freePort(), await freePort()];
  const address = `http://127.0.0.1:${port}`;
  mkdirSync(join(directory, 'raft'));
  const configuration = [
    `storage "raft" { path = "${join(directory, 'raft')}" node_id = "one" }`,
    `listener "tcp" { address = "127.0.0.1:${port}" tls_disable = true }`,
    `audit "file" "bench" { options { file_path = "${join(directory, 'audit.log')}" } }`,
    `api_addr = "${address}"`,
    `cluster_addr = "http://127.0.0.1:${cluster}"`,
  ];
  const file = join(directory, 'bao.hcl');
  writeFileSync(file, configuration.join('\n'));
  const child = spawn(join(dirname(python), 'bao'), ['server', `-config=${file}`, '-log-level=error'], {
    stdio: 'ignore',
  });
  const stop = () => end(child, directory);
  try {
    return { address, pid: child.pid as number, root: await open(address), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Initialises and unseals it; answers its root token. */
async function open(address: string): Promise<string> {
  const shares = { secret_shares: 1, secret_threshold: 1 };
  const made = (await untilAnswered(() => send(address, '', 'PUT', 'sys/init', shares))) as {
    keys: string[];
    root_token: string;
  };
  await send(address, '', 'PUT', 'sys/unseal', { key: made.keys[0] });
  // A node of Raft takes a moment to lead itself.
  await untilAnswered(() => send(address, made.root_token, 'GET', 'sys/mounts'));
  return made.root_token;
}

async function untilAnswered<T>(work: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited += STEP_MS) {
    try {
      return await work();
    } catch (error) {
      if (waited >= START_MS_MAX) throw error;
      await sleep(STEP_MS);
    }
  }
}

/** One request by Vault's API; throws where it is not answered by a 2xx. */
export async function send(
  address: string,
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const headers = token === '' ? {} : { 'x-vault-token': token };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${address}/v1/${path}`, { method, headers, ...sent });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(directory, { recursive: true, force: true });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
