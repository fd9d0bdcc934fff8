// AWS's services as the router sees them. Whoever did not sign well is refused before anything else is looked at; what is
// wrong as written is refused through the door too, so that it is in the ledger. The region is the signature's, the
// account the signer's: one port serves all of them.

import { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import { ANONYMOUS } from '../../core/principal.ts';
import type { AwsDoor, Entered } from '../../ops/aws/door.ts';
import { then } from '../../ops/maybe.ts';
import { rejectRequest } from '../../ops/rejected.ts';
import type { Dialect, RequestHead, WireRequest, WireResponse } from '../../wire/types.ts';
import { askOf } from './ask.ts';
import { Call, type CallParts, NO_SIGNER } from './call.ts';
import { AwsError, awsErrorOf } from './errors.ts';
import { ownsAwsHost, regionOfHost } from './hosts.ts';
import { jsonCall } from './json-call.ts';
import type { Asked } from './protocol.ts';
import { isForm, queryCall } from './query-call.ts';
import { foreignAccount } from './secret-ref.ts';

const NAME = 'aws';
const GRPC_UNIMPLEMENTED = 12;
/** Of what has no service: as long as most have. */
const WINDOW_SECONDS = 300;
const ASKED_CHARS_MAX = 256;

export interface AwsOptions {
  /** Told of every failure that is a bug: the answer says nothing of it. */
  onError?(error: unknown, requestId: string): void;
}

export function createAwsDialect(door: AwsDoor, options: AwsOptions): Dialect {
  return {
    name: NAME,
    ownsHost: ownsAwsHost,
    claims: (head) => isSigned(head) || isForm(head),
    http: (request) => answer(door, options, request),
    grpc: () => ({ ok: false, code: GRPC_UNIMPLEMENTED, message: 'this API has no gRPC form' }),
  };
}

function isSigned({ headers, query }: RequestHead): boolean {
  return (
    headers['x-amz-target'] !== undefined ||
    headers['authorization']?.startsWith('AWS4-') === true ||
    query.includes('X-Amz-Signature=')
  );
}

/** What names its operation in a header is never anything else, whatever its body looks like. */
function askedOf(request: WireRequest): Asked {
  const isQuery = request.headers['x-amz-target'] === undefined && (isForm(request) || request.method === 'GET');
  return isQuery ? queryCall(request) : jsonCall(request);
}

interface Exchange {
  readonly door: AwsDoor;
  readonly options: AwsOptions;
  readonly request: WireRequest;
  readonly asked: Asked;
}

function answer(door: AwsDoor, options: AwsOptions, request: WireRequest): Maybe<WireResponse> {
  const asked = askedOf(request);
  const exchange = { door, options, request, asked };
  const failed = (error: unknown) => refuse(exchange, error, undefined);
  try {
    const answered = then(enter(exchange), (entered) => serve(exchange, entered));
    return answered instanceof Promise ? answered.catch(failed) : answered;
  } catch (error) {
    return failed(error);
  }
}

function enter({ door, request, asked: { service, isOpen } }: Exchange): Maybe<Entered> {
  const origin = originOf(request);
  // Until it has proved who it is, it is one whom every operation refuses.
  if (isOpen === true) return { caller: { ...origin, principal: ANONYMOUS, refused: true } };
  const expected = {
    service: service?.name,
    region: regionOfHost(request.host),
    windowSeconds: service?.windowSeconds ?? WINDOW_SECONDS,
  };
  return door.enter(request, origin, expected);
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
  const { door, request, asked } = exchange;
  const { caller, problem } = entered;
  const isOpen = asked.isOpen === true;
  const { signer, scope } = isOpen ? { signer: NO_SIGNER, scope: { region: '' } } : entered;
  if (problem !== undefined || signer === undefined || scope === undefined) {
    const { code = 'UnrecognizedClientException', message = '' } = problem ?? {};
    const fault = new Fault(caller.refused === true ? 'CREDENTIAL_INVALID' : 'CREDENTIAL_MISSING');
    return reject(exchange, entered, new AwsError(code, message), fault);
  }
  let call: Call | undefined;
  const failed = (error: unknown): Maybe<WireResponse> => {
    const isKnown = error instanceof AwsError || error instanceof Fault;
    // Once an operation has judged, it has written its record too.
    if (call?.judged === true || !isKnown) return refuse(exchange, error, call);
    return reject(
      exchange,
      entered,
      awsErrorOf(error, denied(exchange, call), explainer(exchange, call)),
      faultOf(error, exchange),
    );
  };
  try {
    const { action, input } = asked.understood();
    const ask = {
      service: asked.service?.name ?? NAME,
      action: asked.operation,
      region: scope.region,
      signer,
      input,
    };
    const made = { door, caller: { ...caller, aws: askOf(ask) }, ...ask };
    const answered = then(located(made), (parts) => {
      call = new Call(parts);
      return then(action(call), (result) => asked.encode(result, request.id));
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

/** What the ledger says of a request that no operation has judged. */
function faultOf(error: AwsError | Fault, { asked }: Exchange): Fault {
  if (error instanceof Fault) return error;
  if (asked.isOpen === true) return new Fault('CREDENTIAL_INVALID');
  const field = asked.operation === '' ? 'operation' : asked.operation;
  if (error.code !== 'AccessDeniedException') return new Fault('INVALID_FIELD', { field, problem: error.message });
  return new Fault('PERMISSION_DENIED', { permission: field, resource: 'what the request names' });
}

/** Writes it to the ledger and answers with what was wrong. */
function reject(exchange: Exchange, { caller, keyId }: Entered, error: AwsError, fault: Fault): Maybe<WireResponse> {
  const {
    door,
    asked: { service, operation },
  } = exchange;
  const by = keyId === undefined ? '' : ` by ${keyId}`;
  const asked = `${service?.name ?? NAME}:${operation}${by}`.slice(0, ASKED_CHARS_MAX);
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
}

function denied({ asked }: Exchange, call: Call | undefined) {
  return {
    arn: call?.signer.arn ?? 'anonymous',
    action: `${asked.service?.name ?? NAME}:${asked.operation}`,
    resource: call === undefined ? '*' : asked.resource(call),
  };
}

function refuse(exchange: Exchange, error: unknown, call: Call | undefined): WireResponse {
  const { request, options, asked } = exchange;
  if (!(error instanceof Fault || error instanceof AwsError)) options.onError?.(error, request.id);
  return asked.encodeError(awsErrorOf(error, denied(exchange, call), explainer(exchange, call)), request.id);
}

/** The service's own words for a fault. */
function explainer({ asked }: Exchange, call: Call | undefined) {
  return call === undefined ? undefined : (fault: Fault) => asked.explain?.(fault, call);
}
