// Why a permission is held: every binding that gives it, with the verdict on its condition, where the decision of
// policy.ts stops at the first. Both judge by the same rules: roleGrants, isMember and holds.

import type { Principal } from '../principal.ts';
import { type Condition, type ConditionContext, type ConditionSubject, holds, subjectsOf } from './condition.ts';
import type { Permission } from './permissions.ts';
import { isMember, type PolicyScope, parseMember } from './policy.ts';
import { roleGrants } from './roles.ts';

export interface Verdict {
  readonly condition: Condition;
  /** Whether it holds for what was asked, now. */
  readonly holds: boolean;
  readonly dependsOn: readonly ConditionSubject[];
}

/** One member of one binding that gives the permission. */
export interface FoundGrant {
  readonly role: string;
  readonly member: string;
  /** The resource whose policy has the binding. */
  readonly resource: string;
  /** Absent: the binding always counts. */
  readonly verdict?: Verdict;
}

/** Every grant of `permission` along the chain, to whomever, or to `principal` alone. */
export function grantsOf(
  permission: Permission,
  chain: readonly PolicyScope[],
  context: ConditionContext,
  principal?: Principal,
): readonly FoundGrant[] {
  return chain.flatMap(({ resource, policy }) =>
    policy.bindings.flatMap(({ role, members, condition }) => {
      if (!roleGrants(role, permission)) return [];
      const meant = principal === undefined ? members : members.filter((member) => isMember(principal, member));
      if (meant.length === 0) return [];
      const verdict = condition === undefined ? {} : { verdict: verdictOf(condition, context) };
      return meant.map((member) => ({ role, member, resource, ...verdict }));
    }),
  );
}

function verdictOf(condition: Condition, context: ConditionContext): Verdict {
  return { condition, holds: holds(condition, context), dependsOn: subjectsOf(condition) };
}

/** True where the grant counts now. */
export function isInForce({ verdict }: FoundGrant): boolean {
  return verdict === undefined || verdict.holds;
}

/** Whom policies speak of by this text, `serviceAccount:` left out or not. Throws POLICY_INVALID where it is no member. */
export function principalNamed(text: string): Principal {
  if (text === 'anonymous' || text === 'allUsers') return { member: 'anonymous', groups: [] };
  const isAccount = !text.includes(':') && text.toLowerCase().endsWith('.gserviceaccount.com');
  const member = parseMember(isAccount ? `serviceAccount:${text}` : text);
  return { member, groups: member.startsWith('group:') ? [member] : [] };
}
