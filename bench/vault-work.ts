// What is asked of Vault's API side by side: the requests, what a right answer has, and the one policy of the token that
// asks. It gives these paths and no more, and nothing in it is a template.

import { Http1Connection, http1Request } from './http1-load.ts';
import { send } from './peer-bao.ts';
import { PAYLOAD } from './subject.ts';

export const CONNECTIONS = 16;
const SAMPLE_EVERY = 64;
const PLAINTEXT = Buffer.alloc(64, 'text ').toString('base64');
const WRITTEN_CHARS = 64;

export type VaultWork = 'kv-read' | 'kv-write' | 'encrypt' | 'decrypt' | 'lookup';

const POLICY = [
  'path "secret/data/read" { capabilities = ["read"] }',
  'path "secret/data/written-*" { capabilities = ["create", "update"] }',
  'path "transit/encrypt/bench" { capabilities = ["update"] }',
  'path "transit/decrypt/bench" { capabilities = ["update"] }',
  'path "auth/token/lookup-self" { capabilities = ["read"] }',
].join('\n');

/** Makes what the requests are about, and answers the token that makes them. A kv mount of version 2 stands there. */
async function setUp(address: string, root: string): Promise<string> {
  await send(address, root, 'POST', 'sys/mounts/transit', { type: 'transit' });
  await send(address, root, 'POST', 'transit/keys/bench');
  await send(address, root, 'POST', 'secret/data/read', { data: { payload: PAYLOAD.toString() } });
  await send(address, root, 'PUT', 'sys/policies/acl/bench', { policy: POLICY });
  const made = await send(address, root, 'POST', 'auth/token/create', { policies: ['bench'], no_default_policy: true });
  return (made['auth'] as { client_token: string }).client_token;
}

interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  isRight(data: Readonly<Record<string, unknown>>): boolean;
}

async function requestOf(work: VaultWork, address: string, token: string): Promise<(index: number) => Request> {
  switch (work) {
    case 'kv-read': {
      const payload = PAYLOAD.toString();
      const isRight: Request['isRight'] = ({ data }) => (data as { payload?: string } | undefined)?.payload === payload;
      return () => ({ method: 'GET', path: 'secret/data/read', isRight });
    }
    case 'kv-write': {
      const body = { data: { user: 'app', password: 'x'.repeat(WRITTEN_CHARS) } };
      const isRight: Request['isRight'] = ({ version }) => typeof version === 'number';
      // Each connection writes to a secret of its own, as in the other benches of writes.
      return (index) => ({ method: 'POST', path: `secret/data/written-${index}`, body, isRight });
    }
    case 'encrypt': {
      const isRight: Request['isRight'] = ({ ciphertext }) => String(ciphertext).startsWith('vault:v1:');
      return () => ({ method: 'POST', path: 'transit/encrypt/bench', body: { plaintext: PLAINTEXT }, isRight });
    }
    case 'decrypt': {
      const sealed = await send(address, token, 'POST', 'transit/encrypt/bench', { plaintext: PLAINTEXT });
      const { ciphertext } = sealed['data'] as { ciphertext: string };
      const isRight: Request['isRight'] = ({ plaintext }) => plaintext === PLAINTEXT;
      return () => ({ method: 'POST', path: 'transit/decrypt/bench', body: { ciphertext }, isRight });
    }
    case 'lookup': {
      const isRight: Request['isRight'] = ({ policies }) => String(policies) === 'bench';
      return () => ({ method: 'GET', path: 'auth/token/lookup-self', isRight });
    }
  }
}

/** Connections to that server, each of which makes the request again and again. */
export async function connectionsOf(
  work: VaultWork,
  address: string,
  root: string,
): Promise<() => readonly Http1Connection[]> {
  const token = await setUp(address, root);
  const requestAt = await requestOf(work, address, token);
  const connection = (index: number) => {
    const { method, path, body, isRight } = requestAt(index);
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = { 'x-vault-token': token, ...(sent === undefined ? {} : { 'content-type': 'application/json' }) };
    return new Http1Connection({
      address,
      request: http1Request(method, `/v1/${path}`, headers, sent),
      isRight: (answer) => {
        const { data } = JSON.parse(answer.toString()) as { readonly data?: Readonly<Record<string, unknown>> };
        return data !== undefined && data !== null && isRight(data);
      },
      sampleEvery: SAMPLE_EVERY,
    });
  };
  return () => Array.from({ length: CONNECTIONS }, (_, index) => connection(index));
}
