// Coffer's own API, `/coffer/v1`: what no cloud has. Its routes follow from the operation table.

import { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Door } from '../../ops/door.ts';
import { parseFields } from '../../ops/fields.ts';
import { then } from '../../ops/maybe.ts';
import type { Dialect, WireRequest, WireResponse } from '../../wire/types.ts';
import { encodeResult } from './encode.ts';
import { encodeError } from './errors.ts';
import { openApiDocument } from './openapi.ts';
import { findRoute, PREFIX, type Route } from './routes.ts';

const NAME = 'coffer';
const BEARER = /^bearer +(\S+)$/i;
const GRPC_UNIMPLEMENTED = 12;

export interface NativeOptions {
  /** The certificate of the server's own authority, in PEM: public, so that `coffer run` can trust it. */
  readonly certificatePem: () => Maybe<string>;
  /** Told of every failure that is no Fault: the answer says nothing of it. */
  readonly onError: (error: unknown, requestId: string) => void;
}

export function createNativeDialect(door: Door, options: NativeOptions): Dialect {
  return {
    name: NAME,
    ownsHost: () => false,
    claims: (head) => head.path === PREFIX || head.path.startsWith(`${PREFIX}/`),
    http: (request) => {
      const failed = (error: unknown) => {
        if (!(error instanceof Fault)) options.onError(error, request.id);
        return encodeError(error);
      };
      try {
        const answer = route(door, options, request);
        return answer instanceof Promise ? answer.catch(failed) : answer;
      } catch (error) {
        return failed(error);
      }
    },
    grpc: () => ({ ok: false, code: GRPC_UNIMPLEMENTED, message: 'this API has no gRPC form' }),
  };
}

function route(door: Door, options: NativeOptions, request: WireRequest): Maybe<WireResponse> {
  if (request.path === `${PREFIX}/ca` && request.method === 'GET') {
    return then(options.certificatePem(), (certificate) => json({ certificate }));
  }
  if (request.path === `${PREFIX}/openapi.json` && request.method === 'GET') return json(openApiDocument());
  const found = findRoute(request.method, request.path);
  if (found === undefined) {
    throw new Fault('ROUTE_NOT_FOUND', { method: request.method.slice(0, 16), path: request.path.slice(0, 200) });
  }
  const caller = door.authenticate(credentialOf(request), {
    dialect: NAME,
    peer: request.peer.address,
    secure: request.secure,
    requestId: request.id,
    ...(request.headers['user-agent'] === undefined ? {} : { userAgent: request.headers['user-agent'] }),
  });
  return then(caller, (known) => {
    const values = parseFields(found.api.fields, given(found, request));
    const command = (found.api.command?.(values) ?? values) as object;
    return then(door.call(found.operation, known, command), (result) =>
      json(encodeResult(found.operation.name, result)),
    );
  });
}

function credentialOf(request: WireRequest): string | undefined {
  const header = request.headers['authorization'];
  // A header that is not a bearer token still is a credential, and not a good one.
  return header === undefined ? undefined : (BEARER.exec(header)?.[1] ?? '');
}

/** The fields as sent: of a GET in the query, of anything else in a JSON body. */
function given({ api }: Route, request: WireRequest): Record<string, unknown> {
  if (api.method !== 'GET') return parseBody(request.body);
  const values: Record<string, unknown> = {};
  for (const [name, value] of new URLSearchParams(request.query)) {
    if (Object.hasOwn(values, name))
      throw new Fault('INVALID_FIELD', { field: name.slice(0, 64), problem: 'is given twice' });
    values[name] = value;
  }
  return values;
}

function parseBody(body: Uint8Array): Record<string, unknown> {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new Fault('INVALID_FIELD', { field: 'body', problem: 'is not JSON' });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Fault('INVALID_FIELD', { field: 'body', problem: 'must be a JSON object' });
  }
  return value as Record<string, unknown>;
}

function json(value: object): WireResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: `${JSON.stringify(value)}\n`,
  };
}
