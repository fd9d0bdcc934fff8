// What goes wrong in AWS's words. An error of a service's model has its text under `Message`, one of the front end (the
// signature, what is denied, what cannot be read) under `message`; each is 400 but for what is our own. What is no fault is
// a bug of ours, and the caller learns only that there was one. Source: recorded replies of Secrets Manager.

import { Fault, type FaultClass } from '../../core/error.ts';
import type { WireResponse } from '../../wire/types.ts';

/** An error in AWS's own words. Its message holds nothing secret: it goes to the audit too. */
export class AwsError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
  }
}

/** What the front end answers before a service sees the request. */
const FRONT: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'SerializationException',
  'ThrottlingException',
  'UnknownOperationException',
  'UnrecognizedClientException',
  'ValidationException',
]);

/** Who was refused what, for the message. */
export interface Denied {
  readonly arn: string;
  /** `secretsmanager:GetSecretValue`. */
  readonly action: string;
  readonly resource: string;
}

const CLASSES: Readonly<Record<FaultClass, string>> = {
  invalid: 'InvalidParameterException',
  unauthenticated: 'UnrecognizedClientException',
  denied: 'AccessDeniedException',
  missing: 'ResourceNotFoundException',
  exists: 'ResourceExistsException',
  conflict: 'InvalidRequestException',
  precondition: 'InvalidRequestException',
  exhausted: 'LimitExceededException',
  unavailable: 'InternalServiceError',
  unimplemented: 'InvalidRequestException',
  corrupt: 'InternalServiceError',
  internal: 'InternalServiceError',
};

/** What a fault is where a service has no words of its own for it. */
export function errorOf(fault: Fault, denied: Denied): AwsError {
  if (fault.code === 'PERMISSION_DENIED') return deniedError(denied, fault.facts['deniedBy']);
  if (fault.code === 'QUOTA_EXCEEDED') return new AwsError('ThrottlingException', 'Rate exceeded');
  if (fault.code === 'CREDENTIAL_INVALID' || fault.code === 'CREDENTIAL_MISSING') {
    return new AwsError(CLASSES.unauthenticated, 'The security token included in the request is invalid.');
  }
  const code = CLASSES[fault.class];
  const isOurs = fault.class === 'internal' || fault.class === 'corrupt';
  return new AwsError(code, isOurs ? 'An error occurred on the server side.' : fault.message);
}

/** What denies it is told by its kind alone, as AWS tells it. */
function deniedError({ arn, action, resource }: Denied, deniedBy: string | number | undefined): AwsError {
  const kind = String(deniedBy).startsWith('aws resource policy') ? 'a resource-based' : 'an identity-based';
  const why =
    deniedBy === undefined
      ? `because no identity-based policy allows the ${action} action`
      : `with an explicit deny in ${kind} policy`;
  return new AwsError(
    'AccessDeniedException',
    `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  );
}

export function encodeError(error: AwsError, requestId: string): WireResponse {
  const { code, message } = error;
  const text = FRONT.has(code) ? { message } : { Message: message };
  return {
    status: code === 'InternalServiceError' ? 500 : 400,
    headers: headersOf(requestId),
    body: JSON.stringify({ __type: code, ...text }),
  };
}

export function headersOf(requestId: string): Readonly<Record<string, string>> {
  return { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId };
}

/** Any failure as one of AWS's; `explain` is asked first. */
export function awsErrorOf(
  error: unknown,
  denied: Denied,
  explain: ((fault: Fault) => AwsError | undefined) | undefined,
): AwsError {
  if (error instanceof AwsError) return error;
  const fault = error instanceof Fault ? error : new Fault('INTERNAL');
  return explain?.(fault) ?? errorOf(fault, denied);
}
