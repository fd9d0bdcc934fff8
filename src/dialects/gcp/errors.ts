// What each fault is on this wire: google.rpc.Code, HTTP status, the real service's text, and its details. Where the real
// text is not known it is Coffer's own. A failure inside the server tells nothing of itself.
// Source: google/rpc/code.proto and error_details.proto; texts as recorded from the real services.

import { create, type Message } from '@bufbuild/protobuf';
import { Code } from '../../../gen/google/rpc/code_pb.js';
import { BadRequestSchema, ErrorInfoSchema } from '../../../gen/google/rpc/error_details_pb.js';
import { type Facts, Fault, type FaultClass, type FaultCode, fill } from '../../core/error.ts';
import { quotaDetails, quotaFacts } from './quota-error.ts';
import { spokenOfSecret } from './secret-error.ts';

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
const SECRET = 'projects/{projectNumber}/{within}secrets/{secret}';
const PUBSUB = 'google.pubsub.';
const VERSIONS = 'For more information, please refer to https://cloud.google.com/iam/help/allow-policies/versions.';
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
  REGION_INVALID: INVALID,
  SECRET_ID_INVALID: INVALID,
  STAGE_NOT_OF_VERSION: INVALID,
  AWS_REQUEST_INVALID: INVALID,
  LIST_TOO_LONG: INVALID,
  REPLICA_READ_ONLY: 'Precondition check failed.',
  REQUEST_TOKEN_USED: 'Precondition check failed.',
  STAGE_HELD: 'Precondition check failed.',
  REPLICAS_LEFT: 'Precondition check failed.',
  SECRET_ID_MISSING: 'Secret ID must be provided.',
  REPLICATION_MISSING: 'Secret.replication must be provided.',
  REPLICATION_FORBIDDEN: 'Secret.replication should not be provided.',
  PAYLOAD_EMPTY: 'SecretPayload.data must not be empty.',
  PAYLOAD_TOO_LARGE: 'SecretPayload.data must not exceed {limitBytes} bytes.',
  PAYLOAD_CHECKSUM: 'Provided SecretPayload.data crc32c does not match calculated crc32c.',
  ANNOTATIONS_TOO_LARGE: 'Annotation map must not exceed 16kib.',
  ALIAS_VERSION_MISSING: "Aliases cannot be assigned to versions that don't exist",
  EXPIRATION_OUT_OF_RANGE: 'Expiration time must be {bound} from now.',
  DESTROY_TTL_OUT_OF_RANGE: 'Version destroy TTL must be {bound}.',
  ROTATION_TIME_OUT_OF_RANGE: 'Next rotation time must be {bound} from now.',
  ROTATION_PERIOD_OUT_OF_RANGE: 'Rotation period must be {bound}.',
  ROTATION_WITHOUT_TOPICS: 'There must be at least one topic configured when a Rotation policy is set.',
  RECOVERY_OUT_OF_RANGE: INVALID,
  VAULT_REQUEST_INVALID: INVALID,
  VAULT_ENTRY_NOT_FOUND: 'Requested entity was not found.',
  FILTER_INVALID: INVALID,
  PAGE_TOKEN_INVALID: INVALID,
  PAGE_SIZE_INVALID: INVALID,
  UPDATE_MASK_MISSING: 'Field [update_mask] is required.',
  UPDATE_MASK_INVALID: INVALID,
  FIELD_IMMUTABLE: "Field '{field}' is immutable and cannot be updated.",
  VERSION_SELECTOR_INVALID:
    'The provided Secret Version ID [{selector}] does not match the expected format [projects/*/secrets/*/versions*]',
  POLICY_INVALID: 'The policy is not valid: {problem}.',
  DEFAULT_KEY_FOREIGN: 'Secret [{secret}] cannot be read from another AWS account.',
  POLICY_PUBLIC: 'The policy grants to the public in statement {statement}.',
  ROLE_UNKNOWN: 'Role {role} is not supported for this resource.',
  CONDITION_INVALID: 'LintValidationUnits/{rule} Error: {problem}',
  POLICY_VERSION_NEEDED: `Policies with conditions must specify version 3, not version {version}. ${VERSIONS}`,
  POLICY_VERSION_TOO_LOW: `Specified policy version ({version}) cannot be less than the existing policy version (3). ${VERSIONS}`,
  POLICY_CONDITIONS_MIXED:
    'Policy cannot contain both conditions and condition hashes. ' +
    `Please update your client to request version 3 policy. ${VERSIONS}`,
  UNIMPLEMENTED: '{what} is not supported by this server.',
  CREDENTIAL_MISSING: `Request is missing required authentication credential. ${CREDENTIAL}`,
  CREDENTIAL_INVALID: `Request had invalid authentication credentials. ${CREDENTIAL}`,
  PERMISSION_DENIED: "Permission '{permission}' denied for resource '{resource}' (or it may not exist).",
  ROUTE_NOT_FOUND: 'Method not found.',
  KEY_VERSION_INVALID: INVALID,
  KEY_CONTEXT_MISSING: INVALID,
  KEY_CIPHERTEXT_INVALID: 'Decryption failed: verify that the ciphertext and the associated data are correct.',
  KEY_IMPORT_INVALID: 'The wrapped key material could not be imported: {problem}.',
  KEY_NOT_FOUND: 'CryptoKey {key} not found.',
  KEY_VERSION_NOT_FOUND: 'CryptoKeyVersion {key}/cryptoKeyVersions/{version} not found.',
  KEY_EXISTS: 'CryptoKey {key} already exists.',
  KEY_VERSION_TOO_NEW: 'CryptoKeyVersion {version} does not exist.',
  KEY_VERSION_TOO_OLD: 'CryptoKeyVersion {version} is not enabled.',
  KEY_USE_UNSUPPORTED: 'Keys of type {type} do not support this operation.',
  KEY_NOT_EXPORTABLE: 'The material of CryptoKey {key} cannot be exported.',
  KEY_BACKUP_FORBIDDEN: 'CryptoKey {key} cannot be backed up in plain text.',
  KEY_DELETION_FORBIDDEN: 'CryptoKey {key} cannot be deleted.',
  KEY_ROTATION_FORBIDDEN: 'CryptoKey {key} was imported and cannot be rotated.',
  KEY_PRIVATE_MISSING: 'The CryptoKeyVersion has no private key.',
  CUSTOMER_KEY_UNUSABLE: 'The customer-managed key {key} cannot be used: it is {state}.',
  KEY_POLICY_LOCKS_OUT: 'The policy would lock out whoever sets it.',
  AWS_KEY_STATE: 'Key {key} is {state}.',
  AWS_ALIAS_NOT_FOUND: 'No key has the alias {alias}.',
  AWS_ALIAS_EXISTS: 'The alias {alias} already exists.',
  KEY_NOT_IMPORTED: 'No version can be imported into CryptoKey {key}: {problem}.',
  PROJECT_NOT_FOUND: 'Project [{project}] not found.',
  SECRET_NOT_FOUND: `Secret [${SECRET}] not found.`,
  VERSION_NOT_FOUND: `Secret Version [${SECRET}/versions/{version}] not found.`,
  ALIAS_NOT_FOUND: `Secret [${SECRET}] has no alias [{alias}]`,
  LOCATION_NOT_FOUND: 'Location [{location}] not found.',
  TOPIC_NOT_FOUND: 'Topic [{topic}] not found.',
  ACCOUNT_NOT_FOUND: 'Unknown service account',
  ACCOUNT_KEY_NOT_FOUND: 'Service account key {key} does not exist.',
  SUBSCRIPTION_NOT_FOUND: 'Resource not found (resource={id}).',
  TAG_BINDING_NOT_FOUND: 'The TagBinding between the given resource and TagValue was not found.',
  PROJECT_EXISTS: 'Requested entity already exists',
  PROJECT_RETIRED: 'Requested entity already exists',
  PROJECT_PERMANENT: 'Precondition check failed.',
  SECRET_EXISTS: `Secret [${SECRET}] already exists.`,
  SECRET_DELETED: `Secret [${SECRET}] already exists: it is deleted and can be restored until {purgeTime}.`,
  ACCOUNT_EXISTS: 'Service account {accountId} already exists within project projects/{project}.',
  TOPIC_EXISTS: 'Resource already exists in the project (resource={id}).',
  SUBSCRIPTION_EXISTS: 'Resource already exists in the project (resource={id}).',
  TAG_KEY_EXISTS:
    "generic::ALREADY_EXISTS: A TagKey with short name '{name}' already exists under parent 'projects/{projectNumber}'",
  TAG_VALUE_EXISTS: "generic::ALREADY_EXISTS: A TagValue with short name '{name}' already exists under parent '{key}'",
  TAG_BINDING_EXISTS: 'A binding already exists between the given resource and TagValue.',
  ETAG_MISMATCH:
    "The etag provided in the request does not match the resource's current etag. " +
    'Please retry the whole read-modify-write with exponential backoff.',
  POLICY_ETAG_MISMATCH:
    'There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.',
  TAG_ETAG_MISMATCH:
    'There were concurrent changes of {tag}. Please retry the whole read-modify-write with exponential backoff.',
  TAG_KEY_IN_USE:
    'TagKey: {key} has child TagValues. Please list all TagValues under this key and delete them before retrying ' +
    'TagKey deletion.',
  TAG_VALUE_IN_USE:
    "Cannot delete tag value, {value}, because it is still attached to resources in '{place}' region. To delete this " +
    'tag value, remove all holds and then remove it from all resources. At least one binding was found to an active or ' +
    "deleted resource in the '{place}' region.",
  TAG_KEY_BOUND:
    'A binding already exists between the given resource and a TagValue parented by the same TagKey as the given ' +
    'TagValue.',
  TAGS_FULL: '{parent} has reached its limit of {limit} tags.',
  VERSION_NOT_ENABLED: `Secret Version [${SECRET}/versions/{version}] is in {state} state.`,
  VERSION_DESTROYED: 'SecretVersion.state is already DESTROYED',
  VERSION_IN_USE:
    `Secret Version [${SECRET}/versions/{version}] is still in use: it was last read by {reader}. ` +
    'Move its readers to a newer version, or force it with the coffer command line (--force).',
  ACCOUNT_KEYS_FULL: 'Precondition check failed.',
  CHECK_AND_SET_FAILED: 'The current version is not the one that was named.',
  VERSION_SCHEDULED: 'SecretVersion is already scheduled for DESTRUCTION.',
  ROTATION_TIME_MISSING: 'Next rotation time must be set while the rotation period is set.',
  ROTATION_FUNCTION_MISSING: `Secret [${SECRET}] has no rotation function.`,
  ROTATION_FUNCTION_REFUSED: 'Rotation function [{function}] cannot be invoked for this secret.',
  ROTATION_FUNCTIONS_UNSET: 'This server has no address of rotation functions.',
  ROTATION_FUNCTION_UNREACHABLE: 'The rotation function does not answer.',
  GITHUB_MEMBER_UNKNOWN: 'The user is not part of the required organization.',
  GITHUB_UNREACHABLE: 'GitHub does not answer.',
  ROTATION_INCOMPLETE: `An earlier rotation of Secret [${SECRET}] is not complete.`,
  ROTATION_NOT_MANAGED: `Secret [${SECRET}] is not of a type that supports managed rotation.`,
  ROLLBACK_NOWHERE: `Secret [${SECRET}] has no version that was current before.`,
  QUOTA_EXCEEDED:
    "Quota exceeded for quota metric '{metric}' and limit '{metric} per minute' of service " +
    "'secretmanager.googleapis.com' for consumer 'project_number:{projectNumber}'.",
  SECRET_AMBIGUOUS: `Secret [${SECRET}] not found.`,
  BACKUP_BLOB_INVALID: INVALID,
  BACKUP_RUNNING: 'Another backup is being made or fetched.',
  BACKUP_NOT_FOUND: 'Backup not found.',
  ACCESS_KEY_EXISTS: 'Access key {key} already exists.',
  AWS_ACCOUNT_EXISTS: 'AWS account {account} is already another project.',
  LIMIT_REACHED: 'Quota exceeded for {what}: at most {limit} are allowed.',
  PAYLOAD_CORRUPT: `Secret Version [${SECRET}/versions/{version}] cannot be read: its stored data is damaged.`,
  KEY_CORRUPT: 'CryptoKeyVersion {key}/cryptoKeyVersions/{version} cannot be used: its stored data is damaged.',
  KEYS_BUSY: UNAVAILABLE,
  SEALED: UNAVAILABLE,
  AUDIT_INCOMPLETE: 'The audit log is not whole: segment {segment} of its stream {stream}.',
  AUDIT_UNAVAILABLE: UNAVAILABLE,
  BACKUP_FAILED: UNAVAILABLE,
  STORE_UNAVAILABLE: UNAVAILABLE,
  INTERNAL: 'Internal error encountered.',
} as const satisfies Record<FaultCode, string>;

/** What a fault is on this wire. */
export function wireError(fault: Fault): WireError {
  const message = spokenOfSecret(fault) ?? fill(MESSAGES[fault.code], wireFacts(fault));
  return { code: CLASS_CODES[fault.class], message };
}

/** Any failure as a status. What is no fault is a bug of ours: the caller learns that there was one. */
export function statusOf(error: unknown, call: FailedCall): GcpStatus {
  const fault = error instanceof Fault ? error : new Fault('INTERNAL');
  const { code, message } = spoken(fault, call) ?? wireError(fault);
  const said = fault.facts['said'];
  return { code, message: typeof said === 'string' ? said : message, details: detailsOf(fault, call) };
}

function wireFacts(fault: Fault): Facts {
  if (fault.code === 'QUOTA_EXCEEDED') return quotaFacts(fault);
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
  return service.startsWith(PUBSUB) ? spokenByPubsub(fault) : undefined;
}

function spokenByPubsub({ code, facts }: Fault): WireError | undefined {
  switch (code) {
    case 'PERMISSION_DENIED':
      return { code: Code.PERMISSION_DENIED, message: 'User not authorized to perform this action.' };
    case 'TOPIC_NOT_FOUND':
      return { code: Code.NOT_FOUND, message: `Resource not found (resource=${facts['id']}).` };
    case 'PROJECT_NOT_FOUND': {
      const message =
        `Requested project not found or user does not have access to it (project=${facts['project']}). Make sure to ` +
        'specify the unique project identifier and not the Google Cloud Console display name.';
      return { code: Code.NOT_FOUND, message };
    }
    default:
      return undefined;
  }
}

function detailsOf(fault: Fault, { host, service, rpc }: FailedCall): Message[] {
  const metadata = { service: host, method: `${service}.${rpc}` };
  const { permission, resource, said, at, reason } = fault.facts;
  switch (fault.code) {
    case 'CREDENTIAL_MISSING':
      return [errorInfo('CREDENTIALS_MISSING', 'googleapis.com', metadata)];
    case 'CREDENTIAL_INVALID':
      return [errorInfo('ACCESS_TOKEN_TYPE_UNSUPPORTED', 'googleapis.com', metadata)];
    case 'QUOTA_EXCEEDED':
      return quotaDetails(fault);
    case 'PERMISSION_DENIED':
      // Pub/Sub says no more than that.
      if (service.startsWith(PUBSUB)) return [];
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
