// A token authority on real sockets, beside Google's APIs, with a project, two accounts that may read its secret, and a
// key of each. What an account signs is made here as Google's libraries make it, or as a forger would.

import assert from 'node:assert/strict';
import { createPublicKey, sign, verify } from 'node:crypto';
import { accountKeyMaker } from '../../src/crypto/account-keys.ts';
import { createAuthorityDialect } from '../../src/dialects/authority/dialect.ts';
import { createGcpDialect } from '../../src/dialects/gcp/dialect.ts';
import { createRouter } from '../../src/router.ts';
import { openWorld } from '../ops/world.ts';
import { type Ask, ask, start } from '../support/wire.ts';

export const PROJECT = 'my-project';
export const EMAIL = `reader@${PROJECT}.iam.gserviceaccount.com`;
export const OTHER = `second@${PROJECT}.iam.gserviceaccount.com`;
export const ACCOUNT = `/v1/projects/${PROJECT}/serviceAccounts/${EMAIL}`;
export const ADDRESS = 'http://127.0.0.1:8200';
export const TENANT = '00000000-0000-8000-8000-000000000000';
export const TOKEN_URL = 'https://oauth2.googleapis.com/token';
const SERVICE = 'https://secretmanager.googleapis.com/';
export const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

// biome-ignore lint/suspicious/noExplicitAny: JSON of any answer
export type Json = any;
export interface KeyFile {
  readonly private_key_id: string;
  readonly private_key: string;
}

export const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT by the holder of a key file. */
export function jwt(claims: object, file: KeyFile, header: object = {}): string {
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: file.private_key_id, ...header })}.${part(claims)}`;
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), file.private_key).toString('base64url')}`;
}

export async function openAuthority() {
  const world = await openWorld();
  const { door, signer } = world;
  const onError = (error: unknown) => assert.fail(error as Error);
  const keys = { jwks: () => signer.jwks(), certificates: () => signer.certificates(), freshSeconds: 3600 };
  const makeKey = accountKeyMaker();
  let keysMade = 0;
  const makeAccountKey = () => {
    keysMade++;
    return makeKey();
  };
  const dialects = [
    createAuthorityDialect(door, { keys, address: () => ADDRESS, tenantId: TENANT, onError }),
    createGcpDialect(door, { onError, makeAccountKey }),
  ];
  const router = createRouter({ dialects, ready: () => true, metrics: () => assert.fail('nobody measures') });
  const server = await start({ http: router.http, grpc: router.grpc });
  async function call(method: string, path: string, body?: object, token = world.ownerCredential, more: Ask = {}) {
    const answer = await ask(server.port, {
      ...more,
      method,
      path,
      headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...more.headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, json: JSON.parse(answer.body) as Json };
  }

  async function must(method: string, path: string, body?: object): Promise<Json> {
    const { status, json } = await call(method, path, body);
    assert.equal(status, 200, JSON.stringify(json));
    return json;
  }

  async function newKey(email = EMAIL): Promise<KeyFile & { readonly name: string }> {
    const made = await must('POST', `/v1/projects/-/serviceAccounts/${email}/keys`, {});
    return { ...JSON.parse(Buffer.from(made.privateKeyData, 'base64').toString()), name: made.name };
  }

  const seconds = () => Math.floor(world.clock.now() / 1000);

  const times = () => ({ iat: seconds(), exp: seconds() + 3600 });
  const bearer = (more: object = {}) => ({ iss: EMAIL, sub: EMAIL, aud: SERVICE, ...times(), ...more });
  const grant = (more: object = {}) => ({ iss: EMAIL, aud: TOKEN_URL, scope: SCOPE, ...times(), ...more });

  async function form(path: string, fields: Record<string, string>, host = 'oauth2.googleapis.com') {
    const answer = await ask(server.port, {
      method: 'POST',
      path,
      headers: { 'content-type': 'application/x-www-form-urlencoded', host },
      body: new URLSearchParams(fields).toString(),
    });
    return { status: answer.status, json: JSON.parse(answer.body) as Json, headers: answer.headers };
  }
  const exchange = (assertion: string, host?: string) => form('/token', { grant_type: JWT_BEARER, assertion }, host);
  const access = (token: string, host = 'secretmanager.googleapis.com') =>
    call('GET', `/v1/projects/${PROJECT}/secrets/s/versions/latest:access`, undefined, token, { headers: { host } });
  async function verified(token: string): Promise<Json> {
    const [head = '', body = '', tail = ''] = token.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url').toString());
    const { keys } = JSON.parse((await ask(server.port, { path: '/oauth2/v3/certs' })).body);
    const jwk = keys.find((each: Json) => each.kid === header.kid);
    assert.deepEqual(header, { alg: 'RS256', kid: jwk?.kid, typ: 'JWT' });
    const published = createPublicKey({ key: jwk, format: 'jwk' });
    const signature = Buffer.from(tail, 'base64url');
    assert.ok(verify('RSA-SHA256', Buffer.from(`${head}.${body}`), published, signature));
    const pems = JSON.parse((await ask(server.port, { path: '/oauth2/v1/certs' })).body);
    assert.ok(verify('RSA-SHA256', Buffer.from(`${head}.${body}`), pems[header.kid], signature));
    return JSON.parse(Buffer.from(body, 'base64url').toString());
  }
  await must('POST', '/v3/projects', { projectId: PROJECT });
  for (const accountId of ['reader', 'second']) {
    await must('POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId });
  }
  const secrets = `/v1/projects/${PROJECT}/secrets`;
  await must('POST', `${secrets}?secretId=s`, { replication: { automatic: {} } });
  await must('POST', `${secrets}/s:addVersion`, { payload: { data: btoa('the payload') } });
  const role = 'roles/secretmanager.secretAccessor';
  await must('POST', `${secrets}/s:setIamPolicy`, {
    policy: { bindings: [{ role, members: [`serviceAccount:${EMAIL}`, `serviceAccount:${OTHER}`] }] },
  });
  const [key, otherKey] = await Promise.all([newKey(), newKey(OTHER)]);
  const close = async () => {
    await server.listener.drain(0);
    await world.close();
  };
  return {
    keysMade: () => keysMade,
    ...{ world, server, key, otherKey, call, must, newKey, seconds },
    ...{ bearer, grant, form, exchange, access, verified, close },
  };
}
