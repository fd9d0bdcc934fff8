// By what a caller of Vault's API is judged: the policies of its token, compiled once for each set of texts, and, where
// it has the policy `iam`, what IAM grants its principal. One decision for both: the grant says which it was.
// A rule whose template would let a name of the caller's choosing widen it does not count.

import { Fault } from '../error.ts';
import type { Permission } from '../iam/permissions.ts';
import { aclGrant, type Grant } from '../iam/policy.ts';
import type { ProjectRef } from '../name.ts';
import { Redacted } from '../redacted.ts';
import { Acl } from './acl.ts';
import { DEFAULT_POLICY, WRAPPING_RULES } from './default-policy.ts';
import type { VaultEntry } from './entry.ts';
import { filledPath, type Identity } from './identity.ts';
import { type Capability, type PathRule, parsePolicy } from './policy.ts';

export const ROOT_POLICY = 'root';
/** The grants of IAM, as a policy of Vault's. */
export const IAM_POLICY = 'iam';

/** Of a caller that came by Vault's API; plain data but for `data`, which stays in the thread that answers. */
export interface VaultAuthority {
  readonly project: ProjectRef;
  /** The entry of the token, or none where the credential is no token of Vault's. */
  readonly tokenId?: string;
  /** The token is a signed one, which the store does not have. */
  readonly batch?: true;
  /** Names, sorted: the token's own, and those of its entity. */
  readonly policies: readonly string[];
  /** Of the token's entity; absent: it has none. */
  readonly identity?: Identity;
  /** The token's own alone; absent: they are all of them. */
  readonly tokenPolicies?: readonly string[];
  /** What is asked; absent: nothing yet, and nothing is granted. */
  readonly ask?: VaultAsk;
}

export interface VaultAsk {
  /** Below `/v1/`, decoded. */
  readonly path: string;
  /** `write`: `create` or `update`, as the secret exists or not. */
  readonly capability: Capability | 'write';
  readonly sudo?: true;
  readonly wrapSeconds?: number;
  /** The fields that came, for the constraints of a policy. */
  readonly data?: Redacted<Readonly<Record<string, unknown>>>;
}

export function policyId(project: string, name: string): string {
  return `project/${project}/policy/${name}`;
}

interface PolicyIds {
  readonly project: string;
  readonly ids: readonly string[];
}

/** By the names themselves, which are those of a token's row for as long as it stands. */
const idsOf = new WeakMap<readonly string[], PolicyIds>();

/** The entries of the policies that have a text; `root` and `iam` have none. */
export function policyIds({ project, policies }: VaultAuthority): readonly string[] {
  const known = idsOf.get(policies);
  if (known !== undefined && known.project === project) return known.ids;
  const named = policies.filter((name) => name !== ROOT_POLICY && name !== IAM_POLICY);
  const ids = named.map((name) => policyId(project, name));
  idsOf.set(policies, { project, ids });
  return ids;
}

/** The text of a policy from its entry; the one named `default` is there until somebody writes his own. */
export function policyText(id: string, entry: VaultEntry | undefined): string | undefined {
  if (entry !== undefined) return String(entry.data['policy']);
  if (id.endsWith('/policy/response-wrapping')) return WRAPPING_RULES;
  return id.endsWith('/policy/default') ? DEFAULT_POLICY : undefined;
}

const COMPILED_MAX = 1000;
const NOTHING = new Acl([]);
/** By the rows of the policies, and then by whose identity they are filled in; the empty one where none is named. */
const byRows = new WeakMap<object, Map<string, Acl>>();
const byText = new Map<string, Acl>();
const rulesByText = new Map<string, readonly PathRule[]>();

const isTemplate = ({ path }: PathRule) => path.includes('{{');

/** The rules of these policies, made ready once. `rows` answer `policyIds`. */
export function aclOf(authority: VaultAuthority, rows: readonly (VaultEntry | undefined)[]): Acl {
  const known = byRows.get(rows);
  const found = known?.get('') ?? known?.get(authority.identity?.key ?? 'nobody');
  if (found !== undefined) return found;
  const policies = policyIds(authority).flatMap((id, index) => {
    const text = policyText(id, rows[index]);
    return text === undefined ? [] : [{ name: id.slice(id.lastIndexOf('/') + 1), text }];
  });
  const isFilled = policies.some(({ text }) => rulesOf(text).some(isTemplate));
  const key = isFilled ? (authority.identity?.key ?? 'nobody') : '';
  const whole = `${key}\n${JSON.stringify(policies)}`;
  const acl = byText.get(whole) ?? compiled(policies, authority.identity);
  keep(byText, whole, acl);
  const ofRows = known ?? new Map<string, Acl>();
  keep(ofRows, key, acl);
  byRows.set(rows, ofRows);
  return acl;
}

function keep<V>(cache: Map<string, V>, key: string, value: V): void {
  if (cache.size >= COMPILED_MAX && !cache.has(key)) cache.clear();
  cache.set(key, value);
}

/** A policy was parsed when it was written. */
function rulesOf(text: string): readonly PathRule[] {
  const rules = rulesByText.get(text) ?? parsePolicy(text);
  keep(rulesByText, text, rules);
  return rules;
}

/** Rules that name what the identity does not have hold for nobody. */
function compiled(policies: readonly { readonly name: string; readonly text: string }[], identity?: Identity): Acl {
  if (policies.length === 0) return NOTHING;
  const filled = (rule: PathRule): readonly PathRule[] => {
    if (!isTemplate(rule)) return [rule];
    const path = filledPath(rule.path, identity, rule.capabilities.has('deny'));
    return path === undefined ? [] : [{ ...rule, path }];
  };
  return new Acl(policies.map(({ name, text }) => ({ name, rules: rulesOf(text).flatMap(filled) })));
}

/**
 * The grant of `permission` by the policies of the token, or undefined. `exists` tells `create` from `update`.
 * Throws INTERNAL where nothing was asked: a dialect's bug must not open anything.
 */
export function authoriseByAcl(
  permission: Permission,
  authority: VaultAuthority,
  rows: readonly (VaultEntry | undefined)[],
  exists: boolean,
): Grant | undefined {
  const { ask, policies } = authority;
  if (ask === undefined) throw new Fault('INTERNAL', { problem: 'nothing was asked of the policies' });
  if (policies.includes(ROOT_POLICY)) return aclGrant(permission, ROOT_POLICY, ask.path);
  const { path, sudo, wrapSeconds } = ask;
  const capability = ask.capability === 'write' ? (exists ? 'update' : 'create') : ask.capability;
  const policy = aclOf(authority, rows).allows({
    ...{ path, capability },
    ...(sudo === undefined ? {} : { sudo }),
    ...(wrapSeconds === undefined ? {} : { wrapSeconds }),
    // In the thread that writes it is empty: it was judged before it came there.
    ...(ask.data instanceof Redacted ? { data: ask.data.reveal() } : {}),
  });
  return policy === undefined ? undefined : aclGrant(permission, policy, path);
}

/** Whether a policy of the token denies what is asked: then no grant of IAM allows it either. */
export function deniedByAcl(authority: VaultAuthority, rows: readonly (VaultEntry | undefined)[]): boolean {
  const { ask } = authority;
  if (ask === undefined) return true;
  const capability = ask.capability === 'write' ? 'update' : ask.capability;
  return aclOf(authority, rows).deniedBy({ path: ask.path, capability }) !== undefined;
}
