// IAM policies between Google's messages and the core. Format version 3 shows conditions; a client that asked for less
// sees the role of a conditional binding with a hash, and the condition not at all.
// Source: google/iam/v1/policy.proto, options.proto, google/type/expr.proto.

import { create } from '@bufbuild/protobuf';
import { base64Decode, base64Encode } from '@bufbuild/protobuf/wire';
import type { GetIamPolicyRequest, SetIamPolicyRequest } from '../../../gen/google/iam/v1/iam_policy_pb.js';
import { type Policy as PolicyMessage, PolicySchema } from '../../../gen/google/iam/v1/policy_pb.js';
import { CONDITIONS_VERSION, hashedRole, type PolicyInput } from '../../core/iam/bindings.ts';
import { type Binding, FRESH_POLICY_ETAG, type Policy } from '../../core/iam/policy.ts';
import { invalidField, unsupported } from './invalid.ts';

/** 2 is Google's own. */
const POLICY_VERSIONS: ReadonlySet<number> = new Set([0, 1, CONDITIONS_VERSION]);

/** The policy format that the request asks for; throws INVALID_FIELD for one that does not exist. */
export function requestedVersion({ options }: Pick<GetIamPolicyRequest, 'options'>): number {
  const version = options?.requestedPolicyVersion ?? 0;
  if (!POLICY_VERSIONS.has(version)) {
    throw invalidField('options.requested_policy_version', 'must be 0, 1 or 3');
  }
  return version;
}

/** A policy as it is to be set; throws for a format that does not exist and for audit configurations. */
export function decodePolicy({ policy }: Pick<SetIamPolicyRequest, 'policy'>): PolicyInput & { version: number } {
  if (policy === undefined) throw invalidField('policy', 'is required');
  if (!POLICY_VERSIONS.has(policy.version)) throw invalidField('policy.version', 'must be 0, 1 or 3');
  if (policy.auditConfigs.length > 0) throw unsupported('Field [policy.audit_configs]');
  return {
    version: policy.version,
    bindings: policy.bindings.map(({ role, members, condition }) => ({
      role,
      members,
      ...(condition === undefined ? {} : { condition: decodeCondition(condition) }),
    })),
    ...(policy.etag.length === 0 ? {} : { etag: base64Encode(policy.etag) }),
  };
}

function decodeCondition({ title, description, expression }: NonNullable<Binding['condition']>) {
  return { title, description, expression };
}

/**
 * The policy in the format asked for, or in format 1 where nothing has a condition. A policy that was never set has no
 * format.
 */
export function encodePolicy({ bindings, etag }: Policy, asked: number): PolicyMessage {
  const conditional = bindings.some(({ condition }) => condition !== undefined);
  const fresh = bindings.length === 0 && etag === FRESH_POLICY_ETAG;
  return create(PolicySchema, {
    version: conditional && asked >= CONDITIONS_VERSION ? CONDITIONS_VERSION : fresh ? 0 : 1,
    bindings: bindings.map((binding) => encodeBinding(binding, asked)),
    etag: base64Decode(etag),
  });
}

function encodeBinding({ role, members, condition }: Binding, asked: number) {
  if (condition === undefined) return { role, members: [...members] };
  if (asked < CONDITIONS_VERSION) return { role: hashedRole(role, condition), members: [...members] };
  return { role, members: [...members], condition: { ...condition } };
}
