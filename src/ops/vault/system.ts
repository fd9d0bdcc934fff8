// What else of `sys/` this server answers: what it is, what it has, and what a token may do.

import { AUTH_TYPES } from '../../core/vault/auth-mounts.ts';
import { aclOf } from '../../core/vault/authority.ts';
import { formatTime } from '../../core/vault/duration.ts';
import { ENGINE_TYPES } from '../../core/vault/mounts.ts';
import { BUILD_DATE, VAULT_VERSION } from '../../core/vault/version.ts';
import { invalid } from './fields.ts';
import type { Handler, VaultRoute } from './route.ts';

/** There was never another version here. */
const history: Handler = ({ view }) => ({
  data: {
    keys: [VAULT_VERSION],
    key_info: {
      [VAULT_VERSION]: {
        ...{ build_date: BUILD_DATE, previous_version: null },
        timestamp_installed: formatTime(view.project.createdAt),
      },
    },
  },
});

/** Servers that share a store lead all of them, and none knows the others. */
const highAvailability: Handler = () => ({
  data: {
    nodes: [
      {
        ...{ hostname: '', api_address: '', cluster_address: '', active_node: true, last_echo: null },
        ...{ version: VAULT_VERSION, upgrade_version: '', redundancy_zone: '' },
      },
    ],
  },
});

const noOrigins: Handler = () => ({ data: { enabled: false, allowed_origins: [], allowed_headers: [] } });

/** What the policies of the token come to, for programs that show only what it may do. */
const resultant: Handler = ({ view }) => {
  const { exact, globs } = aclOf(view.authority, view.callerPolicies).shown();
  return { data: { root: view.isRoot, exact_paths: exact, glob_paths: globs, chroot_namespace: '' } };
};

const PLUGINS: Readonly<Record<string, readonly string[]>> = {
  auth: ['token', ...AUTH_TYPES].sort(),
  database: [],
  secret: ENGINE_TYPES.filter((type) => type !== 'system').sort(),
};

const plugins: Handler = () => ({
  data: {
    ...PLUGINS,
    detailed: Object.entries(PLUGINS).flatMap(([type, names]) =>
      names.map((name) => ({ name, type, builtin: true, version: `v${VAULT_VERSION}+builtin`, sha256: '' })),
    ),
  },
});

const pluginsOf: Handler = ({ params }) => {
  const type = params['type'] ?? '';
  if (!Object.hasOwn(PLUGINS, type)) throw invalid('unknown plugin type');
  const names = PLUGINS[type];
  return { data: { keys: names } };
};

export const SYSTEM_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/seal', help: 'Seal the server.', sudo: true, server: true, write: () => ({}) },
  {
    path: 'sys/step-down',
    help: 'Give up leading: there is nobody to lead here.',
    sudo: true,
    server: true,
    asks: true,
    write: () => ({}),
  },
  { path: 'sys/version-history', help: 'List the versions that this server has had.', list: history, read: history },
  { path: 'sys/ha-status', help: 'The servers that answer for this store.', read: highAvailability },
  { path: 'sys/config/cors', help: 'Whether pages of other origins may ask: none may.', sudo: true, read: noOrigins },
  { path: 'sys/plugins/catalog', help: 'The engines and methods that can be enabled.', sudo: true, read: plugins },
  { path: 'sys/plugins/catalog/:type', help: 'Those of one type.', sudo: true, list: pluginsOf, read: pluginsOf },
  {
    path: 'sys/internal/ui/resultant-acl',
    help: "What the policies of the request's token come to.",
    read: resultant,
  },
];
