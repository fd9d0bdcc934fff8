// Auth methods: enabled, tuned, disabled with all that they hold. And what their tokens have in common.
// Source: https://developer.hashicorp.com/vault/api-docs/system/auth

import { Fault } from '../../core/error.ts';
import {
  AUTH_TYPES,
  type AuthMount,
  type AuthTable,
  type AuthType,
  authTable,
  TOKEN_ACCESSOR,
} from '../../core/vault/auth-mounts.ts';
import { parseBlocks } from '../../core/vault/cidr.ts';
import { MOUNTS_MAX, mountsId, mountTable, NO_CONFIG } from '../../core/vault/mounts.ts';
import { VAULT_TTL_SECONDS_MAX } from '../../core/vault/token.ts';
import { booleanField, type Data, durationField, integerField, invalid, listField, textField } from './fields.ts';
import { leasesBelow } from './leases.ts';
import { authTuning, configOf, mountPath } from './mounts.ts';
import { policyName } from './policies.ts';
import type { Handler, VaultCall, VaultRoute } from './route.ts';
import { alphanumeric, type NewToken } from './token-create.ts';
import type { View } from './view.ts';

const TOKEN_METHOD = {
  ...{ type: 'token', accessor: TOKEN_ACCESSOR, uuid: '00000000-0000-4000-8000-000000000001' },
  ...{ description: 'token based credentials', options: null, local: false, seal_wrap: false },
  config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false, token_type: 'default-service' },
  ...{ external_entropy_access: false, plugin_version: '', running_plugin_version: '', running_sha256: '' },
};

export const authTableOf = (view: View): AuthTable => authTable(view.get(mountsId(view.project.id)));

export function keepAuth(view: View, auth: AuthTable): void {
  const id = mountsId(view.project.id);
  const entry = view.get(id);
  view.put({ id, data: { mounts: mountTable(view.project.id, entry), auth } });
}

function describe(mount: AuthMount, effective = false): Readonly<Record<string, unknown>> {
  const seconds = (own: number) => (effective && own === 0 ? VAULT_TTL_SECONDS_MAX : own);
  const config = {
    default_lease_ttl: seconds(mount.config.defaultSeconds),
    max_lease_ttl: seconds(mount.config.maxSeconds),
    ...{ force_no_cache: mount.config.forceNoCache, token_type: mount.config.tokenType },
    ...(mount.config.listingVisibility === undefined ? {} : { listing_visibility: mount.config.listingVisibility }),
  };
  if (effective) return { ...config, description: mount.description };
  const uuid = mount.uid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return {
    ...{ type: mount.type, accessor: mount.accessor, uuid, description: mount.description, options: null, config },
    ...{ local: mount.local, seal_wrap: mount.sealWrap, external_entropy_access: false },
    ...{ plugin_version: '', running_plugin_version: '', running_sha256: '' },
  };
}

const pathOf = ({ params }: VaultCall) => mountPath(params['path'] ?? '');

function existing(call: VaultCall): { readonly path: string; readonly mount: AuthMount } {
  const path = pathOf(call);
  const table = authTableOf(call.view);
  const mount = Object.hasOwn(table, path) ? table[path] : undefined;
  if (mount === undefined) throw invalid(`no matching auth method at ${path}`);
  return { path, mount };
}

/** Throws where a method stands at the path, above it or below. */
export function checkAuthFree(table: AuthTable, path: string): void {
  const over = ['token/', ...Object.keys(table)].find((each) => each.startsWith(path) || path.startsWith(each));
  if (over !== undefined) throw invalid(`path is already in use at ${over}`);
}

const list: Handler = ({ view }) => {
  const own = Object.entries(authTableOf(view)).map(([path, mount]) => [path, describe(mount)]);
  return { data: { 'token/': TOKEN_METHOD, ...Object.fromEntries(own) } };
};

const read: Handler = (call) => ({ data: pathOf(call) === 'token/' ? TOKEN_METHOD : describe(existing(call).mount) });

const enable: Handler = (call) => {
  const { view, data } = call;
  const path = pathOf(call);
  const table = authTableOf(view);
  const type = textField(data, 'type') ?? '';
  if (!AUTH_TYPES.some((each) => each === type)) throw invalid(`plugin not found in the catalog: ${type.slice(0, 64)}`);
  checkAuthFree(table, path);
  if (Object.keys(table).length >= MOUNTS_MAX)
    throw new Fault('LIMIT_REACHED', { what: 'auth methods', limit: MOUNTS_MAX });
  const mount: AuthMount = {
    type: type as AuthType,
    uid: view.entropy.uid(),
    accessor: `auth_${type}_${alphanumeric(view, 8).toLowerCase()}`,
    description: (textField(data, 'description') ?? '').slice(0, 1024),
    config: { ...configOf((data['config'] ?? {}) as Data, NO_CONFIG), tokenType: 'default-service' },
    local: booleanField(data, 'local') ?? false,
    sealWrap: booleanField(data, 'seal_wrap') ?? false,
  };
  keepAuth(view, { ...table, [path]: mount });
  return {};
};

const disable: Handler = (call) => {
  const { view } = call;
  const path = pathOf(call);
  if (path === 'token/') throw invalid('token credential backend cannot be disabled');
  const { [path]: mount, ...rest } = authTableOf(view);
  if (mount === undefined) return {};
  keepAuth(view, rest);
  view.changes.push({ change: 'vaultEntry.deleteBelow', prefix: `auth/${mount.uid}/` });
  // Whoever logged in by it is logged out.
  view.removeOwnersBelow(leasesBelow(view, `auth/${path}`));
  return {};
};

const tuning: Handler = (call) =>
  pathOf(call) === 'token/' ? authTuning() : { data: describe(existing(call).mount, true) };

const tune: Handler = (call) => {
  const { path, mount } = existing(call);
  const { view, data } = call;
  const description = textField(data, 'description');
  const config = {
    ...configOf(data, mount.config),
    tokenType: textField(data, 'token_type') ?? mount.config.tokenType,
  };
  const described = description === undefined ? {} : { description: description.slice(0, 1024) };
  keepAuth(view, { ...authTableOf(view), [path]: { ...mount, config, ...described } });
  return {};
};

export const AUTH_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/auth', help: 'List the auth methods.', sudo: true, read: list },
  {
    path: 'sys/auth/*path/tune',
    help: 'Read or change the settings of an auth method.',
    sudo: true,
    read: tuning,
    write: tune,
  },
  {
    path: 'sys/mounts/auth/*path/tune',
    help: 'Read or change the settings of an auth method.',
    read: tuning,
    write: tune,
  },
  {
    path: 'sys/auth/*path',
    help: 'Enable an auth method, read it, or disable it.',
    sudo: true,
    read,
    write: enable,
    delete: disable,
  },
];

/** The settings of tokens that a role or a user has, as they are kept and shown. */
export function tokenSettings(data: Data, known: Data): Readonly<Record<string, unknown>> {
  const seconds = (name: string, old: string) => {
    const asked = durationField(data, name) ?? durationField(data, old) ?? (known[name] as number | undefined) ?? 0;
    if (asked < 0) throw invalid(`${name} must be positive`);
    return asked;
  };
  const asked = listField(data, 'token_policies') ?? listField(data, 'policies');
  const policies = asked?.map(policyName) ?? known['token_policies'] ?? [];
  const uses = integerField(data, 'token_num_uses') ?? (known['token_num_uses'] as number | undefined) ?? 0;
  const [ttl, most] = [seconds('token_ttl', 'ttl'), seconds('token_max_ttl', 'max_ttl')];
  if (uses < 0) throw invalid("'token_num_uses' cannot be negative");
  if (most > 0 && ttl > most) throw invalid("'token_ttl' cannot be greater than 'token_max_ttl'");
  const type = textField(data, 'token_type') ?? (known['token_type'] as string | undefined) ?? 'default';
  if (!['default', 'service', 'default-service', ''].includes(type))
    throw invalid("'token_type' can only be service here");
  const bound = listField(data, 'token_bound_cidrs');
  return {
    ...{ token_policies: policies, token_ttl: ttl, token_max_ttl: most, token_num_uses: uses },
    token_bound_cidrs: bound === undefined ? (known['token_bound_cidrs'] ?? []) : parseBlocks(bound),
    token_period: seconds('token_period', 'period'),
    token_explicit_max_ttl: seconds('token_explicit_max_ttl', 'explicit_max_ttl'),
    token_no_default_policy:
      booleanField(data, 'token_no_default_policy') ??
      (known['token_no_default_policy'] as boolean | undefined) ??
      false,
    token_type: type === '' ? 'default' : type,
  };
}

/** A token by these settings. Root and the grants of a principal are nobody's to log in to. */
export function tokenOfLogin(
  settings: Data,
  about: Pick<NewToken, 'displayName' | 'path' | 'meta' | 'entity'>,
): NewToken {
  const named = (settings['token_policies'] as readonly string[]).filter((name) => name !== 'root' && name !== 'iam');
  const policies = new Set(settings['token_no_default_policy'] === true ? named : ['default', ...named]);
  const number = (name: string) => settings[name] as number;
  const boundCidrs = settings['token_bound_cidrs'] as readonly string[];
  const most = number('token_max_ttl');
  const ttl = number('token_ttl') || VAULT_TTL_SECONDS_MAX;
  const explicit = [number('token_explicit_max_ttl'), most].filter((seconds) => seconds > 0);
  return {
    ...about,
    policies: [...policies].sort(),
    ttlSeconds: Math.min(ttl, most || VAULT_TTL_SECONDS_MAX, VAULT_TTL_SECONDS_MAX),
    renewable: true,
    uses: number('token_num_uses'),
    ...(boundCidrs.length === 0 ? {} : { boundCidrs }),
    ...(number('token_period') > 0 ? { periodSeconds: Math.min(number('token_period'), VAULT_TTL_SECONDS_MAX) } : {}),
    ...(explicit.length > 0 ? { explicitMaxSeconds: Math.min(...explicit) } : {}),
  };
}
