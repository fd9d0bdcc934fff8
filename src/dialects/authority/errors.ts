// What a refusal is at the token endpoint: the error of RFC 6749 section 5.2, with the description that Google's own
// endpoint gives, which its libraries print. A failure inside the server tells nothing of itself.

import { Fault } from '../../core/error.ts';
import type { JwtProblem } from '../../core/jwt.ts';
import type { WireResponse } from '../../wire/types.ts';

/** An answer that is an error of OAuth's: thrown where a request is wrong as written. */
export class OAuthError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(code: string, description: string, status = 400) {
    super(description);
    this.name = 'OAuthError';
    this.code = code;
    this.status = status;
  }
}

const LIFETIME =
  'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. ' +
  'Check your iat and exp values in the JWT claim.';

const PROBLEMS = {
  malformed: ['invalid_grant', 'Invalid JWT: Failed to parse the assertion.'],
  issuer: ['invalid_grant', 'Invalid issuer: Not a service account.'],
  delegation: [
    'unauthorized_client',
    'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the ' +
      'scopes requested.',
  ],
  audience: ['invalid_grant', 'Invalid JWT: Failed audience check.'],
  lifetime: ['invalid_grant', LIFETIME],
  scope: ['invalid_scope', 'Invalid OAuth scope or ID token audience provided.'],
  account: ['invalid_grant', 'Invalid grant: account not found'],
  signature: ['invalid_grant', 'Invalid JWT Signature.'],
  client: ['invalid_client', 'Unauthorized'],
} as const satisfies Record<JwtProblem, readonly [code: string, description: string]>;

export const JSON_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'application/json; charset=utf-8',
  // RFC 6749 section 5.1.
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

export function json(status: number, value: object, headers: Readonly<Record<string, string>> = {}): WireResponse {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: `${JSON.stringify(value, null, 2)}\n` };
}

/** The answer to any failure. */
export function encodeError(error: unknown): WireResponse {
  const { status, code, message } = oauthError(error);
  return json(status, { error: code, error_description: message });
}

function oauthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error;
  if (!(error instanceof Fault)) return new OAuthError('internal_failure', 'Internal error encountered.', 500);
  const { problem } = error.facts;
  if (error.code === 'CREDENTIAL_INVALID' && typeof problem === 'string' && Object.hasOwn(PROBLEMS, problem)) {
    const [code, description] = PROBLEMS[problem as JwtProblem];
    return new OAuthError(code, description, code === 'unauthorized_client' ? 401 : 400);
  }
  switch (error.class) {
    case 'unauthenticated':
      return new OAuthError('invalid_token', 'Invalid Value');
    case 'denied':
      return new OAuthError('invalid_token', 'Token expired or revoked');
    case 'missing':
      return new OAuthError('invalid_grant', 'Invalid grant: account not found');
    case 'unavailable':
      return new OAuthError('temporarily_unavailable', 'The service is currently unavailable.', 503);
    case 'exhausted':
      return new OAuthError('temporarily_unavailable', error.message, 429);
    case 'invalid':
      return new OAuthError('invalid_request', error.message);
    default:
      return new OAuthError('internal_failure', 'Internal error encountered.', 500);
  }
}
