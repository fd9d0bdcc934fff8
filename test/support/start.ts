// Boots a real server process for tests, as a user would, in a directory of its own. Every place where Coffer keeps
// something (data, key file, state, configuration) lies in that directory, so a test never touches the user's.
// The directory and any process left over go when the test process ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanEnv } from './clean-env.ts';

const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 10_000;
const LOG_CHARS_MAX = 32 * 1024 * 1024;
const SCRIPT = /\.m?[jt]s$/;
const READY = /listening on (https?:\/\/(?:\[[^\]]+\]|[^\s:/]+):\d+)(?=\D)/;

export const repository: string = join(import.meta.dirname, '../..');
export const entry: string = join(repository, 'src/main.ts');

export interface StartOptions {
  /** More variables for the server. */
  readonly env?: Readonly<Record<string, string>>;
  /** More arguments after `server --listen … --data …`. */
  readonly args?: readonly string[];
  /** Where to listen; port 0 is any free one. */
  readonly listen?: string;
  /** What to run instead of src/main.ts: a script of Node's, or a program that starts one and leaves it its own process. */
  readonly entry?: string;
  /** A program that runs it, and the arguments before the server's own: strace. It must leave the server its own process. */
  readonly under?: readonly [string, ...string[]];
  /** A directory of an earlier server, to start again on its data. */
  readonly root?: string;
}

export interface RunningServer {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  /** Holds the data directory and all private directories. */
  readonly root: string;
  readonly data: string;
  /** COFFER_ADDR, COFFER_DATA and private XDG directories: what a client needs to find this server only. */
  readonly env: Record<string, string>;
  readonly process: ChildProcess;
  /** All that the server wrote to stdout and stderr so far. */
  logs(): string;
  /** SIGTERM; resolves with the exit code. Safe to call twice. */
  stop(): Promise<number>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Stops this server if it still runs and starts another on the same data, on a new port. */
  restart(options?: Omit<StartOptions, 'root'>): Promise<RunningServer>;
}

const running = new Set<ChildProcess>();
const roots = new Set<string>();

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const root of roots) rmSync(root, { recursive: true, force: true, maxRetries: 3 });
});

/** A private directory that goes away with the test process. */
export function scratch(): string {
  const root = mkdtempSync(join(tmpdir(), 'coffer-test-'));
  roots.add(root);
  return root;
}

/** Environment that makes every XDG directory of Coffer lie in `root`. */
export function privateDirectories(root: string): Record<string, string> {
  const env: Record<string, string> = {};
  for (const kind of ['STATE_HOME', 'CONFIG_HOME', 'DATA_HOME']) {
    const path = join(root, kind.toLowerCase());
    mkdirSync(path, { recursive: true, mode: 0o700 });
    env[`XDG_${kind}`] = path;
  }
  return env;
}

/**
 * Starts `coffer server` and waits for its ready line, at most ten seconds.
 * Throws with the server's own output when it ends or stays silent.
 */
export async function startServer(options: StartOptions = {}): Promise<RunningServer> {
  const root = options.root ?? scratch();
  const data = join(root, 'data');
  const directories = privateDirectories(root);
  const started = options.entry ?? entry;
  const node = SCRIPT.test(started) ? [process.execPath] : [];
  const [program, ...before] = [...(options.under ?? []), ...node, started] as [string, ...string[]];
  const child = spawn(
    program,
    [...before, 'server', '--listen', options.listen ?? '127.0.0.1:0', '--data', data, ...(options.args ?? [])],
    { cwd: root, env: cleanEnv({ ...directories, ...options.env }), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.add(child);
  const ended = once(child, 'exit').finally(() => running.delete(child));
  // A program that cannot be started is reported below; this promise must not report it again.
  ended.catch(() => {});
  let output = '';
  const address = await new Promise<string>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`the server ${why}; it said:\n${output || '(nothing)'}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`was not ready within ${READY_MS_MAX} ms`);
    }, READY_MS_MAX);
    const take = (chunk: string) => {
      if (output.length < LOG_CHARS_MAX) output += chunk;
      const found = READY.exec(output)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      fail(`ended with ${signal ?? code}`);
    });
  });
  const server: RunningServer = {
    address,
    root,
    data,
    env: { ...directories, COFFER_ADDR: address, COFFER_DATA: data },
    process: child,
    logs: () => output,
    stop: () => end(child, ended, 'SIGTERM', () => output),
    kill: async () => void (await end(child, ended, 'SIGKILL', () => output)),
    restart: async (again = {}) => {
      await server.stop();
      return startServer({ ...options, ...again, root });
    },
  };
  return server;
}

async function end(
  child: ChildProcess,
  ended: Promise<unknown>,
  signal: 'SIGTERM' | 'SIGKILL',
  logs: () => string,
): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, STOP_MS_MAX);
    await ended;
    clearTimeout(timer);
    if (late) throw new Error(`the server ignored ${signal} for ${STOP_MS_MAX} ms; it said:\n${logs()}`);
  }
  return child.exitCode ?? 128;
}
