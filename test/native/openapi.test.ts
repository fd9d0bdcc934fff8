// The OpenAPI document against the server that it describes: its form, its routes, and what any request is answered.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { openApiText } from '../../scripts/openapi-doc.ts';
import { createNativeDialect } from '../../src/dialects/native/dialect.ts';
import { openApiDocument } from '../../src/dialects/native/openapi.ts';
import { findRoute, ROUTES } from '../../src/dialects/native/routes.ts';
import { OPERATIONS } from '../../src/ops/table.ts';
import type { Dialect, WireResponse } from '../../src/wire/types.ts';
import { openWorld, type World } from '../ops/world.ts';
import { repository } from '../support/start.ts';

// biome-ignore lint/suspicious/noExplicitAny: a JSON document, asserted on by the test
type Any = any;

const document: Any = JSON.parse(openApiText());

interface Documented {
  readonly path: string;
  readonly method: string;
  readonly operation: Any;
}

const documented: readonly Documented[] = Object.entries<Any>(document.paths).flatMap(([path, item]) =>
  Object.entries<Any>(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

let world: World;
let dialect: Dialect;
const bugs: unknown[] = [];

before(async () => {
  world = await openWorld();
  dialect = createNativeDialect(world.door, {
    certificatePem: () => '-----BEGIN CERTIFICATE-----',
    onError: (error) => bugs.push(error),
  });
});

after(async () => {
  await world.close();
  assert.deepEqual(bugs, []);
});

async function send(method: string, path: string, given: Any, credential: string | undefined): Promise<WireResponse> {
  const query = method === 'GET' ? new URLSearchParams(given).toString() : '';
  const body = method === 'GET' ? '' : typeof given === 'string' ? given : JSON.stringify(given);
  return dialect.http({
    id: 'r',
    protocol: 'h2',
    secure: false,
    host: 'localhost',
    peer: { address: '127.0.0.1', port: 1 },
    headers: credential === undefined ? {} : { authorization: `Bearer ${credential}` },
    method,
    path,
    query,
    body: new TextEncoder().encode(body),
  });
}

function resolve(response: Any): Any {
  const [, name] = /^#\/components\/responses\/(\d+)$/.exec(response.$ref ?? '') ?? [];
  return name === undefined ? response : document.components.responses[name];
}

test('the document in docs is this one', () => {
  assert.equal(readFileSync(join(repository, 'docs/openapi.json'), 'utf8'), openApiText(), "run 'make docs'");
});

test('it has the form of OpenAPI 3.1', () => {
  assert.match(document.openapi, /^3\.1\.\d+$/);
  assert.ok(document.info.title && document.info.version);
  const ids = new Set<string>();
  for (const { path, method, operation } of documented) {
    assert.match(path, /^\/coffer\/v1\/[a-z.A-Z:]+$/);
    assert.ok(['GET', 'POST', 'DELETE'].includes(method));
    assert.ok(!ids.has(operation.operationId), operation.operationId);
    ids.add(operation.operationId);
    assert.ok(operation.summary);
    for (const requirement of operation.security ?? document.security) {
      for (const scheme of Object.keys(requirement)) assert.ok(document.components.securitySchemes[scheme]);
    }
    const names = (operation.parameters ?? []).map(({ name }: Any) => name);
    assert.equal(new Set(names).size, names.length);
    for (const parameter of operation.parameters ?? []) {
      assert.equal(parameter.in, 'query');
      assertSchema(parameter.schema);
    }
    if (operation.requestBody !== undefined) assertSchema(operation.requestBody.content['application/json'].schema);
    for (const [status, response] of Object.entries<Any>(operation.responses)) {
      assert.match(status, /^[2-5]\d\d$/);
      const { description, content } = resolve(response);
      assert.ok(description, `${operation.operationId} ${status}`);
      assertSchema(content['application/json'].schema);
    }
  }
});

/** What this document uses of JSON Schema 2020-12. */
function assertSchema(schema: Any): void {
  const known = [
    'type',
    'format',
    'description',
    'minimum',
    'maximum',
    'maxLength',
    'enum',
    'const',
    'contentEncoding',
    'properties',
    'required',
    'additionalProperties',
    'items',
  ];
  for (const key of Object.keys(schema)) assert.ok(known.includes(key), `${key} in a schema`);
  assert.ok(['object', 'string', 'integer', 'boolean', 'array'].includes(schema.type));
  for (const name of schema.required ?? []) assert.ok(schema.properties[name], `${name} is required and not there`);
  for (const property of Object.values(schema.properties ?? {})) assertSchema(property);
}

test('it has every operation that has a route, and no other', () => {
  const routed = OPERATIONS.filter(({ api }) => api !== undefined).map(({ name }) => name);
  const found = documented.filter(({ method, path }) => findRoute(method, path) !== undefined);
  assert.deepEqual(found.map(({ operation }) => operation.operationId).sort(), routed.sort());
  assert.deepEqual(
    documented.filter((each) => !found.includes(each)).map(({ method, path }) => `${method} ${path}`),
    ['GET /coffer/v1/ca', 'GET /coffer/v1/openapi.json'],
  );
  for (const { api, operation } of ROUTES) {
    const { operation: shown } = found.find((each) => each.operation.operationId === operation.name) as Documented;
    const fields =
      api.method === 'GET'
        ? (shown.parameters ?? []).map(({ name }: Any) => name)
        : Object.keys(shown.requestBody?.content['application/json'].schema.properties ?? {});
    assert.deepEqual(fields, Object.keys(api.fields));
  }
});

test('the server answers with the document, to anybody', async () => {
  const answer = await send('GET', '/coffer/v1/openapi.json', {}, undefined);
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(String(answer.body)), JSON.parse(JSON.stringify(openApiDocument())));
});

/** A value for a field: mostly one that fits, else one beyond the edge, or none that could. */
function anyValue(schema: Any): fc.Arbitrary<unknown> {
  const { minimum, maximum } = schema;
  const odd = fc.oneof(
    fc.string(),
    fc.constantFrom<unknown>('', 'x'.repeat(2000), null, true, -1, 1.5, [], {}, minimum - 1, maximum + 1),
  );
  return fc.oneof({ weight: 5, arbitrary: fitting(schema) }, { weight: 1, arbitrary: odd });
}

function fitting(schema: Any): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.type === 'integer') return fc.constantFrom(schema.minimum, schema.minimum + 1, schema.maximum);
  if (schema.format === 'date-time') return fc.constantFrom('2026-01-31T12:00:00Z', '2026-01-31T13:00:00+01:00');
  if (schema.contentEncoding === 'base64') return fc.constantFrom('aGVsbG8=', 'AA==');
  return fc.constantFrom('default', 'default', 'no-such-project', 'a');
}

function requestOf({ operation }: Documented): fc.Arbitrary<Any> {
  const properties = operation.requestBody?.content['application/json'].schema.properties ?? {};
  const parameters = (operation.parameters ?? []).map(({ name, schema }: Any) => [name, schema]);
  const fields = { ...properties, ...Object.fromEntries(parameters) };
  const values = Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, anyValue(schema)]));
  return fc.oneof(
    { weight: 8, arbitrary: fc.record(values, { requiredKeys: [] }) },
    { weight: 1, arbitrary: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom('{', '[]', 'null', '"text"', '{"__proto__":1}') },
  );
}

test('whatever is sent, only what is documented comes back', async () => {
  const seen = new Set<number>();
  const owner = { weight: 3, arbitrary: fc.constant(world.ownerCredential) };
  const credential = fc.oneof(owner, { weight: 1, arbitrary: fc.constantFrom(undefined, 'nonsense', '') });
  for (const each of documented) {
    const property = fc.asyncProperty(requestOf(each), credential, async (request, token) => {
      const { status, body } = await send(each.method, each.path, request, token);
      seen.add(status);
      const response = each.operation.responses[status];
      assert.ok(response, `${each.method} ${each.path} answers ${status}, which is not documented: ${body}`);
      const answer = JSON.parse(String(body));
      if (status === 200) return;
      const { enum: codes } = resolve(response).content['application/json'].schema.properties.error.properties.status;
      assert.equal(answer.error.code, status);
      assert.ok(codes.includes(answer.error.status), `${answer.error.status} is not documented for ${status}`);
    });
    await fc.assert(property, { numRuns: 60 });
  }
  assert.deepEqual(bugs, []);
  // The storm reached what it should: answers, refusals and complaints.
  for (const status of [200, 400, 401, 403, 404]) assert.ok(seen.has(status), `no request was answered ${status}`);
});
