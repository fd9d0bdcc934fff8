// What a server answers that is sealed: Vault's questions about its seal, and that it is sealed. Nothing else is there,
// whatever dialect asks: the keys that would open anything are not.
// Source: https://developer.hashicorp.com/vault/api-docs/system/init, seal and unseal.

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

const SHARES_MAX = 255;
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
        if (!(error instanceof VaultError)) onError(error, request.id);
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
  const [shares, threshold] = [Number(body['secret_shares'] ?? 0), Number(body['secret_threshold'] ?? 0)];
  const whole = Number.isInteger(shares) && Number.isInteger(threshold);
  if (!whole || shares < 1 || shares > SHARES_MAX) throw new VaultError(400, `shares must be from 1 to ${SHARES_MAX}`);
  if (threshold < 1 || threshold > shares)
    throw new VaultError(400, 'threshold must be from 1 to the number of shares');
  if (shares > 1 && threshold === 1)
    throw new VaultError(400, 'threshold must be greater than one for multiple shares');
  for (const name of ['pgp_keys', 'root_token_pgp_key', 'recovery_shares', 'stored_shares']) {
    const value = body[name];
    if (value !== undefined && value !== null && value !== 0 && value !== 1 && value !== '' && String(value) !== '') {
      throw new VaultError(400, `${name} is not supported`);
    }
  }
  const { keys, token } = await keeper.initialise(shares, threshold);
  return bare({
    keys: keys.map((key) => Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('')),
    keys_base64: keys.map((key) => btoa(String.fromCharCode(...key))),
    root_token: token,
  });
}

async function unseal(keeper: SealKeeper, body: Record<string, unknown>): Promise<WireResponse> {
  const { initialised } = await keeper.state();
  if (!initialised) throw new VaultError(400, 'Vault is not initialized');
  if (body['reset'] === true) {
    keeper.reset();
    return bare(statusOf(await keeper.state(), true));
  }
  const key = body['key'];
  if (typeof key !== 'string' || key === '') {
    throw new VaultError(400, "'key' must be specified in request body as JSON, or 'reset' set to true");
  }
  const open = await keeper.submit(bytesOf(key));
  return bare(statusOf(await keeper.state(), !open));
}

function bytesOf(key: string): Uint8Array {
  if (/^(?:[0-9a-fA-F]{2})+$/.test(key)) {
    return Uint8Array.from(key.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  try {
    return Uint8Array.from(atob(key), (letter) => letter.charCodeAt(0));
  } catch {
    throw new VaultError(400, "'key' must be a valid hex or base64 string");
  }
}
