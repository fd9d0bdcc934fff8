// Signature Version 4 as a server reads it: what of a request is signed, in its canonical form, and whether a signature is
// right. Both forms are read, in the header and in the query, never both at once. The hash of the body is computed here,
// whatever the request says of it. Source: AWS IAM, "Create a signed AWS API request".

import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import {
  type AwsSignature,
  invalidSignature,
  parseIsoBasic,
  type SignatureProblem,
  type SignatureReader,
  type SignedParts,
} from '../core/aws/signature.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const CREDENTIAL = /^(\w{4,128})\/(\d{8})\/([a-z0-9-]{1,32})\/([a-z0-9-]{1,32})\/aws4_request$/;
const SIGNATURE = /^[0-9a-f]{64}$/;
/** RFC 9110 section 5.1, in lower case. */
const HEADER_NAMES = /^[!#$%&'*+.^_`|~0-9a-z-]{1,128}(?:;[!#$%&'*+.^_`|~0-9a-z-]{1,128}){0,99}$/;
/** A week: what AWS allows a signed address. */
const LIFETIME_SECONDS_MAX = 604_800;
const SESSION_TOKEN_CHARS_MAX = 4096;

/** What the two forms say, before any of it was looked at. */
interface Told {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  readonly sessionToken: string | undefined;
  readonly lifetime?: string;
}

export function createSignatureReader(): SignatureReader {
  return { read, isSigned };
}

function read(parts: SignedParts): AwsSignature | SignatureProblem | undefined {
  const header = parts.headers['authorization'];
  const query = parseQuery(parts.query);
  if (query === undefined) return incomplete('The query string is not encoded as it should be.');
  const isInQuery = query.some(([name]) => name === 'X-Amz-Signature' || name === 'X-Amz-Algorithm');
  if (header === undefined && !isInQuery) return undefined;
  if (header !== undefined && isInQuery)
    return incomplete('A request is signed in its header or in its query, not in both.');
  const told = header === undefined ? toldByQuery(query) : toldByHeader(header, parts);
  if (told === undefined) {
    return incomplete(
      `The signature must be ${ALGORITHM}, with Credential, SignedHeaders and Signature each given once` +
        `${header === undefined ? '' : " in the Authorization header, and an 'X-Amz-Date' header"}.`,
    );
  }
  return parsed(parts, query, told);
}

function incomplete(message: string): SignatureProblem {
  return { code: 'IncompleteSignatureException', message };
}

function toldByHeader(header: string, { headers }: SignedParts): Told | undefined {
  if (!header.startsWith(`${ALGORITHM} `)) return undefined;
  const fields = new Map<string, string>();
  for (const field of header.slice(ALGORITHM.length + 1).split(',')) {
    const [, name = '', value = ''] = /^ *(Credential|SignedHeaders|Signature)=([^ ,]*) *$/.exec(field) ?? [];
    if (name === '' || fields.has(name)) return undefined;
    fields.set(name, value);
  }
  return told(fields, ['Credential', 'SignedHeaders', 'Signature'], {
    date: headers['x-amz-date'],
    sessionToken: headers['x-amz-security-token'],
  });
}

function toldByQuery(query: Query): Told | undefined {
  const fields = new Map(query);
  // A parameter that comes twice could mean two things.
  const own = query.filter(([name]) => name.startsWith('X-Amz-'));
  if (own.length !== new Set(own.map(([name]) => name)).size || fields.get('X-Amz-Algorithm') !== ALGORITHM) {
    return undefined;
  }
  const lifetime = fields.get('X-Amz-Expires');
  const known = told(fields, ['X-Amz-Credential', 'X-Amz-SignedHeaders', 'X-Amz-Signature'], {
    date: fields.get('X-Amz-Date'),
    sessionToken: fields.get('X-Amz-Security-Token'),
  });
  return known === undefined || lifetime === undefined ? undefined : { ...known, lifetime };
}

function told(
  fields: ReadonlyMap<string, string>,
  names: readonly [string, string, string],
  { date, sessionToken }: { readonly date: string | undefined; readonly sessionToken: string | undefined },
): Told | undefined {
  const [credential, signedHeaders, signature] = names.map((name) => fields.get(name));
  if (credential === undefined || signedHeaders === undefined || signature === undefined || date === undefined) {
    return undefined;
  }
  return { credential, signedHeaders, signature, date, sessionToken };
}

function parsed(parts: SignedParts, query: Query, told: Told): AwsSignature | SignatureProblem {
  const { date, signature, sessionToken, lifetime } = told;
  const [, accessKeyId, day, region, service] = CREDENTIAL.exec(told.credential) ?? [];
  if (accessKeyId === undefined || day === undefined || region === undefined || service === undefined) {
    return incomplete(
      'Credential must have exactly 5 slash-delimited elements: KEY/YYYYMMDD/REGION/SERVICE/aws4_request.',
    );
  }
  if (!SIGNATURE.test(signature)) return incomplete('Signature must be 64 hexadecimal digits in lower case.');
  const time = parseIsoBasic(date);
  if (time === undefined) return incomplete('Date must be in ISO-8601 "basic format", YYYYMMDDTHHMMSSZ.');
  if (!date.startsWith(day)) {
    return invalidSignature(
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.',
    );
  }
  const lifetimeSeconds =
    lifetime === undefined ? undefined : Number(/^\d{1,6}$/.test(lifetime) ? lifetime : Number.NaN);
  if (lifetimeSeconds !== undefined && !(lifetimeSeconds >= 1 && lifetimeSeconds <= LIFETIME_SECONDS_MAX)) {
    return incomplete(`X-Amz-Expires must be from 1 to ${LIFETIME_SECONDS_MAX} seconds.`);
  }
  if (sessionToken !== undefined && sessionToken.length > SESSION_TOKEN_CHARS_MAX) {
    return incomplete('The security token is too long.');
  }
  const names = told.signedHeaders.split(';');
  const problem = headersProblem(told.signedHeaders, names, parts);
  if (problem !== undefined) return problem;
  const canonical = canonicalRequest(parts, query, names);
  const scope = `${day}/${region}/${service}/aws4_request`;
  return {
    accessKeyId,
    scope: { date: day, region, service },
    date,
    time,
    ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
    ...(sessionToken === undefined ? {} : { sessionToken }),
    signature,
    // Node gives headers as Latin-1: so the bytes are those that came.
    stringToSign: `${ALGORITHM}\n${date}\n${scope}\n${hash('sha256', Buffer.from(canonical, 'latin1'), 'hex')}`,
  };
}

/** Whatever says what is asked for must be signed, and in the one order that there is. */
function headersProblem(
  text: string,
  names: readonly string[],
  { headers }: SignedParts,
): SignatureProblem | undefined {
  if (!HEADER_NAMES.test(text) || names.some((name, index) => index > 0 && name <= (names[index - 1] as string))) {
    return incomplete('SignedHeaders must be names in lower case, in alphabetical order, each once.');
  }
  const signed = new Set(names);
  if (!signed.has('host')) {
    return invalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const name in headers) {
    if ((name.startsWith('x-amz-') || name === 'content-type') && !signed.has(name)) {
      return invalidSignature(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
    }
  }
  const absent = names.find((name) => headers[name] === undefined);
  return absent === undefined ? undefined : invalidSignature(`The signed header '${absent}' is not in the request.`);
}

function canonicalRequest(
  { method, path, headers, body }: SignedParts,
  query: Query,
  names: readonly string[],
): string {
  const lines = names.map((name) => `${name}:${(headers[name] as string).trim().replaceAll(/ +/g, ' ')}`);
  const bodyHash = hash('sha256', body, 'hex');
  return [method, canonicalPath(path), canonicalQuery(query), ...lines, '', names.join(';'), bodyHash].join('\n');
}

/** Each segment encoded once more, without empty ones and dots (RFC 3986 section 5.2.4), as every service but S3 has it. */
function canonicalPath(path: string): string {
  if (path === '/') return path;
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(encode(segment));
  }
  const isFolder = kept.length > 0 && ['', '.', '..'].includes(segments.at(-1) as string);
  return `/${kept.join('/')}${isFolder ? '/' : ''}`;
}

type Query = readonly (readonly [name: string, value: string])[];

/** Decoded once; undefined where it cannot be. */
function parseQuery(text: string): Query | undefined {
  if (text === '') return [];
  try {
    return text.split('&').map((part) => {
      const mark = part.indexOf('=');
      const [name, value] = mark < 0 ? [part, ''] : [part.slice(0, mark), part.slice(mark + 1)];
      return [decodeURIComponent(name), decodeURIComponent(value)] as const;
    });
  } catch {
    return undefined;
  }
}

function canonicalQuery(query: Query): string {
  const pairs = query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const);
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return pairs
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** RFC 3986: all but its unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function isSigned({ signature, stringToSign }: AwsSignature, signingKey: Uint8Array): boolean {
  const expected = createHmac('sha256', signingKey).update(stringToSign).digest();
  return timingSafeEqual(expected, Buffer.from(signature, 'hex'));
}
