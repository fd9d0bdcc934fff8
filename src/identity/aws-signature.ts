// Signature Version 4 as a server reads it: what of a request is signed, in its canonical form, and whether a signature is
// right. Both forms are read, in the header and in the query, never both at once. The hash of the body is computed here,
// whatever the request says of it. Source: AWS IAM, "Create a signed AWS API request".

import { hash, timingSafeEqual } from 'node:crypto';
import type { SigningScope } from '../core/aws/keys-port.ts';
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

/** What a client says alike in every request of a day: whose key it is, for what, and which headers are signed. */
interface Terms {
  readonly accessKeyId: string;
  readonly scope: SigningScope;
  /** `20250131/eu-west-1/secretsmanager/aws4_request`. */
  readonly scopeText: string;
  readonly names: readonly string[];
  /** The same as they stood. */
  readonly namesText: string;
  readonly signed: ReadonlySet<string>;
}

/** What the two forms say besides. */
interface Told {
  readonly terms: Terms | SignatureProblem;
  readonly signature: string;
  readonly date: string;
  readonly sessionToken: string | undefined;
  readonly lifetime?: string;
}

/** Terms that were in order, by the text that they stood in; each has some 300 bytes. */
const TERMS_MAX = 1024;
const MALFORMED = `The signature must be ${ALGORITHM}, with Credential, SignedHeaders and Signature each given once`;

export function createSignatureReader(): SignatureReader {
  const known = new Map<string, Terms>();
  const termsOf = (text: string, parse: () => Terms | SignatureProblem | undefined) => {
    const kept = known.get(text);
    if (kept !== undefined) return kept;
    const terms = parse();
    if (terms === undefined || !('scope' in terms)) return terms;
    if (known.size >= TERMS_MAX) known.delete(known.keys().next().value as string);
    known.set(text, terms);
    return terms;
  };
  return { read: (parts) => read(parts, termsOf), isSigned };
}

type TermsOf = (
  text: string,
  parse: () => Terms | SignatureProblem | undefined,
) => Terms | SignatureProblem | undefined;

function read(parts: SignedParts, termsOf: TermsOf): AwsSignature | SignatureProblem | undefined {
  const header = parts.headers['authorization'];
  const query = parseQuery(parts.query);
  if (query === undefined) return incomplete('The query string is not encoded as it should be.');
  const isInQuery =
    query.length > 0 && query.some(([name]) => name === 'X-Amz-Signature' || name === 'X-Amz-Algorithm');
  if (header === undefined && !isInQuery) return undefined;
  if (header !== undefined && isInQuery) {
    return incomplete('A request is signed in its header or in its query, not in both.');
  }
  const told = header === undefined ? toldByQuery(query, termsOf) : toldByHeader(header, parts, termsOf);
  if (told !== undefined) return parsed(parts, query, told);
  return incomplete(
    header === undefined ? `${MALFORMED}.` : `${MALFORMED} in the Authorization header, and an 'X-Amz-Date' header.`,
  );
}

function incomplete(message: string): SignatureProblem {
  return { code: 'IncompleteSignatureException', message };
}

/** The signature comes last, as every client has it; all before it is the same in many requests. */
const LAST = 'Signature=';
const HEADER_CHARS_MAX = 8192;
const SPACE = 0x20;
const COMMA = 0x2c;

function toldByHeader(header: string, { headers }: SignedParts, termsOf: TermsOf): Told | undefined {
  const { 'x-amz-date': date, 'x-amz-security-token': sessionToken } = headers;
  const mark = header.lastIndexOf(LAST);
  const comma = header.charCodeAt(mark - 1) === SPACE ? mark - 2 : mark - 1;
  const isCut = mark > 2 && header.charCodeAt(comma) === COMMA && header.length <= HEADER_CHARS_MAX;
  if (!isCut || date === undefined) return undefined;
  const text = header.slice(0, comma);
  const signature = header.slice(mark + LAST.length);
  const terms = termsOf(text, () => {
    const fields = new Map<string, string>();
    for (const field of text.startsWith(`${ALGORITHM} `) ? text.slice(ALGORITHM.length + 1).split(',') : []) {
      const [, name = '', value = ''] = /^ *(Credential|SignedHeaders)=([^ ,]*) *$/.exec(field) ?? [];
      if (name === '' || fields.has(name)) return undefined;
      fields.set(name, value);
    }
    return parseTerms(fields.get('Credential'), fields.get('SignedHeaders'));
  });
  return terms === undefined ? undefined : { terms, signature, date, sessionToken };
}

function toldByQuery(query: Query, termsOf: TermsOf): Told | undefined {
  const fields = new Map(query);
  // A parameter that comes twice could mean two things.
  const own = query.filter(([name]) => name.startsWith('X-Amz-'));
  if (own.length !== new Set(own.map(([name]) => name)).size || fields.get('X-Amz-Algorithm') !== ALGORITHM) {
    return undefined;
  }
  const [credential, names] = [fields.get('X-Amz-Credential'), fields.get('X-Amz-SignedHeaders')];
  const terms = termsOf(`${credential}\n${names}`, () => parseTerms(credential, names));
  const [signature, date] = [fields.get('X-Amz-Signature'), fields.get('X-Amz-Date')];
  const lifetime = fields.get('X-Amz-Expires');
  if (terms === undefined || signature === undefined || date === undefined || lifetime === undefined) return undefined;
  return { terms, signature, date, sessionToken: fields.get('X-Amz-Security-Token'), lifetime };
}

/** Names of headers in the one order that there is. */
function parseTerms(credential: string | undefined, text: string | undefined): Terms | SignatureProblem | undefined {
  if (credential === undefined || text === undefined) return undefined;
  const [, accessKeyId, date, region, service] = CREDENTIAL.exec(credential) ?? [];
  if (accessKeyId === undefined || date === undefined || region === undefined || service === undefined) {
    return incomplete(
      'Credential must have exactly 5 slash-delimited elements: KEY/YYYYMMDD/REGION/SERVICE/aws4_request.',
    );
  }
  const names = text.split(';');
  if (!HEADER_NAMES.test(text) || names.some((name, index) => index > 0 && name <= (names[index - 1] as string))) {
    return incomplete('SignedHeaders must be names in lower case, in alphabetical order, each once.');
  }
  const scopeText = `${date}/${region}/${service}/aws4_request`;
  return { accessKeyId, scope: { date, region, service }, scopeText, names, namesText: text, signed: new Set(names) };
}

function parsed(parts: SignedParts, query: Query, told: Told): AwsSignature | SignatureProblem {
  const { terms, date, signature, sessionToken, lifetime } = told;
  if (!('scope' in terms)) return terms;
  const { accessKeyId, scope, scopeText } = terms;
  if (!SIGNATURE.test(signature)) return incomplete('Signature must be 64 hexadecimal digits in lower case.');
  const time = parseIsoBasic(date);
  if (time === undefined) return incomplete('Date must be in ISO-8601 "basic format", YYYYMMDDTHHMMSSZ.');
  if (!date.startsWith(scope.date)) {
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
  const problem = headersProblem(terms, parts);
  if (problem !== undefined) return problem;
  // Node gives headers as Latin-1: so the bytes are those that came.
  const canonical = Buffer.from(canonicalRequest(parts, query, terms), 'latin1');
  const stringToSign = `${ALGORITHM}\n${date}\n${scopeText}\n${hash('sha256', canonical, 'hex')}`;
  const said = { accessKeyId, scope, date, time, signature, stringToSign };
  if (lifetimeSeconds === undefined && sessionToken === undefined) return said;
  return {
    ...said,
    ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
}

/** Whatever says what is asked for must be signed. */
function headersProblem({ names, signed }: Terms, { headers }: SignedParts): SignatureProblem | undefined {
  if (!signed.has('host')) {
    return invalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const name in headers) {
    if ((name === 'content-type' || name.startsWith('x-amz-')) && !signed.has(name)) {
      return invalidSignature(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
    }
  }
  for (const name of names) {
    if (headers[name] === undefined) return invalidSignature(`The signed header '${name}' is not in the request.`);
  }
  return undefined;
}

function canonicalRequest(
  { method, path, headers, body }: SignedParts,
  query: Query,
  { names, namesText }: Terms,
): string {
  let lines = '';
  for (const name of names) {
    const value = (headers[name] as string).trim();
    lines += `${name}:${value.includes('  ') ? value.replaceAll(/ +/g, ' ') : value}\n`;
  }
  const bodyHash = hash('sha256', body, 'hex');
  return `${method}\n${canonicalPath(path)}\n${canonicalQuery(query)}\n${lines}\n${namesText}\n${bodyHash}`;
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

const NO_QUERY: Query = [];

/** Decoded once; undefined where it cannot be. */
function parseQuery(text: string): Query | undefined {
  if (text === '') return NO_QUERY;
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
  if (query.length === 0) return '';
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

/** RFC 2104, whose block has 64 bytes of SHA-256. Written over at each use, and empty between them. */
const BLOCK_BYTES = 64;
const KEY_BYTES_MAX = 32;
const STRING_TO_SIGN_CHARS_MAX = 512;
const inner = Buffer.alloc(BLOCK_BYTES + STRING_TO_SIGN_CHARS_MAX);
const outer = Buffer.alloc(BLOCK_BYTES + 32);

/** HMAC-SHA-256 in a third of the time that createHmac takes; in hex. `text` is ASCII. */
function hmacHex(key: Uint8Array, text: string): string {
  if (key.length > KEY_BYTES_MAX || text.length > STRING_TO_SIGN_CHARS_MAX) throw new RangeError('too long to sign');
  inner.fill(0x36, 0, BLOCK_BYTES);
  outer.fill(0x5c, 0, BLOCK_BYTES);
  for (let index = 0; index < key.length; index++) {
    const byte = key[index] as number;
    inner[index] = 0x36 ^ byte;
    outer[index] = 0x5c ^ byte;
  }
  const end = BLOCK_BYTES + inner.write(text, BLOCK_BYTES, 'latin1');
  outer.write(hash('sha256', inner.subarray(0, end), 'hex'), BLOCK_BYTES, 'hex');
  const mac = hash('sha256', outer, 'hex');
  inner.fill(0, 0, end);
  outer.fill(0);
  return mac;
}

function isSigned({ signature, stringToSign }: AwsSignature, signingKey: Uint8Array): boolean {
  const expected = Buffer.from(hmacHex(signingKey, stringToSign), 'latin1');
  return timingSafeEqual(expected, Buffer.from(signature, 'latin1'));
}
