// `coffer env`: what a program needs in order to reach this server as a service account without `coffer run`: a key file,
// the server's loopback proxy with the password that goes with that key, and a CA bundle, by environment variables alone.
// The files lie in the user's state directory (0700), one folder an account; asking again gives the same, and revoking
// deletes the key, with which its password ends, and the folder.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client, type Connection, segment } from '../client/client.ts';
import { statePath } from '../client/connection.ts';
import { coversOwnedName } from '../proxy/owned-names.ts';
import { noProxyEntries } from '../proxy/upstream.ts';
import { deleteKey, isLive, keyPath } from './account-keys.ts';
import { azureVariables, revokeAzure } from './azure/env.ts';
import { type EnvFormat, formatEnv } from './env-format.ts';
import { RunFailure } from './failure.ts';
import { hookSource, nodeOptions } from './hook-source.ts';
import { keepFirst, replaceFile } from './kept-files.ts';
import { trustBundle } from './trust-bundle.ts';
import { checkWorkload } from './workload.ts';

export { awsProfile } from './aws/profile.ts';
export { ENV_FORMATS } from './env-format.ts';

export interface EnvOptions {
  readonly serviceAccount: string;
  /** Absent: the one that the account lives in. */
  readonly project: string | undefined;
  readonly format: EnvFormat;
  /** What its programs are called where their reads are shown; absent: as each calls itself. */
  readonly workload?: string;
  /** Also lead Node programs that know no proxy variables, by a file that Node loads first. */
  readonly node: boolean;
}

interface OpenedProxy {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

const ACCOUNT = /^[a-z0-9][a-z0-9-]{0,62}@([a-z][a-z0-9-]{4,28}[a-z0-9]|developer)(?:\.iam)?\.gserviceaccount\.com$/;
const KEY_FILE = 'key.json';

/** The variables as text. @throws RunFailure where it cannot work here; ApiError, ClientError. */
export async function provisionEnv(
  options: EnvOptions,
  connection: Connection,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const server = localServer(connection);
  const directory = folderOf(options.serviceAccount, env);
  const client = new Client(connection);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const key = await keyOf(client, options.serviceAccount, directory);
    if (options.workload !== undefined) await nameKey(client, options.serviceAccount, key, options.workload);
    const proxy = await client.request<OpenedProxy>('POST', '/coffer/v1/proxy:open', {
      serviceAccount: options.serviceAccount,
      key,
    });
    const { certificate } = await client.request<{ certificate: string }>('GET', '/coffer/v1/ca');
    const { all, extra } = trustBundle(env, certificate, connection.ca);
    const keep = (name: string, text: string) => replaceFile(directory, name, text);
    const bundle = keep('bundle.pem', all);
    const variables = {
      GOOGLE_APPLICATION_CREDENTIALS: join(directory, KEY_FILE),
      GOOGLE_CLOUD_PROJECT: projectOf(options),
      ...proxyVariables(proxy, env),
      GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: bundle,
      REQUESTS_CA_BUNDLE: bundle,
      CURL_CA_BUNDLE: bundle,
      SSL_CERT_FILE: bundle,
      AWS_CA_BUNDLE: bundle,
      // Without a token: nobody would be there to renew it.
      VAULT_ADDR: connection.address,
      VAULT_CACERT: bundle,
      CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: bundle,
      NODE_EXTRA_CA_CERTS: keep('ca.pem', extra),
      NODE_USE_ENV_PROXY: '1',
      ...(await azureVariables(client, { ...options, project: projectOf(options) }, { directory, port: server.port })),
      ...(options.node ? nodeVariables(keep('hook.cjs', hookSource(server.port)), env) : {}),
    };
    return formatEnv(options.format, variables, `coffer_${randomBytes(16).toString('hex')}`);
  } finally {
    client.close();
  }
}

/** Deletes the keys, and with them the password, and the files. @throws RunFailure where there is nothing to revoke. */
export async function revokeEnv(serviceAccount: string, connection: Connection, env: NodeJS.ProcessEnv): Promise<void> {
  const directory = folderOf(serviceAccount, env);
  if (!existsSync(directory)) throw new RunFailure(`there is no environment of ${serviceAccount} on this machine`);
  const key = readKeyId(directory, serviceAccount);
  const client = new Client(connection);
  try {
    if (key !== undefined) await deleteKey(client, serviceAccount, key);
    await revokeAzure(client, serviceAccount, directory);
  } finally {
    client.close();
  }
  rmSync(directory, { recursive: true, force: true });
}

/** The proxy is on the server's loopback, so programs must be on its machine. */
function localServer({ address }: Connection): { readonly port: number } {
  const url = new URL(address);
  if (!/^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)) {
    throw new RunFailure(
      `coffer env works on the server's own machine, and ${address} is another: use coffer run there`,
    );
  }
  return { port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)) };
}

function folderOf(serviceAccount: string, env: NodeJS.ProcessEnv): string {
  if (!ACCOUNT.test(serviceAccount)) {
    throw new RunFailure(
      `--service-account: [${serviceAccount.slice(0, 300)}] is no service account: expected NAME@PROJECT.iam.gserviceaccount.com`,
    );
  }
  return join(dirname(statePath(env)), 'env', serviceAccount);
}

function projectOf({ project, serviceAccount }: EnvOptions): string {
  const home = project ?? ACCOUNT.exec(serviceAccount)?.[1];
  if (home === undefined || home === 'developer') {
    throw new RunFailure('the address of this account names no project: say which with --project');
  }
  return home;
}

/** The id of the key in this folder, which is made where there is none that holds. */
async function keyOf(client: Client, serviceAccount: string, directory: string): Promise<string> {
  const known = readKeyId(directory, serviceAccount);
  if (known !== undefined && (await isLive(client, keyPath(serviceAccount, known)))) return known;
  if (known !== undefined) rmSync(join(directory, KEY_FILE), { force: true });
  const path = `/v1/projects/-/serviceAccounts/${segment(serviceAccount)}/keys`;
  const made = await client.request<{ name: string; privateKeyData: string }>('POST', path, {});
  const id = made.name.split('/').at(-1) ?? '';
  if (keepFirst(directory, KEY_FILE, Buffer.from(made.privateKeyData, 'base64').toString())) return id;
  // Another command of this user was faster: its key is the one.
  await deleteKey(client, serviceAccount, id);
  return keyOf(client, serviceAccount, directory);
}

async function nameKey(client: Client, serviceAccount: string, key: string, given: string): Promise<void> {
  const workload = checkWorkload(given);
  await client.request('POST', '/coffer/v1/accountKeys:setWorkload', { serviceAccount, key, workload });
}

function readKeyId(directory: string, serviceAccount: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, KEY_FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const file = JSON.parse(text) as { private_key_id?: unknown; client_email?: unknown };
    const { private_key_id: id, client_email: email } = file;
    if (typeof id === 'string' && /^[0-9a-f]{40}$/.test(id) && email === serviceAccount) return id;
  } catch {
    // Told below, without what the file holds.
  }
  throw new RunFailure(`${join(directory, KEY_FILE)} is no key file of ${serviceAccount}: remove it and try again`);
}

function proxyVariables({ host, port, user, password }: OpenedProxy, env: NodeJS.ProcessEnv): Record<string, string> {
  const url = `http://${user}:${password}@${host}:${port}`;
  const kept = noProxyEntries(env).filter((entry) => !coversOwnedName(entry));
  // No trailing comma: grpc-js would then bypass the proxy for every host.
  const noProxy = [...new Set(['127.0.0.1', 'localhost', ...kept])].join(',');
  return { https_proxy: url, HTTPS_PROXY: url, no_proxy: noProxy, NO_PROXY: noProxy };
}

/** Asked again in an environment that has it already, it must not be loaded twice. */
function nodeVariables(hook: string, env: NodeJS.ProcessEnv): Record<string, string> {
  const given = env['NODE_OPTIONS'];
  return { NODE_OPTIONS: given?.includes(hook) ? given : nodeOptions(given, hook) };
}
