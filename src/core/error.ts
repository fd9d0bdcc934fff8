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
  SECRET_ID_MISSING: { class: 'invalid', message: 'a secret needs a name' },
  REPLICATION_MISSING: { class: 'invalid', message: 'a global secret needs a replication policy' },
  REPLICATION_FORBIDDEN: { class: 'invalid', message: 'a regional secret has no replication policy' },
  PAYLOAD_EMPTY: { class: 'invalid', message: 'the payload must not be empty' },
  PAYLOAD_TOO_LARGE: { class: 'invalid', message: 'the payload has {bytes} bytes; at most {limitBytes} are allowed' },
  PAYLOAD_CHECKSUM: { class: 'invalid', message: 'the CRC32C sent does not match the payload' },
  ANNOTATIONS_TOO_LARGE: { class: 'invalid', message: 'the annotations have more than {limitBytes} bytes together' },
  PAGE_TOKEN_INVALID: { class: 'invalid', message: 'the page token is not one that this list gave out' },
  PAGE_SIZE_INVALID: { class: 'invalid', message: 'the page size must not be negative' },
  UPDATE_MASK_MISSING: { class: 'invalid', message: 'an update needs an update mask' },
  UPDATE_MASK_INVALID: { class: 'invalid', message: 'the update mask names {path}, which cannot be updated' },
  FIELD_IMMUTABLE: { class: 'invalid', message: '{field} cannot be changed' },
  VERSION_SELECTOR_INVALID: { class: 'invalid', message: '{selector} does not name one version by number' },
  POLICY_INVALID: { class: 'invalid', message: 'the policy is not valid: {problem}' },
  ROLE_UNKNOWN: { class: 'invalid', message: 'role {role} is not supported for this resource' },
  CONDITION_UNSUPPORTED: { class: 'unimplemented', message: 'IAM conditions are not supported by this server yet' },
  UNIMPLEMENTED: { class: 'unimplemented', message: '{what} is not supported by this server' },
  CREDENTIAL_MISSING: { class: 'unauthenticated', message: 'the request carries no credential' },
  CREDENTIAL_INVALID: {
    class: 'unauthenticated',
    message: 'the credential is not valid, or it has expired or been revoked',
  },
  PERMISSION_DENIED: { class: 'denied', message: '{permission} is denied on {resource} (or it does not exist)' },
  ROUTE_NOT_FOUND: { class: 'missing', message: '{method} {path} is not an operation of this API' },
  PROJECT_NOT_FOUND: { class: 'missing', message: 'project {project} does not exist' },
  SECRET_NOT_FOUND: { class: 'missing', message: 'secret {secret} does not exist' },
  VERSION_NOT_FOUND: { class: 'missing', message: 'version {version} of secret {secret} does not exist' },
  ALIAS_NOT_FOUND: { class: 'missing', message: 'secret {secret} has no alias {alias}' },
  ACCOUNT_NOT_FOUND: { class: 'missing', message: 'service account {account} does not exist' },
  PROJECT_EXISTS: { class: 'exists', message: 'project {project} already exists' },
  SECRET_EXISTS: { class: 'exists', message: 'secret {secret} already exists' },
  ACCOUNT_EXISTS: { class: 'exists', message: 'service account {account} already exists' },
  ETAG_MISMATCH: { class: 'precondition', message: 'the etag sent is not the current one: read again and retry' },
  POLICY_ETAG_MISMATCH: { class: 'conflict', message: 'the policy was changed meanwhile: read it again and retry' },
  VERSION_NOT_ENABLED: { class: 'precondition', message: 'version {version} of secret {secret} is {state}' },
  VERSION_DESTROYED: { class: 'precondition', message: 'version {version} of secret {secret} is destroyed for good' },
  LIMIT_REACHED: { class: 'exhausted', message: '{what}: at most {limit} are allowed' },
  PAYLOAD_CORRUPT: {
    class: 'corrupt',
    message: 'version {version} of secret {secret} does not open: its stored bytes were changed',
  },
  SEALED: { class: 'unavailable', message: 'the server is sealed' },
  AUDIT_UNAVAILABLE: { class: 'unavailable', message: 'the audit log cannot be written, so nothing is answered' },
  STORE_UNAVAILABLE: { class: 'unavailable', message: 'the store cannot be written: {problem}' },
  INTERNAL: { class: 'internal', message: 'internal error' },
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof kinds;
export type Facts = Readonly<Record<string, string | number>>;

export const FAULT_CODES: readonly FaultCode[] = Object.keys(kinds) as FaultCode[];

export class Fault extends Error {
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
