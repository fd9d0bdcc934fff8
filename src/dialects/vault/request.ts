// A request as Vault understands it: a path below /v1/, decoded once, a verb, and fields. Slashes in paths are literal;
// a path that climbs is refused, however it is written. Bodies are JSON whatever their type says, and bounded before they
// are parsed. Source: design notes on Vault's transport; OpenBao's http/logical.go.

import { parseDuration } from '../../core/vault/duration.ts';
import type { Verb } from '../../ops/vault/route.ts';
import type { WireRequest } from '../../wire/types.ts';

export type Data = Readonly<Record<string, unknown>>;

export interface VaultRequest {
  readonly wire: WireRequest;
  readonly verb: Verb;
  /** Without `/v1/`; of a list it ends in `/`. */
  readonly path: string;
  readonly data: Data;
  /** The body as it came, for what keeps the digits of its numbers. */
  readonly text: string;
  readonly query: URLSearchParams;
  /** Absent: the answer is not to be wrapped. */
  readonly wrapSeconds?: number;
}

/** A request that Vault answers with a status and a text of its own. */
export class VaultError extends Error {
  readonly status: number;
  readonly errors: readonly string[];

  constructor(status: number, ...errors: string[]) {
    super(errors[0] ?? '');
    this.status = status;
    this.errors = errors;
  }
}

const PREFIX = '/v1/';
const TRUE = new Set(['1', 't', 'T', 'true', 'True', 'TRUE']);
/** Ours: nesting, and elements of all lists and objects together. */
const DEPTH_MAX = 100;
const ELEMENTS_MAX = 20_000;
/** OpenBao's list of all that lies deeper too, where nothing does. */
const FLAT = /^\/v1\/(?:[^/]+\/)?sys\/namespaces\/?$/;
const MERGE_PATCH = 'application/merge-patch+json';

/** Nobody adds to it. */
const NO_QUERY = new URLSearchParams();

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Throws VaultError for what is no request of Vault's. */
export function readRequest(wire: WireRequest): VaultRequest {
  const query = wire.query === '' ? NO_QUERY : new URLSearchParams(wire.query);
  const verb = verbOf(wire, query);
  const path = pathOf(wire.path);
  const { data, text } = verb === 'read' || verb === 'list' ? { data: fieldsOf(query), text: '' } : bodyOf(wire, query);
  const wrapSeconds = wrapOf(wire);
  const whole = verb === 'list' && !path.endsWith('/') ? `${path}/` : path;
  const request = { wire, verb, data, text, query, path: whole };
  return wrapSeconds === undefined ? request : { ...request, wrapSeconds };
}

function verbOf({ method, path }: WireRequest, query: URLSearchParams): Verb {
  const isFlat = FLAT.test(path);
  switch (method) {
    case 'GET':
      return TRUE.has(query.get('list') ?? '') || (isFlat && TRUE.has(query.get('scan') ?? '')) ? 'list' : 'read';
    case 'LIST':
      return 'list';
    case 'SCAN':
      if (!isFlat) throw new VaultError(405);
      return 'list';
    case 'POST':
    case 'PUT':
      return 'write';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
    default:
      throw new VaultError(405);
  }
}

function pathOf(sent: string): string {
  let path = sent.slice(PREFIX.length);
  if (path.includes('%')) {
    try {
      path = decodeURIComponent(path);
    } catch {
      throw new VaultError(400, 'the path is not valid percent-encoding');
    }
  }
  if (path.includes('.') && path.split('/').some((segment) => segment === '..' || segment === '.')) {
    throw new VaultError(400, 'relative paths not supported');
  }
  if (/[\x00-\x1f\x7f]/.test(path)) throw new VaultError(400, 'the path has characters that none may have');
  return path;
}

function fieldsOf(query: URLSearchParams): Data {
  if (query === NO_QUERY) return {};
  const data: Record<string, unknown> = Object.create(null);
  for (const [name, value] of query) if (name !== 'list' && name !== 'help') data[name] = value;
  return { ...data };
}

function bodyOf(wire: WireRequest, query: URLSearchParams): { readonly data: Data; readonly text: string } {
  if (wire.method === 'PATCH' && typeOf(wire) !== MERGE_PATCH) {
    throw new VaultError(415, `PATCH requires Content-Type of ${MERGE_PATCH}, provided ${typeOf(wire).slice(0, 100)}`);
  }
  if (wire.method === 'DELETE' && wire.body.length === 0) return { data: fieldsOf(query), text: '' };
  let text: string;
  try {
    text = decoder.decode(wire.body).trim();
  } catch {
    throw new VaultError(400, 'failed to decode JSON input: it is not UTF-8');
  }
  if (text === '') return { data: {}, text };
  if (!text.startsWith('{') && !text.startsWith('[') && typeOf(wire) === 'application/x-www-form-urlencoded') {
    return { data: fieldsOf(new URLSearchParams(text)), text: '' };
  }
  checkSize(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Node's own message would quote the text.
    throw new VaultError(400, 'failed to decode JSON input: it is not valid JSON');
  }
  if (value === null) return { data: {}, text: '' };
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new VaultError(400, 'failed to decode JSON input: an object belongs there');
  }
  return { data: value as Data, text };
}

function typeOf({ headers }: WireRequest): string {
  return (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** Looks at brackets and commas outside of texts, before anything is built of them. */
function checkSize(text: string): void {
  // What is that short and has nothing inside of it is neither.
  if (text.length <= ELEMENTS_MAX && !text.includes('{', 1) && !text.includes('[', 1)) return;
  let depth = 0;
  let elements = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at++;
      while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
    } else if (code === 0x7b || code === 0x5b) {
      elements++;
      if (++depth > DEPTH_MAX) throw new VaultError(400, `JSON input is nested more than ${DEPTH_MAX} deep`);
    } else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x2c) elements++;
    if (elements > ELEMENTS_MAX) throw new VaultError(400, `JSON input has more than ${ELEMENTS_MAX} elements`);
  }
}

function wrapOf({ headers }: WireRequest): number | undefined {
  const header = headers['x-vault-wrap-ttl'];
  if (header === undefined) return undefined;
  const seconds = parseDuration(header);
  if (seconds === undefined || seconds < 0)
    throw new VaultError(400, 'error parsing X-Vault-Wrap-TTL: a duration belongs there');
  return seconds === 0 ? undefined : seconds;
}

/** The token of a request; undefined where it has none. */
export function tokenTextOf({ headers }: WireRequest): string | undefined {
  const token = headers['x-vault-token'];
  if (token !== undefined && token !== '') return token;
  const bearer = headers['authorization'];
  return bearer === undefined ? undefined : /^bearer +(\S+) *$/i.exec(bearer)?.[1];
}
