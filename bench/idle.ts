// What a server takes that nobody asks anything: its memory once it has settled, and how long its first answer takes
// from the launcher on, on data that holds a secret.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cleanEnv } from '../test/support/clean-env.ts';
import { repository } from '../test/support/start.ts';
import { residentMegabytes } from './process-stat.ts';
import { median, report } from './report.ts';
import { SECRET, type Subject, startSubject } from './subject.ts';

const SETTLE_MS = 3000;
const MEGABYTES = 120;
const MEGABYTES_A_WORKER = 45;
/** As `coffer server` chooses where it is not told. */
const WORKERS_MAX = 4;
const STARTS = 7;
const FIRST_ANSWER_MS = 700;
const GIVE_UP_MS = 10_000;
const RETRY_MS = 2;

/** `workers` undefined: as many as the server chooses. */
export async function idleMemory(bench: string, args: readonly string[], workers: number | undefined): Promise<void> {
  const subject = await startSubject(args);
  try {
    await sleep(SETTLE_MS);
    const threads = workers ?? Math.min(WORKERS_MAX, availableParallelism());
    const reference = MEGABYTES + MEGABYTES_A_WORKER * threads;
    report({ bench, value: residentMegabytes(subject.pid), unit: 'MB', reference, target: { most: 1 } });
  } finally {
    await subject.server.stop();
  }
}

export async function firstAnswer(bench: string, args: readonly string[]): Promise<void> {
  const subject = await startSubject(args);
  await subject.server.stop();
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) times.push(await startOnce(subject, args));
  report({ bench, value: median(times), unit: 'ms', reference: FIRST_ANSWER_MS, target: { most: 1 } });
}

/** Milliseconds from the start of the launcher to the last byte of a secret. */
async function startOnce({ server, reader }: Subject, args: readonly string[]): Promise<number> {
  const port = await freePort();
  const begunMs = performance.now();
  const listen = `127.0.0.1:${port}`;
  const child = spawn(join(repository, 'coffer'), ['server', '--listen', listen, '--data', server.data, ...args], {
    env: cleanEnv(server.env),
    stdio: 'ignore',
  });
  const gone = once(child, 'exit');
  try {
    while (!(await answers(`http://${listen}/v1/${SECRET}/versions/latest:access`, reader))) {
      if (child.exitCode !== null || performance.now() - begunMs > GIVE_UP_MS) throw new Error('no server came up');
      await sleep(RETRY_MS);
    }
    return performance.now() - begunMs;
  } finally {
    child.kill('SIGTERM');
    await gone;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** False while nobody listens, or who does is not ready; throws where the answer is not the secret. */
async function answers(url: string, authorization: string): Promise<boolean> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { authorization } });
    await response.arrayBuffer();
  } catch {
    return false;
  }
  if (response.status !== 200) throw new Error(`the first answer is ${response.status}`);
  return true;
}
