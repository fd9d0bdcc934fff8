// Faults as answers of Coffer's own API: the fault's code, its text, and the HTTP status of its class.

import { Fault, type FaultClass } from '../../core/error.ts';
import type { WireResponse } from '../../wire/types.ts';

/** The HTTP status of each class. */
export const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  denied: 403,
  missing: 404,
  exists: 409,
  conflict: 409,
  precondition: 412,
  exhausted: 429,
  unavailable: 503,
  unimplemented: 501,
  corrupt: 500,
  internal: 500,
} as const satisfies Record<FaultClass, number>;

/** The answer to an error; of one that is no Fault it says nothing but that it happened. */
export function encodeError(error: unknown): WireResponse {
  const fault = error instanceof Fault ? error : new Fault('INTERNAL');
  const status = STATUS[fault.class];
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(status === 401 ? { 'www-authenticate': 'Bearer realm="coffer"' } : {}),
    },
    body: `${JSON.stringify({ error: { code: status, status: fault.code, message: fault.message } })}\n`,
  };
}
