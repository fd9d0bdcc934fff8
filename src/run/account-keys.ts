// The keys of a service account, as `coffer env` makes, checks and deletes them.

import { ApiError, type Client, segment } from '../client/client.ts';

export async function isLive(client: Client, path: string): Promise<boolean> {
  try {
    return (await client.request<{ disabled?: boolean }>('GET', path)).disabled !== true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.status === 'NOT_FOUND';
}

export function keyPath(serviceAccount: string, id: string): string {
  return `/v1/projects/-/serviceAccounts/${segment(serviceAccount)}/keys/${segment(id)}`;
}

/** Deletes a key; one that is gone already is no failure. */
export async function deleteKey(client: Client, serviceAccount: string, id: string): Promise<void> {
  try {
    await client.request('DELETE', keyPath(serviceAccount, id));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
