// What a server answers that is sealed: Vault's questions about its seal, and that it is sealed. Nothing else is there,
// whatever dialect asks: the keys that would open anything are not.
// Source: https://developer.hashicorp.com/vault/api-docs/system/init, seal and unseal.

import { Fault } from '../../core/error.ts';
import { parseShare, parseShareCounts, writtenShares } from '../../core/vault/shares.ts';
import { BUILD_DATE, VAULT_VERSION } from '../../core/vault/version.ts';
import type { WireHandler, WireRequest, WireResponse } from '../../wire/types.ts';
import { bare, failed } from './answer.ts';
import { VaultError } from './request.ts';
import { leader } from './status.ts';

export interface SealState {
  readonly initialised: boolean;
  readonly shares: number;
  readonly threshold: number;
  /** Shares that came so far. */
  readonly progress: number;
  /** Names this attempt. */
  readonly nonce: string;
}

/** What holds the seal. Every method may reject with a VaultError. */
export interface SealKeeper {
  state(): Promise<SealState>;
  /** Answers the shares and the root token: they leave once. */
  initialise(
    shares: number,
    threshold: number,
  ): Promise<{ readonly keys: readonly Uint8Array[]; readonly token: string }>;
  /** Takes a share; true once the server is open. */
  submit(share: Uint8Array): Promise<boolean>;
  reset(): void;
  now(): number;
}

const BODY_BYTES_MAX = 4096;

export function createSealedHandler(
  keeper: SealKeeper,
  onError: (error: unknown, requestId: string) => void,
): WireHandler {
  return {
    http: async (request) => {
      try {
        return await route(keeper, request);
      } catch (error) {
        if (!(error instanceof VaultError || error instanceof Fault)) onError(error, request.id);
        return failed(error);
      }
    },
    grpc: () => ({ ok: false, code: 14, message: 'the server is sealed' }),
  };
}

async function route(keeper: SealKeeper, request: WireRequest): Promise<WireResponse> {
  const { path, method } = request;
  if (path === '/healthz') return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok\n' };
  const isRead = method === 'GET' || method === 'HEAD';
  const isWrite = method === 'PUT' || method === 'POST';
  if (path === '/v1/sys/health' && isRead) return health(await keeper.state(), request, keeper.now());
  if (path === '/v1/sys/seal-status' && isRead) return bare(statusOf(await keeper.state(), true));
  if (path === '/v1/sys/leader' && isRead) return leader();
  if (path === '/v1/sys/init' && isRead) return bare({ initialized: (await keeper.state()).initialised });
  if (path === '/v1/sys/init' && isWrite) return initialise(keeper, bodyOf(request));
  if (path === '/v1/sys/unseal' && isWrite) return unseal(keeper, bodyOf(request));
  throw new VaultError(503, 'Vault is sealed');
}

function health({ initialised }: SealState, { query }: WireRequest, now: number): WireResponse {
  const asked = new URLSearchParams(query).get(initialised ? 'sealedcode' : 'uninitcode');
  const status = asked === null ? (initialised ? 503 : 501) : Number(asked);
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new VaultError(400, 'bad status code');
  return bare(
    {
      ...{ initialized: initialised, sealed: true, standby: true, performance_standby: false },
      ...{ replication_performance_mode: 'unknown', replication_dr_mode: 'unknown', enterprise: false },
      ...{ server_time_utc: Math.floor(now / 1000), version: VAULT_VERSION },
    },
    status,
  );
}

function statusOf({ initialised, shares, threshold, progress, nonce }: SealState, sealed: boolean) {
  return {
    ...{ type: 'shamir', initialized: initialised, sealed, t: threshold, n: shares, progress, nonce },
    ...{ version: VAULT_VERSION, build_date: BUILD_DATE, migration: false, recovery_seal: false, storage_type: 'file' },
  };
}

function bodyOf({ body }: WireRequest): Record<string, unknown> {
  if (body.length > BODY_BYTES_MAX) throw new VaultError(413, 'the body is too large');
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body) || '{}');
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below: the parser's own words would quote a key.
  }
  throw new VaultError(400, 'failed to decode JSON input: it is not valid JSON');
}

async function initialise(keeper: SealKeeper, body: Record<string, unknown>): Promise<WireResponse> {
  const { shares, threshold } = parseShareCounts(body);
  const { keys, token } = await keeper.initialise(shares, threshold);
  return bare({ ...writtenShares(keys), root_token: token });
}

async function unseal(keeper: SealKeeper, body: Record<string, unknown>): Promise<WireResponse> {
  const { initialised } = await keeper.state();
  if (!initialised) throw new VaultError(400, 'Vault is not initialized');
  if (body['reset'] === true) {
    keeper.reset();
    return bare(statusOf(await keeper.state(), true));
  }
  const open = await keeper.submit(parseShare(body['key']));
  return bare(statusOf(await keeper.state(), !open));
}
