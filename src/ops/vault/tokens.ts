// What is done with tokens once they are there: look at them, renew and revoke them, count their uses. Revoking one takes
// everything made by it: its row owns theirs.
// Source: https://developer.hashicorp.com/vault/api-docs/auth/token

import { Fault } from '../../core/error.ts';
import { formatTime } from '../../core/vault/duration.ts';
import {
  entryOfToken,
  type KnownToken,
  renewed,
  secondsLeft,
  TOKENS_PREFIX,
  VAULT_TTL_SECONDS_MAX,
} from '../../core/vault/token.ts';
import { durationField, invalid } from './fields.ts';
import type { Handler, Reply, VaultCall, VaultRoute } from './route.ts';
import { authOf, createToken } from './token-create.ts';
import { TOKEN_ROLE_ROUTES } from './token-roles.ts';
import { accessorId, knownToken, ownToken, tokenOfAccessor } from './token-rows.ts';
import type { View } from './view.ts';

const ACCESSORS_MAX = 25_000;

/** What a look-up tells; the text of the token is put in by whoever knows it. */
export function describeToken(known: KnownToken, view: View): Readonly<Record<string, unknown>> {
  const { token, expiresAt, parent } = known;
  const { now } = view;
  const { entity } = token;
  const bound = entity === undefined ? [] : (view.identity(entity)?.policies ?? []);
  return {
    ...(bound.length === 0 ? {} : { identity_policies: bound }),
    accessor: token.accessor,
    creation_time: Math.floor(token.createdAt / 1000),
    creation_ttl: token.ttlSeconds,
    display_name: token.displayName,
    entity_id: entity ?? '',
    expire_time: expiresAt === undefined ? null : formatTime(expiresAt),
    explicit_max_ttl: token.explicitMaxSeconds ?? 0,
    id: '',
    issue_time: formatTime(token.createdAt),
    ...(token.lastRenewedAt === undefined
      ? {}
      : { last_renewal: formatTime(token.lastRenewedAt), last_renewal_time: Math.floor(token.lastRenewedAt / 1000) }),
    meta: token.meta,
    num_uses: Math.max(0, token.usesLeft),
    orphan: parent === undefined,
    path: token.path,
    ...(token.periodSeconds === undefined ? {} : { period: token.periodSeconds }),
    policies: token.policies,
    renewable: token.renewable,
    ...(token.role === undefined ? {} : { role: token.role }),
    ttl: secondsLeft(known, now),
    type: token.accessor === '' ? 'batch' : 'service',
  };
}

const lookup =
  (find: (call: VaultCall) => KnownToken): Handler =>
  (call) => ({ data: describeToken(find(call), call.view) });

/** A credential of Coffer's own that is no token of Vault's has no row there, and still is somebody's. */
const lookupSelf: Handler = (call) => {
  const { view, hashes } = call;
  if (hashes.batch !== undefined || view.authority.tokenId !== undefined) return lookup(ownToken)(call);
  const { identity } = view.authority;
  const policies = view.ownPolicies;
  const { member } = view.caller.principal;
  const data = {
    ...(identity === undefined ? {} : { identity_policies: identity.policies }),
    ...{ accessor: '', creation_time: 0, creation_ttl: 0, display_name: member, expire_time: null },
    entity_id: identity?.id ?? '',
    ...{ explicit_max_ttl: 0, id: '', issue_time: null, meta: null, num_uses: 0, orphan: true, path: '', policies },
    ...{ renewable: false, ttl: 0, type: 'service' },
  };
  return { data };
};

const renew =
  (find: (call: VaultCall) => KnownToken): Handler =>
  (call): Reply => {
    const { view, data } = call;
    const known = find(call);
    if (known.token.accessor === '') throw invalid('batch tokens cannot be renewed');
    const { certificate } = known.token;
    if (certificate !== undefined && certificate !== call.hashes.presented) {
      throw invalid('client identity during renewal not matching client identity used during login');
    }
    if (!known.token.renewable || known.expiresAt === undefined) throw invalid('lease is not renewable');
    const asked = durationField(data, 'increment') ?? 0;
    if (asked < 0) throw invalid('increment must be positive');
    const { expiresAt, capped } = renewed(known.token, asked, view.now, VAULT_TTL_SECONDS_MAX);
    const next: KnownToken = { ...known, expiresAt, token: { ...known.token, lastRenewedAt: view.now } };
    view.put(entryOfToken(next));
    const seconds = secondsLeft(next, view.now);
    const warnings = capped
      ? [
          `TTL of "${asked || known.token.ttlSeconds}s" exceeded what is left of the maximum; TTL value is capped to ${seconds}s`,
        ]
      : [];
    return { auth: authOf(next, 'service', view), warnings };
  };

const revoke =
  (find: (call: VaultCall) => KnownToken): Handler =>
  (call) => {
    const known = find(call);
    if (known.token.accessor === '') throw invalid('batch tokens cannot be revoked');
    call.view.remove(known.id);
    return {};
  };

/** To revoke what is dead already is no failure. */
const revokeGiven: Handler = (call) => {
  try {
    return revoke(knownToken)(call);
  } catch (error) {
    if (error instanceof Fault && error.code === 'CREDENTIAL_INVALID') return {};
    throw error;
  }
};

const revokeOrphan: Handler = (call) => {
  const known = knownToken(call);
  call.view.changes.push({ change: 'vaultEntry.release', owner: known.id, prefix: TOKENS_PREFIX });
  call.view.remove(known.id);
  return {};
};

const accessors: Handler = ({ view }) => {
  const prefix = accessorId('');
  const rows = view.below(prefix, ACCESSORS_MAX);
  const tokens = view.all(rows.map(({ data }) => String(data['token'])));
  const ours = rows.filter((_, index) => tokens[index]?.data['project'] === view.project.id);
  const keys = ours.map(({ id }) => id.slice(prefix.length));
  return { data: { keys } };
};

/** One use less; the last one leaves a token that is good for nothing more. */
const spend: Handler = ({ view }) => {
  const known = view.callerToken();
  if (known === undefined || known.token.usesLeft < 0) throw new Fault('CREDENTIAL_INVALID');
  if (known.token.usesLeft === 0) return {};
  const usesLeft = known.token.usesLeft === 1 ? -1 : known.token.usesLeft - 1;
  view.put(entryOfToken({ ...known, token: { ...known.token, usesLeft } }));
  return {};
};

/** Not a path that a request can name: what `vault.internal` does for one that came with a limited token. */
export const SPEND_ROUTE = 'internal:spend';

export const TOKEN_ROUTES: readonly VaultRoute[] = [
  { path: SPEND_ROUTE, help: '', write: spend },
  { path: 'auth/token/create', help: 'Make a token.', issues: true, write: (call) => createToken(call, false) },
  {
    path: 'auth/token/create-orphan',
    help: 'Make a token without a parent.',
    issues: true,
    sudo: true,
    write: (call) => createToken(call, true),
  },
  {
    path: 'auth/token/create/:role',
    help: 'Make a token by a role.',
    issues: true,
    write: (call) => createToken(call, false),
  },
  {
    path: 'auth/token/lookup-self',
    help: "Look at the request's own token.",
    looksAtSelf: true,
    read: lookupSelf,
    asks: true,
    write: lookupSelf,
  },
  {
    path: 'auth/token/lookup',
    help: 'Look at a token.',
    asks: true,
    read: lookupSelf,
    write: (call) =>
      call.hashes.token === undefined && call.data['token'] === undefined ? lookupSelf(call) : lookup(knownToken)(call),
  },
  {
    path: 'auth/token/lookup-accessor',
    help: 'Look at the token of an accessor.',
    asks: true,
    write: lookup(tokenOfAccessor),
  },
  { path: 'auth/token/renew-self', help: "Renew the request's own token.", write: renew(ownToken) },
  {
    path: 'auth/token/renew',
    help: 'Renew a token.',
    write: renew((call) => (call.hashes.token === undefined ? ownToken(call) : knownToken(call))),
  },
  { path: 'auth/token/renew-accessor', help: 'Renew the token of an accessor.', write: renew(tokenOfAccessor) },
  { path: 'auth/token/revoke-self', help: "Revoke the request's own token.", write: revoke(ownToken) },
  { path: 'auth/token/revoke', help: 'Revoke a token and all that it made.', write: revokeGiven },
  { path: 'auth/token/revoke-accessor', help: 'Revoke the token of an accessor.', write: revoke(tokenOfAccessor) },
  {
    path: 'auth/token/revoke-orphan',
    help: 'Revoke a token alone; what it made stays.',
    sudo: true,
    write: revokeOrphan,
  },
  { path: 'auth/token/accessors', help: 'List the accessors of all tokens.', sudo: true, list: accessors },
  {
    path: 'auth/token/tidy',
    help: 'Remove what is left of tokens that ended; the server does it by itself.',
    sudo: true,
    write: () => ({
      warnings: [
        "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.",
      ],
    }),
  },
  ...TOKEN_ROLE_ROUTES,
];
