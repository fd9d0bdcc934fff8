// Reading a secret over REST and gRPC with audit on, beside a bare server that answers the same bytes: rounds of both
// in turn, in one run, so that what counts are the ratios. Prints one JSON object a line.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AccessSecretVersionRequestSchema,
  AccessSecretVersionResponseSchema,
} from '../gen/google/cloud/secretmanager/v1/service_pb.js';
import { startServer } from '../test/support/start.ts';
import { type Figures, loadGrpc, loadHttp, type Target } from './load.ts';

const ROUNDS = 3;
const LOAD = { connections: 16, seconds: 4 };
const SECRET = 'projects/default/secrets/bench-secret';
const GRPC_PATH = '/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion';
const payload = Buffer.alloc(640, 'x');

const server = await startServer({ env: { NODE_ENV: 'production' } });
const token = readFileSync(join(server.data, 'owner.token'), 'utf8').trim();
const authorization = `Bearer ${token}`;

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(server.address + path, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

async function reference(script: string, answer: Uint8Array): Promise<{ target: Target; child: ChildProcess }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), Buffer.from(answer).toString('base64')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      const found = /http:\/\/\S+/.exec(chunk.toString())?.[0];
      if (found !== undefined) resolve(found);
    });
  });
  return { target: { address, pid: child.pid as number }, child };
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

function report(bench: string, ours: Figures[], bare: Figures[]): void {
  const units = {
    requestsPerSecond: 'requests/s',
    p50Ms: 'ms',
    p99Ms: 'ms',
    cpuMicrosecondsPerRequest: 'µs CPU',
  } as const;
  for (const [name, unit] of Object.entries(units)) {
    const value = median(ours.map((figures) => figures[name as keyof Figures]));
    const base = median(bare.map((figures) => figures[name as keyof Figures]));
    const round = (number: number) => Number(number.toPrecision(3));
    console.log(
      JSON.stringify({
        bench,
        measure: name,
        value: round(value),
        unit,
        reference: round(base),
        ratio: round(value / base),
      }),
    );
  }
}

async function compare(bench: string, ours: (target: Target) => Promise<Figures>, script: string, answer: Uint8Array) {
  const bare = await reference(script, answer);
  try {
    const mine: Figures[] = [];
    const theirs: Figures[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      mine.push(await ours({ address: server.address, pid: server.process.pid as number }));
      theirs.push(await ours(bare.target));
    }
    report(bench, mine, theirs);
  } finally {
    bare.child.kill();
  }
}

try {
  await post('/v1/projects/default/secrets?secretId=bench-secret', { replication: { automatic: {} } });
  await post(`/v1/${SECRET}:addVersion`, { payload: { data: payload.toString('base64') } });
  const restPath = `/v1/${SECRET}/versions/latest:access`;
  const answer = await fetch(server.address + restPath, { headers: { authorization } });
  const rest = new Uint8Array(await answer.arrayBuffer());
  await compare('access.rest', (target) => loadHttp(target, restPath, { authorization }, LOAD), 'bare-http.ts', rest);

  const request = toBinary(
    AccessSecretVersionRequestSchema,
    create(AccessSecretVersionRequestSchema, { name: `${SECRET}/versions/latest` }),
  );
  const response = create(AccessSecretVersionResponseSchema, {
    name: `${SECRET}/versions/1`,
    payload: { data: payload, dataCrc32c: 1n },
  });
  const message = toBinary(AccessSecretVersionResponseSchema, response);
  const grpc = (target: Target) => loadGrpc(target, GRPC_PATH, request, { authorization }, LOAD);
  await compare('access.grpc', grpc, 'bare-grpc.ts', message);
} finally {
  await server.stop();
}
