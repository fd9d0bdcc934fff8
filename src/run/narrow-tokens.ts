// Tokens of one run that are good for one audience alone: had by the run's own token, which they end with, so that nothing
// is left to revoke.

import type { AccountClient } from './account-client.ts';
import { RunFailure } from './failure.ts';
import type { AccessToken } from './identity.ts';
import type { TokenSource } from './token-source.ts';

const AUDIENCES_MAX = 64;

interface Kept {
  readonly parent: string;
  readonly token: Promise<AccessToken>;
}

export class NarrowTokens {
  readonly #client: AccountClient;
  readonly #tokens: TokenSource;
  readonly #kept = new Map<string, Kept>();

  constructor(client: AccountClient, tokens: TokenSource) {
    this.#client = client;
    this.#tokens = tokens;
  }

  /** A token for `audience`, as long as the run's own. @throws ApiError or ClientError where there is none to have. */
  async token(audience: string): Promise<AccessToken> {
    const { accessToken: parent } = await this.#tokens.token();
    const known = this.#kept.get(audience);
    if (known?.parent === parent) return known.token;
    const oldest = this.#kept.keys().next();
    if (this.#kept.size >= AUDIENCES_MAX && oldest.done !== true) this.#kept.delete(oldest.value);
    const token = this.#narrow(audience);
    this.#kept.set(audience, { parent, token });
    token.catch(() => this.#kept.delete(audience));
    return token;
  }

  async #narrow(audience: string): Promise<AccessToken> {
    const client = await this.#client.client();
    const answer = await client.request<{ accessToken?: unknown; expireTime?: unknown }>(
      'POST',
      '/coffer/v1/tokens:narrow',
      { audience },
    );
    const expiresAtMs = typeof answer.expireTime === 'string' ? Date.parse(answer.expireTime) : Number.NaN;
    if (typeof answer.accessToken !== 'string' || Number.isNaN(expiresAtMs)) {
      throw new RunFailure("the server's answer holds no token for one audience: is it of this version?");
    }
    return { accessToken: answer.accessToken, expiresAtMs };
  }
}
