// The AWS sessions of one run: had by access tokens of their own, which end with the run. AWS's libraries renew when a
// quarter of an hour is left, so what is handed out lasts longer than that, and is handed out again until then.

import { Client, type Connection } from '../../client/client.ts';
import { RunFailure } from '../failure.ts';
import { type TokenHolder, TokenSource } from '../token-source.ts';

/** What AWS's libraries take, from a container's credentials as from a process. */
export interface AwsSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** RFC 3339. */
  readonly expireTime: string;
}

const RENEW_AHEAD_MS = 20 * 60_000;

export class AwsSessions {
  readonly #connection: Connection;
  readonly #tokens: TokenSource;
  #kept: { readonly token: string; readonly session: Promise<AwsSession> } | undefined;

  constructor(client: Client, connection: Connection, holder: TokenHolder) {
    this.#connection = connection;
    this.#tokens = new TokenSource(client, connection, holder, { renewAheadMs: RENEW_AHEAD_MS });
  }

  /** @throws ApiError or ClientError where there is none to give. */
  async session(): Promise<AwsSession> {
    const { accessToken: token } = await this.#tokens.token();
    if (this.#kept?.token === token) return this.#kept.session;
    const kept = { token, session: this.#issue(token) };
    this.#kept = kept;
    kept.session.catch(() => {
      if (this.#kept === kept) this.#kept = undefined;
    });
    return kept.session;
  }

  /** Ends every session that was given. */
  stop(): Promise<void> {
    return this.#tokens.revokeAll();
  }

  async #issue(token: string): Promise<AwsSession> {
    const client = new Client({ ...this.#connection, token, owner: false });
    try {
      return await issueSession(client);
    } finally {
      client.close();
    }
  }
}

/** A session as long as the access token that it is had by. @throws ApiError, ClientError; RunFailure for any other answer. */
async function issueSession(client: Client): Promise<AwsSession> {
  const answer = await client.request<Partial<AwsSession>>('POST', '/coffer/v1/awsSessions:issue', {});
  const { accessKeyId, secretAccessKey, sessionToken, expireTime } = answer;
  if (accessKeyId && secretAccessKey && sessionToken && expireTime) {
    return { accessKeyId, secretAccessKey, sessionToken, expireTime };
  }
  throw new RunFailure("the server's answer holds no AWS session: is it a Coffer server of this version?");
}
