// `coffer auth print-aws-credentials`: a session of AWS as a service account, in the one form that AWS's libraries take from
// a `credential_process`. It goes to stdout only.

import { Client } from '../client/client.ts';
import type { Context } from './context.ts';
import { generateAccessToken } from './session.ts';

interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expireTime: string;
}

/** @throws ApiError as the server answers. */
export async function printAwsCredentials(this: Context, _flags: object, account: string): Promise<void> {
  const { connection } = this.session;
  const clients = [new Client(connection)];
  try {
    const token = await generateAccessToken(clients[0] as Client, account, undefined);
    const client = new Client({ ...connection, token, owner: false });
    clients.push(client);
    const { accessKeyId, secretAccessKey, sessionToken, expireTime } = await client.request<Session>(
      'POST',
      '/coffer/v1/awsSessions:issue',
      {},
    );
    const credentials = {
      ...{ Version: 1, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken },
      Expiration: expireTime,
    };
    this.out.result(`${JSON.stringify(credentials)}\n`);
  } finally {
    for (const client of clients) client.close();
  }
}
