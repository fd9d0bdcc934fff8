// Vaults on real sockets, beside Google's APIs and the token authority: two projects, an account of each that may do
// everything in its own, and ways to ask as them.

import assert from 'node:assert/strict';
import { createAuthorityDialect } from '../../src/dialects/authority/dialect.ts';
import { createAzureDialect } from '../../src/dialects/azure/dialect.ts';
import { createGcpDialect } from '../../src/dialects/gcp/dialect.ts';
import { createNativeDialect } from '../../src/dialects/native/dialect.ts';
import { createRouter } from '../../src/router.ts';
import { openWorld } from '../ops/world.ts';
import { ask, start } from '../support/wire.ts';

export const VAULT = 'first-vault';
export const OTHER_VAULT = 'other-vault';
export const TENANT = '11111111-2222-8333-8444-555555555555';
export const RESOURCE = 'https://vault.azure.net';

// biome-ignore lint/suspicious/noExplicitAny: JSON of any answer
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly json: Json;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export const accountOf = (vault: string) => `client@${vault}.iam.gserviceaccount.com`;

export async function openVaults() {
  const world = await openWorld();
  const { door, signer } = world;
  const onError = (error: unknown) => assert.fail(error as Error);
  const keys = { jwks: () => signer.jwks(), certificates: () => signer.certificates(), freshSeconds: 3600 };
  const address = () => 'http://127.0.0.1:8200';
  const dialects = [
    createNativeDialect(door, { certificatePem: () => '', onError }),
    createAuthorityDialect(door, { keys, address, tenantId: TENANT, onError }),
    createAzureDialect(door, { address, tenantId: TENANT, onError }),
    createGcpDialect(door, { onError }),
  ];
  const router = createRouter({ dialects, ready: () => true, metrics: () => assert.fail('nobody measures') });
  const server = await start({ http: router.http, grpc: router.grpc });

  async function send(
    method: string,
    path: string,
    given: { token?: string; host?: string; body?: string; type?: string },
  ) {
    const answer = await ask(server.port, {
      method,
      path,
      headers: {
        ...(given.host === undefined ? {} : { host: given.host }),
        ...(given.token === undefined ? {} : { authorization: `Bearer ${given.token}` }),
        ...(given.body === undefined ? {} : { 'content-type': given.type ?? 'application/json' }),
      },
      ...(given.body === undefined ? {} : { body: given.body }),
    });
    const json: Json = answer.body === '' ? undefined : JSON.parse(answer.body);
    return { status: answer.status, json, headers: answer.headers } as Answer;
  }

  /** By Google's API and Coffer's own, as the owner unless a token is given. */
  async function must(method: string, path: string, body?: object, token = world.ownerCredential): Promise<Json> {
    const answer = await send(method, path, { token, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    return answer.json;
  }

  const access = async (email: string): Promise<string> =>
    (await must('POST', '/coffer/v1/tokens:generate', { serviceAccount: email })).accessToken;

  /** A token of Azure's for this audience. */
  const tokenOf = async (email: string, audience = RESOURCE): Promise<string> =>
    (await must('POST', '/coffer/v1/tokens:narrow', { audience }, await access(email))).accessToken;

  for (const projectId of [VAULT, OTHER_VAULT]) {
    await must('POST', '/v3/projects', { projectId });
    await must('POST', `/v1/projects/${projectId}/serviceAccounts`, { accountId: 'client' });
    const members = [`serviceAccount:${accountOf(projectId)}`];
    const bindings = [
      { role: 'roles/owner', members: ['user:owner@coffer.internal'] },
      { role: 'Key Vault Secrets Officer', members },
    ];
    await must('POST', `/v3/projects/${projectId}:setIamPolicy`, { policy: { bindings } });
  }
  const token = await tokenOf(accountOf(VAULT));

  /** A request to the first vault by its name, with the newest api-version where the path names none. */
  function vault(method: string, path: string, body?: object | string, given: { token?: string; host?: string } = {}) {
    const full = path.includes('api-version') ? path : `${path}${path.includes('?') ? '&' : '?'}api-version=2026-04-01`;
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return send(method, full, {
      token,
      host: `${VAULT}.vault.azure.net`,
      ...given,
      ...(text === undefined ? {} : { body: text }),
    });
  }

  async function ok(method: string, path: string, body?: object): Promise<Json> {
    const answer = await vault(method, path, body);
    assert.ok(answer.status === 200 || answer.status === 204, `${answer.status} ${JSON.stringify(answer.json)}`);
    return answer.json;
  }

  /** What this vault holds, deleted or not, with its versions. */
  async function everything(): Promise<Json> {
    const all: Json[] = [];
    for (const list of ['/secrets', '/deletedsecrets']) {
      const { value } = await ok('GET', list);
      all.push(...value);
      if (list === '/secrets') {
        for (const { id } of value) all.push(await ok('GET', `/secrets/${id.split('/').at(-1)}/versions`));
      }
    }
    return all;
  }

  const close = async () => {
    await server.listener.drain(0);
    await world.close();
  };
  return { world, server, send, must, access, tokenOf, token, vault, ok, everything, close };
}
