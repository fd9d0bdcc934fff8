// Refusals of the endpoints that Azure's libraries ask: the error of RFC 6749 section 5.2 with the numbered description by
// which Microsoft's support and its libraries know it. Source: https://learn.microsoft.com/entra/identity-platform/
// reference-error-codes.

import { Fault } from '../../core/error.ts';
import type { RequestHead, WireResponse } from '../../wire/types.ts';
import { json, OAuthError } from './errors.ts';

interface EntraProblem {
  readonly status: number;
  readonly error: string;
  readonly number: number;
  readonly text: string;
}

const PROBLEMS = {
  parameter: [400, 'invalid_request', 900144, 'The request body must contain the parameter that is missing'],
  grant: [
    400,
    'unsupported_grant_type',
    70003,
    'The app requested an unsupported grant type: only client_credentials is',
  ],
  scope: [400, 'invalid_scope', 70011, 'The provided value for the input parameter scope is not valid'],
  tenant: [
    400,
    'invalid_request',
    90002,
    'Tenant not found: a server of Coffer is one tenant, and adfs is another name of it',
  ],
  client: [401, 'invalid_client', 7000215, 'Invalid client secret or assertion provided, or there is no such client'],
  lifetime: [401, 'invalid_client', 700024, 'Client assertion is not within its valid time range'],
  denied: [401, 'invalid_client', 7000112, 'The application may not exchange this credential'],
  busy: [503, 'temporarily_unavailable', 90033, 'A transient error has occurred: try again'],
  internal: [500, 'server_error', 50000, 'There was an error issuing a token'],
} as const satisfies Record<string, readonly [status: number, error: string, number: number, text: string]>;

export type EntraProblemName = keyof typeof PROBLEMS;

/** A request that is wrong as written: thrown. `detail` names what, and never a value. */
export class EntraError extends Error {
  readonly problem: EntraProblemName;

  constructor(problem: EntraProblemName, detail?: string) {
    super(detail ?? '');
    this.name = 'EntraError';
    this.problem = problem;
  }
}

function problemOf(error: unknown): EntraProblem {
  const [name, detail]: [EntraProblemName, string] =
    error instanceof EntraError ? [error.problem, error.message] : [nameOf(error), ''];
  const [status, code, number, text] = PROBLEMS[name];
  return { status, error: code, number, text: detail === '' ? `${text}.` : `${text}: ${detail}.` };
}

function nameOf(error: unknown): EntraProblemName {
  if (!(error instanceof Fault)) return 'internal';
  switch (error.class) {
    case 'unauthenticated':
      return error.facts['problem'] === 'lifetime' ? 'lifetime' : 'client';
    case 'denied':
      return 'denied';
    case 'invalid':
      return 'scope';
    case 'missing':
      return 'client';
    case 'unavailable':
    case 'exhausted':
      return 'busy';
    default:
      return 'internal';
  }
}

/** The answer to any failure of those endpoints. */
export function encodeEntraError(error: unknown, { id }: RequestHead, now: Date): WireResponse {
  if (error instanceof OAuthError) return json(error.status, { error: error.code, error_description: error.message });
  const { status, error: code, number, text } = problemOf(error);
  const timestamp = `${now.toISOString().slice(0, 19).replace('T', ' ')}Z`;
  return json(status, {
    error: code,
    error_description: `AADSTS${number}: ${text} Trace ID: ${id} Correlation ID: ${id} Timestamp: ${timestamp}`,
    error_codes: [number],
    timestamp,
    trace_id: id,
    correlation_id: id,
  });
}
