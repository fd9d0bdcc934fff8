// What else of `sys/` and `identity/` this server answers: the auth methods that stand, and who may do what at a glance.

import { Fault } from '../../core/error.ts';
import { invalid } from './fields.ts';
import { authTuning } from './mounts.ts';
import type { Handler, VaultCall, VaultRoute } from './route.ts';

const TOKEN_METHOD = {
  ...{ type: 'token', accessor: 'auth_token_00000001', uuid: '00000000-0000-4000-8000-000000000001' },
  ...{ description: 'token based credentials', options: null, local: false, seal_wrap: false },
  config: { default_lease_ttl: 0, max_lease_ttl: 0, force_no_cache: false, token_type: 'default-service' },
  ...{ external_entropy_access: false, plugin_version: '', running_plugin_version: '', running_sha256: '' },
};

const isToken = ({ params }: VaultCall) => (params['path'] ?? '').replace(/\/$/, '') === 'token';

const method: Handler = (call) => {
  if (!isToken(call)) throw invalid('no matching auth method at that path');
  return { data: TOKEN_METHOD };
};

const tuning: Handler = (call) => {
  if (!isToken(call)) throw invalid('no matching auth method at that path');
  return authTuning();
};

const fixed: Handler = (call) => {
  if (isToken(call)) throw invalid('token credential backend cannot be changed');
  throw new Fault('UNIMPLEMENTED', { what: 'another auth method' });
};

export const SYSTEM_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/seal', help: 'Seal the server.', sudo: true, write: () => ({}) },
  { path: 'sys/auth', help: 'List the auth methods.', sudo: true, read: () => ({ data: { 'token/': TOKEN_METHOD } }) },
  { path: 'sys/auth/*path/tune', help: 'The settings of an auth method.', sudo: true, read: tuning },
  { path: 'sys/auth/*path', help: 'Read an auth method.', sudo: true, read: method, write: fixed, delete: fixed },
];
