// Signs a request to a service of AWS, in its header. Source: AWS IAM, "Create a signed AWS API request".

import { createHmac, hash } from 'node:crypto';
import type { Redacted } from '../core/redacted.ts';

export interface AwsCredential {
  readonly id: string;
  readonly secret: Redacted<string>;
  readonly sessionToken?: Redacted<string>;
}

export interface AwsRequest {
  readonly method: 'GET' | 'POST';
  /** With the port, where it is not the protocol's own. */
  readonly host: string;
  /** As it is sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly region: string;
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The headers of the request, with those that sign it. Its path has no query. */
export function signedHeaders(credential: AwsCredential, request: AwsRequest): Record<string, string> {
  const { method, host, path, body, region, service, time } = request;
  const date = new Date(time).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const headers: Record<string, string> = { ...request.headers, host, 'x-amz-date': date };
  if (credential.sessionToken !== undefined) headers['x-amz-security-token'] = credential.sessionToken.reveal();
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}`);
  // Every service but S3 has each segment encoded once more.
  const canonicalPath = path.split('/').map(encode).join('/');
  const canonical = [method, canonicalPath, '', ...lines, '', names.join(';'), hash('sha256', body)].join('\n');
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const text = `${ALGORITHM}\n${date}\n${scope}\n${hash('sha256', canonical)}`;
  const key = scope
    .split('/')
    .reduce<string | Uint8Array>((from, part) => hmac(from, part), `AWS4${credential.secret.reveal()}`);
  const signature = hmac(key, text).toString('hex');
  headers['authorization'] =
    `${ALGORITHM} Credential=${credential.id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}

/** RFC 3986: all but its unreserved characters. */
export function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hmac(key: string | Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
