// The OpenAPI 3.1 document of /coffer/v1, from the operation table: what the table has is in it, and nothing else.
// Source: https://spec.openapis.org/oas/v3.1.0.

import { FAULT_CODES, Fault, type FaultClass } from '../../core/error.ts';
import { PAYLOAD_BYTES_MAX } from '../../core/limits.ts';
import { type Field, STRING_CHARS_MAX } from '../../ops/fields.ts';
import { STATUS } from './errors.ts';
import { PREFIX, ROUTES, type Route } from './routes.ts';

type Json = Readonly<Record<string, unknown>>;

/** What any request can be answered with, and what only those that judge a caller or change something can. */
const ALWAYS = ['invalid', 'unauthenticated', 'corrupt', 'internal', 'unavailable'] as const;
const JUDGED = ['denied', 'missing', 'exhausted', 'unimplemented'] as const;
const CHANGING = ['exists', 'conflict', 'precondition'] as const;

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The request is not a valid one.',
  401: 'The request carries no credential, or one that is not valid.',
  403: 'The caller is known and may not do this.',
  404: 'What was asked for does not exist.',
  409: 'Something of that name exists, or somebody else changed it meanwhile.',
  412: 'What was asked for is not in a state that allows it.',
  429: 'A limit or a quota is reached.',
  500: 'The server failed, or what it stored is damaged.',
  501: 'This server does not do that.',
  503: 'The server cannot answer for now.',
};

function schemaOf(field: Field): Json {
  const description = field.help;
  switch (field.type) {
    case 'integer':
      return {
        type: 'integer',
        description,
        minimum: field.min ?? 0,
        maximum: field.max ?? Number.MAX_SAFE_INTEGER,
      };
    case 'boolean':
      return { type: 'boolean', description };
    case 'time':
      return { type: 'string', format: 'date-time', description };
    case 'bytes': {
      const bytesMax = field.max ?? PAYLOAD_BYTES_MAX;
      return { type: 'string', contentEncoding: 'base64', description, maxLength: Math.ceil(bytesMax / 3) * 4 };
    }
    case 'string':
      return field.oneOf === undefined
        ? { type: 'string', description, maxLength: field.max ?? STRING_CHARS_MAX }
        : { type: 'string', description, enum: field.oneOf };
  }
}

function requestOf({ api }: Route): Json {
  const fields = Object.entries(api.fields);
  if (fields.length === 0) return {};
  if (api.method === 'GET') {
    const parameters = fields.map(([name, field]) => {
      const { description, ...schema } = schemaOf(field);
      return { name, in: 'query', description, ...(field.required ? { required: true } : {}), schema };
    });
    return { parameters };
  }
  const required = fields.filter(([, field]) => field.required).map(([name]) => name);
  const schema = {
    type: 'object',
    properties: Object.fromEntries(fields.map(([name, field]) => [name, schemaOf(field)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
  return { requestBody: { required: required.length > 0, content: { 'application/json': { schema } } } };
}

function statusesOf({ operation }: Route): readonly number[] {
  const { permission, kind } = operation;
  const classes: FaultClass[] = [
    ...ALWAYS,
    ...(permission === 'public' ? [] : JUDGED),
    ...(kind === 'write' ? CHANGING : []),
  ];
  return [...new Set(classes.map((name) => STATUS[name]))].sort((a, b) => a - b);
}

function answersOf(statuses: readonly number[]): Json {
  const object = { type: 'object' };
  return {
    200: { description: 'What was asked for.', content: { 'application/json': { schema: object } } },
    ...Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/${status}` }])),
  };
}

function operationOf(route: Route): Json {
  const { name, help, permission } = route.operation;
  const grant =
    permission === 'public' || permission === 'authenticated' ? {} : { description: `Takes ${permission}.` };
  return {
    operationId: name,
    summary: help,
    ...grant,
    tags: [name.split('.')[0]],
    ...(permission === 'public' ? { security: [] } : {}),
    ...requestOf(route),
    responses: answersOf(statusesOf(route)),
  };
}

/** Two documents that are no operations: nobody is asked who they are, and nothing of the store is read. */
function documents(): Json {
  const document = (operationId: string, summary: string) => ({
    get: { operationId, summary, tags: ['server'], security: [], responses: answersOf([STATUS.internal]) },
  });
  return {
    [`${PREFIX}/ca`]: document('server.ca', "show the certificate of the server's own authority"),
    [`${PREFIX}/openapi.json`]: document('server.openapi', 'show this document'),
  };
}

function errorResponse(status: number): Json {
  const codes = FAULT_CODES.filter((code) => STATUS[new Fault(code).class] === status);
  const error = {
    type: 'object',
    properties: {
      code: { type: 'integer', const: status },
      status: { type: 'string', enum: codes },
      message: { type: 'string' },
    },
    required: ['code', 'status', 'message'],
  };
  const schema = { type: 'object', properties: { error }, required: ['error'] };
  return { description: DESCRIPTIONS[status], content: { 'application/json': { schema } } };
}

function build(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of ROUTES) {
    const path = `${PREFIX}${route.api.path}`;
    paths[path] = { ...paths[path], [route.api.method.toLowerCase()]: operationOf(route) };
  }
  const statuses = [...new Set(Object.values(STATUS))].sort((a, b) => a - b);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Coffer',
      version: 'v1',
      description: "Coffer's own API: what no cloud's API has. Secrets themselves are read and written through those.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths: { ...paths, ...documents() },
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token, or the credential of the owner.' },
      },
      responses: Object.fromEntries(statuses.map((status) => [status, errorResponse(status)])),
    },
  };
}

let document: Json | undefined;

/** The document; it is the same for the life of the process. */
export function openApiDocument(): Json {
  document ??= build();
  return document;
}
