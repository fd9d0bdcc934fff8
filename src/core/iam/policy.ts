// IAM policies: their shape, their validation, and the one decision. Deny by default: without a grant nothing opens.
// Source: google/iam/v1/policy.proto and https://cloud.google.com/iam/docs/principal-identifiers.

import { Fault } from '../error.ts';
import { POLICY_BINDINGS_MAX, POLICY_MEMBERS_MAX } from '../limits.ts';
import type { Principal } from '../principal.ts';
import type { Permission } from './permissions.ts';
import { isRole, roleGrants } from './roles.ts';

export interface Binding {
  readonly role: string;
  readonly members: readonly string[];
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

  constructor(mint: typeof MINT, permission: Permission, role: string, resource: string) {
    if (mint !== MINT) throw new TypeError('only authorise() mints a grant');
    this.permission = permission;
    this.role = role;
    this.resource = resource;
  }
}

/** The grant of `permission` to `principal` by the first policy of the chain that allows it, or undefined. */
export function authorise(
  permission: Permission,
  principal: Principal,
  chain: readonly PolicyScope[],
): Grant | undefined {
  for (const { resource, policy } of chain) {
    for (const binding of policy.bindings) {
      if (roleGrants(binding.role, permission) && binding.members.some((member) => isMember(principal, member))) {
        return new Grant(MINT, permission, binding.role, resource);
      }
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

/** A member as IAM keeps it, lower-cased; throws POLICY_INVALID for a form that IAM does not know. */
export function parseMember(text: string): string {
  if (text === 'allUsers' || text === 'allAuthenticatedUsers') return text;
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

export interface PolicyInput {
  readonly bindings: readonly { role: string; members: readonly string[]; conditional: boolean }[];
}

/** Bindings as they are stored: members canonical and distinct, roles known, one binding a role, empty ones dropped. */
export function parseBindings(input: PolicyInput): readonly Binding[] {
  if (input.bindings.length > POLICY_BINDINGS_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'bindings of one policy', limit: POLICY_BINDINGS_MAX });
  }
  const membersByRole = new Map<string, Set<string>>();
  let memberCount = 0;
  for (const binding of input.bindings) {
    if (binding.conditional) throw new Fault('CONDITION_UNSUPPORTED');
    if (!isRole(binding.role)) throw new Fault('ROLE_UNKNOWN', { role: binding.role.slice(0, 128) });
    memberCount += binding.members.length;
    if (memberCount > POLICY_MEMBERS_MAX) {
      throw new Fault('LIMIT_REACHED', { what: 'members of one policy', limit: POLICY_MEMBERS_MAX });
    }
    const members = membersByRole.get(binding.role) ?? new Set();
    for (const member of binding.members) members.add(parseMember(member));
    membersByRole.set(binding.role, members);
  }
  return [...membersByRole]
    .filter(([, members]) => members.size > 0)
    .map(([role, members]) => ({ role, members: [...members] }));
}
