// The one table of what can go wrong. A Fault carries a code and the plain facts; the text here is Coffer's own, and
// each dialect may say the same in its cloud's words. No fact may ever hold a payload or a credential.

/** What a dialect falls back on for a code that it does not know by name. */
export type FaultClass =
  | 'invalid'
  | 'unauthenticated'
  | 'denied'
  | 'missing'
  | 'exists'
  | 'conflict'
  | 'precondition'
  | 'exhausted'
  | 'unavailable'
  | 'unimplemented'
  | 'corrupt'
  | 'internal';

interface FaultKind {
  readonly class: FaultClass;
  /** `{name}` is replaced by that fact. */
  readonly message: string;
}

const kinds = {
  INVALID_FIELD: { class: 'invalid', message: '{field}: {problem}' },
  UNKNOWN_FIELD: { class: 'invalid', message: 'unknown field {field}' },
  REGION_INVALID: { class: 'invalid', message: 'a region has up to 32 lower-case letters, digits and hyphens' },
  SECRET_ID_INVALID: { class: 'invalid', message: 'not the name or ARN of a secret' },
  STAGE_NOT_OF_VERSION: { class: 'invalid', message: 'version {version} does not carry the staging label {stage}' },
  SECRET_ID_MISSING: { class: 'invalid', message: 'a secret needs a name' },
  REPLICATION_MISSING: { class: 'invalid', message: 'a global secret needs a replication policy' },
  REPLICATION_FORBIDDEN: { class: 'invalid', message: 'a regional secret has no replication policy' },
  PAYLOAD_EMPTY: { class: 'invalid', message: 'the payload must not be empty' },
  PAYLOAD_TOO_LARGE: { class: 'invalid', message: 'the payload has {bytes} bytes; at most {limitBytes} are allowed' },
  PAYLOAD_CHECKSUM: { class: 'invalid', message: 'the CRC32C sent does not match the payload' },
  ANNOTATIONS_TOO_LARGE: { class: 'invalid', message: 'the annotations have more than {limitBytes} bytes together' },
  ALIAS_VERSION_MISSING: { class: 'invalid', message: 'an alias can only name a version that exists' },
  EXPIRATION_OUT_OF_RANGE: { class: 'invalid', message: 'the expiration must be {bound} in the future' },
  DESTROY_TTL_OUT_OF_RANGE: { class: 'invalid', message: 'the delay of destruction must be {bound}' },
  ROTATION_TIME_OUT_OF_RANGE: { class: 'invalid', message: 'the next rotation must be {bound} in the future' },
  ROTATION_PERIOD_OUT_OF_RANGE: { class: 'invalid', message: 'the rotation period must be {bound}' },
  ROTATION_WITHOUT_TOPICS: { class: 'invalid', message: 'a rotation needs at least one topic to tell' },
  RECOVERY_OUT_OF_RANGE: {
    class: 'invalid',
    message: 'a deleted secret can be kept for at most {limitSeconds} seconds',
  },
  VAULT_REQUEST_INVALID: { class: 'invalid', message: '{problem}' },
  FILTER_INVALID: { class: 'invalid', message: 'the filter is not valid: {problem}' },
  PAGE_TOKEN_INVALID: { class: 'invalid', message: 'the page token is not one that this list gave out' },
  PAGE_SIZE_INVALID: { class: 'invalid', message: 'the page size must not be negative' },
  UPDATE_MASK_MISSING: { class: 'invalid', message: 'an update needs an update mask' },
  UPDATE_MASK_INVALID: { class: 'invalid', message: 'the update mask names {path}, which cannot be updated' },
  FIELD_IMMUTABLE: { class: 'invalid', message: '{field} cannot be changed' },
  VERSION_SELECTOR_INVALID: { class: 'invalid', message: '{selector} does not name one version by number' },
  POLICY_INVALID: { class: 'invalid', message: 'the policy is not valid: {problem}' },
  DEFAULT_KEY_FOREIGN: {
    class: 'precondition',
    message: 'secret {secret} is under the key of its own account, which another account cannot use',
  },
  POLICY_PUBLIC: { class: 'invalid', message: 'statement {statement} of the policy grants to the public' },
  ROLE_UNKNOWN: { class: 'invalid', message: 'role {role} is not supported for this resource' },
  CONDITION_INVALID: { class: 'invalid', message: 'the condition cannot be set ({rule}): {problem}' },
  POLICY_VERSION_NEEDED: { class: 'invalid', message: 'a policy with conditions has version 3, not {version}' },
  POLICY_VERSION_TOO_LOW: {
    class: 'invalid',
    message: 'the policy has conditions, which version {version} cannot show: read and set it as version 3',
  },
  POLICY_CONDITIONS_MIXED: {
    class: 'invalid',
    message: 'a policy cannot hold conditions and hashes of conditions: read and set it as version 3',
  },
  KEY_VERSION_INVALID: { class: 'invalid', message: '{version} is no version of a key' },
  KEY_CONTEXT_MISSING: { class: 'invalid', message: 'a derived key is used with a context, and the request has none' },
  KEY_CIPHERTEXT_INVALID: { class: 'invalid', message: 'the ciphertext does not open: {problem}' },
  KEY_IMPORT_INVALID: { class: 'invalid', message: 'the key cannot be imported: {problem}' },
  UNIMPLEMENTED: { class: 'unimplemented', message: '{what} is not supported by this server' },
  CREDENTIAL_MISSING: { class: 'unauthenticated', message: 'the request carries no credential' },
  CREDENTIAL_INVALID: {
    class: 'unauthenticated',
    message: 'the credential is not valid, or it has expired or been revoked',
  },
  PERMISSION_DENIED: { class: 'denied', message: '{permission} is denied on {resource} (or it does not exist)' },
  ROUTE_NOT_FOUND: { class: 'missing', message: '{method} {path} is not an operation of this API' },
  VAULT_ENTRY_NOT_FOUND: { class: 'missing', message: 'nothing is at {path}' },
  BACKUP_NOT_FOUND: { class: 'missing', message: 'there is no such backup, or nobody asked for it for too long' },
  PROJECT_NOT_FOUND: { class: 'missing', message: 'project {project} does not exist' },
  SECRET_NOT_FOUND: { class: 'missing', message: 'secret {secret} does not exist' },
  SECRET_AMBIGUOUS: {
    class: 'missing',
    message: 'more than one secret can be meant by {secret}: name it as it is stored, by another API',
  },
  BACKUP_BLOB_INVALID: { class: 'invalid', message: 'this is no backup of a secret that this server made' },
  VERSION_NOT_FOUND: { class: 'missing', message: 'version {version} of secret {secret} does not exist' },
  ALIAS_NOT_FOUND: { class: 'missing', message: 'secret {secret} has no alias {alias}' },
  LOCATION_NOT_FOUND: { class: 'missing', message: 'location {location} is none that is known' },
  TOPIC_NOT_FOUND: { class: 'missing', message: 'topic {topic} does not exist' },
  ACCOUNT_NOT_FOUND: { class: 'missing', message: 'service account {account} does not exist' },
  ACCOUNT_KEY_NOT_FOUND: { class: 'missing', message: 'service account {account} has no key {key}' },
  SUBSCRIPTION_NOT_FOUND: { class: 'missing', message: 'subscription {subscription} does not exist' },
  TAG_BINDING_NOT_FOUND: { class: 'missing', message: '{secret} does not have {value}' },
  KEY_NOT_FOUND: { class: 'missing', message: 'key {key} does not exist' },
  KEY_VERSION_NOT_FOUND: { class: 'missing', message: 'version {version} of key {key} does not exist' },
  REPLICA_READ_ONLY: { class: 'precondition', message: 'secret {secret} is a replica here: change it in {region}' },
  REQUEST_TOKEN_USED: {
    class: 'exists',
    message: 'the request token {token} has written another value of secret {secret} before',
  },
  STAGE_HELD: {
    class: 'precondition',
    message: 'staging label {stage} is on version {holder}: name that as the one to take it from',
  },
  REPLICAS_LEFT: { class: 'precondition', message: 'secret {secret} still has replicas: {regions}' },
  LIST_TOO_LONG: {
    class: 'exhausted',
    message: 'more than {limit} secrets can only be listed by when they were made',
  },
  AWS_REQUEST_INVALID: { class: 'invalid', message: '{problem}' },
  PROJECT_EXISTS: { class: 'exists', message: 'project {project} already exists' },
  PROJECT_RETIRED: { class: 'exists', message: 'project {project} was deleted, and its id is not given again' },
  PROJECT_PERMANENT: { class: 'precondition', message: 'project {project} is the first one of the server, and stays' },
  SECRET_EXISTS: { class: 'exists', message: 'secret {secret} already exists' },
  SECRET_DELETED: { class: 'exists', message: 'secret {secret} is deleted and can be restored until {purgeTime}' },
  ACCOUNT_EXISTS: { class: 'exists', message: 'service account {account} already exists' },
  ACCESS_KEY_EXISTS: { class: 'exists', message: 'access key {key} is already one of a service account' },
  AWS_ACCOUNT_EXISTS: { class: 'exists', message: 'another project is, or was, AWS account {account}' },
  TOPIC_EXISTS: { class: 'exists', message: 'topic {topic} already exists' },
  SUBSCRIPTION_EXISTS: { class: 'exists', message: 'subscription {subscription} already exists' },
  TAG_KEY_EXISTS: { class: 'exists', message: 'project {project} already has a tag key {name}' },
  TAG_VALUE_EXISTS: { class: 'exists', message: '{key} already has a value {name}' },
  TAG_BINDING_EXISTS: { class: 'exists', message: '{secret} already has {value}' },
  KEY_EXISTS: { class: 'exists', message: 'key {key} already exists' },
  ETAG_MISMATCH: { class: 'precondition', message: 'the etag sent is not the current one: read again and retry' },
  POLICY_ETAG_MISMATCH: { class: 'conflict', message: 'the policy was changed meanwhile: read it again and retry' },
  TAG_ETAG_MISMATCH: { class: 'conflict', message: 'the etag sent is not that of {tag}: read it again and retry' },
  TAG_KEY_IN_USE: { class: 'precondition', message: '{key} still has values: delete them first' },
  TAG_VALUE_IN_USE: {
    class: 'precondition',
    message: '{value} is still bound to a secret ({place}): remove it there first',
  },
  TAG_KEY_BOUND: { class: 'precondition', message: '{secret} already has another value of {key}: remove that first' },
  TAGS_FULL: { class: 'precondition', message: '{parent} has {limit} of its tags: it can have no more' },
  VERSION_NOT_ENABLED: { class: 'precondition', message: 'version {version} of secret {secret} is {state}' },
  VERSION_DESTROYED: { class: 'precondition', message: 'version {version} of secret {secret} is destroyed for good' },
  VERSION_IN_USE: {
    class: 'precondition',
    message: 'version {version} of secret {secret} is still in use: it was last read by {reader}',
  },
  ACCOUNT_KEYS_FULL: {
    class: 'precondition',
    message: 'service account {account} has {limit} keys: it can have no more',
  },
  QUOTA_EXCEEDED: {
    class: 'exhausted',
    message: 'project {project} had its {limit} {quota} requests of this minute: retry later',
  },
  CHECK_AND_SET_FAILED: {
    class: 'precondition',
    message: 'the current version is not the one that check-and-set named: read again and retry',
  },
  VERSION_SCHEDULED: {
    class: 'precondition',
    message: 'version {version} of secret {secret} is already scheduled to be destroyed',
  },
  KEY_VERSION_TOO_NEW: { class: 'precondition', message: 'version {version} is newer than the newest, {latest}' },
  KEY_VERSION_TOO_OLD: {
    class: 'precondition',
    message: 'version {version} is older than the oldest that may be used so, {least}',
  },
  KEY_USE_UNSUPPORTED: { class: 'precondition', message: 'a key of type {type} cannot {use}' },
  KEY_NOT_EXPORTABLE: { class: 'precondition', message: 'key {key} does not let its material out' },
  KEY_BACKUP_FORBIDDEN: { class: 'precondition', message: 'key {key} takes no backup in plain text' },
  KEY_DELETION_FORBIDDEN: { class: 'precondition', message: 'key {key} may not be deleted' },
  KEY_ROTATION_FORBIDDEN: { class: 'precondition', message: 'key {key} was imported and may not be rotated here' },
  KEY_PRIVATE_MISSING: { class: 'precondition', message: 'only the public half of this version is here' },
  CUSTOMER_KEY_UNUSABLE: {
    class: 'precondition',
    message: 'the key {key}, under which the value is or is to be, cannot be used: it is {state}',
  },
  KEY_POLICY_LOCKS_OUT: { class: 'invalid', message: 'by this policy whoever sets it could not set another' },
  AWS_KEY_STATE: { class: 'precondition', message: 'key {key} is {state}' },
  AWS_ALIAS_NOT_FOUND: { class: 'missing', message: 'no key has the alias {alias}' },
  AWS_ALIAS_EXISTS: { class: 'exists', message: 'the alias {alias} already exists' },
  KEY_NOT_IMPORTED: { class: 'precondition', message: 'key {key} was not imported, or {problem}' },
  ROTATION_TIME_MISSING: { class: 'precondition', message: 'a rotation period needs the time of the next rotation' },
  ROTATION_FUNCTION_MISSING: { class: 'precondition', message: 'secret {secret} has no rotation function' },
  ROTATION_FUNCTION_REFUSED: {
    class: 'denied',
    message: 'there is no rotation function {function} that may be invoked for this secret',
  },
  ROTATION_FUNCTIONS_UNSET: {
    class: 'precondition',
    message: 'this server has no address of rotation functions: start it with --aws-lambda-endpoint',
  },
  ROTATION_FUNCTION_UNREACHABLE: {
    class: 'unavailable',
    message: 'the rotation function does not answer: retry later',
  },
  GITHUB_MEMBER_UNKNOWN: {
    class: 'denied',
    message: 'user is not part of required org, or GitHub does not take the token',
  },
  GITHUB_UNREACHABLE: {
    class: 'unavailable',
    message: "GitHub's API gives no usable answer at the base_url of this auth method",
  },
  ROTATION_INCOMPLETE: {
    class: 'precondition',
    message: 'an earlier rotation of secret {secret} is not complete; it is tried again',
  },
  ROTATION_NOT_MANAGED: { class: 'precondition', message: 'secret {secret} is of no type whose rotation is managed' },
  ROLLBACK_NOWHERE: { class: 'precondition', message: 'secret {secret} has no version that was current before' },
  AUDIT_INCOMPLETE: {
    class: 'precondition',
    message: 'the audit log is not pruned: segment {segment} of its stream {stream} does not lead to what follows it',
  },
  BACKUP_RUNNING: { class: 'precondition', message: 'another backup is being made or fetched' },
  LIMIT_REACHED: { class: 'exhausted', message: '{what}: at most {limit} are allowed' },
  PAYLOAD_CORRUPT: {
    class: 'corrupt',
    message: 'version {version} of secret {secret} does not open: its stored bytes were changed',
  },
  KEY_CORRUPT: {
    class: 'corrupt',
    message: 'version {version} of key {key} does not open: its stored bytes were changed',
  },
  KEYS_BUSY: { class: 'unavailable', message: 'too many requests wait for slow work with keys: retry later' },
  SEALED: { class: 'unavailable', message: 'the server is sealed' },
  AUDIT_UNAVAILABLE: { class: 'unavailable', message: 'the audit log cannot be written, so nothing is answered' },
  BACKUP_FAILED: { class: 'unavailable', message: 'the backup could not be made' },
  STORE_UNAVAILABLE: { class: 'unavailable', message: 'the store cannot be written: {problem}' },
  INTERNAL: { class: 'internal', message: 'internal error' },
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof kinds;
export type Facts = Readonly<Record<string, string | number>>;

export const FAULT_CODES: readonly FaultCode[] = Object.keys(kinds) as FaultCode[];

/** A fault as plain data, for where it crosses to another thread. */
export interface FaultData {
  readonly code: FaultCode;
  readonly facts: Facts;
}

export class Fault extends Error implements FaultData {
  readonly code: FaultCode;
  readonly facts: Facts;

  constructor(code: FaultCode, facts: Facts = {}, options?: ErrorOptions) {
    super(fill(kinds[code].message, facts), options);
    this.name = 'Fault';
    this.code = code;
    this.facts = facts;
  }

  get class(): FaultClass {
    return kinds[this.code].class;
  }
}

/** Replaces each `{name}` of a template by that fact; an absent one stays as written. */
export function fill(template: string, facts: Facts): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole));
}
