// Users with passwords. What is kept is a hash by argon2id under a salt that follows from the user's name and a key of the
// server, so that an unknown user costs as much as a known one. Who fails too often waits, whatever he then sends.
// Source: https://developer.hashicorp.com/vault/api-docs/auth/userpass and .../docs/concepts/user-lockout

import { Fault } from '../../core/error.ts';
import { tokenOfLogin, tokenSettings } from './auth-methods.ts';
import { invalid } from './fields.ts';
import { entityOfLogin } from './identity-login.ts';
import type { Handler, VaultCall, VaultRoute } from './route.ts';
import { mintToken } from './token-create.ts';

const USERS_MAX = 10_000;
const NAME = /^[a-z0-9](?:[a-z0-9._@+-]{0,126}[a-z0-9])?$/;
/** Vault's own: so many failures, and so long. */
const FAILURES_MAX = 5;
const LOCKED_MS = 15 * 60_000;

const home = ({ params }: VaultCall) => `auth/${params['uid']}/user/`;
const nameOf = ({ params }: VaultCall) => (params['user'] ?? '').toLowerCase();
const failuresId = (call: VaultCall) => `auth/${call.params['uid']}/failed/${nameOf(call).slice(0, 128)}`;

/** Both texts have the same length; the time does not tell where they differ. */
function isSame(a: string, b: string): boolean {
  let different = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) different |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return different === 0;
}

const write: Handler = (call) => {
  const { view, data, hashes } = call;
  const name = nameOf(call);
  if (!NAME.test(name)) throw invalid('a user name has letters, digits and . _ @ + -');
  const known = view.get(home(call) + name)?.data;
  const password = hashes.password ?? known?.['password'];
  if (password === undefined) throw invalid('missing password');
  if (known === undefined && view.below(home(call), USERS_MAX).length >= USERS_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'users of one auth method', limit: USERS_MAX });
  }
  view.put({ id: home(call) + name, data: { ...tokenSettings(data, known ?? {}), password } });
  return {};
};

function existing(call: VaultCall): Readonly<Record<string, unknown>> {
  const data = view(call);
  if (data === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'users' });
  return data;
}

const view = (call: VaultCall) => call.view.get(home(call) + nameOf(call))?.data;

const read: Handler = (call) => {
  const { password: _kept, ...settings } = existing(call);
  return { data: settings };
};

const list: Handler = (call) => {
  const prefix = home(call);
  return { data: { keys: call.view.below(prefix, USERS_MAX).map(({ id }) => id.slice(prefix.length)) } };
};

/** The password, or the policies, of a user that is there. */
const update: Handler = (call) => {
  if (view(call) === undefined) throw invalid('username does not exist');
  return write(call);
};

const login: Handler = (call) => {
  const { hashes, made } = call;
  const failed = call.view.get(failuresId(call))?.data['count'];
  if (typeof failed === 'number' && failed >= FAILURES_MAX)
    throw new Fault('PERMISSION_DENIED', { permission: 'login', resource: 'a locked user' });
  const known = view(call);
  const kept = String(known?.['password'] ?? ''.padEnd(64, '-'));
  if (!isSame(kept, hashes.password ?? '') || known === undefined) throw invalid('invalid username or password');
  if (failed !== undefined) call.view.remove(failuresId(call));
  const name = nameOf(call);
  const about = {
    displayName: `${(call.params['mount'] ?? '').slice(0, -1)}-${name}`,
    path: call.path,
    meta: { username: name },
    entity: entityOfLogin(call.view, call.params['accessor'] ?? '', name),
  };
  return mintToken(call.view, tokenOfLogin(known, about), made.hash);
};

/** One failure more; after the last one the time begins anew. */
const failed: Handler = (call) => {
  const count = Number(call.view.get(failuresId(call))?.data['count'] ?? 0) + 1;
  call.view.put({ id: failuresId(call), data: { count }, expiresAt: call.view.now + LOCKED_MS });
  return {};
};

export const USERPASS_FAILED_ROUTE = 'internal:userpass-failed';

export const USERPASS_ROUTES: readonly VaultRoute[] = [
  { path: USERPASS_FAILED_ROUTE, help: '', write: failed },
  { path: 'userpass!users', help: 'List the users.', list },
  {
    path: 'userpass!users/:user',
    help: 'Read, write or delete a user.',
    ...{ read, write },
    delete: (call) => {
      call.view.remove(home(call) + nameOf(call));
      return {};
    },
  },
  { path: 'userpass!users/:user/password', help: 'Set the password of a user.', write: update },
  { path: 'userpass!users/:user/policies', help: 'Set the policies of a user.', write: update },
  { path: 'userpass!login/:user', help: 'Log in with a password.', open: true, issues: true, write: login },
];
