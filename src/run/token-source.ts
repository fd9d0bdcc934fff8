// The access tokens of one run: issued for its service account, renewed ahead of expiry, never two requests at once,
// and all revoked when the run ends, so that the child's credentials die with it.
// Issue: Coffer's own API, which keeps the name of the run with each token.

import { Client, type Connection } from '../client/client.ts';
import { RunFailure } from './failure.ts';
import type { AccessToken } from './identity.ts';

const LIFETIME_SECONDS = 3600;
/** Clients renew when less than about four minutes are left: what is handed out must last longer than that. */
const RENEW_AHEAD_MS = 5 * 60_000;
const REVOKE_MS_MAX = 3_000;

/** Whose the tokens are, and the program they are for. */
export interface TokenHolder {
  readonly email: string;
  readonly workload: string;
}

export interface TokenSourceOptions {
  now?(): number;
  /** What is handed out lasts longer than that. */
  readonly renewAheadMs?: number;
}

interface GeneratedToken {
  readonly accessToken?: unknown;
  readonly expireTime?: unknown;
}

export class TokenSource {
  readonly #client: Client;
  readonly #connection: Connection;
  readonly #holder: TokenHolder;
  readonly #now: () => number;
  readonly #renewAheadMs: number;
  #issued: AccessToken[] = [];
  #pending: Promise<AccessToken> | undefined;
  #closed = false;

  constructor(client: Client, connection: Connection, holder: TokenHolder, options: TokenSourceOptions = {}) {
    this.#client = client;
    this.#connection = connection;
    this.#holder = holder;
    this.#now = options.now ?? Date.now;
    this.#renewAheadMs = options.renewAheadMs ?? RENEW_AHEAD_MS;
  }

  /**
   * A token with at least five minutes, or `renewAheadMs`, to go; an older one, while it lasts, where the server cannot be asked.
   * @throws ApiError or ClientError where there is none to give.
   */
  async token(): Promise<AccessToken> {
    const newest = this.#issued.at(-1);
    const leftMs = newest === undefined ? 0 : newest.expiresAtMs - this.#now();
    if (newest !== undefined && leftMs > this.#renewAheadMs) return newest;
    this.#pending ??= this.#issue().finally(() => {
      this.#pending = undefined;
    });
    try {
      return await this.#pending;
    } catch (error) {
      if (newest !== undefined && leftMs > 0) return newest;
      throw error;
    }
  }

  /** Revokes every token that this run was given; waits three seconds at most. Afterwards none is issued any more. */
  async revokeAll(): Promise<void> {
    this.#closed = true;
    await this.#pending?.catch(() => undefined);
    const live = this.#issued.filter((token) => token.expiresAtMs > this.#now());
    this.#issued = [];
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, REVOKE_MS_MAX);
    await Promise.race([Promise.allSettled(live.map((token) => this.#revoke(token))), late]);
    clearTimeout(timer);
  }

  async #issue(): Promise<AccessToken> {
    if (this.#closed) throw new RunFailure('the run has ended: no more tokens are issued');
    const { email: serviceAccount, workload } = this.#holder;
    const answer = await this.#client.request<GeneratedToken>('POST', '/coffer/v1/tokens:generate', {
      ...{ serviceAccount, workload, lifetimeSeconds: LIFETIME_SECONDS },
    });
    const expiresAtMs = typeof answer.expireTime === 'string' ? Date.parse(answer.expireTime) : Number.NaN;
    if (typeof answer.accessToken !== 'string' || answer.accessToken === '' || Number.isNaN(expiresAtMs)) {
      throw new RunFailure(`the server's answer for ${serviceAccount} holds no access token`);
    }
    const token = { accessToken: answer.accessToken, expiresAtMs };
    this.#issued = [...this.#issued.filter((old) => old.expiresAtMs > this.#now()), token];
    return token;
  }

  async #revoke(token: AccessToken): Promise<void> {
    const client = new Client({ ...this.#connection, token: token.accessToken, owner: false });
    try {
      await client.request('POST', '/coffer/v1/tokens:revoke', {});
    } finally {
      client.close();
    }
  }
}
