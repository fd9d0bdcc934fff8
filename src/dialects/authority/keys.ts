// What verifiers of ID tokens fetch: the public keys as a JWK set (RFC 7517) and as certificates in PEM, and the document
// that says where they are (OpenID Connect Discovery 1.0 section 3). All public, and cacheable for as long as a new key
// waits before it signs.

import type { Maybe } from '../../core/ports.ts';
import { then } from '../../ops/maybe.ts';
import type { WireResponse } from '../../wire/types.ts';
import { json } from './errors.ts';
import type { AuthorityName } from './names.ts';

/** The keys that are published. */
export interface PublishedKeys {
  jwks(): Maybe<readonly object[]>;
  /** Certificates in PEM by key id. */
  certificates(): Maybe<Readonly<Record<string, string>>>;
  /** How long an answer may be kept. */
  readonly freshSeconds: number;
}

function fresh({ freshSeconds }: PublishedKeys): Readonly<Record<string, string>> {
  return { 'cache-control': `public, max-age=${freshSeconds}, must-revalidate` };
}

/** `GET /oauth2/v3/certs`. */
export function jwks(keys: PublishedKeys): Maybe<WireResponse> {
  return then(keys.jwks(), (set) => json(200, { keys: set }, fresh(keys)));
}

/** `GET /oauth2/v1/certs`. */
export function certificates(keys: PublishedKeys): Maybe<WireResponse> {
  return then(keys.certificates(), (map) => json(200, map, fresh(keys)));
}

/** `GET /.well-known/openid-configuration`. */
export function discovery(keys: PublishedKeys, { issuer, origin }: AuthorityName): WireResponse {
  const document = {
    issuer,
    token_endpoint: `${origin}/token`,
    revocation_endpoint: `${origin}/revoke`,
    jwks_uri: `${origin}/oauth2/v3/certs`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    grant_types_supported: ['urn:ietf:params:oauth:grant-type:jwt-bearer'],
    claims_supported: ['aud', 'azp', 'email', 'email_verified', 'exp', 'iat', 'iss', 'sub'],
  };
  return json(200, document, fresh(keys));
}
