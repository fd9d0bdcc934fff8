// The dialect as the router sees it. Both transports do the same with a call: find its method, learn who asks, read the
// message, let the handler work, write its answer. Where the store answers at once, all of it happens in one tick.

import { fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { Code } from '../../../gen/google/rpc/code_pb.js';
import { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import type { Door } from '../../ops/door.ts';
import { then } from '../../ops/engine.ts';
import type { Dialect, GrpcRequest, GrpcResponse, RequestHead, WireRequest, WireResponse } from '../../wire/types.ts';
import { callerOf } from './auth.ts';
import { Call, type Method } from './call.ts';
import { type FailedCall, type GcpStatus, statusOf } from './errors.ts';
import { hostOfService, ownsGcpHost, servicesOf } from './hosts.ts';
import { misread } from './invalid.ts';
import { jsonOf } from './message.ts';
import { METHODS } from './methods.ts';
import { DEFAULT_PARAMETERS } from './query.ts';
import { type Route, readRest, Transcoder } from './rest.ts';
import { JSON_HEADERS, jsonText, statusFailure, statusResponse } from './status.ts';

/** What the server's log is told of a failure that is a bug: the caller learns nothing of it. */
export interface GcpDialectOptions {
  onError?(error: unknown, requestId: string): void;
}

const CLAIMED = /^\/(?:v1\/(?:projects|roles|operations)|v3)(?:[/:]|$)/;

/** Google also asks where the tokens of an account may be used: everywhere. */
const ALLOWED_LOCATIONS = /^\/v1\/projects\/[^/]+\/serviceAccounts\/[^/]+\/allowedLocations$/;

const NOT_FOUND: GcpStatus = { code: Code.NOT_FOUND, message: 'Method not found.', details: [] };

export function createGcpDialect(door: Door, options: GcpDialectOptions = {}): Dialect {
  const transcoder = new Transcoder(METHODS.values());
  const told = (error: unknown, requestId: string) => {
    if (!(error instanceof Fault)) options.onError?.(error, requestId);
  };
  return {
    name: 'gcp',
    ownsHost: ownsGcpHost,
    claims: (head) => isGrpc(head) || CLAIMED.test(head.path),
    http: (request) => {
      const route = transcoder.find(request.method, request.path, servicesOf(request.host));
      if (route !== undefined) return answerHttp(door, route, request, told);
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
      return answerGrpc(door, method, request, told);
    },
  };
}

function isGrpc(head: RequestHead): boolean {
  return /^application\/grpc(?:[+;]|$)/.test(head.headers['content-type'] ?? '');
}

type Told = (error: unknown, requestId: string) => void;

function failedCall({ desc }: Method): FailedCall {
  const service = desc.parent.typeName;
  return { host: hostOfService(service), service, rpc: desc.name };
}

/** Who asks, what for, and the answer; `failed` turns whatever was thrown into one too. */
function answer<R>(
  door: Door,
  method: Method,
  head: RequestHead,
  read: () => Message,
  encode: (message: Message) => R,
  failed: (status: GcpStatus) => R,
  told: Told,
): Maybe<R> {
  const fail = (error: unknown): R => {
    told(error, head.id);
    return failed(statusOf(error, failedCall(method)));
  };
  try {
    const result = then(callerOf(door, head), (caller) => then(handle(door, method, caller, read), encode));
    return result instanceof Promise ? result.catch(fail) : result;
  } catch (error) {
    return fail(error);
  }
}

function handle(door: Door, method: Method, caller: Caller, read: () => Message): Maybe<Message> {
  const call = new Call(door, caller);
  try {
    return method.handle(read(), call);
  } catch (error) {
    if (call.judged) throw error;
    throw unjudged(error, caller);
  }
}

/** Who brings no valid credential learns that first: not what else is wrong with the request. */
function unjudged(error: unknown, caller: Caller): unknown {
  if (caller.refused) return new Fault('CREDENTIAL_INVALID');
  return caller.principal.member === 'anonymous' ? new Fault('CREDENTIAL_MISSING') : error;
}

function answerHttp(door: Door, route: Route, request: WireRequest, told: Told): Maybe<WireResponse> {
  const { method } = route.value;
  let system = DEFAULT_PARAMETERS;
  const read = () => {
    const rest = readRest(route, request);
    system = rest.system;
    return rest.message();
  };
  const encode = (message: Message): WireResponse => {
    const json = jsonOf(method.desc.output, message, system.enumAsInteger);
    return { status: 200, headers: JSON_HEADERS, body: jsonText(json, system.pretty) };
  };
  return answer(door, method, request, read, encode, (status) => statusResponse(status, system.pretty), told);
}

function answerGrpc(door: Door, method: Method, request: GrpcRequest, told: Told): Maybe<GrpcResponse> {
  const read = () => readBinary(method, request.message);
  const encode = (message: Message): GrpcResponse => ({ ok: true, message: toBinary(method.desc.output, message) });
  return answer<GrpcResponse>(door, method, request, read, encode, statusFailure, told);
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
