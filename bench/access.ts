// Reading a secret of 640 bytes with audit on, by REST and by gRPC, beside bare servers that answer the same bytes.

import { connect } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AccessSecretVersionRequestSchema,
  AccessSecretVersionResponseSchema,
} from '../gen/google/cloud/secretmanager/v1/service_pb.js';
import { crc32c } from '../src/core/crc32c.ts';
import { type Child, startChild } from './child.ts';
import { compare, type Targets } from './compare.ts';
import { GrpcConnection, grpcFrame } from './grpc-load.ts';
import { Http1Connection, http1Request } from './http1-load.ts';
import { PAYLOAD, SECRET, startSubject } from './subject.ts';

const CONNECTIONS = 16;
const SAMPLE_EVERY = 64;
/** The targets of speed are set against two threads, whatever the machine has. */
const BARE_THREADS = 2;
const REST_PATH = `/v1/${SECRET}/versions/latest:access`;
const GRPC_PATH = '/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion';
/** Headers that Node writes by itself. */
const OWN_HEADERS = [':status', 'connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'];

export interface AccessOptions {
  /** Of one round of one side. */
  readonly seconds: number;
  readonly targets: Targets;
}

/** Who answers, and for whom. */
interface Asked {
  readonly address: string;
  readonly pid: number;
  readonly authorization: string;
}

type Comparison = (bench: string, asked: Asked, bareThreads: number, options: AccessOptions) => Promise<void>;

/** The whole server; `args` are more arguments of its own. */
export function accessByRest(bench: string, args: readonly string[], options: AccessOptions): Promise<void> {
  return compareServer(bench, byRest, args, options);
}

export function accessByGrpc(bench: string, args: readonly string[], options: AccessOptions): Promise<void> {
  return compareServer(bench, byGrpc, args, options);
}

/** The listener and the dialect alone, on one thread. */
export function wireByRest(bench: string, options: AccessOptions): Promise<void> {
  return compareWire(bench, byRest, options);
}

export function wireByGrpc(bench: string, options: AccessOptions): Promise<void> {
  return compareWire(bench, byGrpc, options);
}

async function compareServer(bench: string, by: Comparison, args: readonly string[], options: AccessOptions) {
  const { server, pid, reader } = await startSubject(args);
  try {
    await by(bench, { address: server.address, pid, authorization: reader }, BARE_THREADS, options);
  } finally {
    await server.stop();
  }
}

async function compareWire(bench: string, by: Comparison, options: AccessOptions): Promise<void> {
  const child = await startChild('wire-alone.ts', ['measured', PAYLOAD.toString('base64')]);
  try {
    await by(bench, { ...child, authorization: `Bearer ${'x'.repeat(47)}` }, 1, options);
  } finally {
    child.stop();
  }
}

const byRest: Comparison = async (bench, asked, bareThreads, options) => {
  const { authorization } = asked;
  const response = await fetch(asked.address + REST_PATH, { headers: { authorization } });
  const body = Buffer.from(await response.arrayBuffer());
  const { payload } = JSON.parse(body.toString()) as { readonly payload?: { readonly data: string } };
  const isRight =
    response.status === 200 && payload !== undefined && PAYLOAD.equals(Buffer.from(payload.data, 'base64'));
  if (!isRight) throw new Error(`the server answers ${response.status}`);
  const headers = { ...answered([...response.headers]), 'content-length': String(body.length) };
  const side = ({ address, pid }: Child | Asked) => {
    const request = http1Request('GET', REST_PATH, { authorization });
    const http = { address, request, isRight: (each: Buffer) => each.equals(body), sampleEvery: SAMPLE_EVERY };
    return { pid, connect: () => many(() => new Http1Connection(http)) };
  };
  const bare = await startBare('bare-http.ts', bareThreads, headers, body);
  try {
    await compare(bench, side(asked), side(bare), options);
  } finally {
    bare.stop();
  }
};

const byGrpc: Comparison = async (bench, asked, bareThreads, options) => {
  const { authorization } = asked;
  const name = `${SECRET}/versions/latest`;
  const message = toBinary(AccessSecretVersionRequestSchema, create(AccessSecretVersionRequestSchema, { name }));
  const { headers, answer } = await callOnce(asked, message);
  const side = ({ address, pid }: Child | Asked) => {
    const metadata = { authorization };
    const call = { address, path: GRPC_PATH, metadata, message, answer, sampleEvery: SAMPLE_EVERY };
    return { pid, connect: () => many(() => new GrpcConnection(call)) };
  };
  const bare = await startBare('bare-grpc.ts', bareThreads, headers, answer);
  try {
    await compare(bench, side(asked), side(bare), options);
  } finally {
    bare.stop();
  }
};

function many<T>(make: () => T): readonly T[] {
  return Array.from({ length: CONNECTIONS }, make);
}

/** The headers of an answer that a handler chose. */
function answered(headers: readonly (readonly [string, unknown])[]): Record<string, string> {
  const chosen = headers.filter(([name]) => !OWN_HEADERS.includes(name));
  return Object.fromEntries(chosen.map(([name, value]) => [name, String(value)]));
}

/** A server that answers every request with these headers and bytes. */
function startBare(script: string, threads: number, headers: Record<string, string>, body: Uint8Array) {
  return startChild(script, [`${threads}`, JSON.stringify(headers), Buffer.from(body).toString('base64')]);
}

/** One call by Node's own client, which knows more of the protocol than the load: its headers and its message. */
async function callOnce({ address, authorization }: Asked, message: Uint8Array) {
  const session = connect(address);
  try {
    const fixed = { 'content-type': 'application/grpc', te: 'trailers', authorization };
    const stream = session.request({ ':method': 'POST', ':path': GRPC_PATH, ...fixed });
    const headers = new Promise<object>((resolve, reject) => {
      stream.once('response', resolve);
      stream.once('error', reject);
    });
    const trailers = new Promise<Record<string, unknown>>((resolve) => stream.once('trailers', resolve));
    stream.end(grpcFrame(message));
    const head = Object.entries(await headers);
    const body = Buffer.concat(await stream.toArray());
    if ((await trailers)['grpc-status'] !== '0') throw new Error('the call failed');
    const answer = body.subarray(grpcFrame(Buffer.alloc(0)).length);
    if (!answer.equals(expected(answer))) throw new Error('the server answers another message');
    return { headers: answered(head), answer };
  } finally {
    session.close();
  }
}

/** What must be answered, but for the name, whose project's number is the server's choice. */
function expected(answer: Buffer): Uint8Array {
  const name = /projects\/\d+\/secrets\/measured\/versions\/1/.exec(answer.toString('latin1'))?.[0] ?? '';
  const payload = { data: PAYLOAD, dataCrc32c: BigInt(crc32c(PAYLOAD)) };
  return toBinary(AccessSecretVersionResponseSchema, create(AccessSecretVersionResponseSchema, { name, payload }));
}
