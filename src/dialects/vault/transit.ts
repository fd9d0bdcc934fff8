// Vault's transit engine: which path below its mount means what. The dialect's mount table hands a request over and gets
// an answer, or a fault that is not of keys. A path that cannot be is refused like one that is wrong as written.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/transit

import { parseKeyName } from '../../core/keys/key.ts';
import type { Maybe } from '../../core/ports.ts';
import { settle, then } from '../../ops/maybe.ts';
import {
  type Params,
  Refusal,
  type TransitAnswer,
  type TransitHandler,
  type TransitRequest,
} from './transit-answer.ts';
import { refusalOf, type TransitUse } from './transit-errors.ts';
import {
  configureKey,
  listTransitKeys,
  readKey,
  removeKey,
  rotateTransitKey,
  trimTransitKey,
  writeKey,
} from './transit-keys.ts';
import { hashData, randomData } from './transit-random.ts';
import { dataKey, decryptData, encryptData, rewrapData } from './transit-seal.ts';
import { hmacData, signData, verifyData } from './transit-sign.ts';
import {
  backupTransitKey,
  exportTransitKey,
  exportWrapped,
  importTransitKey,
  importTransitVersion,
  restoreTransitKey,
  wrappingKey,
} from './transit-transfer.ts';

interface Route {
  /** `:name` is one segment; one in brackets may be absent. */
  readonly path: string;
  readonly help: string;
  /** What its faults are said as. */
  readonly use: TransitUse;
  readonly read?: TransitHandler;
  readonly list?: TransitHandler;
  readonly write?: TransitHandler;
  readonly delete?: TransitHandler;
  readonly patch?: never;
}

const TRANSIT_ROUTES: readonly Route[] = [
  { path: 'encrypt/:name', help: 'encrypt a plaintext, or a batch of them', use: 'encrypt', write: encryptData },
  { path: 'decrypt/:name', help: 'decrypt a ciphertext, or a batch of them', use: 'decrypt', write: decryptData },
  { path: 'rewrap/:name', help: 'encrypt again under a newer version', use: 'decrypt', write: rewrapData },
  { path: 'datakey/:kind/:name', help: 'make a data key', use: 'encrypt', write: dataKey },
  { path: 'sign/:name/[algorithm]', help: 'sign an input, or a batch of them', use: 'sign', write: signData },
  { path: 'verify/:name/[algorithm]', help: 'check a signature or an HMAC', use: 'verify', write: verifyData },
  { path: 'hmac/:name/[algorithm]', help: 'make an HMAC of an input', use: 'hmac', write: hmacData },
  { path: 'hash/[algorithm]', help: 'hash an input', use: 'key', write: hashData },
  { path: 'random/[first]/[second]', help: 'make random bytes', use: 'key', write: randomData },
  { path: 'keys', help: 'list the keys', use: 'key', list: listTransitKeys },
  {
    path: 'keys/:name',
    help: 'make, show or delete a key',
    use: 'key',
    read: readKey,
    write: writeKey,
    delete: removeKey,
  },
  { path: 'keys/:name/config', help: 'configure a key', use: 'key', write: configureKey },
  { path: 'keys/:name/rotate', help: 'make a new version of a key', use: 'key', write: rotateTransitKey },
  { path: 'keys/:name/trim', help: 'destroy old versions of a key', use: 'key', write: trimTransitKey },
  { path: 'keys/:name/import', help: 'import a key', use: 'key', write: importTransitKey },
  { path: 'keys/:name/import_version', help: 'import a version of a key', use: 'key', write: importTransitVersion },
  { path: 'wrapping_key', help: 'the key under which others are imported', use: 'key', read: wrappingKey },
  { path: 'export/:kind/:name/[version]', help: 'take a key out', use: 'export', read: exportTransitKey },
  {
    path: 'byok-export/:destination/:name/[version]',
    help: 'take a key out, wrapped for another',
    use: 'byok',
    read: exportWrapped,
  },
  { path: 'backup/:name', help: 'take a whole key out', use: 'backup', read: backupTransitKey },
  { path: 'restore/[name]', help: 'make a key anew from its backup', use: 'key', write: restoreTransitKey },
];

interface Pattern extends Route {
  readonly parts: readonly Part[];
}

interface Part {
  /** As it has to be; absent: it is a parameter. */
  readonly text?: string;
  readonly name: string;
  readonly isOptional: boolean;
}

function partOf(part: string): Part {
  const name = part.replaceAll(/[:[\]]/g, '');
  return name === part ? { text: part, name, isOptional: false } : { name, isOptional: part.startsWith('[') };
}

/** By their first segment. */
const patterns = new Map<string, readonly Pattern[]>();
for (const route of TRANSIT_ROUTES) {
  const [first = '', ...parts] = route.path.split('/');
  patterns.set(first, [...(patterns.get(first) ?? []), { ...route, parts: parts.map(partOf) }]);
}

/** The parameters that a path has under a pattern, or undefined where it does not fit. */
function match({ parts }: Pattern, segments: readonly string[]): Params | undefined {
  if (segments.length > parts.length) return undefined;
  const params: Record<string, string> = {};
  for (let index = 0; index < parts.length; index++) {
    const { text, name, isOptional } = parts[index] as Part;
    const segment = segments[index];
    if (segment === undefined) {
      if (!isOptional) return undefined;
    } else if (text === undefined) {
      params[name] = segment;
    } else if (text !== segment) return undefined;
  }
  return params;
}

interface Meant {
  readonly pattern: Pattern;
  readonly params: Params;
  /** Whether a key can have the name in it. */
  readonly isNamed: boolean;
}

/** Paths that were asked for, until they are too many. */
const MEANT_MAX = 1000;
const meant = new Map<string, Meant>();

/** What a path below a mount means; undefined where nothing. */
function meaningOf(path: string): Meant | undefined {
  const known = meant.get(path);
  if (known !== undefined) return known;
  const [first = '', ...rest] = (path.endsWith('/') ? path.slice(0, -1) : path).split('/');
  for (const pattern of patterns.get(first) ?? []) {
    const params = match(pattern, rest);
    if (params === undefined) continue;
    if (meant.size >= MEANT_MAX) meant.clear();
    const found = { pattern, params, isNamed: params['name'] === undefined || isName(params['name']) };
    meant.set(path, found);
    return found;
  }
  return undefined;
}

/** Answers a request below a transit mount by `tell`; throws or rejects with a fault that says nothing of a key. */
export function transit<T>(request: TransitRequest, tell: (answer: TransitAnswer) => T): Maybe<T> {
  const refuse = (refusal: Refusal) => then(request.judge(), () => tell(answerOf(refusal)));
  const found = meaningOf(request.path);
  if (found === undefined) return refuse(new Refusal('unsupported path', 404));
  const { pattern, params, isNamed } = found;
  const handler = pattern[request.verb];
  if (handler === undefined) return refuse(new Refusal('unsupported operation', 405));
  if (!isNamed) return refuse(new Refusal('unsupported path', 404));
  return settle(
    () => handler(request, params),
    tell,
    (error) => {
      const refusal = refusalOf(error, pattern.use);
      if (!(refusal instanceof Refusal)) throw refusal;
      // What is wrong with a request is told to those alone who may make it.
      return refusal.isAudited ? tell(answerOf(refusal)) : refuse(refusal);
    },
  );
}

function isName(text: string): boolean {
  try {
    return parseKeyName(text) === text;
  } catch {
    return false;
  }
}

function answerOf({ status, message }: Refusal): TransitAnswer {
  return { status, errors: [message] };
}
