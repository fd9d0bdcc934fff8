// Bindings as they are set: canonical, joined by role and condition, within their limits. A client of policy version 1
// sees no conditions, only roles with a hash of them; what it sends back means the stored conditions again.
// Source: google/iam/v1/policy.proto, https://cloud.google.com/iam/docs/allow-policies#specifying-version-set.

import { Fault } from '../error.ts';
import {
  CONDITIONAL_BINDINGS_MAX,
  CONDITIONS_CHARS_MAX,
  CONDITIONS_PER_MEMBER_MAX,
  POLICY_BINDINGS_MAX,
  POLICY_MEMBERS_MAX,
} from '../limits.ts';
import { type Condition, parseCondition } from './condition.ts';
import { type Binding, type Policy, parseMember } from './policy.ts';
import { isBasicRole, isRole } from './roles.ts';

/** The format that shows conditions; 0 and 1 do not. */
export const CONDITIONS_VERSION = 3;

export interface PolicyInput {
  /** google.iam.v1.Policy.version, 0, 1 or 3: what whoever sends it knows of conditions. Absent: all there is. */
  readonly version?: number;
  readonly bindings: readonly Binding[];
  /** Absent: replaces whatever is there. */
  readonly etag?: string;
}

const HASHED_ROLE = /^(.+)_withcond_([0-9a-f]{20})$/;

/** How version 1 shows a role that is bound under a condition. */
export function hashedRole(role: string, condition: Condition): string {
  return `${role}_withcond_${conditionHash(condition)}`;
}

/** 80 bits of FNV-1a in hex, from three starts: tells the conditions of one policy apart, and proves nothing. */
function conditionHash({ title, description, expression }: Condition): string {
  const text = JSON.stringify([title, description, expression]);
  const part = (start: number) => {
    let hash = start;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    return (hash >>> 0).toString(16).padStart(8, '0');
  };
  return `${part(0x811c9dc5)}${part(0x9dc5811c)}${part(0x1c9dc581).slice(0, 4)}`;
}

/**
 * The bindings of `input` as they are stored in place of `before`: members canonical and distinct, roles known, one
 * binding for each role and condition, empty ones dropped.
 */
export function parseBindings(input: PolicyInput, before: Policy): readonly Binding[] {
  if (input.bindings.length > POLICY_BINDINGS_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'bindings of one policy', limit: POLICY_BINDINGS_MAX });
  }
  checkVersion(input, before);
  checkConditionSizes(input.bindings);
  const stored = byHashedRole(input, before);
  const joined = new Map<string, { readonly binding: Binding; readonly members: Set<string> }>();
  let memberCount = 0;
  for (const sent of input.bindings) {
    memberCount += sent.members.length;
    if (memberCount > POLICY_MEMBERS_MAX) {
      throw new Fault('LIMIT_REACHED', { what: 'members of one policy', limit: POLICY_MEMBERS_MAX });
    }
    const binding = checkBinding({ ...(stored.get(sent.role) ?? sent), members: sent.members });
    const key = bindingKey(binding);
    const members = joined.get(key)?.members ?? new Set();
    for (const member of binding.members) members.add(parseMember(member));
    checkPublic(binding, members);
    joined.set(key, { binding, members });
  }
  const bindings = [...joined.values()]
    .filter(({ members }) => members.size > 0)
    .map(({ binding, members }) => ({ ...binding, members: [...members] }));
  checkConditionsPerMember(bindings);
  return bindings;
}

/** Equal for bindings that are one: the same role under the same condition, or under none. */
function bindingKey({ role, condition }: Binding): string {
  if (condition === undefined) return role;
  return JSON.stringify([role, condition.title, condition.description, condition.expression]);
}

function checkVersion({ version = CONDITIONS_VERSION, bindings, etag }: PolicyInput, before: Policy): void {
  const conditional = bindings.some(({ condition }) => condition !== undefined);
  const hashed = new Set(bindings.map(({ role }) => role).filter((role) => HASHED_ROLE.test(role)));
  if (conditional && hashed.size > 0) throw new Fault('POLICY_CONDITIONS_MIXED');
  if (version >= CONDITIONS_VERSION) return;
  if (conditional) throw new Fault('POLICY_VERSION_NEEDED', { version });
  // Without an etag a policy is overwritten blindly, conditions and all, as the real service documents.
  const kept = ({ role, condition }: Binding) => condition === undefined || hashed.has(hashedRole(role, condition));
  if (etag !== undefined && !before.bindings.every(kept)) throw new Fault('POLICY_VERSION_TOO_LOW', { version });
}

/** The stored bindings with a condition by the role that version 1 shows, where the input names any so. */
function byHashedRole({ bindings }: PolicyInput, before: Policy): ReadonlyMap<string, Binding> {
  if (!bindings.some(({ role }) => HASHED_ROLE.test(role))) return new Map();
  return new Map(
    before.bindings.flatMap((binding) =>
      binding.condition === undefined ? [] : [[hashedRole(binding.role, binding.condition), binding] as const],
    ),
  );
}

function checkBinding({ role, members, condition }: Binding): Binding {
  if (!isRole(role)) throw new Fault('ROLE_UNKNOWN', { role: role.slice(0, 128) });
  if (condition === undefined) return { role, members };
  if (isBasicRole(role)) {
    throw new Fault('CONDITION_INVALID', {
      rule: 'BindingRoleAllowConditionCheck',
      problem: "Conditions can't be set on primitive roles",
    });
  }
  return { role, members, condition: parseCondition(condition) };
}

function checkPublic({ condition }: Binding, members: ReadonlySet<string>): void {
  if (condition !== undefined && (members.has('allUsers') || members.has('allAuthenticatedUsers'))) {
    throw new Fault('POLICY_INVALID', {
      problem: 'a binding with a condition must not have allUsers or allAuthenticatedUsers as a member',
    });
  }
}

/** Before anything is compiled, so that a policy cannot cost more than its conditions may. */
function checkConditionSizes(bindings: readonly Binding[]): void {
  const conditional = bindings.filter(({ condition }) => condition !== undefined);
  if (conditional.length > CONDITIONAL_BINDINGS_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'conditional bindings of one policy', limit: CONDITIONAL_BINDINGS_MAX });
  }
  const chars = conditional.reduce((sum, { condition }) => sum + (condition?.expression.length ?? 0), 0);
  if (chars > CONDITIONS_CHARS_MAX) {
    throw new Fault('LIMIT_REACHED', {
      what: 'characters of the conditions of one policy',
      limit: CONDITIONS_CHARS_MAX,
    });
  }
}

function checkConditionsPerMember(bindings: readonly Binding[]): void {
  const counts = new Map<string, number>();
  for (const { role, members, condition } of bindings) {
    if (condition === undefined) continue;
    for (const member of members) {
      const count = (counts.get(`${role} ${member}`) ?? 0) + 1;
      counts.set(`${role} ${member}`, count);
      if (count > CONDITIONS_PER_MEMBER_MAX) {
        const what = 'conditional bindings of one role and member';
        throw new Fault('LIMIT_REACHED', { what, limit: CONDITIONS_PER_MEMBER_MAX });
      }
    }
  }
}

/** Each grant of a policy as one line: `ROLE MEMBER`, and the title of the condition it stands under. */
function grantLines({
  bindings,
}: Pick<Policy, 'bindings'>): Map<string, { readonly role: string; readonly line: string }> {
  return new Map(
    bindings.flatMap((binding) =>
      binding.members.map((member) => {
        const { role, condition } = binding;
        const line =
          condition === undefined ? `${role} ${member}` : `${role} ${member} (condition: ${condition.title})`;
        return [`${bindingKey(binding)} ${member}`, { role, line }] as const;
      }),
    ),
  );
}

export interface PolicyDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** The roles that gained or lost a member. */
  readonly roles: readonly string[];
}

/** Which member gains or loses which role between two policies. */
export function policyDifference(before: Pick<Policy, 'bindings'>, after: Pick<Policy, 'bindings'>): PolicyDifference {
  const old = grantLines(before);
  const now = grantLines(after);
  const added = [...now].filter(([key]) => !old.has(key)).map(([, each]) => each);
  const removed = [...old].filter(([key]) => !now.has(key)).map(([, each]) => each);
  return {
    added: added.map(({ line }) => line),
    removed: removed.map(({ line }) => line),
    roles: [...new Set([...added, ...removed].map(({ role }) => role))],
  };
}
