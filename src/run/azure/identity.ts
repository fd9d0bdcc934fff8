// Who a program is for Azure's libraries: a managed identity, an `az` that gives tokens, and, where the user's
// AZURE_TOKEN_CREDENTIALS asks for it, a service principal in the environment or a workload identity by a token file. Each
// ends with the run.

import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Identity, IdentityContext, RunningIdentity } from '../identity.ts';
import { listenOnLoopback } from '../own-server.ts';
import { ANY_TENANT } from './any-tenant.ts';
import { makeAzCommand } from './az-command.ts';
import { APP_SERVICE_PATH, createIdentityServer } from './identity-server.ts';

/** Good for being exchanged at the token endpoint, and for nothing else. */
const FEDERATION_AUDIENCE = 'api://AzureADTokenExchange';
/** What is handed out holds for five minutes at least. */
const REWRITE_MS = 60_000;
const STANDARD_PATH = '/usr/local/bin:/usr/bin:/bin';

export const azureIdentity: Identity = { name: 'azure', start };

async function start(context: IdentityContext): Promise<RunningIdentity> {
  const secret = randomBytes(32).toString('base64url');
  const server = createIdentityServer({
    clientId: context.email,
    secret,
    token: (resource) => context.audienceToken(resource),
  });
  const listening = await listenOnLoopback(server);
  const address = `http://${listening.address}`;
  const closing: (() => unknown)[] = [listening.stop];
  const stop = async () => {
    for (const close of closing.toReversed()) await close();
  };
  try {
    const az = makeAzCommand(context.directory.path);
    closing.push(() => az.remove());
    const chosen = context.userEnv['AZURE_TOKEN_CREDENTIALS'];
    const env = {
      IDENTITY_ENDPOINT: `${address}${APP_SERVICE_PATH}`,
      IDENTITY_HEADER: secret,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: address,
      AZURE_TOKEN_CREDENTIALS: chosen || 'ManagedIdentityCredential',
      PATH: `${az.folder}:${context.userEnv['PATH'] || STANDARD_PATH}`,
      ...(await chosenEnv(chosen?.toLowerCase(), context, closing)),
    };
    return { env, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the credential that was asked for needs besides. */
async function chosenEnv(
  chosen: string | undefined,
  context: IdentityContext,
  closing: (() => unknown)[],
): Promise<Record<string, string>> {
  if (chosen === 'environmentcredential') {
    const { tenantId, clientId, clientSecret, remove } = await context.clientSecret();
    closing.push(remove);
    return {
      AZURE_TENANT_ID: tenantId,
      AZURE_CLIENT_ID: clientId,
      AZURE_CLIENT_SECRET: clientSecret,
      ...ANY_TENANT,
    };
  }
  if (chosen !== 'workloadidentitycredential') return {};
  const path = join(context.directory.path, 'federated-token');
  const tenant = await writeToken(context, path);
  // What cannot be renewed now is tried again, while the one that is there lasts.
  const timer = setInterval(() => void writeToken(context, path).catch(() => undefined), REWRITE_MS);
  timer.unref();
  closing.push(() => clearInterval(timer));
  return {
    AZURE_TENANT_ID: tenant,
    AZURE_CLIENT_ID: context.email,
    AZURE_FEDERATED_TOKEN_FILE: path,
    ...ANY_TENANT,
  };
}

/** Puts a token that is good for a while into the file; answers the tenant that it is of. */
async function writeToken(context: IdentityContext, path: string): Promise<string> {
  const { accessToken } = await context.audienceToken(FEDERATION_AUDIENCE);
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(temporary, accessToken, { mode: 0o400, flag: 'wx' });
  renameSync(temporary, path);
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as { tid: string };
  return claims.tid;
}
