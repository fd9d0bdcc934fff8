// The dialect as the router sees it. Both transports do the same with a call: find its method, learn who asks, read the
// message, let the handler work, write its answer. Where the store answers at once, all of it happens in one tick.

import { fromBinary, type Message } from '@bufbuild/protobuf';
import { Code } from '../../../gen/google/rpc/code_pb.js';
import { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import type { Door } from '../../ops/door.ts';
import { then } from '../../ops/maybe.ts';
import type { Dialect, GrpcRequest, GrpcResponse, RequestHead, WireRequest, WireResponse } from '../../wire/types.ts';
import { callerOf } from './auth.ts';
import { Call, type Method, type Workshop } from './call.ts';
import { type FailedCall, type GcpStatus, statusOf } from './errors.ts';
import { hostOfService, locationOfHost, ownsGcpHost, servicesOf } from './hosts.ts';
import { misread } from './invalid.ts';
import { METHODS } from './methods.ts';
import { DEFAULT_PARAMETERS } from './query.ts';
import { type Route, readRest, Transcoder } from './rest.ts';
import { JSON_HEADERS, jsonText, statusFailure, statusResponse } from './status.ts';

/** What the server's log is told of a failure that is a bug: the caller learns nothing of it. */
export interface GcpDialectOptions extends Workshop {
  onError?(error: unknown, requestId: string): void;
}

const CLAIMED = /^\/(?:v1\/(?:projects|roles|operations)|v3)(?:[/:]|$)/;

/** Google also asks where the tokens of an account may be used: everywhere. */
const ALLOWED_LOCATIONS = /^\/v1\/projects\/[^/]+\/serviceAccounts\/[^/]+\/allowedLocations$/;

const NOT_FOUND: GcpStatus = { code: Code.NOT_FOUND, message: 'Method not found.', details: [] };

/** What every call needs. */
interface Desk {
  readonly door: Door;
  readonly workshop: Workshop;
  told(error: unknown, requestId: string): void;
}

/** One call as its transport has it. */
interface Exchange<R> {
  readonly method: Method;
  readonly head: RequestHead;
  /** Bytes of the message as sent. */
  readonly bytes: number;
  /** The message; throws a fault where it is none. */
  read(): Message;
  encode(message: Message): R;
  fail(status: GcpStatus): R;
}

export function createGcpDialect(door: Door, options: GcpDialectOptions = {}): Dialect {
  const transcoder = new Transcoder(METHODS.values());
  const desk: Desk = {
    door,
    workshop: options,
    told: (error, requestId) => {
      if (!(error instanceof Fault)) options.onError?.(error, requestId);
    },
  };
  return {
    name: 'gcp',
    ownsHost: ownsGcpHost,
    claims: (head) => isGrpc(head) || CLAIMED.test(head.path),
    http: (request) => {
      const route = transcoder.find(request.method, request.path, servicesOf(request.host));
      if (route !== undefined) return answer(desk, httpExchange(route, request));
      if (request.method === 'GET' && ALLOWED_LOCATIONS.test(request.path)) {
        return { status: 200, headers: JSON_HEADERS, body: jsonText({ locations: [], encodedLocations: '0x0' }, true) };
      }
      return statusResponse(NOT_FOUND, true);
    },
    grpc: (request) => {
      const method = METHODS.get(request.path);
      const services = servicesOf(request.host);
      if (method === undefined || (services !== undefined && !services.includes(request.service))) {
        return unknownMethod(request);
      }
      return answer(desk, grpcExchange(method, request));
    },
  };
}

function isGrpc(head: RequestHead): boolean {
  return /^application\/grpc(?:[+;]|$)/.test(head.headers['content-type'] ?? '');
}

/** Learns who asks, lets the method work, and answers; whatever is thrown on the way is an answer too. */
function answer<R>({ door, workshop, told }: Desk, exchange: Exchange<R>): Maybe<R> {
  const fail = (error: unknown): R => {
    told(error, exchange.head.id);
    return exchange.fail(statusOf(error, failedCall(exchange.method)));
  };
  try {
    const location = locationOfHost(exchange.head.host);
    const result = then(callerOf(door, exchange.head, exchange.method.desc.parent.typeName), (caller) =>
      then(handle(new Call(door, caller, workshop, location), caller, exchange), (message) => exchange.encode(message)),
    );
    return result instanceof Promise ? result.catch(fail) : result;
  } catch (error) {
    return fail(error);
  }
}

function failedCall({ desc }: Method): FailedCall {
  const service = desc.parent.typeName;
  return { host: hostOfService(service), service, rpc: desc.name };
}

/**
 * Ours: no more than this is read for a caller without a valid credential. It holds the largest payload in base64, for
 * where everybody may add versions.
 */
const UNKNOWN_CALLER_BYTES_MAX = 128 * 1024;

function handle<R>(call: Call, caller: Caller, exchange: Exchange<R>): Maybe<Message> {
  if (exchange.bytes > UNKNOWN_CALLER_BYTES_MAX) refuseUnknown(caller);
  try {
    return exchange.method.handle(exchange.read(), call);
  } catch (error) {
    if (error instanceof Fault && !call.judged) refuseUnknown(caller);
    throw error;
  }
}

/** Who brings no valid credential learns that first: not what else is wrong with the request. */
function refuseUnknown(caller: Caller): void {
  if (caller.refused) throw new Fault('CREDENTIAL_INVALID');
  if (caller.principal.member === 'anonymous') throw new Fault('CREDENTIAL_MISSING');
}

function httpExchange(route: Route, request: WireRequest): Exchange<WireResponse> {
  const { method } = route.value;
  let system = DEFAULT_PARAMETERS;
  return {
    method,
    head: request,
    bytes: request.body.length,
    read: () => {
      const rest = readRest(route, request);
      system = rest.system;
      return rest.message();
    },
    encode: (message) => ({ status: 200, headers: JSON_HEADERS, body: method.codec.json(message, system) }),
    fail: (status) => statusResponse(status, system.pretty),
  };
}

function grpcExchange(method: Method, request: GrpcRequest): Exchange<GrpcResponse> {
  return {
    method,
    head: request,
    bytes: request.message.length,
    read: () => readBinary(method, request.message),
    encode: (message) => ({ ok: true, message: method.codec.bytes(message) }),
    fail: statusFailure,
  };
}

function readBinary(method: Method, bytes: Uint8Array): Message {
  try {
    return fromBinary(method.desc.input, bytes, { readUnknownFields: false });
  } catch {
    const said = 'Request contains an invalid argument.';
    throw misread('', 'the message is not of the type of this method', said);
  }
}

/** As grpc-go says it. */
function unknownMethod({ service, rpc }: GrpcRequest): GrpcResponse {
  const known = [...METHODS.values()].some((method) => method.desc.parent.typeName === service);
  const message = known ? `unknown method ${rpc} for service ${service}` : `unknown service ${service}`;
  return { ok: false, code: Code.UNIMPLEMENTED, message };
}
