// The ID tokens of one run: one for each audience that the child asks for, kept while it is good for some minutes.
// Issue: IAM Credentials v1 generateIdToken. They prove who the child is to others and open nothing here, so there is
// nothing to revoke when the run ends.

import { type Client, segment } from '../client/client.ts';
import { RunFailure } from './failure.ts';

/** Google's libraries renew when less than about four minutes are left: what is handed out must last longer than that. */
const RENEW_AHEAD_MS = 5 * 60_000;
const AUDIENCES_MAX = 64;

interface Issued {
  readonly token: string;
  readonly expiresAtMs: number;
}

export class IdTokenSource {
  readonly #client: Client;
  readonly #email: string;
  readonly #now: () => number;
  readonly #issued = new Map<string, Issued>();

  constructor(client: Client, email: string, now: () => number = Date.now) {
    this.#client = client;
    this.#email = email;
    this.#now = now;
  }

  /** A token for `audience`, with at least five minutes to go. @throws ApiError or ClientError where there is none. */
  async token(audience: string): Promise<string> {
    const known = this.#issued.get(audience);
    if (known !== undefined && known.expiresAtMs - this.#now() > RENEW_AHEAD_MS) return known.token;
    const answer = await this.#client.request<{ readonly token?: unknown }>(
      'POST',
      `/v1/projects/-/serviceAccounts/${segment(this.#email)}:generateIdToken`,
      { audience, includeEmail: true },
    );
    if (typeof answer.token !== 'string') {
      throw new RunFailure(`the server's answer for ${this.#email} holds no ID token`);
    }
    const expiresAtMs = expiryOf(answer.token);
    const oldest = this.#issued.keys().next();
    if (this.#issued.size >= AUDIENCES_MAX && oldest.done !== true) this.#issued.delete(oldest.value);
    if (expiresAtMs !== undefined) this.#issued.set(audience, { token: answer.token, expiresAtMs });
    return answer.token;
  }
}

/** The `exp` of a JWT in milliseconds since 1970; one that cannot be read is not kept. */
function expiryOf(jwt: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
