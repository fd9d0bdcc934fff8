// The head of a request: its target and host, judged and cut up but never decoded, so that a dialect sees what was sent.
// RFC 9112 section 3.2 (request target) and 7.2 of RFC 9110 (host); only origin-form is served.

import { randomUUID } from 'node:crypto';
import type { Connection } from './connection.ts';
import { REFUSALS, type Refusal } from './refusal.ts';
import type { Headers, WireRequest } from './types.ts';

export const EMPTY_BODY: Uint8Array = new Uint8Array(0);

/** Of the id of each request: a UUID. */
export const REQUEST_ID_CHARS = 36;

/** A request under construction: its body comes after its head. */
export type OpenRequest = { -readonly [Field in keyof WireRequest]: WireRequest[Field] };

/** RFC 3986 section 2 without the fragment: what is not printable ASCII must be percent-encoded. */
const TARGET = /^[\x21\x22\x24-\x7e]*$/;
/** A registered name, an IPv4 address or a bracketed IPv6 address, and a port. */
const AUTHORITY = /^([a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])\.?(?::[0-9]{0,5})?$/;
const AUTHORITY_CHARS_MAX = 262;

/** Why a target cannot be served, if so. `target` is as sent. */
export function targetProblem(method: string, target: string, targetBytesMax: number): Refusal | undefined {
  if (method === 'CONNECT') return REFUSALS.connect;
  if (target.length > targetBytesMax) return REFUSALS.targetLong;
  if (target.charCodeAt(0) !== 0x2f) return REFUSALS.targetForm;
  return TARGET.test(target) ? undefined : REFUSALS.targetBytes;
}

/** The host of a Host header or :authority, lower case, without port and closing dot; empty where it is not valid. */
export function hostOf(authority: string | undefined): string {
  if (authority === undefined || authority.length > AUTHORITY_CHARS_MAX) return '';
  return AUTHORITY.exec(authority.toLowerCase())?.[1] ?? '';
}

/** What requests with the same head have in common. */
export type RequestParts = Pick<WireRequest, 'method' | 'host' | 'path' | 'query' | 'headers'>;

/** Cuts a target. What was refused by `targetProblem` is cut too, for the log. */
export function cutTarget(method: string, target: string, host: string, headers: Headers): RequestParts {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  return { method, host, path, query: mark < 0 ? '' : target.slice(mark + 1), headers };
}

/** Names the request. */
export function openRequest(
  protocol: 'http/1.1' | 'h2',
  { secure, peer }: Connection,
  { method, host, path, query, headers }: RequestParts,
): OpenRequest {
  return { id: randomUUID(), protocol, secure, method, host, path, query, headers, peer, body: EMPTY_BODY };
}
