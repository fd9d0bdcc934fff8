// The token endpoint and what goes with it: a service account exchanges what it signed for an access token or an ID token
// (RFC 7523), gives a token back (RFC 7009), and asks what one is. Sources: RFC 6749; Google's "Using OAuth 2.0 for
// server to server applications".

import { CLOUD_SCOPE } from '../../core/jwt.ts';
import { TOKEN_SECONDS_DEFAULT } from '../../core/limits.ts';
import type { Maybe } from '../../core/ports.ts';
import { accountOfMember, type Caller } from '../../core/principal.ts';
import type { Origin } from '../../ops/callers.ts';
import type { Asserted, Door } from '../../ops/door.ts';
import { exchangeForIdToken } from '../../ops/id-tokens.ts';
import { then } from '../../ops/maybe.ts';
import { exchangeAssertion, inspectToken, revokeToken } from '../../ops/tokens.ts';
import type { WireRequest, WireResponse } from '../../wire/types.ts';
import { json, OAuthError } from './errors.ts';
import { readForm, readParameters } from './form.ts';
import { authorityAt, tokenAudiences } from './names.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]{1,4096}=*) *$/i;

/** What every endpoint needs. */
export interface Desk {
  readonly door: Door;
  /** The server's own address. */
  readonly address: string;
}

export function originOf(request: WireRequest): Origin {
  const userAgent = request.headers['user-agent'];
  return {
    dialect: 'authority',
    peer: request.peer.address,
    secure: request.secure,
    requestId: request.id,
    ...(userAgent === undefined ? {} : { userAgent }),
  };
}

/** `POST /token`. */
export function exchange(desk: Desk, request: WireRequest): Maybe<WireResponse> {
  const form = readForm(request);
  const grant = form.get('grant_type');
  if (grant === undefined) throw new OAuthError('invalid_request', 'Missing required parameter: grant_type');
  if (grant !== JWT_BEARER) throw new OAuthError('unsupported_grant_type', `This server takes ${JWT_BEARER} only.`);
  const text = form.get('assertion');
  if (text === undefined) throw new OAuthError('invalid_request', 'Missing required parameter: assertion');
  const { issuer } = authorityAt(request.host, desk.address);
  return then(desk.door.assertion(text, originOf(request), tokenAudiences(desk.address)), (asserted) =>
    issue(desk.door, asserted, issuer),
  );
}

function issue(door: Door, { caller, claimed, assertion }: Asserted, issuer: string): Maybe<WireResponse> {
  const audience = assertion?.targetAudience;
  if (claimed !== undefined && audience !== undefined) {
    const command = { account: claimed, audience, issuer, includeEmail: true };
    return then(door.call(exchangeForIdToken, caller, command), ({ token }) => json(200, { id_token: token.reveal() }));
  }
  // Refusals come this way too: the operation refuses, and audits, a caller who could not be believed.
  const command = claimed === undefined ? {} : { account: claimed };
  return then(door.call(exchangeAssertion, caller, command), ({ token }) =>
    json(200, { access_token: token.reveal(), expires_in: TOKEN_SECONDS_DEFAULT - 1, token_type: 'Bearer' }),
  );
}

/** `POST /revoke`: the token that is named gives itself back. */
export function revoke({ door }: Desk, request: WireRequest): Maybe<WireResponse> {
  const token = readParameters(request).get('token');
  if (token === undefined) throw new OAuthError('invalid_request', 'Missing required parameter: token');
  return then(door.authenticate(token, originOf(request)), (caller) =>
    then(door.call(revokeToken, caller, {}), () => json(200, {})),
  );
}

/** `GET|POST /tokeninfo`: of an access token, which comes as a parameter or as the request's own credential. */
export function inspect({ door }: Desk, request: WireRequest): Maybe<WireResponse> {
  const given = readParameters(request).get('access_token');
  const own = BEARER.exec(request.headers['authorization'] ?? '')?.[1];
  const token = given ?? own;
  if (token === undefined) throw new OAuthError('invalid_request', 'Missing required parameter: access_token');
  return then(door.authenticate(token, originOf(request)), (caller) => describe(door, caller));
}

function describe(door: Door, caller: Caller): Maybe<WireResponse> {
  const account = accountOfMember(caller.principal.member);
  const command = { hash: caller.credential?.hash ?? '', ...(account === undefined ? {} : { account }) };
  return then(door.call(inspectToken, caller, command), (found) =>
    json(200, {
      azp: found.uniqueId,
      aud: found.uniqueId,
      scope: CLOUD_SCOPE,
      exp: String(Math.floor(found.expiresAt / 1000)),
      expires_in: String(found.secondsLeft),
      email: found.account,
      email_verified: 'true',
      access_type: 'online',
    }),
  );
}
