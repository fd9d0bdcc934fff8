// Requests as the run's own service account: with its newest token, on connections that are kept between requests.

import { Client, type Connection } from '../client/client.ts';
import type { TokenSource } from './token-source.ts';

export class AccountClient {
  readonly #connection: Connection;
  readonly #tokens: TokenSource;
  #open: { readonly client: Client; readonly token: string } | undefined;

  constructor(connection: Connection, tokens: TokenSource) {
    this.#connection = connection;
    this.#tokens = tokens;
  }

  /** A client with a token that is good now. @throws ApiError or ClientError where there is none to have. */
  async client(): Promise<Client> {
    const { accessToken: token } = await this.#tokens.token();
    if (this.#open?.token !== token) {
      this.close();
      this.#open = { client: new Client({ ...this.#connection, token, owner: false }), token };
    }
    return this.#open.client;
  }

  close(): void {
    this.#open?.client.close();
    this.#open = undefined;
  }
}
