// The head of a request, made of the fields of its header block and judged as RFC 9113 section 8.3 wants it: the fields of
// HTTP/2 first and each once, nothing of a connection, a length that is a number.

import type { Field } from './field.ts';

export interface RequestHead {
  readonly method: string;
  /** `:path`; empty of CONNECT, which has none. */
  readonly target: string;
  readonly authority: string | undefined;
  /** Fields of the same name are joined with ", ", those of `cookie` with "; " (section 8.2.3). */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Bytes of the body, -1 where nothing was said. */
  readonly contentLength: number;
}

const OF_REQUESTS = new Set([':method', ':scheme', ':path', ':authority']);
/** RFC 9110 section 9.1: a token. */
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const SCHEME = /^[a-z][a-z0-9+.-]*$/i;
/** As many digits as a number can hold exactly. */
const LENGTH = /^[0-9]{1,15}$/;

/** The head, or undefined where the request is malformed (section 8.1.1). */
export function requestHead(fields: readonly Field[]): RequestHead | undefined {
  const own: Record<string, string | undefined> = Object.create(null);
  const headers: Record<string, string | undefined> = Object.create(null);
  let isOwn = true;
  for (const { name, value, allowed } of fields) {
    if (!allowed) return undefined;
    if (name.charCodeAt(0) === 0x3a) {
      if (!isOwn || !OF_REQUESTS.has(name) || own[name] !== undefined) return undefined;
      own[name] = value;
      continue;
    }
    isOwn = false;
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
  }
  const { ':method': method, ':scheme': scheme, ':path': target = '', ':authority': authority } = own;
  if (method === undefined || !METHOD.test(method)) return undefined;
  if (method === 'CONNECT') {
    // Section 8.5.
    if (scheme !== undefined || own[':path'] !== undefined || authority === undefined) return undefined;
  } else if (scheme === undefined || !SCHEME.test(scheme) || target === '') {
    return undefined;
  }
  const said = headers['content-length'];
  if (said !== undefined && !LENGTH.test(said)) return undefined;
  // As in HTTP/1.1, which is how a request is handed on (section 8.3.1).
  if (authority !== undefined) headers['host'] ??= authority;
  // Requests with the same head share it.
  Object.freeze(headers);
  return { method, target, authority, headers, contentLength: said === undefined ? -1 : Number(said) };
}

/** Whether these may stand behind a body (section 8.1): no field of HTTP/2 is among them. */
export function areTrailers(fields: readonly Field[]): boolean {
  return fields.every(({ name, allowed }) => allowed && name.charCodeAt(0) !== 0x3a);
}
