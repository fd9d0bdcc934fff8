// Every bound the server enforces, one constant each with its source. A bound that is not here does not exist.

/** Secret Manager: payload of one version, https://cloud.google.com/secret-manager/quotas. */
export const PAYLOAD_BYTES_MAX: number = 64 * 1024;
/** Secret Manager: secret id, resources.proto `SecretManagerService.CreateSecretRequest.secret_id`. */
export const SECRET_NAME_CHARS_MAX = 255;
/** resources.proto, `Secret.labels`. */
export const LABELS_MAX = 64;
export const LABEL_KEY_CHARS_MAX = 63;
export const LABEL_VALUE_CHARS_MAX = 63;
export const LABEL_BYTES_MAX = 128;
/** resources.proto, `Secret.annotations`: all keys and values together. */
export const ANNOTATIONS_BYTES_MAX: number = 16 * 1024;
export const ANNOTATION_KEY_CHARS_MAX = 64;
/** IAM: https://cloud.google.com/iam/quotas, bindings and members of one policy. */
export const POLICY_MEMBERS_MAX = 1500;
export const POLICY_BINDINGS_MAX = 1500;
/** service.proto, `ListSecretsRequest.page_size`: larger values are capped. */
export const PAGE_SIZE_MAX = 25_000;
/** Ours: what a page holds when the caller names no size. */
export const PAGE_SIZE_DEFAULT = 100;
/** Ours: versions of one secret; Google names no limit, and a runaway writer must meet one. */
export const VERSIONS_MAX = 100_000;
/** IAM credentials: `GenerateAccessTokenRequest.lifetime`, at most an hour by default. */
export const TOKEN_SECONDS_MAX = 3600;
export const TOKEN_SECONDS_DEFAULT = 3600;
/** IAM: https://cloud.google.com/iam/quotas, service accounts of one project. */
export const ACCOUNTS_PER_PROJECT_MAX = 100;
/** resourcemanager/v3/projects.proto, `Project.project_id`. */
export const PROJECT_ID_CHARS_MIN = 6;
export const PROJECT_ID_CHARS_MAX = 30;
/** Ours: projects of one server. */
export const PROJECTS_MAX = 10_000;
/** Ours: audit records of one page of a query. */
export const AUDIT_PAGE_MAX = 1000;
/** Ours: text a caller chose (user agent, request reason) as kept in an audit record. */
export const AUDIT_TEXT_CHARS_MAX = 256;
