// What Vault tells anybody without a token: whether it is there, initialised and unsealed. A server whose seal is a key
// file is always both, so `init` and `unseal` have nothing to do.
// Source: https://developer.hashicorp.com/vault/api-docs/system/health and seal-status.

import type { Maybe } from '../../core/ports.ts';
import { BUILD_DATE, VAULT_VERSION } from '../../core/vault/version.ts';
import { then } from '../../ops/maybe.ts';
import type { ServerFacts, VaultDoor } from '../../ops/vault/door.ts';
import type { WireRequest, WireResponse } from '../../wire/types.ts';
import { bare } from './answer.ts';
import { VaultError } from './request.ts';

type Answer = (request: WireRequest, facts: ServerFacts, now: number, shares: Shares) => Maybe<WireResponse>;

/** How many shares there are of the seal's key; asked only where it is shared out. */
type Shares = () => Promise<object | undefined>;

/** A key file is one share of one. */
const NOT_SHARED = { shares: 1, threshold: 1 };

const sealStatus: Answer = (_request, { name, id, isShared }, _now, ask) =>
  then(isShared ? ask() : NOT_SHARED, (found) => {
    const { shares: n, threshold: t } = found as typeof NOT_SHARED;
    return bare({
      ...{ type: 'shamir', initialized: true, sealed: false, t, n, progress: 0, nonce: '' },
      ...{ version: VAULT_VERSION, build_date: BUILD_DATE, migration: false },
      ...{ cluster_name: name, cluster_id: id, recovery_seal: false, storage_type: 'file' },
    });
  });

const health: Answer = ({ query }, { name, id }, now) => {
  const asked = new URLSearchParams(query).get('activecode');
  const status = asked === null ? 200 : Number(asked);
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new VaultError(400, 'bad status code');
  return bare(
    {
      ...{ initialized: true, sealed: false, standby: false, performance_standby: false },
      ...{ replication_performance_mode: 'disabled', replication_dr_mode: 'disabled' },
      ...{ server_time_utc: Math.floor(now / 1000), version: VAULT_VERSION, enterprise: false },
      ...{ cluster_name: name, cluster_id: id, echo_duration_ms: 0, clock_skew_ms: 0 },
    },
    status,
  );
};

/** There is one server, and nobody to lead. */
export const leader = (): WireResponse =>
  bare({
    ...{ ha_enabled: false, is_self: false, active_time: '0001-01-01T00:00:00Z', leader_address: '' },
    ...{ leader_cluster_address: '', performance_standby: false, performance_standby_last_remote_wal: 0 },
  });

const initialised: Answer = () => {
  throw new VaultError(400, 'Vault is already initialized');
};

const unseal: Answer = ({ body }, ...rest) => {
  if (/"reset"\s*:\s*true/.test(new TextDecoder().decode(body.subarray(0, 4096)))) {
    throw new VaultError(400, 'vault is unsealed');
  }
  return sealStatus({} as WireRequest, ...rest);
};

const WRITE = ['POST', 'PUT'];

const ANSWERS: readonly (readonly [path: string, methods: readonly string[], answer: Answer])[] = [
  ['/v1/sys/health', ['GET', 'HEAD'], health],
  ['/v1/sys/seal-status', ['GET'], sealStatus],
  ['/v1/sys/leader', ['GET'], leader],
  ['/v1/sys/init', ['GET'], () => bare({ initialized: true })],
  ['/v1/sys/init', WRITE, initialised],
  ['/v1/sys/unseal', WRITE, unseal],
];

const PATHS: ReadonlySet<string> = new Set(ANSWERS.map(([path]) => path));

/** The answer to a request of one of these paths; undefined for any other. */
export function statusAnswer(
  request: WireRequest,
  door: Pick<VaultDoor, 'describe' | 'now' | 'ceremony'>,
): Maybe<WireResponse> | undefined {
  if (!PATHS.has(request.path)) return undefined;
  const found = ANSWERS.find(([path, methods]) => path === request.path && methods.includes(request.method));
  if (found === undefined) throw new VaultError(405, '1 error occurred:\n\t* unsupported operation\n\n');
  return found[2](request, door.describe(), door.now(), () => door.ceremony('shares', {}));
}
