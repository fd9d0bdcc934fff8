// The standard health service, grpc/grpc-proto `grpc/health/v1/health.proto`: Check of the whole server. Its two messages
// hold one field each, so they are read and written by hand (https://protobuf.dev/programming-guides/encoding).

import { GRPC_INTERNAL, GRPC_NOT_FOUND, GRPC_UNIMPLEMENTED } from './grpc-status.ts';
import type { GrpcRequest, GrpcResponse } from './types.ts';

export const HEALTH_SERVICE = 'grpc.health.v1.Health';

/** `HealthCheckResponse.status`, field 1: SERVING is 1, NOT_SERVING is 2. */
const SERVING = Uint8Array.of(0x08, 1);
const NOT_SERVING = Uint8Array.of(0x08, 2);

/** Answers a call of the health service. Only the server as a whole (the empty service name) has a health. */
export function checkHealth(request: GrpcRequest, ready: boolean): GrpcResponse {
  if (request.rpc !== 'Check') {
    return { ok: false, code: GRPC_UNIMPLEMENTED, message: `${HEALTH_SERVICE} serves Check only` };
  }
  const service = serviceAsked(request.message);
  if (service === undefined) {
    return { ok: false, code: GRPC_INTERNAL, message: 'the request is not a valid HealthCheckRequest' };
  }
  if (service !== '') return { ok: false, code: GRPC_NOT_FOUND, message: 'unknown service: leave it empty' };
  return { ok: true, message: ready ? SERVING : NOT_SERVING };
}

/** `HealthCheckRequest.service`, field 1; the last of several counts. Undefined where the bytes are no message. */
function serviceAsked(message: Uint8Array): string | undefined {
  let service = '';
  let at = 0;
  while (at < message.length) {
    // A name that takes more than one byte of length, or another field, is none that we know.
    const length = message[at + 1];
    if (message[at] !== 0x0a || length === undefined) return undefined;
    if (length > 0x7f) return 'unknown';
    const end = at + 2 + length;
    if (end > message.length) return undefined;
    service = Buffer.from(message.subarray(at + 2, end)).toString('utf8');
    at = end;
  }
  return service;
}
