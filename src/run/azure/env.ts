// What a program needs so that Azure's libraries find this server without `coffer run`: a service principal whose client
// secret lies beside the other files of `coffer env`, and whose authority is the server itself. The tenant is the one for
// which no library asks Microsoft about the authority; the same one serves every vault.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import { deleteKey, isLive, keyPath } from '../account-keys.ts';
import { RunFailure } from '../failure.ts';
import { keepFirst } from '../kept-files.ts';
import { ANY_TENANT } from './any-tenant.ts';

export interface AzureEnvOptions {
  readonly serviceAccount: string;
  readonly project: string;
  readonly workload?: string;
}

export interface AzureEnvPlace {
  /** Where the files of this account lie. */
  readonly directory: string;
  /** Of the server, on loopback. */
  readonly port: number;
}

interface Secret {
  readonly key: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

const FILE = 'azure.json';
const HOME = /@([a-z][a-z0-9-]{4,28}[a-z0-9])\.iam\.gserviceaccount\.com$/;

/** The variables. @throws ApiError, ClientError; RunFailure where the file is not one of ours. */
export async function azureVariables(
  client: Client,
  options: AzureEnvOptions,
  { directory, port }: AzureEnvPlace,
): Promise<Record<string, string>> {
  const { clientId, clientSecret } = await secretOf(client, options, directory);
  const address = `https://127.0.0.1:${port}`;
  // By its own address the vault is that of the account.
  const isHome = HOME.exec(options.serviceAccount)?.[1] === options.project;
  return {
    AZURE_AUTHORITY_HOST: address,
    AZURE_TENANT_ID: 'adfs',
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: clientSecret,
    AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential',
    AZURE_KEYVAULT_URL: isHome ? address : `https://${options.project}.vault.azure.net`,
    ...ANY_TENANT,
  };
}

/** Deletes the client secret. */
export async function revokeAzure(client: Client, serviceAccount: string, directory: string): Promise<void> {
  const known = readSecret(directory);
  if (known !== undefined) await deleteKey(client, serviceAccount, known.key);
}

async function secretOf(client: Client, options: AzureEnvOptions, directory: string): Promise<Secret> {
  const { serviceAccount, workload } = options;
  const known = readSecret(directory);
  if (known !== undefined && (await isLive(client, keyPath(serviceAccount, known.key)))) return known;
  if (known !== undefined) rmSync(join(directory, FILE), { force: true });
  const { key, clientId, clientSecret } = await client.request<Secret>('POST', '/coffer/v1/accountKeys:createSecret', {
    serviceAccount,
    ...(workload === undefined ? {} : { workload }),
  });
  const made: Secret = { key, clientId, clientSecret };
  if (keepFirst(directory, FILE, `${JSON.stringify(made)}\n`)) return made;
  // Another command of this user was faster: its secret is the one.
  await deleteKey(client, serviceAccount, key);
  return secretOf(client, options, directory);
}

function readSecret(directory: string): Secret | undefined {
  const path = join(directory, FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { key, clientId, clientSecret } = JSON.parse(text) as Partial<Secret>;
    if (key !== undefined && clientId !== undefined && clientSecret !== undefined) {
      return { key, clientId, clientSecret };
    }
  } catch {
    // Told below, without what the file holds.
  }
  throw new RunFailure(`${path} is no file of coffer env: remove it and try again`);
}
