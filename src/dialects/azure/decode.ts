// What a request says: its path, its query and its body, each taken only in the form that Key Vault takes. A problem names
// the parameter and never its value, but for a name, which is in the path. Source: the Key Vault REST reference, secrets.

import { Fault } from '../../core/error.ts';
import { VAULT_NAME_CHARS_MAX, VAULT_VALUE_BYTES_MAX } from '../../core/limits.ts';
import { parseSecretName, type SecretKey, type SecretName, secretKey } from '../../core/name.ts';
import { Redacted } from '../../core/redacted.ts';
import type { Labels, VersionAttributes } from '../../core/secret.ts';
import type { UpdateVersion } from '../../ops/update-version.ts';
import type { Selector } from '../../ops/versions.ts';

const NAME = new RegExp(`^[0-9a-zA-Z-]{1,${VAULT_NAME_CHARS_MAX}}$`);
const VERSION = /^[0-9a-fA-F]{32}$/;
/** `2016-10-01`, `7.6`, `2026-04-01-preview.1`: newer ones than are known are welcome, as they only add. */
const API_VERSION = /^(?:\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2})(?:-preview(?:\.\d{1,2})?)?$/;
const PAGE_MAX = 25;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
/** What says that a value is base64 of bytes. */
export const BINARY_TYPE = 'application/octet-stream';

function invalid(field: string, problem: string): Fault {
  return new Fault('INVALID_FIELD', { field, problem });
}

export interface Query {
  readonly apiVersion: string;
  /** Absent: the most. */
  readonly maxResults: number;
  readonly pageToken: string;
}

/** The query of any request; a parameter that comes twice could mean two things. */
export function decodeQuery(text: string): Query {
  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    const known = name.toLowerCase();
    if (query.has(known)) throw invalid(name.slice(0, 64), 'is given twice');
    query.set(known, value);
  }
  const apiVersion = query.get('api-version');
  if (apiVersion === undefined) throw invalid('api-version', 'must be specified');
  if (!API_VERSION.test(apiVersion)) throw invalid('api-version', 'is no version of this API');
  const max = query.get('maxresults') ?? String(PAGE_MAX);
  const maxResults = /^\d{1,3}$/.test(max) ? Number(max) : 0;
  if (maxResults < 1 || maxResults > PAGE_MAX) throw invalid('maxresults', `must be from 1 to ${PAGE_MAX}`);
  return { apiVersion, maxResults, pageToken: query.get('$skiptoken') ?? '' };
}

/** A part of a path, decoded once; what cannot be decoded names nothing. */
export function decodeSegment(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A name as Key Vault takes it, which is also one that can be stored. */
export function decodeName(name: string): { readonly name: SecretName; readonly key: SecretKey } {
  if (!NAME.test(name)) {
    throw invalid('name', `The request URI contains an invalid name: ${name.slice(0, VAULT_NAME_CHARS_MAX)}`);
  }
  const parsed = parseSecretName(name);
  return { name: parsed, key: secretKey(parsed) };
}

export function decodeVersion(version: string | undefined): Selector {
  if (version === undefined) return 'latest';
  if (!VERSION.test(version)) throw invalid('version', 'must be 32 hexadecimal digits');
  return { uid: version.toLowerCase() };
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseBody(body: Uint8Array): Json {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw invalid('body', 'is not JSON');
  }
  if (!isObject(value)) throw invalid('body', 'must be a JSON object');
  return value;
}

/** Absent and null are one, as Microsoft's serialisers have it. */
function member<T>(json: Json, name: string, is: (value: unknown) => value is T, what: string): T | undefined {
  const value = Object.hasOwn(json, name) ? json[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (!is(value)) throw invalid(name, `must be ${what}`);
  return value;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const isSeconds = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isTags = (value: unknown): value is Labels => isObject(value) && Object.values(value).every(isText);

interface Told extends Pick<VersionAttributes, 'contentType' | 'tags' | 'notBefore' | 'expiresAt'> {
  readonly enabled?: boolean;
}

function told(json: Json): Told {
  const contentType = member(json, 'contentType', isText, 'a text');
  const tags = member(json, 'tags', isTags, 'an object of texts');
  const attributes = member(json, 'attributes', isObject, 'an object') ?? {};
  const enabled = member(attributes, 'enabled', isFlag, 'true or false');
  const notBefore = member(attributes, 'nbf', isSeconds, 'a time in whole seconds since 1970');
  const expiresAt = member(attributes, 'exp', isSeconds, 'a time in whole seconds since 1970');
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(tags === undefined ? {} : { tags: { ...tags } }),
    ...(notBefore === undefined ? {} : { notBefore: notBefore * 1000 }),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt * 1000 }),
    ...(enabled === undefined ? {} : { enabled }),
  };
}

export interface SetBody {
  readonly payload: Redacted<Uint8Array>;
  readonly attributes: VersionAttributes;
  readonly isDisabled?: true;
}

/** The body of a PUT. Base64 that says so is stored as the bytes that it means, for whoever reads it by another API. */
export function decodeSet(body: Uint8Array): SetBody {
  const json = parseBody(body);
  const value = member(json, 'value', isText, 'a text') ?? '';
  const { enabled, ...attributes } = told(json);
  const bytes = Buffer.from(value);
  if (bytes.length > VAULT_VALUE_BYTES_MAX) {
    throw new Fault('PAYLOAD_TOO_LARGE', { bytes: bytes.length, limitBytes: VAULT_VALUE_BYTES_MAX });
  }
  const decoded =
    attributes.contentType === BINARY_TYPE && value !== '' && BASE64.test(value) ? Buffer.from(value, 'base64') : bytes;
  // Base64 has more than one spelling of some bytes: what was written is what must be read.
  const isBinary = decoded !== bytes && decoded.toString('base64') === value;
  return {
    payload: new Redacted<Uint8Array>(isBinary ? decoded : bytes),
    attributes: isBinary ? { ...attributes, kind: 'binary' } : attributes,
    ...(enabled === false ? { isDisabled: true } : {}),
  };
}

/** The body of a PATCH; an empty one changes nothing but the time. */
export function decodeUpdate(body: Uint8Array): Omit<UpdateVersion, 'project' | 'key' | 'selector'> {
  return told(body.length === 0 ? {} : parseBody(body));
}

/** The blob of a restore. */
export function decodeBlob(body: Uint8Array): Uint8Array {
  const value = member(parseBody(body), 'value', isText, 'a text') ?? '';
  if (!BASE64URL.test(value)) throw new Fault('BACKUP_BLOB_INVALID');
  return Buffer.from(value, 'base64url');
}
