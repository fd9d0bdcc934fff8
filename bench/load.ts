// Load for the benchmarks: bounded in time and connections, against one address of this machine. Both loaders answer
// the same figures, so that a server and its reference are compared like with like.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:http2';
import { performance } from 'node:perf_hooks';

export interface Figures {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** User and system time of the server. */
  readonly cpuMicrosecondsPerRequest: number;
}

export interface Target {
  readonly address: string;
  readonly pid: number;
}

export interface LoadOptions {
  readonly connections: number;
  readonly seconds: number;
}

type Once = (worker: number) => Promise<void>;

const TICKS_PER_SECOND = 100;

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function drive(pid: number, { connections, seconds }: LoadOptions, once: Once): Promise<Figures> {
  const times: number[] = [];
  const cpuBefore = cpuSeconds(pid);
  const begun = performance.now();
  const until = begun + seconds * 1000;
  const worker = async (index: number) => {
    for (let now = performance.now(); now < until; ) {
      await once(index);
      const done = performance.now();
      times.push(done - now);
      now = done;
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, index) => worker(index)));
  const elapsed = (performance.now() - begun) / 1000;
  const cpu = cpuSeconds(pid) - cpuBefore;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return {
    requestsPerSecond: times.length / elapsed,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuMicrosecondsPerRequest: (cpu * 1e6) / times.length,
  };
}

/** GET over HTTP/1.1 with one keep-alive connection a worker. */
export async function loadHttp(
  { address, pid }: Target,
  path: string,
  headers: Record<string, string>,
  options: LoadOptions,
): Promise<Figures> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  const url = new URL(path, address);
  const once = () =>
    new Promise<void>((resolve, reject) => {
      request(url, { agent, headers }, (response) => {
        response.resume();
        response.once('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`HTTP ${response.statusCode}`)),
        );
      })
        .once('error', reject)
        .end();
    });
  try {
    await drive(pid, { ...options, seconds: 1 }, once);
    return await drive(pid, options, once);
  } finally {
    agent.destroy();
  }
}

/** A unary gRPC call over cleartext HTTP/2, one session a worker. */
export async function loadGrpc(
  { address, pid }: Target,
  path: string,
  message: Uint8Array,
  metadata: Record<string, string>,
  options: LoadOptions,
): Promise<Figures> {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  const sessions = Array.from({ length: options.connections }, () => connect(address));
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...metadata };
  const once = (worker: number) =>
    new Promise<void>((resolve, reject) => {
      const stream = (sessions[worker] as (typeof sessions)[number]).request(headers);
      let status: unknown;
      const read = (fields: Record<string, unknown>) => {
        status ??= fields['grpc-status'];
      };
      stream.on('response', read);
      stream.on('trailers', read);
      stream.once('error', reject);
      stream.once('close', () => (status === '0' ? resolve() : reject(new Error(`grpc-status ${String(status)}`))));
      stream.resume();
      stream.end(frame);
    });
  try {
    await drive(pid, { ...options, seconds: 1 }, once);
    return await drive(pid, options, once);
  } finally {
    for (const session of sessions) session.destroy();
  }
}
