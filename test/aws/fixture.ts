// AWS's API on real sockets, beside Google's and Coffer's own: two projects, an account of each that may do everything in
// its own and has an access key, and ways to ask as them.

import assert from 'node:assert/strict';
import { createAwsDialect } from '../../src/dialects/aws/dialect.ts';
import { createGcpDialect } from '../../src/dialects/gcp/dialect.ts';
import { createNativeDialect } from '../../src/dialects/native/dialect.ts';
import { createRouter } from '../../src/router.ts';
import { openWorld, type WorldOptions } from '../ops/world.ts';
import { type SigningKey, signed } from '../support/aws-sign.ts';
import { ask, start } from '../support/wire.ts';

export const PROJECT = 'first-account';
export const OTHER_PROJECT = 'other-account';
export const ACCOUNT_ID = '123456789012';

// biome-ignore lint/suspicious/noExplicitAny: JSON of any answer
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly json: Json;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface XmlAnswer {
  readonly status: number;
  readonly xml: string;
  /** The text of the first element of that name. */
  readonly text: (element: string) => string | undefined;
  readonly requestId: string;
}

export const accountOf = (project: string) => `client@${project}.iam.gserviceaccount.com`;

export async function openAws(options: WorldOptions = {}) {
  const world = await openWorld(options);
  const { door, awsDoor } = world;
  const onError = (error: unknown) => assert.fail(error as Error);
  const dialects = [
    createNativeDialect(door, { certificatePem: () => '', onError }),
    createAwsDialect(awsDoor, { onError }),
    createGcpDialect(door, { onError }),
  ];
  const router = createRouter({ dialects, ready: () => true, metrics: () => assert.fail('nobody measures') });
  const server = await start({ http: router.http, grpc: router.grpc });
  const host = `127.0.0.1:${server.port}`;

  async function send(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
    const answer = await ask(server.port, { method, path, headers, ...(body === undefined ? {} : { body }) });
    const json: Json = answer.body === '' ? undefined : JSON.parse(answer.body);
    return { status: answer.status, json, headers: answer.headers };
  }

  /** By Google's API and Coffer's own, as the owner. */
  async function must(method: string, path: string, body?: object): Promise<Json> {
    const headers = { authorization: `Bearer ${world.ownerCredential}`, 'content-type': 'application/json' };
    const answer = await send(method, path, headers, body === undefined ? undefined : JSON.stringify(body));
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    return answer.json;
  }

  const keyOf = async (email: string): Promise<SigningKey> => {
    const made = await must('POST', '/coffer/v1/accountKeys:createAws', { serviceAccount: email });
    return { id: made.accessKeyId, secret: made.secretAccessKey };
  };

  for (const projectId of [PROJECT, OTHER_PROJECT]) {
    await must('POST', '/v3/projects', { projectId });
    await must('POST', `/v1/projects/${projectId}/serviceAccounts`, { accountId: 'client' });
    const bindings = [
      { role: 'roles/owner', members: ['user:owner@coffer.internal'] },
      { role: 'roles/secretmanager.admin', members: [`serviceAccount:${accountOf(projectId)}`] },
      { role: 'roles/coffer.keyAdmin', members: [`serviceAccount:${accountOf(projectId)}`] },
      { role: 'roles/coffer.keyEncrypter', members: [`serviceAccount:${accountOf(projectId)}`] },
    ];
    await must('POST', `/v3/projects/${projectId}:setIamPolicy`, { policy: { bindings } });
  }
  await must('POST', '/coffer/v1/projects:setAwsAccount', { project: PROJECT, awsAccountId: ACCOUNT_ID });
  const key = await keyOf(accountOf(PROJECT));

  /** The headers of a call, not signed yet. */
  const targeted = (operation: string) => ({
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': operation.includes('.') ? operation : `secretsmanager.${operation}`,
  });

  /** A signed call as the first project's account, unless another key is given. */
  async function call(operation: string, input: object | string, as: SigningKey = key): Promise<Answer> {
    const body = typeof input === 'string' ? input : JSON.stringify(input);
    const service = operation.startsWith('TrentService.') ? 'kms' : 'secretsmanager';
    const headers = signed(as, { host, headers: targeted(operation), body, service, time: world.clock.now() });
    return send('POST', '/', headers, body);
  }

  async function ok(operation: string, input: object, as?: SigningKey): Promise<Json> {
    const answer = await call(operation, input, as);
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    return answer.json;
  }

  /** A call of STS, signed unless `as` is undefined. */
  async function sts(
    members: Readonly<Record<string, string>>,
    as: SigningKey | undefined = key,
    given: { readonly time?: number; readonly unsigned?: true } = {},
  ): Promise<XmlAnswer> {
    const body = new URLSearchParams({ Version: '2011-06-15', ...members }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const time = given.time ?? world.clock.now();
    const answer = await ask(server.port, {
      ...{ method: 'POST', path: '/', body },
      headers: given.unsigned ? headers : signed(as, { host, headers, body, service: 'sts', time }),
    });
    const text = (element: string) => new RegExp(`<${element}>([^<]*)</${element}>`).exec(answer.body)?.[1];
    return { status: answer.status, xml: answer.body, text, requestId: String(answer.headers['x-amzn-requestid']) };
  }

  /** The credentials of a session, as the answer has them. */
  const sessionOf = ({ status, xml, text }: XmlAnswer): SigningKey & { readonly token: string } => {
    assert.equal(status, 200, xml);
    const [id = '', secret = '', token = ''] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map(text);
    return { id, secret, token };
  };

  /** A secret of the first project, by Google's API. */
  async function secret(name: string, value: string, project = PROJECT): Promise<void> {
    const secrets = `/v1/projects/${project}/secrets`;
    await must('POST', `${secrets}?secretId=${name}`, { replication: { automatic: {} } });
    const data = Buffer.from(value).toString('base64');
    await must('POST', `${secrets}/${name}:addVersion`, { payload: { data } });
  }

  const close = async () => {
    await server.listener.drain(0);
    await world.close();
  };
  return { world, server, host, send, must, keyOf, key, targeted, call, ok, sts, sessionOf, secret, close };
}
