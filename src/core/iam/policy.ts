// IAM policies: their shape, their validation, and the one decision. Deny by default: without a grant nothing opens.
// Source: google/iam/v1/policy.proto and https://cloud.google.com/iam/docs/principal-identifiers.

import { Fault } from '../error.ts';
import type { Principal } from '../principal.ts';
import { type Condition, type ConditionContext, holds } from './condition.ts';
import type { Permission } from './permissions.ts';
import { roleGrants } from './roles.ts';

export interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  /** Absent: the binding always counts. */
  readonly condition?: Condition;
}

export interface Policy {
  readonly bindings: readonly Binding[];
  /** Base64, as IAM shows it. */
  readonly etag: string;
}

/** The etag of a policy that was never set, as the real service shows it. */
export const FRESH_POLICY_ETAG = 'ACAB';
export const EMPTY_POLICY: Policy = { bindings: [], etag: FRESH_POLICY_ETAG };

/** One resource's policy in the chain from the server down to what is asked for. */
export interface PolicyScope {
  /** The resource's name, for the audit and for explaining a decision. */
  readonly resource: string;
  readonly policy: Policy;
}

const MINT: unique symbol = Symbol('grant');

/** Proof that `authorise` allowed `permission`. What opens a payload demands one. */
export class Grant {
  readonly permission: Permission;
  readonly role: string;
  readonly resource: string;
  /** Title of the condition that held, where the binding has one. */
  readonly condition: string | undefined;
  /** Of a grant by no binding of IAM's that the audit names: the policy and its statement. */
  readonly source: string | undefined;

  constructor(mint: typeof MINT, permission: Permission, binding: Binding, resource: string, source?: string) {
    if (mint !== MINT) throw new TypeError('only authorise() mints a grant');
    this.permission = permission;
    this.role = binding.role;
    this.resource = resource;
    this.condition = binding.condition?.title;
    this.source = source;
  }
}

/** The grant of `permission` by a policy of Vault's, which `authoriseByAcl` found to allow it at `path`. */
export function aclGrant(permission: Permission, policy: string, path: string): Grant {
  return new Grant(MINT, permission, { role: `vault policy ${policy}`, members: [] }, path);
}

/** The grant of `permission` by a policy that is none of IAM's, which its judge found to allow it; `source` names it. */
export function sourcedGrant(permission: Permission, source: string, resource: string): Grant {
  return new Grant(MINT, permission, { role: source, members: [] }, resource, source);
}

/**
 * The grant of `permission` to `principal` by the first policy of the chain that allows it, or undefined. `context` is
 * only looked at where a binding that would grant has a condition.
 */
export function authorise(
  permission: Permission,
  principal: Principal,
  chain: readonly PolicyScope[],
  context: ConditionContext,
): Grant | undefined {
  for (const { resource, policy } of chain) {
    for (const binding of policy.bindings) {
      const { role, members, condition } = binding;
      if (!roleGrants(role, permission) || !members.some((member) => isMember(principal, member))) continue;
      if (condition === undefined || holds(condition, context)) return new Grant(MINT, permission, binding, resource);
    }
  }
  return undefined;
}

/** True where `principal` is, or belongs to, `member`. */
export function isMember(principal: Principal, member: string): boolean {
  if (member === 'allUsers') return true;
  if (principal.member === 'anonymous') return false;
  if (member === 'allAuthenticatedUsers' || member === principal.member) return true;
  if (member.startsWith('group:')) return principal.groups.includes(member);
  if (member.startsWith('domain:') && principal.member.startsWith('user:')) {
    return principal.member.slice(principal.member.lastIndexOf('@') + 1) === member.slice('domain:'.length);
  }
  return false;
}

const EMAIL = /^[^\s@:/]{1,200}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$/;
const DOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;

/** What is left of a member that was deleted; it is nobody, and a policy that holds it can be written back. */
const DELETED = /^deleted:(?:user|serviceAccount|group):[^\s@:/?]{1,200}@[a-z0-9.-]{1,255}\?uid=[0-9]{1,30}$/;

/** A member as IAM keeps it, lower-cased; throws POLICY_INVALID for a form that IAM does not know. */
export function parseMember(text: string): string {
  if (text === 'allUsers' || text === 'allAuthenticatedUsers') return text;
  if (DELETED.test(text)) return text.toLowerCase().replace(/^deleted:serviceaccount:/, 'deleted:serviceAccount:');
  const colon = text.indexOf(':');
  const kind = text.slice(0, colon);
  const value = text.slice(colon + 1).toLowerCase();
  const known =
    kind === 'user' || kind === 'serviceAccount' || kind === 'group'
      ? EMAIL.test(value)
      : kind === 'domain' && value.length <= 253 && DOMAIN.test(value);
  if (!known) {
    throw new Fault('POLICY_INVALID', {
      problem:
        'a member must be user:, serviceAccount:, group: or domain: with an address, or allUsers, or allAuthenticatedUsers',
    });
  }
  return `${kind}:${value}`;
}
