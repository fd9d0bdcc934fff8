// Making tokens. Nobody gets more than he has: the policies of a child are among its parent's, unless the parent may sudo
// here or a role says otherwise, and only root makes root. `iam`, the grants of the principal, passes on only where it
// was held and asked for.
// Source: https://developer.hashicorp.com/vault/api-docs/auth/token#create-token

import type { ProjectId } from '../../core/name.ts';
import { TOKEN_ACCESSOR } from '../../core/vault/auth-mounts.ts';
import { IAM_POLICY, policyId, policyText, ROOT_POLICY } from '../../core/vault/authority.ts';
import {
  entryOfToken,
  isVaultsOwn,
  type KnownToken,
  secondsLeft,
  tokenId,
  VAULT_TTL_SECONDS_MAX,
  type VaultToken,
} from '../../core/vault/token.ts';
import { checkBatchToken } from './batch-tokens.ts';
import { booleanField, durationField, integerField, invalid, listField, mapField, textField } from './fields.ts';
import { entityOfLogin } from './identity-login.ts';
import { leaseOfToken } from './leases.ts';
import { policyName } from './policies.ts';
import type { Reply, ReplyAuth, VaultCall } from './route.ts';
import { readRole, type TokenRole } from './token-roles.ts';
import { accessorId } from './token-rows.ts';
import type { View } from './view.ts';

const POLICIES_PER_TOKEN_MAX = 100;
const KNOWN = new Set([
  ...['id', 'policies', 'meta', 'no_parent', 'no_default_policy', 'renewable', 'ttl', 'lease', 'type'],
  ...['explicit_max_ttl', 'display_name', 'num_uses', 'period', 'entity_alias', 'role_name', 'token'],
]);

export interface NewToken {
  readonly policies: readonly string[];
  readonly displayName: string;
  readonly path: string;
  readonly meta: Readonly<Record<string, string>> | null;
  /** 0: it does not end. */
  readonly ttlSeconds: number;
  readonly renewable: boolean;
  readonly periodSeconds?: number;
  readonly explicitMaxSeconds?: number;
  readonly uses: number;
  readonly role?: string;
  readonly member?: string;
  /** The id of the entity that it stands for. */
  readonly entity?: string;
  /** Absent: that of the request. */
  readonly project?: ProjectId;
  readonly workload?: string;
  readonly parent?: string;
  readonly certificate?: string;
  readonly boundCidrs?: readonly string[];
  readonly wraps?: NonNullable<VaultToken['wraps']>;
}

/** The token of an answer that makes one: its rows, and what the answer says. */
export function mintToken(view: View, fresh: NewToken, hash: string | undefined): { readonly auth: ReplyAuth } {
  if (hash === undefined) throw new TypeError('a token is made without a text');
  const { uses, parent, ttlSeconds, ...rest } = fresh;
  const accessor = alphanumeric(view, 24);
  const { now, project } = view;
  const { periodSeconds = ttlSeconds, explicitMaxSeconds } = fresh;
  const seconds = Math.min(periodSeconds, explicitMaxSeconds ?? periodSeconds);
  const token: VaultToken = {
    project: project.id,
    ...rest,
    ...{ accessor, createdAt: now, ttlSeconds: seconds, usesLeft: uses },
    renewable: fresh.renewable && seconds > 0,
  };
  const id = tokenId(hash);
  const expires = seconds === 0 ? {} : { expiresAt: now + seconds * 1000 };
  const known: KnownToken = { id, token, ...expires, ...(parent === undefined ? {} : { parent }) };
  if (view.get(id) !== undefined) throw invalid('cannot create a token with a duplicate ID');
  view.put(entryOfToken(known));
  view.put({ id: accessorId(accessor), owner: id, data: { token: id } });
  const lease = leaseOfToken(known);
  if (lease !== undefined) view.put(lease);
  return { auth: authOf(known, 'service', view) };
}

/** What an answer says of a token that was made or renewed. */
export function authOf(known: KnownToken, type: 'service' | 'batch', view: View): ReplyAuth {
  const { token, parent } = known;
  const { entity } = token;
  return {
    ...(entity === undefined ? {} : { entityId: entity, identityPolicies: view.identity(entity)?.policies ?? [] }),
    accessor: token.accessor,
    policies: token.policies,
    metadata: token.meta,
    leaseSeconds: secondsLeft(known, view.now),
    renewable: token.renewable,
    type,
    orphan: parent === undefined,
    uses: Math.max(0, token.usesLeft),
  };
}

/** Letters and digits only, as Vault's accessors are. */
export function alphanumeric(view: View, count: number): string {
  let text = '';
  while (text.length < count) text += view.entropy.text(count).replaceAll(/[-_]/g, '');
  return text.slice(0, count);
}

/** `auth/token/create` and its like; `orphan` where the path says so. */
export function createToken(call: VaultCall, orphan: boolean): Reply {
  const { view, data, path } = call;
  const role = call.params['role'] === undefined ? undefined : readRole(view, call.params['role']);
  const parent = view.callerToken();
  if (parent !== undefined && parent.token.usesLeft > 0) {
    throw invalid('restricted use token cannot generate child tokens');
  }
  if (view.authority.batch) throw invalid('batch tokens cannot create more tokens');
  const sudo = view.may(path, 'update', true);
  const free = orphan || role?.orphan === true;
  checkPrivileges(call, sudo || role !== undefined, sudo, free);
  const policies = policiesFor(call, role, sudo);
  const isBatch = (role?.type ?? textField(data, 'type') ?? 'service') === 'batch';
  const time = timeOf(call, role, policies.includes(ROOT_POLICY));
  const isOrphan = free || booleanField(data, 'no_parent') === true;
  const member = memberOf(view);
  const entity = entityFor(call, role) ?? (isOrphan ? undefined : view.authority.identity?.id);
  const fresh: NewToken = {
    policies,
    displayName: displayName(textField(data, 'display_name')),
    path: role?.pathSuffix === undefined ? path : `${path}/${role.pathSuffix}`,
    meta: mapField(data, 'meta') ?? null,
    ...time.values,
    renewable: (booleanField(data, 'renewable') ?? true) && (role?.renewable ?? true),
    uses: usesOf(data, role),
    ...(role === undefined ? {} : { role: role.name }),
    ...(member === undefined ? {} : { member }),
    ...(entity === undefined ? {} : { entity }),
    ...(isOrphan || parent === undefined ? {} : { parent: parent.id }),
  };
  const warnings = [...unknownFields(data), ...time.warnings, ...missingPolicies(view, policies)];
  if (isBatch) return batchToken(view, fresh, warnings);
  const { auth } = mintToken(view, fresh, call.made.hash);
  return { auth, warnings };
}

/** The principal of whom the new token will be one more credential. */
function memberOf(view: View): string | undefined {
  const { member } = view.caller.principal;
  return isVaultsOwn(member) ? undefined : member;
}

/** The entity that the request names by an alias of the token method, which only a role may let it. */
function entityFor({ view, data }: VaultCall, role: TokenRole | undefined): string | undefined {
  const alias = textField(data, 'entity_alias')?.toLowerCase() ?? '';
  if (alias === '') return undefined;
  if (role === undefined) throw invalid("'entity_alias' is only allowed in combination with token role");
  if (!role.allowsAlias(alias)) throw invalid("invalid 'entity_alias' value");
  return entityOfLogin(view, TOKEN_ACCESSOR, alias);
}

function batchToken(view: View, fresh: NewToken, warnings: readonly string[]): Reply {
  if (fresh.uses > 0) throw invalid('batch tokens cannot have "num_uses" set');
  if (fresh.periodSeconds !== undefined) throw invalid('batch tokens cannot be periodic');
  if (fresh.explicitMaxSeconds !== undefined) throw invalid('batch tokens cannot have "explicit_max_ttl" set');
  if (fresh.ttlSeconds === 0 || fresh.policies.includes(ROOT_POLICY))
    throw invalid('batch tokens cannot be root tokens');
  const { uses, parent, ...rest } = fresh;
  const now = view.now;
  const token: VaultToken = {
    ...rest,
    ...{ accessor: '', project: view.project.id, createdAt: now, renewable: false, usesLeft: uses },
  };
  const known: KnownToken = {
    id: 'batch',
    token,
    expiresAt: now + fresh.ttlSeconds * 1000,
    ...(parent === undefined ? {} : { parent }),
  };
  checkBatchToken(known);
  return { auth: authOf(known, 'batch', view), batch: known, warnings };
}

function checkPrivileges({ data }: VaultCall, mayOrphan: boolean, sudo: boolean, free: boolean): void {
  const need = (what: string) => invalid(`root or sudo privileges required to ${what}`);
  if (!mayOrphan && !free && booleanField(data, 'no_parent') === true) throw need('create orphan token');
  if (!sudo && (durationField(data, 'period') ?? 0) > 0) throw need('create periodic token');
  const id = textField(data, 'id') ?? '';
  if (id === '') return;
  if (!sudo) throw need('specify token id');
  if (id.includes('.') || id.length > 128 || !/^[\x21-\x7e]+$/.test(id))
    throw invalid('the token id has characters that none may have');
}

function usesOf(data: VaultCall['data'], role: TokenRole | undefined): number {
  const uses = integerField(data, 'num_uses') ?? 0;
  if (uses < 0) throw invalid('number of uses cannot be negative');
  const most = role?.uses ?? 0;
  return uses === 0 || most === 0 ? Math.max(uses, most) : Math.min(uses, most);
}

function policiesFor(call: VaultCall, role: TokenRole | undefined, sudo: boolean): readonly string[] {
  const { view, data } = call;
  const held = view.ownPolicies;
  const asked = (listField(data, 'policies') ?? []).map(policyName);
  if (asked.length > POLICIES_PER_TOKEN_MAX) throw invalid(`at most ${POLICIES_PER_TOKEN_MAX} policies are allowed`);
  const without = booleanField(data, 'no_default_policy') === true || role?.noDefault === true;
  const wanted = new Set(
    asked.length === 0 ? (role?.policiesFor(held) ?? held.filter((name) => name !== IAM_POLICY)) : asked,
  );
  if (wanted.has(ROOT_POLICY) && !view.isRoot) {
    throw invalid('root tokens may not be created without parent token being root');
  }
  if (wanted.has(IAM_POLICY) && !view.isRoot && !held.includes(IAM_POLICY)) {
    throw invalid('child policies must be subset of parent');
  }
  if (role !== undefined) role.check([...wanted]);
  else if (!sudo && ![...wanted].every((name) => name === 'default' || held.includes(name))) {
    throw invalid('child policies must be subset of parent');
  }
  if (wanted.has(ROOT_POLICY)) return [ROOT_POLICY];
  if (!without) wanted.add('default');
  return [...wanted].sort();
}

function timeOf({ data }: VaultCall, role: TokenRole | undefined, root: boolean) {
  const warnings: string[] = [];
  const asked = durationField(data, 'ttl') ?? durationField(data, 'lease') ?? 0;
  const explicit = Math.max(0, durationField(data, 'explicit_max_ttl') ?? 0);
  if (asked < 0 || (durationField(data, 'explicit_max_ttl') ?? 0) < 0) throw invalid('ttl must be positive');
  const most = role?.explicitMaxSeconds ?? 0;
  const explicitMaxSeconds = explicit === 0 || most === 0 ? Math.max(explicit, most) : Math.min(explicit, most);
  const periodSeconds = role?.periodSeconds ?? durationField(data, 'period') ?? 0;
  if (periodSeconds < 0) throw invalid('period must be positive');
  let ttlSeconds = asked === 0 && !(root && periodSeconds === 0) ? VAULT_TTL_SECONDS_MAX : asked;
  if (ttlSeconds > VAULT_TTL_SECONDS_MAX) {
    warnings.push(`TTL of "${asked}s" exceeded the effective max_ttl of "768h0m0s"; TTL value is capped accordingly`);
    ttlSeconds = VAULT_TTL_SECONDS_MAX;
  }
  return {
    warnings,
    values: {
      ttlSeconds,
      ...(periodSeconds > 0 ? { periodSeconds: Math.min(periodSeconds, VAULT_TTL_SECONDS_MAX) } : {}),
      ...(explicitMaxSeconds > 0 ? { explicitMaxSeconds } : {}),
    },
  };
}

function displayName(asked: string | undefined): string {
  const plain = (asked ?? '')
    .slice(0, 128)
    .replaceAll(/[^a-zA-Z0-9-]/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return plain === '' ? 'token' : `token-${plain}`;
}

function unknownFields(data: VaultCall['data']): readonly string[] {
  const unknown = Object.keys(data).filter((name) => !KNOWN.has(name));
  return unknown.length === 0
    ? []
    : [`Endpoint ignored these unrecognized parameters: [${unknown.sort().join(' ').slice(0, 200)}]`];
}

function missingPolicies(view: View, policies: readonly string[]): readonly string[] {
  const named = policies.filter((name) => name !== ROOT_POLICY && name !== IAM_POLICY);
  const ids = named.map((name) => policyId(view.project.id, name));
  const rows = view.all(ids);
  const missing = named.filter((_, index) => policyText(ids[index] as string, rows[index]) === undefined);
  return missing.map((name) => `Policy "${name}" does not exist`);
}
