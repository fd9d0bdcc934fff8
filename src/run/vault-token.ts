// A token of Vault's for the length of one run. Only the run keeps it alive: where the run is killed, the token ends within
// the hour.

import { Client, type Connection } from '../client/client.ts';
import type { TokenHolder } from './token-source.ts';

export interface VaultToken {
  readonly token: string;
  /** Another hour from now. */
  renew(): Promise<void>;
  revoke(): Promise<void>;
}

/** Has one made for the namespace `project`. @throws ApiError or ClientError. */
export async function makeVaultToken(
  client: Client,
  connection: Connection,
  { email: serviceAccount, workload }: TokenHolder,
  project: string,
): Promise<VaultToken> {
  const path = '/coffer/v1/vaultTokens';
  const { token, accessor } = await client.request<{ token: string; accessor: string }>('POST', `${path}:generate`, {
    ...{ serviceAccount, project, workload },
  });
  return {
    token,
    renew: async () => void (await client.request('POST', `${path}:renew`, { serviceAccount, accessor })),
    revoke: async () => {
      const own = new Client({ ...connection, token, owner: false });
      try {
        await own.request('POST', '/v1/auth/token/revoke-self', {});
      } finally {
        own.close();
      }
    },
  };
}
