// Starts a server of the benchmarks and stops it again.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Child {
  readonly address: string;
  readonly pid: number;
  stop(): void;
}

/** Runs a script of this folder until it says where it listens. */
export async function startChild(script: string, args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const address = await addressOf(child, script);
  return { address, pid: child.pid as number, stop: () => void child.kill('SIGKILL') };
}

function addressOf(child: ChildProcess, script: string): Promise<string> {
  return new Promise((listening, failed) => {
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`${script} ended with ${code}`)));
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk;
      const found = /http:\/\/\S+/.exec(output)?.[0];
      if (found !== undefined) listening(found);
    });
  });
}
