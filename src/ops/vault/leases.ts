// Leases: what ends by itself, under a name that says where it was made. A lease is an entry owned by what it is a lease
// of, so that both go together; the engine that made it knows its times. Tokens are leases too, except those without an
// end. A lease of another project is as one that does not exist.
// Source: https://developer.hashicorp.com/vault/api-docs/system/leases

import { formatTime } from '../../core/vault/duration.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import { type KnownToken, secondsLeft, tokenOf } from '../../core/vault/token.ts';
import { durationField, invalid, textField } from './fields.ts';
import { below } from './folders.ts';
import { CERTIFICATE_LEASES, pkiPathsBelow, revokeLeasedBelow } from './pki-leases.ts';
import type { Handler, Reply, VaultCall, VaultRoute } from './route.ts';
import { lives } from './token-rows.ts';
import type { View } from './view.ts';

/** Ours: leases that one list looks at. */
const LISTED_MAX = 25_000;
const ID_CHARS_MAX = 1024;

export interface LeaseTimes {
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt?: number | undefined;
  readonly renewedAt?: number | undefined;
  readonly renewable: boolean;
  readonly ttlSeconds: number;
}

/** What an engine that leases does for the registry. `thing` is the entry that the lease is of. */
export interface LeaseEngine {
  /** Undefined where it has ended. */
  times(view: View, thing: VaultEntry): LeaseTimes | undefined;
  /** Moves the end, by `incrementSeconds` from now; 0: as long as it was given first. */
  renew(view: View, thing: VaultEntry, incrementSeconds: number): Reply;
  revoke(view: View, thing: VaultEntry): void;
}

const tokens: LeaseEngine = {
  times: (view, thing) => {
    const known = tokenOf(thing);
    if (!lives(view, known)) return undefined;
    const { createdAt, lastRenewedAt, renewable } = known.token;
    const { expiresAt } = known;
    return {
      ...{ issuedAt: createdAt, renewedAt: lastRenewedAt, expiresAt, renewable },
      ttlSeconds: secondsLeft(known, view.now),
    };
  },
  renew: () => {
    throw invalid('tokens cannot be renewed through this endpoint');
  },
  revoke: (view, thing) => view.remove(thing.id),
};

/** An engine that leases joins in here, by the name that its leases keep. */
const ENGINES: Readonly<Record<string, LeaseEngine>> = { token: tokens, pki: CERTIFICATE_LEASES };

export function leasesOfProject(id: string): string {
  return `lease/${id}/`;
}

const leasesOf = (view: View) => leasesOfProject(view.project.id);

/** Where the leases of an auth method, or of a mount, lie. `path` ends in `/`. */
export function leasesBelow(view: View, path: string): string {
  return leasesOf(view) + path;
}

/** The lease of a token that ends; one that does not, and one that only wraps an answer, has none. */
export function leaseOfToken({ id, token, expiresAt }: KnownToken): VaultEntry | undefined {
  if (expiresAt === undefined || token.wraps !== undefined) return undefined;
  const path = token.path.replace(/\/+$/, '');
  return { id: `lease/${token.project}/${path}/${token.accessor}`, owner: id, data: { engine: 'token' } };
}

interface Lease {
  readonly id: string;
  readonly engine: LeaseEngine;
  readonly thing: VaultEntry;
  readonly times: LeaseTimes;
}

function idOf({ params, data }: VaultCall): string {
  const id = params['id'] ?? textField(data, 'lease_id') ?? textField(data, 'url_lease_id') ?? '';
  if (id === '') throw invalid('lease_id must be specified');
  return id.replace(/\/+$/, '');
}

/** The living lease that the request names. */
function found(call: VaultCall): Lease | undefined {
  const { view } = call;
  const id = idOf(call);
  const entry = id.length > ID_CHARS_MAX ? undefined : view.get(leasesOf(view) + id);
  const engine = ENGINES[String(entry?.data['engine'])];
  const thing = entry?.owner === undefined ? undefined : view.get(entry.owner);
  if (engine === undefined || thing === undefined) return undefined;
  const times = engine.times(view, thing);
  return times === undefined ? undefined : { id, engine, thing, times };
}

const timeOf = (milliseconds: number | undefined) => (milliseconds === undefined ? null : formatTime(milliseconds));

const lookup: Handler = (call) => {
  const lease = found(call);
  if (lease === undefined) throw invalid('invalid lease');
  const { issuedAt, expiresAt, renewedAt, renewable, ttlSeconds } = lease.times;
  return {
    data: {
      ...{ id: lease.id, issue_time: timeOf(issuedAt), expire_time: timeOf(expiresAt) },
      ...{ last_renewal: timeOf(renewedAt), renewable, ttl: ttlSeconds },
    },
  };
};

const renew: Handler = (call) => {
  const lease = found(call);
  if (lease === undefined) throw invalid('lease not found');
  const increment = durationField(call.data, 'increment') ?? 0;
  if (increment < 0) throw invalid('increment must be positive');
  return lease.engine.renew(call.view, lease.thing, increment);
};

/** To revoke what has ended is no failure. */
const revoke: Handler = (call) => {
  const lease = found(call);
  if (lease !== undefined) lease.engine.revoke(call.view, lease.thing);
  return {};
};

/** All of them, however many: whoever revokes a prefix fears for what is below it. */
const revokeBelow: Handler = ({ view, params }) => {
  const path = (params['path'] ?? '').replace(/\/+$/, '');
  for (const each of pkiPathsBelow(view, `${path}/`)) revokeLeasedBelow(view, leasesOf(view) + each);
  view.removeOwnersBelow(`${leasesOf(view)}${path}/`);
  // A whole lease is a prefix too.
  const entry = view.get(leasesOf(view) + path);
  const thing = entry?.owner === undefined ? undefined : view.get(entry.owner);
  if (thing !== undefined) ENGINES[String(entry?.data['engine'])]?.revoke(view, thing);
  return {};
};

const list: Handler = ({ view, params }) => {
  const path = params['path'] ?? '';
  const prefix = leasesOf(view) + (path === '' || path.endsWith('/') ? path : `${path}/`);
  const rows = view.below(prefix, LISTED_MAX);
  const owners = view.all(rows.map(({ owner = '' }) => owner));
  const living = rows.filter((_, index) => owners[index] !== undefined);
  return { data: { keys: below(living.map(({ id }) => id.slice(prefix.length))) } };
};

/** A lease that could not be revoked: there are none, since each goes with what it is of. */
function irrevocable(list: boolean): Handler {
  return ({ data }) => {
    if (textField(data, 'type') !== 'irrevocable') throw invalid('unable to find irrevocable leases: unknown type');
    return { data: { lease_count: 0, counts: {}, ...(list ? { leases: [] } : {}) } };
  };
}

const STARTED =
  "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.";

const all = (paths: readonly string[], route: Omit<VaultRoute, 'path'>): readonly VaultRoute[] =>
  paths.map((path) => ({ path, ...route }));

export const LEASE_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/leases', help: 'List the leases that could not be revoked.', sudo: true, read: irrevocable(true) },
  { path: 'sys/leases/count', help: 'Count the leases that could not be revoked.', read: irrevocable(false) },
  {
    path: 'sys/leases/tidy',
    help: 'Remove what is left of leases that ended; the server does it by itself.',
    sudo: true,
    write: () => ({ warnings: [STARTED] }),
  },
  {
    path: 'sys/leases/lookup',
    help: 'Look at a lease; list the first segments of all of them.',
    asks: true,
    sudo: ['list'],
    write: lookup,
    list,
  },
  { path: 'sys/leases/lookup/*path', help: 'List the leases below a path.', sudo: true, list },
  ...all(['sys/leases/renew', 'sys/leases/renew/*id', 'sys/renew', 'sys/renew/*id'], {
    help: 'Renew a lease.',
    write: renew,
  }),
  ...all(['sys/leases/revoke', 'sys/leases/revoke/*id', 'sys/revoke', 'sys/revoke/*id'], {
    help: 'Revoke a lease.',
    write: revoke,
  }),
  ...all(['sys/leases/revoke-prefix/*path', 'sys/revoke-prefix/*path'], {
    help: 'Revoke every lease below a path.',
    sudo: true,
    write: revokeBelow,
  }),
  ...all(['sys/leases/revoke-force/*path', 'sys/revoke-force/*path'], {
    help: 'Revoke every lease below a path, whatever its engine says.',
    sudo: true,
    write: revokeBelow,
  }),
];
