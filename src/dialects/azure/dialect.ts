// Azure Key Vault as the router sees it. Whoever brings no good token is answered with a challenge before anything else is
// looked at, since every client asks so first, without a body. What is wrong as written is refused through the door too,
// so that it is in the ledger.

import { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import type { Door } from '../../ops/door.ts';
import { then } from '../../ops/maybe.ts';
import { rejectRequest } from '../../ops/rejected.ts';
import type { Dialect, RequestHead, WireRequest, WireResponse } from '../../wire/types.ts';
import { Call, vaultOf } from './call.ts';
import { type Asked, encodeError } from './errors.ts';
import { audiencesOf, challengeOf, ownsVaultHost, type Place, placeOf } from './hosts.ts';
import { COLLECTIONS, type Found, findRoute, type Route } from './routes.ts';

const NAME = 'azure';
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]{1,4096}=*) *$/i;
const GRPC_UNIMPLEMENTED = 12;

export interface AzureOptions {
  /** The server's own address; asked on each request, since the port is known only once it listens. */
  address(): string;
  readonly tenantId: string;
  /** Told of every failure that is a bug: the answer says nothing of it. */
  onError?(error: unknown, requestId: string): void;
}

const HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-ms-keyvault-region': 'local',
  'x-ms-keyvault-service-version': '1.9.0.0',
};

export function createAzureDialect(door: Door, options: AzureOptions): Dialect {
  return {
    name: NAME,
    ownsHost: ownsVaultHost,
    claims: ({ path }) => COLLECTIONS.has(firstSegment(path)),
    http: (request) => answer({ door, options, request, place: placeOf(request, options.address()) }),
    grpc: () => ({ ok: false, code: GRPC_UNIMPLEMENTED, message: 'this API has no gRPC form' }),
  };
}

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1);
  return end < 0 ? path.slice(1) : path.slice(1, end);
}

interface Exchange {
  readonly door: Door;
  readonly options: AzureOptions;
  readonly request: WireRequest;
  readonly place: Place;
}

function answer(exchange: Exchange): Maybe<WireResponse> {
  const { door, options, request, place } = exchange;
  const found = findRoute(request.path);
  const route = found?.methods[request.method];
  const asked = { collection: found?.collection ?? '', verb: route?.verb ?? '', vault: '', caller: '' };
  let known: Asked = asked;
  const failed = (error: unknown): WireResponse => {
    if (!(error instanceof Fault)) options.onError?.(error, request.id);
    const challenge = challengeOf(place, { address: options.address(), tenantId: options.tenantId });
    return encodeError(error, known, { headers: headersOf(request), challenge });
  };
  try {
    const answered = then(
      door.bearer(credentialOf(request), originOf(request), () => audiencesOf(place)),
      (caller) => {
        const vault = vaultOf(request.host, caller);
        const { name, version } = found ?? {};
        const told = `appid=${caller.principal.member.replace(/^serviceAccount:/, '')}`;
        known = {
          ...{ ...asked, vault, caller: told },
          ...(name === undefined ? {} : { name }),
          ...(version === undefined ? {} : { version }),
        };
        return serve(exchange, caller, vault, found, route);
      },
    );
    return answered instanceof Promise ? answered.catch(failed) : answered;
  } catch (error) {
    return failed(error);
  }
}

function serve(
  { door, request, place }: Exchange,
  caller: Caller,
  vault: string,
  found: Found | undefined,
  route: Route | undefined,
): Maybe<WireResponse> {
  const reject = (fault: Fault): Maybe<never> =>
    door.call(rejectRequest, caller, {
      ...{ code: fault.code, facts: fault.facts },
      asked: `vaults/${vault}${request.path}`.slice(0, 256),
    });
  if (caller.refused || caller.principal.member === 'anonymous') return reject(new Fault('CREDENTIAL_MISSING'));
  if (found === undefined || route === undefined) return reject(noRoute(request, found));
  let call: Call | undefined;
  try {
    call = new Call({ door, caller, request, place, vault, name: found.name, version: found.version });
    return then(route.handle(call), (body) => encode(body, request));
  } catch (error) {
    // Once an operation has judged, it has written its record too.
    if (error instanceof Fault && call?.judged !== true) return reject(error);
    throw error;
  }
}

function noRoute({ method, path }: RequestHead, found: Found | undefined): Fault {
  const facts = { method: method.slice(0, 16), path: path.slice(0, 200) };
  if (found !== undefined) {
    return new Fault('INVALID_FIELD', {
      field: 'method',
      problem: `${facts.method} is not taken here`,
      allow: Object.keys(found.methods).join(', '),
    });
  }
  const collection = firstSegment(path);
  if (COLLECTIONS.has(collection) && !collection.endsWith('secrets')) {
    return new Fault('UNIMPLEMENTED', { what: `/${collection}` });
  }
  return new Fault('ROUTE_NOT_FOUND', facts);
}

function encode(body: object | undefined, request: WireRequest): WireResponse {
  if (body === undefined) return { status: 204, headers: { ...headersOf(request) } };
  return { status: 200, headers: headersOf(request), body: JSON.stringify(body) };
}

function headersOf({ id }: RequestHead): Readonly<Record<string, string>> {
  return { ...HEADERS, 'x-ms-request-id': id };
}

/** The credential as sent; undefined where there is none, and an empty text where what is there can be none. */
function credentialOf({ headers }: RequestHead): string | undefined {
  const header = headers['authorization'];
  return header === undefined ? undefined : (BEARER.exec(header)?.[1] ?? '');
}

function originOf({ headers, peer, secure, id }: RequestHead) {
  const userAgent = headers['user-agent'];
  return {
    dialect: NAME,
    peer: peer.address,
    secure,
    requestId: id,
    ...(userAgent === undefined ? {} : { userAgent }),
  };
}
