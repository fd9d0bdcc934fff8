// Writes docs/errors.md from the fault table of src/core/error.ts, adding to each code what a reader can do about it.
// The compiler asks for a line here when the table gains a code; test/tidy asks for the page when either changes.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAULT_CODES, Fault, type FaultClass, type FaultCode } from '../src/core/error.ts';

const classes: Record<FaultClass, string> = {
  invalid: 'The request is wrong as written; sending it again gives the same answer.',
  unauthenticated: 'The server does not know who is asking.',
  denied: 'The caller is known and may not do this.',
  missing: 'What the request names does not exist.',
  exists: 'What the request would make exists already.',
  conflict: 'Someone else changed the same thing meanwhile; read again, then retry.',
  precondition: 'The request does not fit the present state.',
  exhausted: 'A limit of this server is reached.',
  unavailable: 'The server cannot answer now; the same request may pass later.',
  unimplemented: 'This server does not have the feature.',
  corrupt: 'Stored bytes are not what was written.',
  internal: 'A fault of the server itself.',
};

const remedies: Record<FaultCode, string> = {
  INVALID_FIELD: 'Correct the field that the message names.',
  UNKNOWN_FIELD: 'Remove the field, or correct its spelling.',
  SECRET_ID_MISSING: 'Name the secret: 1 to 255 letters, digits, hyphens and underscores.',
  REPLICATION_MISSING: 'Send a replication policy; `automatic` is right unless you know better.',
  REPLICATION_FORBIDDEN: 'Leave the replication policy out: the location is in the name already.',
  PAYLOAD_EMPTY: 'Send at least one byte. To stop a secret from being read, disable the version instead.',
  PAYLOAD_TOO_LARGE: 'Keep large files elsewhere, encrypted, and store their key here.',
  PAYLOAD_CHECKSUM: 'The payload changed on its way, or the checksum was computed over other bytes: send both again.',
  ANNOTATIONS_TOO_LARGE: 'Shorten or remove annotations; they are notes, not storage.',
  ALIAS_VERSION_MISSING: 'Add the version first, then let the alias name it.',
  EXPIRATION_OUT_OF_RANGE: 'Choose a time, or a `ttl`, within that bound.',
  DESTROY_TTL_OUT_OF_RANGE: 'Choose a delay within that bound, or none.',
  ROTATION_TIME_OUT_OF_RANGE: 'Choose a time within that bound.',
  ROTATION_PERIOD_OUT_OF_RANGE: 'Choose a period within that bound.',
  ROTATION_WITHOUT_TOPICS: 'Set a topic with the rotation, or remove the rotation with the last topic.',
  RECOVERY_OUT_OF_RANGE: 'Ask for a shorter time, or delete it at once.',
  FILTER_INVALID: 'Correct the filter, such as `name:db AND labels.env=prod`.',
  PAGE_TOKEN_INVALID: 'Start the list again without a page token, with the same filter throughout.',
  PAGE_SIZE_INVALID: 'Send a page size of zero (the default) or more.',
  UPDATE_MASK_MISSING: 'Name the fields to change in the update mask.',
  UPDATE_MASK_INVALID: 'Remove that path from the update mask.',
  FIELD_IMMUTABLE: 'Create a new secret with the value you want.',
  VERSION_SELECTOR_INVALID: 'Name the version by its number; `latest` and aliases only work for reading.',
  POLICY_INVALID: 'Correct the binding that the message names, and set the policy again.',
  ROLE_UNKNOWN: 'Use one of the predefined roles that this resource takes.',
  CONDITION_INVALID: 'Correct the expression; see `docs/conditions.md` for what one may hold. Nothing was granted.',
  POLICY_VERSION_NEEDED: 'Set `version: 3` in the policy.',
  POLICY_VERSION_TOO_LOW: 'Read the policy with requested version 3, apply the change, and set it with version 3.',
  POLICY_CONDITIONS_MIXED: 'Read the policy with requested version 3, apply the change, and set it with version 3.',
  UNIMPLEMENTED: 'Do without the feature. Nothing was changed.',
  CREDENTIAL_MISSING: 'Send an access token, or run the program under `coffer run`.',
  CREDENTIAL_INVALID: 'Get a new token with `coffer auth print-access-token`, or start `coffer run` again.',
  PERMISSION_DENIED: 'Have someone with the right add a binding: `coffer secrets add-iam-policy-binding`.',
  PROJECT_NOT_FOUND: 'Check the name, or make the project: `coffer projects create`.',
  SECRET_NOT_FOUND: 'Check the name and the project, or make the secret: `coffer secrets create`.',
  SECRET_AMBIGUOUS: 'Rename one of them, or ask by an API that knows each by its own name.',
  BACKUP_BLOB_INVALID: 'Send the text exactly as the backup gave it, to the server that made it.',
  VERSION_NOT_FOUND: 'List the versions that exist: `coffer secrets versions list`.',
  ROUTE_NOT_FOUND: 'Check the method and the path against the documentation of the API you mean to call.',
  ALIAS_NOT_FOUND: 'See the aliases of the secret: `coffer secrets describe`.',
  LOCATION_NOT_FOUND: 'List the locations that are known: `coffer secrets locations list`.',
  TOPIC_NOT_FOUND: 'Make the topic first: `coffer pubsub topics create`.',
  ACCOUNT_NOT_FOUND: 'Check the address, or make the account: `coffer iam service-accounts create`.',
  ACCOUNT_KEY_NOT_FOUND: 'List the keys that exist: `coffer iam service-accounts keys list`.',
  SUBSCRIPTION_NOT_FOUND: 'List the subscriptions that exist: `coffer pubsub subscriptions list`.',
  TAG_BINDING_NOT_FOUND: 'List the tags that the secret has: `tagBindings.list` of Resource Manager.',
  PROJECT_EXISTS: 'Use the project that exists, or choose another name.',
  SECRET_EXISTS: 'Add a version to the secret that exists, or choose another name.',
  SECRET_DELETED: 'Restore it with the tool that deleted it, wait for that time, or choose another name.',
  ACCOUNT_EXISTS: 'Use the account that exists, or choose another name.',
  TOPIC_EXISTS: 'Use the topic that exists, or choose another name.',
  SUBSCRIPTION_EXISTS: 'Use the subscription that exists, or choose another name.',
  TAG_KEY_EXISTS: 'Use the tag key that exists, or choose another name.',
  TAG_VALUE_EXISTS: 'Use the tag value that exists, or choose another name.',
  TAG_BINDING_EXISTS: 'The secret has the tag already; nothing is to be done.',
  ETAG_MISMATCH: 'Read the resource again, apply the change to what you read, and send its etag.',
  POLICY_ETAG_MISMATCH: 'Read the policy again, apply the change to what you read, and set it with its etag.',
  TAG_ETAG_MISMATCH: 'Read the tag again, and send its etag.',
  TAG_KEY_IN_USE: 'Delete the values of the tag key, then the key.',
  TAG_VALUE_IN_USE: 'Delete the bindings of the tag value, or the secrets that have it, then the value.',
  TAG_KEY_BOUND: 'Delete the binding of the other value; a secret has one value of a tag key.',
  TAGS_FULL: 'Delete a tag key or value that nothing uses any more.',
  VERSION_NOT_ENABLED: 'Enable the version, or read another one.',
  VERSION_DESTROYED: 'Nothing brings its payload back. Add a new version.',
  VERSION_IN_USE:
    'Move the reader to a newer version (`coffer secrets consumers` shows all of them), or insist with `--force`. ' +
    'See `docs/census.md`.',
  ACCOUNT_KEYS_FULL: 'Delete a key that nothing uses any more: `coffer iam service-accounts keys delete`.',
  VERSION_SCHEDULED: 'Wait for the time at which it is destroyed, or enable the version to keep it.',
  ROTATION_TIME_MISSING: 'Send the time of the next rotation along with the period.',
  ROTATION_NOT_MANAGED: 'Rotate it yourself: add a version, or set a rotation schedule and act on its notices.',
  ROLLBACK_NOWHERE: 'Name the version that should be current: `coffer secrets promote`.',
  QUOTA_EXCEEDED: 'Ask less often, or raise the quota: `coffer projects update --quota`.',
  BACKUP_RUNNING: 'Wait for it, or try again after five minutes.',
  BACKUP_NOT_FOUND: 'Begin another: `coffer backup create`.',
  BACKUP_FAILED: 'Read why in the server log: a backup needs twice the room of the store in the data directory.',
  LIMIT_REACHED: 'Remove what is no longer needed.',
  PAYLOAD_CORRUPT: 'Restore the data directory from a backup, and find out who or what wrote to it.',
  SEALED: 'See `/coffer/v1/seal` for what the server is waiting for.',
  AUDIT_INCOMPLETE: 'Find out with `coffer audit verify` what was done to the log, and keep what is left as evidence.',
  AUDIT_UNAVAILABLE: 'Free space, or repair the disk that holds the data directory; the server then goes on by itself.',
  STORE_UNAVAILABLE: 'Free space, or repair the disk that holds the data directory; nothing was changed.',
  INTERNAL: 'Look for the request id of the answer in the server log, and report it as a bug.',
};

/** The whole of docs/errors.md. */
export function errorsDoc(): string {
  const used = (Object.keys(classes) as FaultClass[]).filter((name) => codesOf(name).length > 0);
  const cell = (text: string) => text.replaceAll('|', '\\|');
  return [
    '# Errors',
    '',
    'Every way in which a request can fail, by class. This page is made from `src/core/error.ts` by `make docs`.',
    'A `{name}` in a message stands for that fact of the request. Each dialect may say the same in the words of its',
    'cloud and maps the class to its own status. No message holds a payload or a credential.',
    '',
    ...used.flatMap((name) => [
      `## ${name}`,
      '',
      classes[name],
      '',
      '| code | message | what to do |',
      '| --- | --- | --- |',
      ...codesOf(name).map((code) => `| \`${code}\` | ${cell(new Fault(code).message)} | ${cell(remedies[code])} |`),
      '',
    ]),
  ].join('\n');
}

function codesOf(name: FaultClass): FaultCode[] {
  return FAULT_CODES.filter((code) => new Fault(code).class === name);
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/errors.md'), errorsDoc());
