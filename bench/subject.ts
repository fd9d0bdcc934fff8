// The server that is measured: by the launcher, as users start it, which runs the bundle; on a data directory of its own,
// with one secret of 640 bytes and a service account that may read this secret and nothing else.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningServer, repository, startServer } from '../test/support/start.ts';

export const PAYLOAD: Buffer = Buffer.alloc(640, 'payload ');
export const SECRET = 'projects/default/secrets/measured';
const ACCOUNT = 'reader@default.iam.gserviceaccount.com';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

export const launcher: string = join(repository, 'coffer');

export interface Subject {
  readonly server: RunningServer;
  readonly pid: number;
  /** The header of the owner. */
  readonly owner: string;
  /** The header of the service account. */
  readonly reader: string;
  /** Posts as the owner; throws where the answer is not 200. */
  post(path: string, body: object): Promise<Record<string, unknown>>;
}

/** `args` are more arguments of `coffer server`. */
export async function startSubject(args: readonly string[]): Promise<Subject> {
  const server = await startServer({ entry: launcher, args, env: { NODE_ENV: 'production' } });
  const owner = `Bearer ${readFileSync(join(server.data, 'owner.token'), 'utf8').trim()}`;
  const post = async (path: string, body: object) => {
    const headers = { authorization: owner, 'content-type': 'application/json' };
    const response = await fetch(server.address + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  };
  await post('/v1/projects/default/secrets?secretId=measured', { replication: { automatic: {} } });
  await post(`/v1/${SECRET}:addVersion`, { payload: { data: PAYLOAD.toString('base64') } });
  await post('/v1/projects/default/serviceAccounts', { accountId: 'reader' });
  const binding = { role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${ACCOUNT}`] };
  await post(`/v1/${SECRET}:setIamPolicy`, { policy: { bindings: [binding] } });
  const made = await post(`/v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken`, { scope: [SCOPE] });
  const reader = `Bearer ${made['accessToken']}`;
  return { server, pid: server.process.pid as number, owner, reader, post };
}
