// Every path of Vault's API that is an operation of this server, and which of them a request means. An engine joins in by
// its routes here and its type in the mount table.

import { type AuthTable, authMountOf } from '../../core/vault/auth-mounts.ts';
import { type MountTable, mountOf } from '../../core/vault/mounts.ts';
import { APPROLE_ROUTES } from './approle.ts';
import { AUDIT_ROUTES } from './audit-devices.ts';
import { AUTH_ROUTES } from './auth-methods.ts';
import { CEREMONY_ROUTES } from './ceremonies.ts';
import { CERT_ROUTES } from './cert.ts';
import { CUBBYHOLE_ROUTES } from './cubbyhole.ts';
import { GITHUB_ROUTES } from './github.ts';
import { ENTITY_ROUTES } from './identity-entities.ts';
import { GROUP_ROUTES } from './identity-groups.ts';
import { LOOKUP_ROUTES } from './identity-lookup.ts';
import { KV_CONFIG_ROUTES } from './kv-config.ts';
import { LEASE_ROUTES } from './leases.ts';
import { MOUNT_ROUTES } from './mounts.ts';
import { NAMESPACE_ROUTES } from './namespaces.ts';
import { PKI_ROUTES } from './pki.ts';
import { POLICY_ROUTES } from './policies.ts';
import { REMOUNT_ROUTES } from './remount.ts';
import { ROTATION_ROUTES } from './rotation.ts';
import type { VaultRoute } from './route.ts';
import { openApiOf } from './specs.ts';
import { SYSTEM_ROUTES } from './system.ts';
import { TOKEN_ROUTES } from './tokens.ts';
import { USERPASS_ROUTES } from './userpass.ts';
import { WRAPPING_ROUTES } from './wrapping.ts';

export const VAULT_ROUTES: readonly VaultRoute[] = [
  ...AUTH_ROUTES,
  ...APPROLE_ROUTES,
  ...USERPASS_ROUTES,
  ...CERT_ROUTES,
  ...GITHUB_ROUTES,
  ...TOKEN_ROUTES,
  ...POLICY_ROUTES,
  ...MOUNT_ROUTES,
  ...REMOUNT_ROUTES,
  ...CUBBYHOLE_ROUTES,
  ...WRAPPING_ROUTES,
  ...KV_CONFIG_ROUTES,
  ...ENTITY_ROUTES,
  ...GROUP_ROUTES,
  ...LOOKUP_ROUTES,
  ...LEASE_ROUTES,
  ...PKI_ROUTES,
  ...AUDIT_ROUTES,
  ...ROTATION_ROUTES,
  ...CEREMONY_ROUTES,
  ...NAMESPACE_ROUTES,
  ...SYSTEM_ROUTES,
  {
    path: 'sys/internal/specs/openapi',
    help: 'What this server answers, as an OpenAPI document.',
    read: () => ({ data: openApiOf(VAULT_ROUTES), bare: true }),
  },
];

const byPath = new Map(VAULT_ROUTES.map((route) => [route.path, route]));

/** The route of that path in the table; undefined where there is none. */
export function routeNamed(path: string): VaultRoute | undefined {
  return byPath.get(path);
}

interface Pattern {
  readonly route: VaultRoute;
  readonly form: RegExp;
  readonly names: readonly string[];
}

function patternOf(route: VaultRoute): Pattern {
  const names: string[] = [];
  const form = route.path.replaceAll(/([:*])(\w+)/g, (_, kind: string, name: string) => {
    names.push(name);
    return kind === ':' ? '([^/]+)' : '(.+)';
  });
  return { route, form: new RegExp(`^${form}/?$`), names };
}

/** Routes of a method, or of an engine, are named by its type; those that are internal have no path. */
const isNamed = ({ path }: VaultRoute) => !path.includes('!') && !path.startsWith('internal:');
const patterns: readonly Pattern[] = VAULT_ROUTES.filter(isNamed).map(patternOf);
const ofMethods: readonly Pattern[] = VAULT_ROUTES.filter(({ path }) => path.includes('!')).map(patternOf);
const exact = new Map(patterns.filter(({ names }) => names.length === 0).map((each) => [each.route.path, each]));
/** By their first segment, which has no parameter: what lies below a mount is not compared with any of them. */
const byFirst = new Map(
  [...Map.groupBy(patterns, ({ route }) => firstOf(route.path))].map(([first, all]) => [
    first,
    all.filter(({ names }) => names.length > 0),
  ]),
);

function firstOf(path: string): string {
  const slash = path.indexOf('/');
  return slash < 0 ? path : path.slice(0, slash);
}

export interface FoundRoute {
  readonly route: VaultRoute;
  readonly params: Readonly<Record<string, string>>;
}

/** The route of a path below an auth method. */
export function findAuthRoute(table: AuthTable, path: string): FoundRoute | undefined {
  const at = path.startsWith('auth/') ? authMountOf(table, path.slice('auth/'.length)) : undefined;
  if (at === undefined) return undefined;
  const { type, uid, accessor } = at.mount;
  const found = findIn(ofMethods, `${type}!${path.slice('auth/'.length + at.path.length)}`);
  return found === undefined ? undefined : { ...found, params: { ...found.params, uid, accessor, mount: at.path } };
}

/** The route of a path below a mount whose engine has routes of its own. */
export function findEngineRoute(table: MountTable, path: string): FoundRoute | undefined {
  const at = mountOf(table, path);
  if (at?.mount.type !== 'pki') return undefined;
  const found = findIn(ofMethods, `pki!${path.slice(at.path.length)}`);
  return found === undefined ? undefined : { ...found, params: { ...found.params, uid: at.mount.uid, mount: at.path } };
}

/** The route of a path below `/v1/`. */
export function findVaultRoute(path: string): FoundRoute | undefined {
  const among = byFirst.get(firstOf(path));
  if (among === undefined) return undefined;
  const plain = exact.get(path.endsWith('/') ? path.slice(0, -1) : path);
  return plain === undefined ? findIn(among, path) : { route: plain.route, params: {} };
}

function findIn(among: readonly Pattern[], path: string): FoundRoute | undefined {
  for (const { route, form, names } of among) {
    const match = form.exec(path);
    if (match === null) continue;
    const params = names.map((name, index) => [name, match[index + 1] as string] as const);
    return { route, params: Object.fromEntries(params) };
  }
  return undefined;
}
