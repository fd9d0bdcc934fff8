// What each fault is on this wire: google.rpc.Code, HTTP status, the real service's text, and its details. Where the real
// text is not known it is Coffer's own. A failure inside the server tells nothing of itself.
// Source: google/rpc/code.proto and error_details.proto; texts as recorded from the real services.

import { create, type Message } from '@bufbuild/protobuf';
import { Code } from '../../../gen/google/rpc/code_pb.js';
import { BadRequestSchema, ErrorInfoSchema } from '../../../gen/google/rpc/error_details_pb.js';
import { type Facts, Fault, type FaultClass, type FaultCode, fill } from '../../core/error.ts';

/** A google.rpc.Status before it is written for one of the transports. */
export interface GcpStatus {
  readonly code: Code;
  readonly message: string;
  readonly details: readonly Message[];
}

/** The call that failed: its service's host and its method, as error details name them. */
export interface FailedCall {
  readonly host: string;
  /** `package.Service` */
  readonly service: string;
  readonly rpc: string;
}

interface WireError {
  readonly code: Code;
  /** `{name}` is replaced by that fact of the fault. */
  readonly message: string;
}

const INVALID = 'Request contains an invalid argument.';
const CREDENTIAL =
  'Expected OAuth 2 access token, login cookie or other valid authentication credential. ' +
  'See https://developers.google.com/identity/sign-in/web/devconsole-project.';
const SECRET = 'projects/{projectNumber}/secrets/{secret}';
const UNAVAILABLE = 'The service is currently unavailable.';

/** What a class of faults is where its code says no more: codes to come compile, and answer sensibly. */
export const CLASS_CODES = {
  invalid: Code.INVALID_ARGUMENT,
  unauthenticated: Code.UNAUTHENTICATED,
  denied: Code.PERMISSION_DENIED,
  missing: Code.NOT_FOUND,
  exists: Code.ALREADY_EXISTS,
  conflict: Code.ABORTED,
  precondition: Code.FAILED_PRECONDITION,
  exhausted: Code.RESOURCE_EXHAUSTED,
  unavailable: Code.UNAVAILABLE,
  unimplemented: Code.UNIMPLEMENTED,
  corrupt: Code.DATA_LOSS,
  internal: Code.INTERNAL,
} as const satisfies Record<FaultClass, Code>;

const MESSAGES = {
  INVALID_FIELD: 'Invalid field "{field}"; {problem}',
  UNKNOWN_FIELD: 'Invalid JSON payload received. Unknown name "{field}": Cannot find field.',
  SECRET_ID_MISSING: 'Secret ID must be provided.',
  REPLICATION_MISSING: 'Secret.replication must be provided.',
  REPLICATION_FORBIDDEN: 'Secret.replication should not be provided.',
  PAYLOAD_EMPTY: 'SecretPayload.data must not be empty.',
  PAYLOAD_TOO_LARGE: 'SecretPayload.data must not exceed {limitBytes} bytes.',
  PAYLOAD_CHECKSUM: 'Provided SecretPayload.data crc32c does not match calculated crc32c.',
  ANNOTATIONS_TOO_LARGE: 'Annotation map must not exceed 16kib.',
  PAGE_TOKEN_INVALID: INVALID,
  PAGE_SIZE_INVALID: INVALID,
  UPDATE_MASK_MISSING: 'Field [update_mask] is required.',
  UPDATE_MASK_INVALID: INVALID,
  FIELD_IMMUTABLE: "Field '{field}' is immutable and cannot be updated.",
  VERSION_SELECTOR_INVALID:
    'The provided Secret Version ID [{selector}] does not match the expected format [projects/*/secrets/*/versions*]',
  POLICY_INVALID: 'The policy is not valid: {problem}.',
  ROLE_UNKNOWN: 'Role {role} is not supported for this resource.',
  CONDITION_UNSUPPORTED: 'IAM conditions are not supported by this server yet.',
  UNIMPLEMENTED: '{what} is not supported by this server.',
  CREDENTIAL_MISSING: `Request is missing required authentication credential. ${CREDENTIAL}`,
  CREDENTIAL_INVALID: `Request had invalid authentication credentials. ${CREDENTIAL}`,
  PERMISSION_DENIED: "Permission '{permission}' denied for resource '{resource}' (or it may not exist).",
  ROUTE_NOT_FOUND: 'Method not found.',
  PROJECT_NOT_FOUND: 'Project [{project}] not found.',
  SECRET_NOT_FOUND: `Secret [${SECRET}] not found.`,
  VERSION_NOT_FOUND: `Secret Version [${SECRET}/versions/{version}] not found.`,
  ALIAS_NOT_FOUND: `Secret [${SECRET}] has no alias [{alias}]`,
  ACCOUNT_NOT_FOUND: 'Unknown service account',
  PROJECT_EXISTS: 'Requested entity already exists',
  SECRET_EXISTS: `Secret [${SECRET}] already exists.`,
  ACCOUNT_EXISTS: 'Service account {accountId} already exists within project projects/{project}.',
  ETAG_MISMATCH:
    "The etag provided in the request does not match the resource's current etag. " +
    'Please retry the whole read-modify-write with exponential backoff.',
  POLICY_ETAG_MISMATCH:
    'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.',
  VERSION_NOT_ENABLED: `Secret Version [${SECRET}/versions/{version}] is in {state} state.`,
  VERSION_DESTROYED: 'SecretVersion.state is already DESTROYED',
  LIMIT_REACHED: 'Quota exceeded for {what}: at most {limit} are allowed.',
  PAYLOAD_CORRUPT: `Secret Version [${SECRET}/versions/{version}] cannot be read: its stored data is damaged.`,
  SEALED: UNAVAILABLE,
  AUDIT_UNAVAILABLE: UNAVAILABLE,
  STORE_UNAVAILABLE: UNAVAILABLE,
  INTERNAL: 'Internal error encountered.',
} as const satisfies Record<FaultCode, string>;

/** What a fault is on this wire. */
export function wireError(fault: Fault): WireError {
  return { code: CLASS_CODES[fault.class], message: fill(MESSAGES[fault.code], wireFacts(fault)) };
}

/** Any failure as a status. What is no fault is a bug of ours: the caller learns that there was one. */
export function statusOf(error: unknown, call: FailedCall): GcpStatus {
  const fault = error instanceof Fault ? error : new Fault('INTERNAL');
  const { code, message } = spoken(fault, call) ?? wireError(fault);
  const said = fault.facts['said'];
  return { code, message: typeof said === 'string' ? said : message, details: detailsOf(fault, call) };
}

function wireFacts(fault: Fault): Facts {
  const { account } = fault.facts;
  return typeof account === 'string' ? { ...fault.facts, accountId: account.split('@')[0] ?? '' } : fault.facts;
}

/** The services do not all say the same thing in the same words. */
function spoken(fault: Fault, { service }: FailedCall): WireError | undefined {
  const { permission = '', resource = '', account = '' } = fault.facts;
  if (fault.code === 'PERMISSION_DENIED' && service.startsWith('google.iam.')) {
    const message = `Permission '${permission}' denied on resource (or it may not exist).`;
    return { code: Code.PERMISSION_DENIED, message };
  }
  if (fault.code === 'PERMISSION_DENIED' && service.startsWith('google.cloud.resourcemanager.')) {
    const name = `//cloudresourcemanager.googleapis.com/${resource}`;
    const message = `Permission '${permission}' denied on resource '${name}' (or it may not exist).`;
    return { code: Code.PERMISSION_DENIED, message };
  }
  if (fault.code === 'ACCOUNT_NOT_FOUND' && service === 'google.iam.credentials.v1.IAMCredentials') {
    return { code: Code.NOT_FOUND, message: `Not found; Gaia id not found for email ${account}` };
  }
  return undefined;
}

function detailsOf(fault: Fault, { host, service, rpc }: FailedCall): Message[] {
  const metadata = { service: host, method: `${service}.${rpc}` };
  const { permission, resource, said, at, reason } = fault.facts;
  switch (fault.code) {
    case 'CREDENTIAL_MISSING':
      return [errorInfo('CREDENTIALS_MISSING', 'googleapis.com', metadata)];
    case 'CREDENTIAL_INVALID':
      return [errorInfo('ACCESS_TOKEN_TYPE_UNSUPPORTED', 'googleapis.com', metadata)];
    case 'PERMISSION_DENIED':
      return [
        errorInfo('IAM_PERMISSION_DENIED', 'iam.googleapis.com', {
          permission: String(permission),
          ...(service.startsWith('google.iam.') ? {} : { resource: String(resource) }),
        }),
      ];
    case 'UNKNOWN_FIELD':
    case 'INVALID_FIELD':
      if (typeof reason === 'string') return [errorInfo(reason, 'googleapis.com', metadata)];
      // Only the front end, which reads the message, tells the place in details.
      return typeof at === 'string' ? [badRequest(at, String(said))] : [];
    default:
      return [];
  }
}

function errorInfo(reason: string, domain: string, metadata: Record<string, string>): Message {
  return create(ErrorInfoSchema, { reason, domain, metadata });
}

function badRequest(field: string, description: string): Message {
  return create(BadRequestSchema, { fieldViolations: [{ field, description }] });
}
