// Container credentials for one run, on a loopback port of its own, as AWS's libraries ask for them. It hands out sessions
// of the run's account, so it refuses everybody it can tell from the child: a peer of another user, a foreign Host (DNS
// rebinding), a forwarded request, and whoever does not bring the word that the child's environment holds.
// Source: AWS SDKs and Tools, "Container credential provider".

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createOwnServer, type IsAllowedPeer, isEqual, isForOwnPort } from '../own-server.ts';
import type { AwsSession } from './sessions.ts';

export const CREDENTIALS_PATH = '/credentials';

export interface CredentialsServerOptions {
  /** What `Authorization` must be, word for word. */
  readonly authorization: string;
  session(): Promise<AwsSession>;
}

interface Reply {
  readonly status: number;
  readonly body: object;
}

/** In the form in which libraries show what was wrong. */
function refusal(status: number, code: string, message: string): Reply {
  return { status, body: { code, message } };
}

/** The server alone, not listening yet. `isAllowedPeer` is asked once a connection. */
export function createCredentialsServer(options: CredentialsServerOptions, isAllowedPeer?: IsAllowedPeer): Server {
  return createOwnServer((request, response, isStranger) => {
    const asked = isStranger
      ? Promise.resolve(refusal(403, 'AccessDenied', 'these credentials are for another user'))
      : answer(options, request);
    asked.then(
      (reply) => send(response, reply),
      () => send(response, refusal(503, 'ServiceUnavailable', 'no session can be had from the Coffer server')),
    );
  }, isAllowedPeer);
}

async function answer({ authorization, session }: CredentialsServerOptions, request: IncomingMessage): Promise<Reply> {
  const { headers, method, url } = request;
  if (headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined) {
    return refusal(403, 'AccessDenied', 'forwarded requests are not served');
  }
  if (!isForOwnPort(request)) return refusal(403, 'AccessDenied', 'the Host header does not name this server');
  if (url !== CREDENTIALS_PATH) return refusal(404, 'NotFound', 'there is no such path here');
  if (method !== 'GET') return refusal(405, 'MethodNotAllowed', 'only GET is served');
  const given = request.headersDistinct['authorization'] ?? [];
  if (given.length !== 1 || !isEqual(given[0] as string, authorization)) {
    return refusal(401, 'AccessDenied', 'the Authorization header is not that of this run');
  }
  const { accessKeyId, secretAccessKey, sessionToken, expireTime } = await session();
  const body = {
    ...{ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken },
    Expiration: expireTime,
  };
  return { status: 200, body };
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // A refused request may have a body that nobody reads.
    ...(status === 200 ? {} : { connection: 'close' }),
  });
  response.end(text);
}
