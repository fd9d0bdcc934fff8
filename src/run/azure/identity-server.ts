// A managed identity for one run, on a loopback port of its own, in each of the forms that Azure's libraries ask: App
// Service (a secret header), the instance metadata service and Cloud Shell (`Metadata: true`). It hands out tokens of the
// run's account, so it refuses everybody it can tell from the child: a peer of another user, a foreign Host (DNS
// rebinding), a forwarded request, and a browser, which can set neither header.
// Sources: https://learn.microsoft.com/azure/app-service/overview-managed-identity (REST endpoint reference) and
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AccessToken } from '../identity.ts';
import { createOwnServer, type IsAllowedPeer, isEqual, isForOwnPort } from '../own-server.ts';

export const APP_SERVICE_PATH = '/msi/token';
const METADATA_PATH = '/metadata/identity/oauth2/token';
const METADATA_HOST = '169.254.169.254';
const BODY_BYTES_MAX = 8 * 1024;
/** The server's own bound of an audience. */
const RESOURCE_CHARS_MAX = 1024;

export interface IdentityServerOptions {
  readonly clientId: string;
  /** What a request in App Service's form must bring. */
  readonly secret: string;
  /** A token that is good for this resource. */
  token(resource: string): Promise<AccessToken>;
  now?(): number;
}

interface Reply {
  readonly status: number;
  readonly body: object;
}

function refusal(status: number, error: string, description: string): Reply {
  // The one form in which every library shows what was wrong.
  return { status, body: { error, error_description: description, statusCode: status, message: description } };
}

/** The server alone, not listening yet. `isAllowedPeer` is asked once a connection. */
export function createIdentityServer(options: IdentityServerOptions, isAllowedPeer?: IsAllowedPeer): Server {
  return createOwnServer((request, response, isStranger) => {
    const asked = isStranger
      ? Promise.resolve(refusal(403, 'forbidden', 'this managed identity serves another user'))
      : answer(options, request);
    asked.then(
      (reply) => send(response, reply),
      () => send(response, refusal(503, 'temporarily_unavailable', 'no token can be had from the Coffer server')),
    );
  }, isAllowedPeer);
}

async function answer(options: IdentityServerOptions, request: IncomingMessage): Promise<Reply> {
  const { headers, method } = request;
  if (headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined) {
    return refusal(403, 'forbidden', 'forwarded requests are not served');
  }
  if (!isForOwnPort(request, [METADATA_HOST]))
    return refusal(403, 'forbidden', 'the Host header does not name this managed identity');
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const path = pathname.replace(/\/$/, '');
  const isMetadata = headers['metadata']?.toString().toLowerCase() === 'true';
  if (path === METADATA_PATH && method === 'GET') {
    // A request without the header is how libraries find out, quickly, whether anybody is here.
    if (!isMetadata) return refusal(400, 'invalid_request', 'Required metadata header not specified');
    return issue(options, searchParams);
  }
  if (path !== APP_SERVICE_PATH) return refusal(404, 'not_found', 'this managed identity has no such path');
  const secret = headers['x-identity-header'] ?? headers['secret'];
  if (method === 'GET') {
    if (typeof secret !== 'string' || !isEqual(secret, options.secret)) {
      return refusal(401, 'unauthorized', 'the X-IDENTITY-HEADER header is not that of this run');
    }
    return issue(options, searchParams);
  }
  if (method !== 'POST') return refusal(405, 'invalid_request', 'only GET and POST are served');
  if (!isMetadata) return refusal(400, 'invalid_request', 'Required metadata header not specified');
  const body = await read(request);
  return body === undefined
    ? refusal(413, 'invalid_request', 'the request is too large')
    : issue(options, new URLSearchParams(body));
}

/** Whichever identity a program asks for by its id in production: a run has one. */
async function issue(options: IdentityServerOptions, query: URLSearchParams): Promise<Reply> {
  const resource = query.get('resource') ?? '';
  if (resource === '' || resource.length > RESOURCE_CHARS_MAX) {
    return refusal(400, 'invalid_request', 'a resource is needed');
  }
  const { accessToken, expiresAtMs } = await options.token(resource);
  const seconds = Math.max(0, Math.floor((expiresAtMs - (options.now ?? Date.now)()) / 1000));
  return {
    status: 200,
    body: {
      access_token: accessToken,
      client_id: options.clientId,
      expires_in: String(seconds),
      expires_on: String(Math.floor(expiresAtMs / 1000)),
      resource,
      token_type: 'Bearer',
    },
  };
}

async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // A refused request may have a body that nobody reads.
    ...(status === 200 ? {} : { connection: 'close' }),
  });
  response.end(text);
}
