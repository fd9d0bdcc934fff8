// Google's APIs as transcripts, each told twice: over REST, and over gRPC with a real client. Both must give the very same
// answers, down to the details of an error. The server is whole but for its process: real sockets, store and audit.

import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { Code } from '../../gen/google/rpc/code_pb.js';
import { BadRequestSchema, ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../gen/google/rpc/status_pb.js';
import { accountKeyMaker } from '../../src/crypto/account-keys.ts';
import { createGcpDialect } from '../../src/dialects/gcp/dialect.ts';
import { ANY_TYPES } from '../../src/dialects/gcp/message.ts';
import { METHODS } from '../../src/dialects/gcp/methods.ts';
import { readRest, Transcoder } from '../../src/dialects/gcp/rest.ts';
import { openWorld } from '../ops/world.ts';
import { ask, start } from '../support/wire.ts';
import { type Asked, normalise, parseTranscript, printTranscript, readRequest, valueAt } from './transcript.ts';

const UPDATE = process.execArgv.includes('--test-update-snapshots');

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

type Send = (asked: Asked, token: string | undefined) => Promise<Answer>;

function overRest(port: number): Send {
  return async ({ method, path, query, headers, body }, token) => {
    const answer = await ask(port, {
      method,
      path: query === '' ? path : `${path}?${query}`,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
      ...(body === '' ? {} : { body }),
    });
    return { status: answer.status, json: JSON.parse(answer.body) };
  };
}

/** google/rpc/code.proto. */
const HTTP: Partial<Record<Code, number>> = { 3: 400, 5: 404, 6: 409, 7: 403, 9: 400, 10: 409, 12: 501, 16: 401 };

function overGrpc(client: Client): Send {
  const transcoder = new Transcoder(METHODS.values());
  return async (asked, token) => {
    const route = transcoder.find(asked.method, asked.path, undefined);
    assert.ok(route, `no method has ${asked.method} ${asked.path}: mark the case with "# rest"`);
    const { desc } = route.value.method;
    const head = { id: '', protocol: 'h2', secure: false, host: '', peer: { address: '', port: 0 } } as const;
    const request = { ...head, ...asked, body: new TextEncoder().encode(asked.body) };
    const bytes = Buffer.from(toBinary(desc.input, readRest(route, request).message()));
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    if (asked.headers['authorization'] !== undefined) metadata.set('authorization', asked.headers['authorization']);
    const same = (value: Buffer) => value;
    return new Promise((resolve) => {
      const path = `/${desc.parent.typeName}/${desc.name}`;
      client.makeUnaryRequest(path, same, same, bytes, metadata, (error, value) => {
        if (error !== null) return resolve(failure(error));
        const json = toJson(desc.output, fromBinary(desc.output, value ?? Buffer.alloc(0)), { registry: ANY_TYPES });
        resolve({ status: 200, json });
      });
    });
  };
}

function failure(error: ServiceError): Answer {
  const code = error.code as number as Code;
  const packed = error.metadata.get('grpc-status-details-bin')[0];
  const status = packed === undefined ? undefined : fromBinary(StatusSchema, packed as Buffer);
  if (status !== undefined) assert.deepEqual([status.code, status.message], [code, error.details]);
  const details = status?.details.map((each) => {
    const schema = each.typeUrl.endsWith('ErrorInfo') ? ErrorInfoSchema : BadRequestSchema;
    return { '@type': each.typeUrl, ...(toJson(schema, fromBinary(schema, each.value)) as object) };
  });
  const http = HTTP[code] ?? 500;
  const body = {
    code: http,
    message: error.details,
    status: Code[code],
    ...(details === undefined ? {} : { details }),
  };
  return { status: http, json: { error: body } };
}

/** Plays a transcript on a server of its own; answers what was said. */
async function play(file: string, transport: 'rest' | 'grpc'): Promise<void> {
  const { head, cases } = parseTranscript(readFileSync(file, 'utf8'));
  assert.ok(cases.length > 0, `${file} has no cases`);
  const world = await openWorld();
  const dialect = createGcpDialect(world.door, {
    onError: (error) => assert.fail(error as Error),
    makeAccountKey: accountKeyMaker(),
  });
  const server = await start({ http: dialect.http, grpc: dialect.grpc });
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const send = transport === 'rest' ? overRest(server.port) : overGrpc(client);
  const variables = new Map([['owner', world.ownerCredential]]);
  const told = [];
  try {
    for (const each of cases) {
      const asked = readRequest(each, variables);
      // What only REST can say must change nothing, or the two would part ways here.
      if (transport === 'grpc' && asked.restOnly) continue;
      world.clock.advance(1000);
      const { status, json } = await send(asked, asked.anonymous ? undefined : world.ownerCredential);
      const answer = normalise(json);
      for (const [name, from] of asked.keep) variables.set(name, valueAt(json, from));
      told.push({ ...each, status, answer });
      if (UPDATE && transport === 'rest') continue;
      assert.deepEqual([status, answer], [each.status, each.answer], `${basename(file)}: ${each.title}`);
    }
    if (UPDATE && transport === 'rest') writeFileSync(file, printTranscript(head, told));
  } finally {
    client.close();
    await server.listener.drain(0);
    await world.close();
  }
}

for (const file of globSync('gcp/*.http', { cwd: import.meta.dirname }).sort()) {
  for (const transport of ['rest', 'grpc'] as const) {
    test(`${file} over ${transport}`, () => play(join(import.meta.dirname, file), transport));
  }
}
