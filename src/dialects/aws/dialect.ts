// AWS's services as the router sees them. Whoever did not sign well is refused before anything else is looked at; what is
// wrong as written is refused through the door too, so that it is in the ledger. The region is the signature's, the
// account the signer's: one port serves all of them.

import { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import type { AwsDoor, Entered } from '../../ops/aws/door.ts';
import { then } from '../../ops/maybe.ts';
import { rejectRequest } from '../../ops/rejected.ts';
import type { Dialect, RequestHead, WireRequest, WireResponse } from '../../wire/types.ts';
import { findTarget, type Target } from './actions.ts';
import { askOf } from './ask.ts';
import { Call, type CallParts } from './call.ts';
import { AwsError, awsErrorOf, encodeError, headersOf } from './errors.ts';
import { ownsAwsHost, regionOfHost } from './hosts.ts';
import { type Json, member, parseBody } from './json.ts';
import { foreignAccount } from './secret-ref.ts';
import type { Action } from './service.ts';

const NAME = 'aws';
const GRPC_UNIMPLEMENTED = 12;
/** Of what has no service: as long as any has. */
const WINDOW_SECONDS = 300;
const ASKED_CHARS_MAX = 256;
/** Where an endpoint can be. */
const PATHS: ReadonlySet<string> = new Set(['/', '/aws', '/aws/']);
const JSON_TYPE = /^application\/x-amz-json-1\.[01] *(?:;|$)/i;

export interface AwsOptions {
  /** Told of every failure that is a bug: the answer says nothing of it. */
  onError?(error: unknown, requestId: string): void;
}

export function createAwsDialect(door: AwsDoor, options: AwsOptions): Dialect {
  return {
    name: NAME,
    ownsHost: ownsAwsHost,
    claims: isSignedForAws,
    http: (request) => answer(door, options, request),
    grpc: () => ({ ok: false, code: GRPC_UNIMPLEMENTED, message: 'this API has no gRPC form' }),
  };
}

function isSignedForAws({ headers, query }: RequestHead): boolean {
  return (
    headers['x-amz-target'] !== undefined ||
    headers['authorization']?.startsWith('AWS4-') === true ||
    query.includes('X-Amz-Signature=')
  );
}

interface Exchange {
  readonly door: AwsDoor;
  readonly options: AwsOptions;
  readonly request: WireRequest;
  readonly target: Target;
}

function answer(door: AwsDoor, options: AwsOptions, request: WireRequest): Maybe<WireResponse> {
  const target = findTarget(request.headers['x-amz-target'] ?? '');
  const { service } = target;
  const exchange = { door, options, request, target };
  const failed = (error: unknown) => refuse(exchange, error, undefined);
  try {
    const expected = {
      service: service?.name,
      region: regionOfHost(request.host),
      windowSeconds: service?.windowSeconds ?? WINDOW_SECONDS,
    };
    const answered = then(door.enter(request, originOf(request), expected), (entered) => serve(exchange, entered));
    return answered instanceof Promise ? answered.catch(failed) : answered;
  } catch (error) {
    return failed(error);
  }
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

function serve(exchange: Exchange, entered: Entered): Maybe<WireResponse> {
  const { door, request, target } = exchange;
  const { caller, signer, scope, problem, keyId } = entered;
  /** What no operation has judged is written to the ledger here, and answered with what was wrong. */
  const reject = (error: AwsError, fault: Fault): Maybe<WireResponse> => {
    const by = keyId === undefined ? '' : ` by ${keyId}`;
    const asked = `${request.headers['x-amz-target'] ?? request.path}${by}`.slice(0, ASKED_CHARS_MAX);
    const told = (thrown: unknown) => {
      // The audit that cannot be written is what there is to tell then.
      if (thrown instanceof Fault && thrown.code === fault.code) return refuse(exchange, error, undefined);
      throw thrown;
    };
    try {
      const rejected = door.call(rejectRequest, caller, { code: fault.code, facts: fault.facts, asked });
      return rejected instanceof Promise ? rejected.catch(told) : rejected;
    } catch (thrown) {
      return told(thrown);
    }
  };
  if (problem !== undefined || signer === undefined || scope === undefined) {
    const { code = 'UnrecognizedClientException', message = '' } = problem ?? {};
    const isMissing = caller.principal.member === 'anonymous' && caller.refused === undefined;
    return reject(new AwsError(code, message), new Fault(isMissing ? 'CREDENTIAL_MISSING' : 'CREDENTIAL_INVALID'));
  }
  let call: Call | undefined;
  const failed = (error: unknown): Maybe<WireResponse> => {
    // Once an operation has judged, it has written its record too.
    if (call?.judged === true || !(error instanceof AwsError || error instanceof Fault))
      return refuse(exchange, error, call);
    const fault =
      error instanceof Fault ? error : new Fault('INVALID_FIELD', { field: target.operation, problem: error.message });
    return reject(awsErrorOf(error, denied(exchange, call), explainer(exchange, call)), fault);
  };
  try {
    const { action, input } = understood(exchange);
    const asked = {
      service: target.service?.name ?? NAME,
      action: target.operation,
      region: scope.region,
      signer,
      input,
    };
    const made = { door, caller: { ...caller, aws: askOf(asked) }, ...asked };
    const answered = then(located(made), (parts) => {
      call = new Call(parts);
      return then(action(call), (result) => encode(result, request));
    });
    return answered instanceof Promise ? answered.catch(failed) : answered;
  } catch (error) {
    return failed(error);
  }
}

/** The call, led to the other account that it names. What is none of this server's is refused as what may not be seen. */
function located(made: CallParts): Maybe<CallParts> {
  const account = foreignAccount(made.input, made.signer.account);
  if (account === undefined) return made;
  return then(made.door.projectOf(account, made.caller), (project) => {
    if (project === undefined) throw new Fault('PERMISSION_DENIED', { permission: '', resource: account });
    return { ...made, foreign: { account, project } };
  });
}

/** What may be asked for, and with what; throws AwsError. Nothing else than one form of a call is taken. */
function understood({ request, target }: Exchange): { readonly action: Action; readonly input: Json } {
  const { action, operation } = target;
  const { method, path, headers } = request;
  const isCall = method === 'POST' && PATHS.has(path) && JSON_TYPE.test(headers['content-type'] ?? '');
  if (action === undefined || !isCall) {
    throw new AwsError('UnknownOperationException', `${operation.slice(0, 64)} is no operation of this service.`);
  }
  return { action, input: parseBody(request.body) };
}

function encode(result: object, { id }: RequestHead): WireResponse {
  return { status: 200, headers: headersOf(id), body: JSON.stringify(result) };
}

function denied({ target }: Exchange, call: Call | undefined) {
  const resource = call === undefined ? undefined : member(call.input, 'SecretId');
  return {
    arn: call?.signer.arn ?? 'anonymous',
    action: `${target.service?.name ?? NAME}:${target.operation}`,
    resource: typeof resource === 'string' ? resource.slice(0, ASKED_CHARS_MAX) : '*',
  };
}

function refuse(exchange: Exchange, error: unknown, call: Call | undefined): WireResponse {
  const { request, options } = exchange;
  if (!(error instanceof Fault || error instanceof AwsError)) options.onError?.(error, request.id);
  return encodeError(awsErrorOf(error, denied(exchange, call), explainer(exchange, call)), request.id);
}

/** The service's own words for a fault. */
function explainer({ target }: Exchange, call: Call | undefined) {
  return call === undefined ? undefined : (fault: Fault) => target.service?.explain?.(fault, call);
}
