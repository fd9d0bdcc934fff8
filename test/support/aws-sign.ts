// Signs requests by AWS's Signature Version 4, as a client does: for tests that must send what no SDK would. Written for
// the plain paths and queries of these tests alone.

import { createHash, createHmac } from 'node:crypto';

export interface SigningKey {
  readonly id: string;
  readonly secret: string;
  readonly token?: string;
}

export interface Unsigned {
  readonly method?: string;
  readonly path?: string;
  readonly host: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly region?: string;
  readonly service?: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Uint8Array, text: string) => createHmac('sha256', key).update(text).digest();

/** The headers of the request, signed: those given, the host, the date and the session token. */
export function signed(key: SigningKey, request: Unsigned): Record<string, string> {
  const { method = 'POST', path = '/', host, body = '', region = 'eu-west-1', service = 'secretsmanager' } = request;
  const date = new Date(request.time).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const headers: Record<string, string> = {
    host,
    'x-amz-date': date,
    ...(key.token === undefined ? {} : { 'x-amz-security-token': key.token }),
    ...request.headers,
  };
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}`);
  const canonical = [method, path, '', ...lines, '', names.join(';'), sha256(body)].join('\n');
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`;
  const signing = scope.split('/').reduce<string | Uint8Array>((from, part) => hmac(from, part), `AWS4${key.secret}`);
  const signature = hmac(signing, toSign).toString('hex');
  const credential = `Credential=${key.id}/${scope}`;
  headers['authorization'] = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}
