// Runs the `coffer` command in a process of its own and collects what it printed.
// A test that needs many commands should call the CLI in-process instead: each process costs a start.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { cleanEnv } from './clean-env.ts';
import { entry, privateDirectories, repository, scratch } from './start.ts';

const TIMEOUT_MS_MAX = 60_000;
const OUTPUT_BYTES_MAX = 32 * 1024 * 1024;

export interface CofferOptions {
  /** Usually `server.env`. Without it, the command finds no server and no credential. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

export interface CofferResult {
  /** The exit code; 128 + n where signal n ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as bytes, for payloads that are not text. */
  readonly bytes: Buffer;
}

/** Runs `coffer ARGS`; rejects only where it cannot be started, prints too much or takes too long. */
export function coffer(args: readonly string[], options: CofferOptions = {}): Promise<CofferResult> {
  return execute(process.execPath, [entry, ...args], options);
}

/** Runs any program the same way, in the same clean environment. */
export function execute(program: string, args: readonly string[], options: CofferOptions = {}): Promise<CofferResult> {
  const directories = options.env?.['XDG_STATE_HOME'] === undefined ? privateDirectories(scratch()) : {};
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS_MAX;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      cwd: options.cwd ?? repository,
      env: cleanEnv({ ...directories, ...options.env }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let bytesLeft = OUTPUT_BYTES_MAX;
    const stop = (why: string) => {
      child.kill('SIGKILL');
      reject(new Error(`${program} ${args.join(' ')}: ${why}; stderr:\n${Buffer.concat(stderr)}`));
    };
    const timer = setTimeout(() => stop(`took more than ${timeoutMs} ms`), timeoutMs);
    const into = (chunks: Buffer[]) => (chunk: Buffer) => {
      bytesLeft -= chunk.length;
      if (bytesLeft < 0) stop(`printed more than ${OUTPUT_BYTES_MAX} bytes`);
      else chunks.push(chunk);
    };
    child.stdout.on('data', into(stdout));
    child.stderr.on('data', into(stderr));
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const bytes = Buffer.concat(stdout);
      resolve({
        code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
        stdout: bytes.toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
        bytes,
      });
    });
    // A command that ends without reading its input is not a fault of the test.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}
