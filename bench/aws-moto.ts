// moto's server with one secret of 640 bytes, to measure beside. It closes each connection with its answer, so a client
// makes one for each request, as every SDK then does.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/postgres.ts';
import { pythonVenv } from '../test/support/venv.ts';
import { signedReads } from './aws-requests.ts';
import type { Connection } from './closed-loop.ts';
import type { Side } from './compare.ts';
import { PAYLOAD } from './subject.ts';

const START_MS_MAX = 30_000;
const STEP_MS = 100;

interface Moto {
  side(connections: number): Side;
  stop(): Promise<void>;
}

export async function startMoto(): Promise<Moto> {
  const python = await pythonVenv(join(import.meta.dirname, 'requirements-moto.txt'));
  const port = await freePort();
  const child = spawn(join(dirname(python), 'moto_server'), ['-H', '127.0.0.1', '-p', `${port}`], { stdio: 'ignore' });
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  const stop = async () => {
    process.off('exit', atExit);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const address = `http://127.0.0.1:${port}`;
  try {
    await untilAnswered(() => createSecret(address));
  } catch (error) {
    await stop();
    throw new Error('moto does not come up', { cause: error });
  }
  const request = signedReads(address, { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'any' });
  const side = (connections: number): Side => ({
    pid: child.pid as number,
    connect: () => Array.from({ length: connections }, () => new OneByOne(port, request)),
  });
  return { side, stop };
}

async function createSecret(address: string): Promise<void> {
  const response = await fetch(address, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'secretsmanager.CreateSecret',
      authorization:
        'AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=x',
    },
    body: JSON.stringify({ Name: 'measured', SecretString: PAYLOAD.toString(), ClientRequestToken: '0'.repeat(32) }),
  });
  if (!response.ok) throw new Error(`moto answers ${response.status}`);
}

async function untilAnswered(work: () => Promise<void>): Promise<void> {
  for (let waited = 0; ; waited += STEP_MS) {
    try {
      return await work();
    } catch (error) {
      if (waited >= START_MS_MAX) throw error;
      await sleep(STEP_MS);
    }
  }
}

/** A new socket for each request; the answer is whole when it is closed. */
class OneByOne implements Connection {
  readonly #port: number;
  readonly #request: () => Uint8Array;
  #answered: () => void = () => {};
  #failed: (error: Error) => void = () => {};

  constructor(port: number, request: () => Uint8Array) {
    this.#port = port;
    this.#request = request;
  }

  async open(answered: () => void, failed: (error: Error) => void): Promise<void> {
    this.#answered = answered;
    this.#failed = failed;
  }

  send(): void {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('error', (error) => this.#failed(error));
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('end', () => {
      socket.destroy();
      if (answer.startsWith('HTTP/1.1 200 ') && answer.includes(PAYLOAD.toString())) this.#answered();
      else this.#failed(new Error(`moto's answer is wrong: ${answer.slice(0, 200)}`));
    });
    socket.write(this.#request());
  }

  close(): void {
    this.#failed = () => {};
  }
}
