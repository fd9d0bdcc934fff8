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
/** resources.proto, `Secret.version_aliases`. */
export const ALIASES_MAX = 50;
export const ALIAS_CHARS_MAX = 63;
/** resources.proto, `Secret.topics`. */
export const TOPICS_PER_SECRET_MAX = 10;
/** Resource Manager: tags attached to one resource, https://cloud.google.com/resource-manager/docs/limits. */
export const TAGS_MAX = 50;
/** The same page: keys of one project, and values of one key. */
export const TAG_KEYS_PER_PROJECT_MAX = 1000;
export const TAG_VALUES_PER_KEY_MAX = 1000;
/** https://cloud.google.com/resource-manager/docs/tags/tags-creating-and-managing, short names of keys and values. */
export const TAG_NAME_CHARS_MAX = 256;
/** resourcemanager/v3/tag_keys.proto, `TagKey.description`, and `ListTagKeysRequest.page_size`. */
export const TAG_DESCRIPTION_CHARS_MAX = 256;
export const TAGS_PAGE_MAX = 300;
/** Ours: replicas of one secret; Google has fewer locations than this. */
export const REPLICAS_MAX = 50;
/** resources.proto, `Secret.expire_time` and `Rotation`: as far ahead as anything may be planned, 100 years. */
export const SCHEDULE_SECONDS_MAX: number = 876_000 * 3600;
export const EXPIRATION_SECONDS_MIN = 60;
/** resources.proto, `Rotation.next_rotation_time` and `.rotation_period`. */
export const ROTATION_AHEAD_SECONDS_MIN = 300;
export const ROTATION_PERIOD_SECONDS_MIN = 3600;
/** https://cloud.google.com/secret-manager/docs/delay-destruction-of-secret-versions. */
export const DESTROY_TTL_SECONDS_MIN: number = 24 * 3600;
export const DESTROY_TTL_SECONDS_MAX: number = 24_000 * 3600;
/** Azure Key Vault's longest recovery of what was deleted; AWS's is 30 days. */
export const RECOVERY_SECONDS_MAX: number = 90 * 24 * 3600;
/** Ours: a filter of a list: its characters, its comparisons, how deep it nests, and the characters of one value. */
export const FILTER_CHARS_MAX = 4096;
export const FILTER_TERMS_MAX = 64;
export const FILTER_DEPTH_MAX = 16;
export const FILTER_VALUE_CHARS_MAX = 256;
/** Ours: rows that one page of a filtered list looks at; a page may so be short and still not be the last. */
export const FILTER_SCAN_MAX = 1000;
/** Ours: versions with the same value that one answer shows. */
export const SAME_VALUE_MAX = 1000;
/** Ours: things due that are settled before other work gets its turn. */
export const SWEEP_BATCH_MAX = 25;
/** IAM: https://cloud.google.com/iam/quotas, bindings and members of one policy. */
export const POLICY_MEMBERS_MAX = 1500;
export const POLICY_BINDINGS_MAX = 1500;
/** IAM: https://cloud.google.com/iam/quotas, logic operators of one condition, and bindings that differ in it only. */
export const CONDITION_LOGICAL_OPERATORS_MAX = 12;
export const CONDITIONS_PER_MEMBER_MAX = 20;
/** IAM: https://cloud.google.com/iam/docs/conditions-overview, conditional bindings of one policy. */
export const CONDITIONAL_BINDINGS_MAX = 100;
/** IAM: https://cloud.google.com/iam/docs/linting-policies, items of a list given to `hasOnly`. */
export const HAS_ONLY_ITEMS_MAX = 10;
/** Ours: the text of one condition, its parts and nesting once parsed, and the text of all in one policy. */
export const CONDITION_EXPRESSION_CHARS_MAX = 4096;
export const CONDITION_NODES_MAX = 500;
export const CONDITION_DEPTH_MAX = 64;
export const CONDITIONS_CHARS_MAX: number = 64 * 1024;
export const CONDITION_TITLE_CHARS_MAX = 256;
export const CONDITION_DESCRIPTION_CHARS_MAX = 1024;
/** Ours: text of the conditions that are kept compiled. */
export const CONDITIONS_CACHED_CHARS_MAX: number = 512 * 1024;
/** service.proto, `ListSecretsRequest.page_size`: larger values are capped. */
export const PAGE_SIZE_MAX = 25_000;
/** Ours: what a page holds when the caller names no size. */
export const PAGE_SIZE_DEFAULT = 100;
/** Ours: versions of one secret; Google names no limit, and a runaway writer must meet one. */
export const VERSIONS_MAX = 100_000;
/** IAM credentials: `GenerateAccessTokenRequest.lifetime`, at most an hour by default. */
export const TOKEN_SECONDS_MAX = 3600;
export const TOKEN_SECONDS_DEFAULT = 3600;
/** AIP-4111 and RFC 7523 as Google holds it: how long what an account signed may be good for. */
export const ASSERTION_SECONDS_MAX = 3600;
/** Ours: how far the clock of whoever signed may be from ours. */
export const CLOCK_SKEW_SECONDS = 60;
/** Google's ID tokens hold an hour. */
export const ID_TOKEN_SECONDS = 3600;
/** Ours: an audience is a URL, or a text of its size. */
export const AUDIENCE_CHARS_MAX = 1024;
/** STS: what GetSessionToken and AssumeRole take for `DurationSeconds`; the longest is AssumeRole's for both. */
export const AWS_SESSION_SECONDS_MIN = 900;
export const AWS_SESSION_SECONDS_DEFAULT = 3600;
export const AWS_SESSION_SECONDS_MAX = 43_200;
/** IAM: https://cloud.google.com/iam/quotas, user-managed keys of one service account. */
export const KEYS_PER_ACCOUNT_MAX = 10;
/** IAM: https://cloud.google.com/iam/quotas, service accounts of one project. */
export const ACCOUNTS_PER_PROJECT_MAX = 100;
/** Pub/Sub: https://cloud.google.com/pubsub/quotas, topics and subscriptions of one project. */
export const TOPICS_PER_PROJECT_MAX = 10_000;
export const SUBSCRIPTIONS_PER_PROJECT_MAX = 10_000;
/** Pub/Sub keeps what nobody took for 7 days unless told otherwise: `Subscription.message_retention_duration`. */
export const EVENT_RETENTION_SECONDS: number = 7 * 24 * 3600;
/** Ours: events of one page. */
export const EVENTS_PAGE_MAX = 1000;
/** Ours: the largest quota that can be set, requests a minute. */
export const QUOTA_PER_MINUTE_MAX = 100_000_000;
/** resourcemanager/v3/projects.proto, `Project.project_id`. */
export const PROJECT_ID_CHARS_MIN = 6;
export const PROJECT_ID_CHARS_MAX = 30;
/** Ours: projects of one server. */
export const PROJECTS_MAX = 10_000;
/** Ours: audit records of one page of a query. */
export const AUDIT_PAGE_MAX = 1000;
/** Ours: what names a place in the audit log: that of each stream, and the changes that were shown before. */
export const AUDIT_CURSOR_CHARS_MAX: number = 8 * 1024;
/** Ours: lines of the audit log that one part of an export holds; as JSON they take at most twice as much. */
export const AUDIT_PART_BYTES_MAX: number = 2 * 1024 * 1024;
/** Ours: bytes of a backup that one answer holds. */
export const BACKUP_PART_BYTES_MAX: number = 1024 * 1024;
/** Azure Key Vault: https://learn.microsoft.com/azure/key-vault/secrets/about-secrets, characters of a name. */
export const VAULT_NAME_CHARS_MAX = 127;
/** The same page: bytes of a value, tags and their characters. */
export const VAULT_VALUE_BYTES_MAX: number = 25 * 1024;
export const VERSION_TAGS_MAX = 15;
export const VERSION_TAG_CHARS_MAX = 512;
export const CONTENT_TYPE_CHARS_MAX = 255;
/** https://learn.microsoft.com/azure/key-vault/general/backup: versions of one backup. */
export const BACKUP_OF_SECRET_VERSIONS_MAX = 500;
/** Ours: bytes of the values of one backup of a secret; as base64 they fit into a request. */
export const BACKUP_OF_SECRET_BYTES_MAX: number = 2 * 1024 * 1024;
/** Ours: names of keys of AWS's API in one project, with which they are read. */
export const AWS_ALIASES_MAX = 100;
/** AWS Secrets Manager, service-2.json: `NameType`; the labels of one secret, its tags, and `VersionStage`. */
export const AWS_NAME_CHARS_MAX = 512;
export const AWS_STAGES_MAX = 20;
export const AWS_TAGS_MAX = 50;
/** Ours: secrets that are put in order in one go, for a list by anything but their age. */
export const AWS_SORTED_MAX = 10_000;
/** Ours: how long a client secret holds where nobody says otherwise, and at the most; Entra's portal offers two years. */
export const CLIENT_SECRET_SECONDS_MAX: number = 730 * 24 * 3600;
/** Ours: an RSA key of 4096 bits in PEM has 800. */
export const PUBLIC_KEY_CHARS_MAX = 2048;
/** Ours: text a caller chose (user agent, request reason) as kept in an audit record. */
export const AUDIT_TEXT_CHARS_MAX = 256;

/** Ours: the name of a workload. */
export const WORKLOAD_CHARS_MAX = 64;
/** Ours: user agents whose workload is remembered. */
export const USER_AGENTS_CACHED_MAX = 1024;
/** Ours: workloads of one principal that are told apart on one version; further ones count as one without a name. */
export const WORKLOADS_PER_PRINCIPAL_MAX = 100;
/** Ours: sightings of one secret that one question looks at: the newest. */
export const CENSUS_ROWS_MAX = 10_000;
/** Ours: the same of a project for the change of its policy, which looks at each secret too. */
export const CENSUS_OF_PROJECT_MAX = 2_500;
/** Ours: how long a reader that is known already waits to be written again. */
export const CENSUS_DUE_SECONDS = 60;
/** Ours: readers that one thread knows. */
export const CENSUS_ENTRIES_MAX = 10_000;
/** Ours: how long a reader is remembered that reads no more. */
export const CENSUS_RETENTION_SECONDS: number = 400 * 24 * 3600;
/** Ours: for how long a read counts as use where nobody says otherwise, and at the most: less than is remembered. */
export const READER_WINDOW_SECONDS_DEFAULT: number = 7 * 24 * 3600;
export const READER_WINDOW_SECONDS_MAX: number = 365 * 24 * 3600;
/** Ours: secrets of one page of what a principal can reach. */
export const ACCESS_PAGE_MAX = 1000;

/** Ours: a key's name. */
export const KEY_NAME_CHARS_MAX = 255;
/** Ours: versions of one key that are not destroyed. */
export const KEY_VERSIONS_MAX = 10_000;
/** Vault's `auto_rotate_period`: an hour or more. */
export const AUTO_ROTATE_SECONDS_MIN = 3600;
/** Vault's `key_size` of keys for MACs. */
export const MAC_KEY_BYTES_MIN = 32;
export const MAC_KEY_BYTES_MAX = 512;
/** Ours: items of one request to use a key, and different versions that they may need. */
export const KEY_ITEMS_MAX = 10_000;
export const KEY_ITEM_VERSIONS_MAX = 100;
/** Ours: signatures of one request, each of which may take a millisecond and more. */
export const SIGNATURE_ITEMS_MAX = 1000;
/** Ours: what a key is derived for. */
export const KEY_CONTEXT_BYTES_MAX: number = 32 * 1024;
/** Vault's `transit/random`: 128 KiB. */
export const RANDOM_BYTES_MAX: number = 128 * 1024;
/** Ours: rotations that a server carries out at once, and of these how many of one project. */
export const ROTATIONS_AT_ONCE_MAX = 16;
export const ROTATIONS_OF_PROJECT_AT_ONCE_MAX = 4;
/** Ours: of those that are due, how many it looks at in one go. */
export const ROTATIONS_LOOKED_AT_MAX = 1000;

/** AWS Secrets Manager: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html. */
export const AWS_POLICY_CHARS_MAX = 20_480;
/** IAM of AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, policies of one role. */
export const AWS_POLICIES_PER_ACCOUNT_MAX = 10;
/** Ours: text of AWS's policies that one thread keeps compiled. */
export const AWS_POLICIES_CACHED_CHARS_MAX: number = 2 * 1024 * 1024;
