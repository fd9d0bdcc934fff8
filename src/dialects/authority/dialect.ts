// The token authority as the router sees it: where service accounts get tokens for what they signed, and where others
// get the keys that verify ID tokens. Its routes are Google's, and Microsoft's in entra.ts; the keys are the same.

import { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Door } from '../../ops/door.ts';
import type { Dialect, WireRequest, WireResponse } from '../../wire/types.ts';
import { isEntraPath, serveEntra } from './entra.ts';
import { EntraError } from './entra-errors.ts';
import { encodeError, json, OAuthError } from './errors.ts';
import { certificates, discovery, jwks, type PublishedKeys } from './keys.ts';
import { authorityAt, ownsAuthorityHost, ownsEntraHost } from './names.ts';
import { type Desk, exchange, inspect, revoke } from './token.ts';

const GRPC_UNIMPLEMENTED = 12;

export interface AuthorityOptions {
  readonly keys: PublishedKeys;
  /** The server's own address; asked on each request, since the port is known only once it listens. */
  address(): string;
  /** What Azure's libraries call this server. */
  readonly tenantId: string;
  /** Told of every failure that is a bug: the answer says nothing of it. */
  onError?(error: unknown, requestId: string): void;
}

interface Endpoint {
  readonly methods: readonly string[];
  answer(desk: Desk, keys: PublishedKeys, request: WireRequest): Maybe<WireResponse>;
}

const GET = ['GET', 'HEAD'];

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '/token': { methods: ['POST'], answer: (desk, _keys, request) => exchange(desk, request) },
  '/revoke': { methods: ['POST'], answer: (desk, _keys, request) => revoke(desk, request) },
  '/tokeninfo': { methods: [...GET, 'POST'], answer: (desk, _keys, request) => inspect(desk, request) },
  '/oauth2/v3/certs': { methods: GET, answer: (_desk, keys) => jwks(keys) },
  '/oauth2/v1/certs': { methods: GET, answer: (_desk, keys) => certificates(keys) },
  '/.well-known/openid-configuration': {
    methods: GET,
    answer: (desk, keys, request) => discovery(keys, authorityAt(request.host, desk.address)),
  },
};

export function createAuthorityDialect(door: Door, options: AuthorityOptions): Dialect {
  const failed = (error: unknown, request: WireRequest): WireResponse => {
    if (!(error instanceof Fault) && !(error instanceof OAuthError)) options.onError?.(error, request.id);
    return encodeError(error);
  };
  return {
    name: 'authority',
    ownsHost: (host) => ownsAuthorityHost(host) || ownsEntraHost(host),
    claims: ({ path }) => Object.hasOwn(ENDPOINTS, path) || isEntraPath(path),
    http: (request) => {
      if (ownsEntraHost(request.host) || isEntraPath(request.path)) {
        const told = (error: unknown) => {
          const isKnown = error instanceof Fault || error instanceof OAuthError || error instanceof EntraError;
          if (!isKnown) options.onError?.(error, request.id);
        };
        const { keys, tenantId } = options;
        return serveEntra({ door, keys, tenantId, address: options.address() }, request, told);
      }
      try {
        const answer = route({ door, address: options.address() }, options.keys, request);
        return answer instanceof Promise ? answer.catch((error: unknown) => failed(error, request)) : answer;
      } catch (error) {
        return failed(error, request);
      }
    },
    grpc: () => ({ ok: false, code: GRPC_UNIMPLEMENTED, message: 'this API has no gRPC form' }),
  };
}

function route(desk: Desk, keys: PublishedKeys, request: WireRequest): Maybe<WireResponse> {
  const endpoint = Object.hasOwn(ENDPOINTS, request.path) ? ENDPOINTS[request.path] : undefined;
  if (endpoint === undefined) throw new OAuthError('not_found', 'The token authority has no such path.', 404);
  if (!endpoint.methods.includes(request.method)) {
    const refusal = { error: 'invalid_request', error_description: 'This path does not take that method.' };
    return json(405, refusal, { allow: endpoint.methods.join(', ') });
  }
  return endpoint.answer(desk, keys, request);
}
