// What the listener says by itself, before any dialect has seen the request: a neutral JSON body in the form that
// Google's clients need (an `error` object with code, message and status). Nothing of the request is repeated in it.

import { STATUS_CODES } from 'node:http';

export interface Refusal {
  readonly status: number;
  readonly message: string;
  /** google.rpc.Code as Google's REST errors spell it. */
  readonly code: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const invalid = (status: number, message: string, headers: Record<string, string> = {}): Refusal => ({
  status,
  message,
  code: 'INVALID_ARGUMENT',
  headers,
});

export const REFUSALS = {
  malformed: invalid(400, 'The request is not valid HTTP.'),
  targetForm: invalid(400, 'The request target must be a path that begins with a slash.'),
  targetBytes: invalid(400, 'The request target holds characters that must be percent-encoded.'),
  host: invalid(400, 'The request must name exactly one valid host.'),
  bodyGzip: invalid(400, 'The request body is not valid gzip.'),
  connect: invalid(405, 'This server is not a proxy.', { allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' }),
  grpcMethod: invalid(405, 'A gRPC call must use POST.', { allow: 'POST' }),
  slow: { status: 408, message: 'The request did not arrive in time.', code: 'DEADLINE_EXCEEDED' },
  bodyLarge: invalid(413, 'Request body too large.'),
  targetLong: invalid(414, 'The request target is too long.'),
  bodyCoding: invalid(415, 'The request body may be coded with gzip or not at all.', { 'accept-encoding': 'gzip' }),
  expectation: invalid(417, 'The expectation in the Expect header cannot be met.'),
  headersLarge: invalid(431, 'The request headers are too large or too many.'),
  internal: { status: 500, message: 'Internal error.', code: 'INTERNAL' },
  transferCoding: { status: 501, message: 'The transfer coding must be chunked.', code: 'UNIMPLEMENTED' },
  busy: {
    status: 503,
    message: 'The server holds too many request bodies at the moment.',
    code: 'UNAVAILABLE',
    headers: { 'retry-after': '1' },
  },
  pipelined: {
    status: 503,
    message: 'Too many requests wait on this connection.',
    code: 'UNAVAILABLE',
  },
} as const satisfies Record<string, Refusal>;

/** The JSON body of a refusal. A failure inside the server names the request, so that its log line can be found. */
export function refusalBody(refusal: Refusal, requestId: string): string {
  const message = refusal.status === 500 ? `${refusal.message} Request id: ${requestId}` : refusal.message;
  return JSON.stringify({ error: { code: refusal.status, message, status: refusal.code } });
}

/** A whole HTTP/1.1 answer that ends its connection, for a socket whose request never became one. */
export function rawRefusal(refusal: Refusal, requestId: string): string {
  const body = refusalBody(refusal, requestId);
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'private, no-store',
    'x-request-id': requestId,
    connection: 'close',
    ...refusal.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join('')}\r\n${body}`;
}
