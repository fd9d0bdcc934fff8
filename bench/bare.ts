// Starts a bare server and stops it again.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

/** The targets of speed are set against two, whatever the machine has. */
const THREADS = 2;

export interface BareServer {
  readonly address: string;
  readonly pid: number;
  stop(): void;
}

/** `script` is bare-http.ts or bare-grpc.ts; it answers every request with these headers and this body. */
export async function startBare(
  script: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Promise<BareServer> {
  const args = [`${THREADS}`, JSON.stringify(headers), Buffer.from(body).toString('base64')];
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
