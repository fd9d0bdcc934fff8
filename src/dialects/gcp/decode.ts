// Google's messages as commands of the core. Each answers "is this the shape?"; whether the values are legal, the core
// says. A field whose meaning comes with a later release is refused by name where it is set: never ignored in silence.

import { base64Encode } from '@bufbuild/protobuf/wire';
import type { Duration } from '@bufbuild/protobuf/wkt';
import type {
  Secret as SecretMessage,
  SecretPayload,
} from '../../../gen/google/cloud/secretmanager/v1/resources_pb.js';
import type {
  CreateSecretRequest,
  UpdateSecretRequest,
} from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';
import type { GetIamPolicyRequest, SetIamPolicyRequest } from '../../../gen/google/iam/v1/iam_policy_pb.js';
import { Fault } from '../../core/error.ts';
import type { PolicyInput } from '../../core/iam/policy.ts';
import { Redacted } from '../../core/redacted.ts';
import type { Replication } from '../../core/secret.ts';
import type { PageRequest } from '../../ops/paging.ts';
import type { CreateSecret, UpdateSecret } from '../../ops/secrets.ts';
import type { AddVersion } from '../../ops/versions.ts';
import { invalidField, unsupported } from './invalid.ts';
import { parseProjectName, parseSecretId, parseSecretRef } from './names.ts';

/** An etag as the wire shows it, without its quotes. Empty is none; another form matches nothing. */
export function decodeEtag(etag: string): { readonly etag?: string } {
  if (etag === '') return {};
  return { etag: /^"([0-9a-f]{1,32})"$/.exec(etag)?.[1] ?? 'no etag has this form' };
}

/** A page as asked for; throws UNIMPLEMENTED where the list was also to be filtered. */
export function decodePage(request: { pageSize: number; pageToken: string; filter?: string }): PageRequest {
  if (request.filter !== undefined && request.filter !== '') throw unsupported('Field [filter]');
  return { pageSize: request.pageSize, pageToken: request.pageToken };
}

/** Fields of a secret that are not built, by their names in the proto. */
const LATER: readonly (readonly [name: string, isSet: (secret: SecretMessage) => boolean])[] = [
  ['topics', (secret) => secret.topics.length > 0],
  ['expire_time', (secret) => secret.expiration.case === 'expireTime'],
  ['ttl', (secret) => secret.expiration.case === 'ttl'],
  ['rotation', (secret) => secret.rotation !== undefined],
  ['version_aliases', (secret) => Object.keys(secret.versionAliases).length > 0],
  ['version_destroy_ttl', (secret) => secret.versionDestroyTtl !== undefined],
  ['customer_managed_encryption', (secret) => secret.customerManagedEncryption !== undefined],
  ['tags', (secret) => Object.keys(secret.tags).length > 0],
  ['secret_type', (secret) => secret.secretType !== 0],
];

export function decodeCreateSecret({ parent, secretId, secret }: CreateSecretRequest): CreateSecret {
  const project = parseProjectName(parent, 'parent');
  const name = parseSecretId(secretId);
  const replication = decodeReplication(secret?.replication?.replication);
  for (const [field, isSet] of LATER) if (secret && isSet(secret)) throw unsupported(`Field [secret.${field}]`);
  return { project, name, replication, labels: secret?.labels ?? {}, annotations: secret?.annotations ?? {} };
}

type ReplicationChoice = NonNullable<SecretMessage['replication']>['replication'];

const LOCATION = /^[a-z][a-z0-9-]{0,62}$/;
/** Ours: Google has fewer locations than this. */
const REPLICAS_MAX = 50;

function decodeReplication(choice: ReplicationChoice | undefined): Replication {
  if (choice === undefined || choice.case === undefined) throw new Fault('REPLICATION_MISSING');
  const parts = choice.case === 'automatic' ? [choice.value] : choice.value.replicas;
  if (parts.some((part) => part.customerManagedEncryption !== undefined)) {
    throw unsupported('Field [secret.replication.customer_managed_encryption]');
  }
  if (choice.case === 'automatic') return { locations: [] };
  const locations = choice.value.replicas.map((replica) => replica.location);
  const legal =
    locations.length > 0 && locations.length <= REPLICAS_MAX && locations.every((each) => LOCATION.test(each));
  if (!legal || new Set(locations).size !== locations.length) {
    throw invalidField('secret.replication.user_managed.replicas', 'must be distinct locations, at least one');
  }
  return { locations };
}

const IGNORED_PATHS = new Set(['name', 'create_time', 'etag', 'tags']);
const IMMUTABLE_PATHS = new Set(['secret_type', 'policy_member', 'replication']);
const LATER_PATHS = new Map(LATER);
const ROTATION_PATHS = new Set(['rotation.next_rotation_time', 'rotation.rotation_period']);

/** A path of a mask in the proto's spelling. */
function snakePath(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function decodeUpdateSecret({ secret, updateMask }: UpdateSecretRequest): UpdateSecret {
  if (secret === undefined) throw invalidField('secret', 'is required', 'Field [secret] is required.');
  const ref = parseSecretRef(secret.name, 'secret.name');
  if (updateMask === undefined) throw new Fault('UPDATE_MASK_MISSING');
  const paths = new Set(updateMask.paths.map(snakePath));
  for (const path of paths) checkMaskPath(path, secret);
  return {
    ...ref,
    ...decodeEtag(secret.etag),
    ...(paths.has('labels') ? { labels: secret.labels } : {}),
    ...(paths.has('annotations') ? { annotations: secret.annotations } : {}),
  };
}

function checkMaskPath(path: string, secret: SecretMessage): void {
  if (path === 'labels' || path === 'annotations' || IGNORED_PATHS.has(path)) return;
  if (IMMUTABLE_PATHS.has(path)) throw new Fault('FIELD_IMMUTABLE', { field: path });
  const isSet = LATER_PATHS.get(ROTATION_PATHS.has(path) ? 'rotation' : path);
  if (isSet === undefined) throw new Fault('UPDATE_MASK_INVALID', { path: 'a path that no secret has' });
  // Clearing what no secret of this server can have changes nothing.
  if (isSet(secret)) throw unsupported(`Field [secret.${path}]`);
}

export function decodeAddVersion(parent: string, payload: SecretPayload | undefined): AddVersion {
  const ref = parseSecretRef(parent, 'parent');
  const sum = payload?.dataCrc32c;
  return {
    ...ref,
    payload: new Redacted<Uint8Array>(payload?.data ?? new Uint8Array()),
    // Out of the range of a CRC-32C the number matches no payload.
    ...(sum === undefined ? {} : { crc32c: sum >= 0n && sum < 2n ** 32n ? Number(sum) : -1 }),
  };
}

const POLICY_VERSIONS = new Set([0, 1, 3]);

/** Throws for a policy format that does not exist. Every format is answered alike: no policy has conditions yet. */
export function checkPolicyRequest({ options }: GetIamPolicyRequest): void {
  if (options !== undefined && !POLICY_VERSIONS.has(options.requestedPolicyVersion)) {
    throw invalidField('options.requested_policy_version', 'must be 0, 1 or 3');
  }
}

export function decodePolicy({ policy }: SetIamPolicyRequest): PolicyInput & { readonly etag?: string } {
  if (policy === undefined) throw invalidField('policy', 'is required');
  if (!POLICY_VERSIONS.has(policy.version)) throw invalidField('policy.version', 'must be 0, 1 or 3');
  if (policy.auditConfigs.length > 0) throw unsupported('Field [policy.audit_configs]');
  return {
    bindings: policy.bindings.map(({ role, members, condition }) => ({
      role,
      members,
      conditional: condition !== undefined,
    })),
    ...(policy.etag.length === 0 ? {} : { etag: base64Encode(policy.etag) }),
  };
}

/** Whole seconds of a duration that must be positive; 0 where there is none. Throws INVALID_FIELD. */
export function decodeSeconds(duration: Duration | undefined, field: string): number {
  if (duration === undefined) return 0;
  const whole = duration.nanos === 0 && duration.seconds > 0n && duration.seconds <= BigInt(Number.MAX_SAFE_INTEGER);
  if (!whole) throw invalidField(field, 'must be a positive number of whole seconds');
  return Number(duration.seconds);
}
