// One server on a PostgreSQL of the same machine: its reads by REST beside those of the embedded store, and reads and
// writes beside OpenBao's on the same PostgreSQL, each as many connections as a busy client has. What is committed is on
// the disk on all sides.

import { type Postgres, startPostgres } from '../test/support/postgres.ts';
import { newDatabase } from '../test/support/postgres-place.ts';
import { compare, type Side, type Targets } from './compare.ts';
import { Http1Connection, http1Request } from './http1-load.ts';
import { type OpenBao, startOpenBao } from './openbao.ts';
import { PAYLOAD, SECRET, type Subject, startSubject } from './subject.ts';

const CONNECTIONS = 64;
const PAYLOAD_BYTES = 64;
const SAMPLE_EVERY = 64;

export interface PostgresTargets {
  readonly beside: Targets;
  readonly reads: Targets;
  readonly writes: Targets;
}

export async function onPostgres(
  bench: string,
  seconds: number,
  args: readonly string[],
  targets: PostgresTargets,
): Promise<void> {
  await withPostgres(async (postgres) => {
    const ours = await startSubject([...args, '--store', await newDatabase(postgres)]);
    try {
      const embedded = await startSubject(args);
      try {
        await compare(`${bench}.embedded`, reads(ours), reads(embedded), { seconds, targets: targets.beside });
      } finally {
        await embedded.server.stop();
      }
      const openbao = await startOpenBao(postgres, await newDatabase(postgres));
      try {
        await compare(`${bench}.reads`, reads(ours), readsOfBao(openbao), { seconds, targets: targets.reads });
        const written = await writes(ours);
        await compare(`${bench}.writes`, written, writesOfBao(openbao), { seconds, targets: targets.writes });
      } finally {
        await openbao.stop();
      }
    } finally {
      await ours.server.stop();
    }
  });
}

async function withPostgres(work: (postgres: Postgres) => Promise<void>): Promise<void> {
  const postgres = await startPostgres({ isDurable: true });
  try {
    await work(postgres);
  } finally {
    await postgres.stop();
  }
}

function many(make: (index: number) => Http1Connection): readonly Http1Connection[] {
  return Array.from({ length: CONNECTIONS }, (_, index) => make(index));
}

function reads({ server, pid, reader: authorization }: Subject): Side {
  const request = http1Request('GET', `/v1/${SECRET}/versions/latest:access`, { authorization });
  const data = PAYLOAD.toString('base64');
  const isRight = (body: Buffer) => body.includes(data);
  const options = { address: server.address, request, isRight, sampleEvery: SAMPLE_EVERY };
  return { pid, connect: () => many(() => new Http1Connection(options)) };
}

function readsOfBao({ address, pid, token }: OpenBao): Side {
  const request = http1Request('GET', '/v1/secret/data/measured', { 'x-vault-token': token });
  const data = PAYLOAD.toString('base64');
  const options = { address, request, isRight: (body: Buffer) => body.includes(data), sampleEvery: SAMPLE_EVERY };
  return { pid, connect: () => many(() => new Http1Connection(options)) };
}

/** Each connection writes to a secret of its own. */
async function writes({ server, pid, owner: authorization, post }: Subject): Promise<Side> {
  for (let index = 0; index < CONNECTIONS; index += 1) {
    await post(`/v1/projects/default/secrets?secretId=written-${index}`, { replication: { automatic: {} } });
  }
  const body = Buffer.from(JSON.stringify({ payload: { data: Buffer.alloc(PAYLOAD_BYTES, 'x').toString('base64') } }));
  const headers = { authorization, 'content-type': 'application/json' };
  const connection = (index: number) =>
    new Http1Connection({
      address: server.address,
      request: http1Request('POST', `/v1/projects/default/secrets/written-${index}:addVersion`, headers, body),
      isRight: (answer) => answer.includes('"ENABLED"'),
      sampleEvery: 1,
    });
  return { pid, connect: () => many(connection) };
}

function writesOfBao({ address, pid, token }: OpenBao): Side {
  const body = Buffer.from(JSON.stringify({ data: { value: Buffer.alloc(PAYLOAD_BYTES, 'x').toString('base64') } }));
  const headers = { 'x-vault-token': token, 'content-type': 'application/json' };
  const connection = (index: number) =>
    new Http1Connection({
      address,
      request: http1Request('POST', `/v1/secret/data/written-${index}`, headers, body),
      isRight: (answer) => answer.includes('"version":'),
      sampleEvery: 1,
    });
  return { pid, connect: () => many(connection) };
}
