// The head of an HTTP/1.1 request (RFC 9112 sections 2 to 6), read strictly: what two readers could understand in two ways
// is malformed, so that nobody in front of us finds another request in the same bytes than we do.

import { METHODS } from 'node:http';

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** False of HTTP/1.0. */
  readonly isCurrent: boolean;
  /** Names are lower case. Fields of the same name are joined with ", ", those of `cookie` with "; ". */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Bytes of the body; `chunked` where its chunks tell; 0 where there is none (section 6.3). */
  readonly body: number | 'chunked';
  /** Whether the connection goes on after the answer (section 9.3). */
  readonly isKept: boolean;
}

/** What is wrong with a head: it cannot be trusted, it is larger than allowed, or it asks for a coding we do not have. */
export type HeadProblem = 'malformed' | 'large' | 'coding';

/** LIST and SCAN are Vault's; section 9.1 of RFC 9110 leaves methods open. */
const KNOWN_METHODS = new Set([...METHODS, 'LIST', 'SCAN']);
/** Section 3: single spaces, and no version but these two. */
const REQUEST_LINE = /^([A-Z-]+) ([^ ]+) HTTP\/1\.([01])$/;
/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const DEL = 0x7f;
/** As many digits as a number can hold exactly. */
const LENGTH = /^[0-9]{1,15}$/;

/** Reads the head that these bytes are, without the empty line that ends it. */
export function requestHead(bytes: Buffer, start: number, end: number, fieldsMax: number): RequestHead | HeadProblem {
  if (!isText(bytes, start, end)) return 'malformed';
  const text = bytes.toString('latin1', start, end);
  const lineEnd = text.indexOf('\r\n');
  const line = REQUEST_LINE.exec(lineEnd < 0 ? text : text.slice(0, lineEnd));
  if (line === null) return 'malformed';
  const [, method = '', target = '', minor] = line;
  if (!KNOWN_METHODS.has(method)) return 'malformed';
  const headers = lineEnd < 0 ? {} : fieldsOf(text, lineEnd + 2, fieldsMax);
  if (typeof headers === 'string') return headers;
  const isCurrent = minor === '1';
  const body = bodyOf(headers, isCurrent);
  if (typeof body === 'string' && body !== 'chunked') return body;
  // Requests with the same head share it.
  Object.freeze(headers);
  return { method, target, isCurrent, headers, body, isKept: isKept(headers['connection'], isCurrent) };
}

/** Whether there is no control character but HTAB, and no CR or LF that stands alone (sections 2.2 and 5.5). */
function isText(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x20 && byte !== DEL) continue;
    if (byte === HTAB) continue;
    if (byte !== CR || at + 1 === end || bytes[at + 1] !== LF) return false;
    at++;
  }
  return true;
}

function fieldsOf(text: string, start: number, fieldsMax: number): Record<string, string | undefined> | HeadProblem {
  const headers: Record<string, string | undefined> = Object.create(null);
  let count = 0;
  for (let at = start; at <= text.length; ) {
    const next = text.indexOf('\r\n', at);
    const end = next < 0 ? text.length : next;
    const colon = text.indexOf(':', at);
    // A line that begins with a space goes on the one before (section 5.2): its name is no token either.
    if (colon < 0 || colon >= end) return 'malformed';
    const name = text.slice(at, colon);
    if (!TOKEN.test(name)) return 'malformed';
    if (++count > fieldsMax) return 'large';
    const key = name.toLowerCase();
    const value = trimmed(text, colon + 1, end);
    const before = headers[key];
    headers[key] = before === undefined ? value : `${before}${key === 'cookie' ? '; ' : ', '}${value}`;
    at = end + 2;
  }
  return headers;
}

/** A value without the spaces and tabs around it (section 5). */
function trimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === HTAB;
}

/** Section 6: a length and a coding together, two lengths, or chunks before HTTP/1.1 are how requests are smuggled. */
function bodyOf(
  { 'content-length': length, 'transfer-encoding': coding }: RequestHead['headers'],
  isCurrent: boolean,
): RequestHead['body'] | HeadProblem {
  if (coding !== undefined) {
    if (length !== undefined || !isCurrent) return 'malformed';
    return coding.toLowerCase() === 'chunked' ? 'chunked' : 'coding';
  }
  if (length === undefined) return 0;
  return LENGTH.test(length) ? Number(length) : 'malformed';
}

function isKept(connection: string | undefined, isCurrent: boolean): boolean {
  if (connection === undefined) return isCurrent;
  const options = connection.toLowerCase().split(',');
  return isCurrent
    ? !options.some((option) => option.trim() === 'close')
    : options.some((option) => option.trim() === 'keep-alive');
}
