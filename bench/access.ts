// Reading a secret of 640 bytes with audit on, by REST and by gRPC, beside bare servers that answer the same bytes.

import { connect } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AccessSecretVersionRequestSchema,
  AccessSecretVersionResponseSchema,
} from '../gen/google/cloud/secretmanager/v1/service_pb.js';
import { crc32c } from '../src/core/crc32c.ts';
import { type BareServer, startBare } from './bare.ts';
import { compare, type Targets } from './compare.ts';
import { GrpcConnection, grpcFrame } from './grpc-load.ts';
import { Http1Connection, http1Request } from './http1-load.ts';
import { PAYLOAD, SECRET, type Subject, startSubject } from './subject.ts';

const CONNECTIONS = 16;
const SAMPLE_EVERY = 64;
const REST_PATH = `/v1/${SECRET}/versions/latest:access`;
const GRPC_PATH = '/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion';
/** Headers that Node writes by itself. */
const OWN_HEADERS = ['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'];

export interface AccessOptions {
  /** Of one round of one side. */
  readonly seconds: number;
  /** More arguments of the server. */
  readonly args: readonly string[];
  readonly targets: Targets;
}

const many = <T>(make: () => T): readonly T[] => Array.from({ length: CONNECTIONS }, make);

/** AccessSecretVersion by REST. */
export async function accessByRest(bench: string, { args, ...options }: AccessOptions): Promise<void> {
  const subject = await startSubject(args);
  let bare: BareServer | undefined;
  try {
    const headers = { authorization: subject.reader };
    const response = await fetch(subject.server.address + REST_PATH, { headers });
    const body = Buffer.from(await response.arrayBuffer());
    const payload = Buffer.from((JSON.parse(body.toString()) as Accessed).payload.data, 'base64');
    if (response.status !== 200 || !payload.equals(PAYLOAD)) throw new Error('the server answers another payload');
    const answered = [...response.headers].filter(([name]) => !OWN_HEADERS.includes(name));
    bare = await startBare(
      'bare-http.ts',
      { ...Object.fromEntries(answered), 'content-length': `${body.length}` },
      body,
    );
    const side = ({ address, pid }: { address: string; pid: number }) => {
      const request = http1Request('GET', REST_PATH, headers);
      const isRight = (each: Buffer) => each.equals(body);
      const connect = () => many(() => new Http1Connection({ address, request, isRight, sampleEvery: SAMPLE_EVERY }));
      return { pid, connect };
    };
    const { pid, server } = subject;
    await compare(bench, side({ pid, address: server.address }), side(bare), options);
  } finally {
    bare?.stop();
    await subject.server.stop();
  }
}

interface Accessed {
  readonly payload: { readonly data: string };
}

/** AccessSecretVersion by gRPC. */
export async function accessByGrpc(bench: string, { args, ...options }: AccessOptions): Promise<void> {
  const subject = await startSubject(args);
  let bare: BareServer | undefined;
  try {
    const message = toBinary(
      AccessSecretVersionRequestSchema,
      create(AccessSecretVersionRequestSchema, { name: `${SECRET}/versions/latest` }),
    );
    const answer = toBinary(
      AccessSecretVersionResponseSchema,
      create(AccessSecretVersionResponseSchema, {
        name: subject.versionName,
        payload: { data: PAYLOAD, dataCrc32c: BigInt(crc32c(PAYLOAD)) },
      }),
    );
    const headers = await answeredHeaders(subject, message, answer);
    bare = await startBare('bare-grpc.ts', headers, answer);
    const side = ({ address, pid }: { address: string; pid: number }) => {
      const metadata = { authorization: subject.reader };
      const call = { address, path: GRPC_PATH, metadata, message, answer, sampleEvery: SAMPLE_EVERY };
      return { pid, connect: () => many(() => new GrpcConnection(call)) };
    };
    const { pid, server } = subject;
    await compare(bench, side({ pid, address: server.address }), side(bare), options);
  } finally {
    bare?.stop();
    await subject.server.stop();
  }
}

/** Makes one call with Node's own client, which says what is wrong with it, and gives the headers of the answer. */
async function answeredHeaders(subject: Subject, message: Uint8Array, answer: Uint8Array) {
  const session = connect(subject.server.address);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': GRPC_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: subject.reader,
    });
    const answered = new Promise<Record<string, unknown>>((resolve, reject) => {
      stream.once('response', resolve);
      stream.once('error', reject);
    });
    const trailers = new Promise<Record<string, unknown>>((resolve) => stream.once('trailers', resolve));
    stream.end(grpcFrame(message));
    const headers = await answered;
    const body = Buffer.concat(await stream.toArray());
    if ((await trailers)['grpc-status'] !== '0') throw new Error('the call failed');
    if (!body.equals(grpcFrame(answer))) throw new Error('the server answers another message');
    const own = [':status', 'date'];
    return Object.fromEntries(Object.entries(headers).filter(([name]) => !own.includes(name))) as Record<
      string,
      string
    >;
  } finally {
    session.close();
  }
}
