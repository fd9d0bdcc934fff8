// Encrypting and decrypting 64 bytes by Vault's transit, audit on, beside OpenBao on the same machine in the same run:
// the same requests, by tokens whose policy gives these two paths and no more.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '../test/support/start.ts';
import { compare, type Targets } from './compare.ts';
import { Http1Connection, http1Request } from './http1-load.ts';
import { send, startBao } from './peer-bao.ts';
import { bundle } from './subject.ts';

const CONNECTIONS = 16;
const SAMPLE_EVERY = 64;
const PLAINTEXT = Buffer.alloc(64, 'text ').toString('base64');
const POLICY = ['encrypt', 'decrypt'].map((verb) => `path "transit/${verb}/bench" { capabilities = ["update"] }`);

export type TransitVerb = 'encrypt' | 'decrypt';

export interface TransitOptions {
  readonly seconds: number;
  readonly targets: Targets;
}

interface Served {
  readonly address: string;
  readonly pid: number;
}

export async function transitBeside(
  verb: TransitVerb,
  bench: string,
  args: readonly string[],
  options: TransitOptions,
) {
  const server = await startServer({ entry: bundle, args, env: { NODE_ENV: 'production' } });
  try {
    const bao = await startBao();
    try {
      const owner = readFileSync(join(server.data, 'owner.token'), 'utf8').trim();
      const ours = await sideOf({ address: server.address, pid: server.process.pid as number }, owner, verb);
      await compare(bench, ours, await sideOf(bao, bao.root, verb), options);
    } finally {
      await bao.stop();
    }
  } finally {
    await server.stop();
  }
}

async function sideOf({ address, pid }: Served, root: string, verb: TransitVerb) {
  await send(address, root, 'POST', 'sys/mounts/transit', { type: 'transit' });
  await send(address, root, 'POST', 'transit/keys/bench');
  await send(address, root, 'PUT', 'sys/policies/acl/bench', { policy: POLICY.join('\n') });
  const made = await send(address, root, 'POST', 'auth/token/create', { policies: ['bench'], no_default_policy: true });
  const { client_token: token } = made['auth'] as { client_token: string };
  const sealed = await send(address, token, 'POST', 'transit/encrypt/bench', { plaintext: PLAINTEXT });
  const { ciphertext } = sealed['data'] as { ciphertext: string };
  const body = Buffer.from(JSON.stringify(verb === 'encrypt' ? { plaintext: PLAINTEXT } : { ciphertext }));
  const headers = { 'x-vault-token': token, 'content-type': 'application/json' };
  const request = http1Request('POST', `/v1/transit/${verb}/bench`, headers, body);
  const isRight = (answer: Buffer) => {
    const { data } = JSON.parse(answer.toString()) as { data?: { plaintext?: string; ciphertext?: string } };
    return verb === 'encrypt' ? data?.ciphertext?.startsWith('vault:v1:') === true : data?.plaintext === PLAINTEXT;
  };
  const http = { address, request, isRight, sampleEvery: SAMPLE_EVERY };
  return { pid, connect: () => Array.from({ length: CONNECTIONS }, () => new Http1Connection(http)) };
}
