// Roles of the token store: what may be made by `auth/token/create/ROLE`, whoever asks.
// Source: https://developer.hashicorp.com/vault/api-docs/auth/token#create-update-token-role

import { Fault } from '../../core/error.ts';
import { IAM_POLICY, ROOT_POLICY } from '../../core/vault/authority.ts';
import { globMatches } from '../../core/vault/glob.ts';
import { booleanField, durationField, integerField, invalid, listField, textField } from './fields.ts';
import type { Handler, VaultRoute } from './route.ts';
import type { View } from './view.ts';

const ROLES_MAX = 5000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
/** Vault's own form. */
const SUFFIX = /^\w[\w.-]{1,126}\w$/;
const TYPES = ['service', 'batch', 'default-service', 'default-batch', 'default'] as const;

export interface TokenRole {
  readonly name: string;
  readonly orphan: boolean;
  readonly renewable: boolean;
  readonly periodSeconds?: number;
  readonly explicitMaxSeconds: number;
  readonly uses: number;
  readonly noDefault: boolean;
  /** What is put behind the path that its tokens are made at. */
  readonly pathSuffix?: string;
  /** Whether a request may name the entity of this alias, which is in lower case. */
  allowsAlias(alias: string): boolean;
  /** Absent: as the request says. */
  readonly type?: 'service' | 'batch';
  /** What a token gets that asks for no policy. */
  policiesFor(held: readonly string[]): readonly string[];
  /** Throws where the role does not allow one of them. */
  check(policies: readonly string[]): void;
}

const roleId = (view: View, name: string) => `project/${view.project.id}/token-role/${name.toLowerCase()}`;

/** The role of that name; throws where there is none. */
export function readRole(view: View, name: string): TokenRole {
  const data = view.get(roleId(view, name))?.data;
  if (data === undefined) throw invalid(`unknown role ${name.slice(0, 100)}`);
  const period = durationField(data, 'token_period') ?? 0;
  const type = data['token_type'];
  const suffix = textField(data, 'path_suffix') ?? '';
  const aliases = listField(data, 'allowed_entity_aliases') ?? [];
  const allowed = listField(data, 'allowed_policies') ?? [];
  const allowedGlobs = listField(data, 'allowed_policies_glob') ?? [];
  const denied = [
    ...(listField(data, 'disallowed_policies') ?? []),
    ...(listField(data, 'disallowed_policies_glob') ?? []),
  ];
  return {
    name: String(data['name']),
    orphan: data['orphan'] === true,
    renewable: data['renewable'] !== false,
    ...(period > 0 ? { periodSeconds: period } : {}),
    explicitMaxSeconds: durationField(data, 'token_explicit_max_ttl') ?? 0,
    uses: integerField(data, 'token_num_uses') ?? 0,
    noDefault: data['token_no_default_policy'] === true,
    ...(type === 'service' || type === 'batch' ? { type } : {}),
    ...(suffix === '' ? {} : { pathSuffix: suffix }),
    allowsAlias: (alias) => aliases.some((glob) => globMatches(glob, alias)),
    policiesFor: (held) => {
      if (allowed.length > 0) return allowed;
      const own = held.filter((each) => each !== ROOT_POLICY && each !== IAM_POLICY);
      return allowedGlobs.length > 0 || denied.length > 0 ? ['default'] : own;
    },
    check: (policies) => {
      const isAllowed = (each: string) =>
        (allowed.length === 0 && allowedGlobs.length === 0) ||
        each === 'default' ||
        allowed.includes(each) ||
        allowedGlobs.some((glob) => globMatches(glob, each));
      if (policies.includes(ROOT_POLICY)) throw invalid('token role cannot make root tokens');
      if (!policies.every(isAllowed))
        throw invalid(`token policies (${shown(policies)}) must be subset of the role's allowed policies`);
      if (policies.some((each) => denied.some((glob) => globMatches(glob, each)))) {
        throw invalid(`token policies (${shown(policies)}) hold one that the role disallows`);
      }
    },
  };
}

const shown = (policies: readonly string[]) => policies.join(', ').slice(0, 200);

const write: Handler = ({ view, params, data }) => {
  const name = params['role'] ?? '';
  if (!NAME.test(name)) throw invalid('a role name has letters, digits and _ . -');
  const known = view.get(roleId(view, name))?.data ?? {};
  const pick = <T>(value: T | undefined, key: string, otherwise: T): T =>
    value ?? (known[key] as T | undefined) ?? otherwise;
  const lists = [
    'allowed_policies',
    'disallowed_policies',
    'allowed_policies_glob',
    'disallowed_policies_glob',
    'allowed_entity_aliases',
  ];
  const list = (key: string) =>
    pick(
      listField(data, key)?.map((each) => each.toLowerCase()),
      key,
      [],
    );
  const type = pick(textField(data, 'token_type') ?? textField(data, 'type'), 'token_type', 'default-service');
  if (!TYPES.some((each) => each === type)) throw invalid(`invalid 'token_type' value`);
  const period = durationField(data, 'token_period') ?? durationField(data, 'period');
  const suffix = pick(textField(data, 'path_suffix'), 'path_suffix', '');
  if (suffix !== '' && !SUFFIX.test(suffix)) throw invalid('given role path suffix contains invalid characters');
  const explicit = durationField(data, 'token_explicit_max_ttl') ?? durationField(data, 'explicit_max_ttl');
  if ((period ?? 0) < 0 || (explicit ?? 0) < 0) throw invalid('durations must be positive');
  const uses = pick(integerField(data, 'token_num_uses'), 'token_num_uses', 0);
  if (uses < 0) throw invalid('token_num_uses cannot be negative');
  if (known['name'] === undefined && view.below(roleId(view, ''), ROLES_MAX).length >= ROLES_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'token roles of one project', limit: ROLES_MAX });
  }
  const role = {
    name,
    ...Object.fromEntries(lists.map((key) => [key, list(key)])),
    orphan: pick(booleanField(data, 'orphan'), 'orphan', false),
    renewable: pick(booleanField(data, 'renewable'), 'renewable', true),
    path_suffix: suffix,
    token_period: pick(period, 'token_period', 0),
    token_explicit_max_ttl: pick(explicit, 'token_explicit_max_ttl', 0),
    token_num_uses: uses,
    token_no_default_policy: pick(booleanField(data, 'token_no_default_policy'), 'token_no_default_policy', false),
    token_type: type,
  };
  view.put({ id: roleId(view, name), data: role });
  return {};
};

const read: Handler = ({ view, params }) => {
  const data = view.get(roleId(view, params['role'] ?? ''))?.data;
  if (data === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'auth/token/roles' });
  const old = { period: data['token_period'], explicit_max_ttl: data['token_explicit_max_ttl'] };
  return { data: { ...data, ...old } };
};

const list: Handler = ({ view }) => {
  const keys = view.below(roleId(view, ''), ROLES_MAX).map((entry) => entry.data['name']);
  return { data: { keys } };
};

export const TOKEN_ROLE_ROUTES: readonly VaultRoute[] = [
  { path: 'auth/token/roles', help: 'List the token roles.', list },
  {
    path: 'auth/token/roles/:role',
    help: 'Read, write or delete a token role.',
    read,
    write,
    delete: ({ view, params }) => {
      view.remove(roleId(view, params['role'] ?? ''));
      return {};
    },
  },
];
