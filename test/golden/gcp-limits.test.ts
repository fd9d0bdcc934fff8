// What a transcript is too small for: sizes at, below and above each limit; calls that no proper client makes; and a
// storm of malformed ones. Each goes straight to the dialect, over the real store. Checklist of the design: 1, 5, 18, 19.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  AccessSecretVersionRequestSchema,
  AccessSecretVersionResponseSchema,
  AddSecretVersionRequestSchema,
} from '../../gen/google/cloud/secretmanager/v1/service_pb.js';
import { Code } from '../../gen/google/rpc/code_pb.js';
import type { ProjectRef, SecretName } from '../../src/core/name.ts';
import { createGcpDialect } from '../../src/dialects/gcp/dialect.ts';
import { METHODS } from '../../src/dialects/gcp/methods.ts';
import { createSecret } from '../../src/ops/secrets.ts';
import type { Dialect, GrpcResponse } from '../../src/wire/types.ts';
import { openWorld, type World } from '../ops/world.ts';

const CANARY = 'hunter2-canary';
const SECRETS = '/v1/projects/my-project/secrets';
const AUTOMATIC = { replication: { automatic: {} } };

let world: World;
let dialect: Dialect;
const bugs: unknown[] = [];

function head(host = 'localhost', credential = world.ownerCredential) {
  const headers = { authorization: `Bearer ${credential}`, 'x-goog-request-params': 'name=nonsense' };
  const peer = { address: '127.0.0.1', port: 1 };
  return { id: 'r', protocol: 'h2', secure: false, method: 'POST', host, path: '', query: '', headers, peer } as const;
}

async function rest(method: string, target: string, body: string | object = '', host?: string) {
  const [path = '', query = ''] = target.split('?');
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const bytes = new TextEncoder().encode(text);
  const answer = await dialect.http({ ...head(host), method, path, query, body: bytes });
  return { status: answer.status, text: String(answer.body), json: JSON.parse(String(answer.body)) };
}

async function grpc(path: string, message: Uint8Array, host?: string): Promise<GrpcResponse> {
  const [, service = '', rpc = ''] = path.split('/');
  return dialect.grpc({ ...head(host), path, service, rpc, message });
}

before(async () => {
  world = await openWorld();
  dialect = createGcpDialect(world.door, { onError: (error) => bugs.push(error) });
  assert.equal((await rest('POST', '/v3/projects', { projectId: 'my-project' })).status, 200);
  assert.equal((await rest('POST', `${SECRETS}?secretId=a`, AUTOMATIC)).status, 200);
});

after(async () => {
  await world.close();
  assert.deepEqual(bugs, []);
});

describe('limits', () => {
  test('a payload has at most 64 KiB, over both transports', async () => {
    const path = '/google.cloud.secretmanager.v1.SecretManagerService/AddSecretVersion';
    for (const [bytes, fits] of [
      [64 * 1024 - 1, true],
      [64 * 1024, true],
      [64 * 1024 + 1, false],
    ] as const) {
      const data = new Uint8Array(bytes).fill(7);
      const answer = await rest('POST', `${SECRETS}/a:addVersion`, {
        payload: { data: Buffer.from(data).toString('base64') },
      });
      assert.equal(answer.status, fits ? 200 : 400);
      const request = create(AddSecretVersionRequestSchema, {
        parent: 'projects/my-project/secrets/a',
        payload: { data },
      });
      const { ok } = await grpc(path, toBinary(AddSecretVersionRequestSchema, request));
      assert.equal(ok, fits);
    }
  });

  test('64 labels of 63 characters', async () => {
    const labels = (count: number, chars = 1) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`.padEnd(chars, 'x'), 'v']));
    const put = async (body: object) => (await rest('PATCH', `${SECRETS}/a?updateMask=labels`, body)).status;
    assert.equal(await put({ labels: labels(64, 63) }), 200);
    assert.equal(await put({ labels: labels(65) }), 400);
    assert.equal(await put({ labels: labels(1, 64) }), 400);
    assert.equal(await put({ labels: labels(100_000) }), 400);
    assert.equal(Object.keys((await rest('GET', `${SECRETS}/a`)).json.labels).length, 64);
  });

  test('16 KiB of annotations', async () => {
    const put = async (bytes: number) =>
      rest('PATCH', `${SECRETS}/a?updateMask=annotations`, { annotations: { k: 'v'.repeat(bytes - 1) } });
    assert.equal((await put(16 * 1024)).status, 200);
    const over = await put(16 * 1024 + 1);
    assert.equal(over.json.error.message, 'Annotation map must not exceed 16kib.');
  });

  test('an id has at most 255 characters', async () => {
    assert.equal((await rest('POST', `${SECRETS}?secretId=${'b'.repeat(255)}`, AUTOMATIC)).status, 200);
    assert.equal((await rest('POST', `${SECRETS}?secretId=${'b'.repeat(256)}`, AUTOMATIC)).status, 400);
  });

  test('a large body of a caller without a valid credential is not read', async () => {
    const path = `${SECRETS}/a:addVersion`;
    const send = async (spaces: number) => {
      const before = (await world.records()).length;
      const body = new TextEncoder().encode(`{"payload":{"data":"AA=="}}${' '.repeat(spaces)}`);
      const { status } = await dialect.http({ ...head('localhost', 'ya29.x'), path, body });
      assert.equal(status, 401);
      return (await world.records()).length - before;
    };
    // Read, the request names a secret and its refusal is audited; unread, it names nothing.
    assert.equal(await send(64 * 1024), 1);
    assert.equal(await send(128 * 1024), 0);
  });

  test('JSON a million levels deep', async () => {
    for (const open of ['[', '{"a":', '{"labels":[']) {
      const { status, json } = await rest('PATCH', `${SECRETS}/a?updateMask=labels`, open.repeat(1_000_000));
      assert.equal(status, 400);
      assert.equal(json.error.message, 'Invalid JSON payload received. Nesting is too deep.');
    }
  });
});

describe('gRPC', () => {
  const access = '/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion';
  const message = () =>
    toBinary(
      AccessSecretVersionRequestSchema,
      create(AccessSecretVersionRequestSchema, { name: 'projects/my-project/secrets/a/versions/latest' }),
    );

  test('a service or method that is not there', async () => {
    assert.deepEqual(await grpc('/x.Y/Z', new Uint8Array()), {
      ok: false,
      code: Code.UNIMPLEMENTED,
      message: 'unknown service x.Y',
    });
    const path = '/google.cloud.secretmanager.v1.SecretManagerService/Steal';
    const answer = await grpc(path, new Uint8Array());
    assert.ok(!answer.ok && answer.code === Code.UNIMPLEMENTED);
    assert.match(answer.message, /^unknown method Steal for service google\.cloud\.secretmanager/);
  });

  test('a message that is not of its type', async () => {
    const answer = await grpc(access, new Uint8Array([0x0a, 0xff]));
    assert.ok(!answer.ok && answer.code === Code.INVALID_ARGUMENT);
  });

  test('fields of a later version of the API are ignored, as protobuf asks', async () => {
    const answer = await grpc(access, new Uint8Array([...message(), 0xf8, 0x3f, 0x01]));
    assert.ok(answer.ok);
    assert.equal(fromBinary(AccessSecretVersionResponseSchema, answer.message).payload?.data.length, 64 * 1024);
  });

  test('a host has its own services only, over both transports', async () => {
    assert.ok((await grpc(access, message(), 'secretmanager.googleapis.com')).ok);
    // It has the service, and no secret that is global.
    const regional = await grpc(access, message(), 'secretmanager.europe-west1.rep.googleapis.com');
    assert.ok(!regional.ok && regional.code === Code.INVALID_ARGUMENT);
    assert.ok(!(await grpc(access, message(), 'iam.googleapis.com')).ok);
    assert.equal((await rest('GET', `${SECRETS}/a`, '', 'secretmanager.googleapis.com')).status, 200);
    assert.equal((await rest('GET', `${SECRETS}/a`, '', 'iam.googleapis.com')).status, 404);
  });

  test('random bytes for any method are answered, and none is a bug', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...METHODS.keys()), fc.uint8Array({ maxLength: 40 }), async (path, bytes) => {
        const answer = await grpc(path, bytes);
        assert.ok(answer.ok || answer.code !== Code.INTERNAL, path);
      }),
      { numRuns: 1000 },
    );
    assert.deepEqual(bugs, []);
  });
});

describe('REST', () => {
  test('answers are indented unless asked otherwise, and typed', async () => {
    assert.match((await rest('GET', '/v3/projects/my-project')).text, /^\{\n {2}"name": "projects\/\d+",\n/);
    assert.match((await rest('GET', '/v3/projects/my-project?prettyPrint=false')).text, /^\{"name":"projects\/\d+",/);
    const missing = await rest('GET', `${SECRETS}/none?prettyPrint=false`);
    assert.match(missing.text, /^\{"error":\{"code":404,/);
    const answer = await dialect.http({
      ...head(),
      method: 'GET',
      path: '/v3/projects/my-project',
      body: new Uint8Array(),
    });
    assert.equal(answer.headers?.['content-type'], 'application/json; charset=UTF-8');
  });

  test('names of other dialects are spelled as Google can, or left out of lists', async () => {
    const project = 'my-project' as ProjectRef;
    const rest0 = { project, labels: {}, annotations: {}, replication: { locations: [] } };
    await world.ask(createSecret, { ...rest0, name: 'prod/db' as SecretName }, world.ownerCredential);
    await world.ask(createSecret, { ...rest0, name: 'a.b' as SecretName }, world.ownerCredential);
    assert.match((await rest('GET', `${SECRETS}/prod--db`)).json.name, /\/secrets\/prod--db$/);
    const { secrets } = (await rest('GET', `${SECRETS}?pageSize=2`)).json;
    assert.deepEqual(
      secrets.map(({ name }: { name: string }) => name.split('/').at(-1)),
      ['prod--db'],
    );
    assert.equal((await rest('GET', `${SECRETS}/a.b`)).status, 400);
  });

  test('a storm of malformed requests is answered, shows nothing of what was sent, and none is a bug', async () => {
    const verbs = fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'PUT');
    const part = fc.constantFrom('a', 'b', '..', '%2e', 'a%2fb', '1', 'latest', '-1', '%00', 'é', CANARY, '*', '');
    const path = fc.oneof(
      fc.tuple(part, part).map(([s, v]) => `${SECRETS}/${s}/versions/${v}`),
      fc
        .tuple(part, fc.constantFrom(':addVersion', ':setIamPolicy', ':access', '', '/'))
        .map(([s, v]) => `${SECRETS}/${s}${v}`),
      fc.tuple(part, part).map(([p, a]) => `/v1/projects/${p}/serviceAccounts/${a}`),
      fc.constant(SECRETS),
      fc.constant('/v3/projects'),
    );
    const key = fc.constantFrom(
      'payload',
      'data',
      'labels',
      'policy',
      'bindings',
      'etag',
      'replication',
      'automatic',
      'ttl',
    );
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>(null, true, 1, 1e300, -1, CANARY, 'AA==', ''),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    const body = fc.oneof(
      json.map((value) => JSON.stringify(value)),
      json.map((value) => JSON.stringify(value).slice(0, -1)),
      fc.constant(''),
    );
    const query = fc.constantFrom(
      '',
      '?secretId=q',
      '?updateMask=labels',
      '?pageSize=x',
      '?%zz',
      '?etag=%22x%22',
      '?a.b=c',
    );
    await fc.assert(
      fc.asyncProperty(verbs, path, query, body, async (verb, where, search, text) => {
        const { status, json: answer, text: said } = await rest(verb, where + search, text);
        assert.notEqual(status, 500, `${verb} ${where}${search} ${text}`);
        if (status >= 300) assert.deepEqual([answer.error.code, typeof answer.error.message], [status, 'string']);
        // A name is repeated as Google repeats it; a value never is.
        if (!where.includes(CANARY)) assert.ok(!said.includes(CANARY), said);
      }),
      { numRuns: 1500 },
    );
    assert.deepEqual(bugs, []);
  });
});
