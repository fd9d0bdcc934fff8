// A client secret for the length of one run, for libraries that take a service principal from the environment. It is a key
// of the account, deleted when the run ends; where the run is killed, its time ends it.

import { type Client, segment } from '../client/client.ts';

const LIFETIME_SECONDS: number = 24 * 3600;

export interface ClientSecret {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Deletes it. */
  remove(): Promise<void>;
}

/** Has one made. @throws ApiError or ClientError. */
export async function makeClientSecret(client: Client, email: string, workload: string): Promise<ClientSecret> {
  const made = await client.request<Omit<ClientSecret, 'remove'> & { key: string }>(
    'POST',
    '/coffer/v1/accountKeys:createSecret',
    { serviceAccount: email, lifetimeSeconds: LIFETIME_SECONDS, workload },
  );
  const { key, tenantId, clientId, clientSecret } = made;
  const path = `/v1/projects/-/serviceAccounts/${segment(email)}/keys/${segment(key)}`;
  const remove = async () => {
    await client.request('DELETE', path);
  };
  return { tenantId, clientId, clientSecret, remove };
}
