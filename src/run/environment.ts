// The child's environment: the user's own, minus everything that would lead a cloud's library past this run, plus what
// leads it here. The child never inherits the owner's credential or any COFFER_* variable.

import { basename } from 'node:path';
import { coversOwnedName, ownsName } from '../proxy/owned-names.ts';
import { noProxyEntries } from '../proxy/upstream.ts';
import { RunFailure } from './failure.ts';
import { nodeOptions } from './hook-source.ts';
import { coversHost, type Host } from './hosts.ts';

export interface EnvironmentParts {
  readonly project: string;
  readonly command: string;
  /** Names that are led to the server beside those that every run leads there. */
  readonly hosts?: readonly Host[];
  readonly proxyUrl: string;
  /** Paths inside the run directory. */
  readonly caPath: string;
  readonly bundlePath: string;
  readonly hookPath: string;
  readonly gcloudConfigPath: string;
  /** What the identities need, and the given secrets. */
  readonly identities: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
}

const DEFAULT_PORT = '8080';

/** Credentials, endpoints and switches of AWS's, Google's, Azure's and Vault's libraries, gRPC and gcloud that would win over this run's. */
const DROPPED = new RegExp(
  `^(?:${[
    'COFFER_.*',
    'AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|CREDENTIAL_EXPIRATION|CREDENTIAL_FILE)',
    'AWS_(?:PROFILE|DEFAULT_PROFILE|SHARED_CREDENTIALS_FILE|CONFIG_FILE|EC2_METADATA_.*|CONTAINER_.*)',
    'AWS_(?:WEB_IDENTITY_TOKEN_FILE|ROLE_ARN|ROLE_SESSION_NAME|ENDPOINT_URL_(?:SECRETS_MANAGER|STS|KMS))',
    'AWS_(?:IGNORE_CONFIGURED_ENDPOINT_URLS|USE_FIPS_ENDPOINT|USE_DUALSTACK_ENDPOINT)',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'GOOGLE_API_USE_.*',
    'GOOGLE_CLOUD_UNIVERSE_DOMAIN',
    'GOOGLE_GHA_CREDS_PATH',
    'GCE_METADATA_.*',
    'NO_GCE_CHECK',
    'METADATA_SERVER_DETECTION',
    'GRPC_PROXY',
    'NO_GRPC_PROXY',
    'CLOUDSDK_AUTH_.*',
    'CLOUDSDK_PROXY_.*',
    'CLOUDSDK_API_ENDPOINT_OVERRIDES_.*',
    'CLOUDSDK_ACTIVE_CONFIG_NAME',
    'CLOUDSDK_CORE_ACCOUNT',
    'AZURE_(?:AUTHORITY_HOST|CLIENT_.*|FEDERATED_TOKEN_FILE|TENANT_ID|USERNAME|PASSWORD|REGIONAL_AUTHORITY_NAME)',
    'AZURE_(?:ADDITIONALLY_ALLOWED_TENANTS|IDENTITY_.*|POD_IDENTITY_.*)',
    '(?:IDENTITY|MSI|IMDS)_ENDPOINT',
    'IDENTITY_(?:HEADER|SERVER_THUMBPRINT)',
    'MSI_SECRET',
    '(?:VAULT|BAO)_(?:ADDR|TOKEN|NAMESPACE|CACERT|CACERT_BYTES|CAPATH|CLIENT_(?:CERT|KEY|TIMEOUT)|SKIP_VERIFY)',
    '(?:VAULT|BAO)_(?:TLS_SERVER_NAME|AGENT_ADDR|PROXY_ADDR|HTTP_PROXY|SRV_LOOKUP|REDIRECT_ADDR|WRAP_TTL|MFA)',
  ].join('|')})$`,
  'i',
);

/** Of those, what a secret may be called all the same: the program then is whom that key is of. */
const GIVEN = /^AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)$/;

/** What a secret may not be called: Cloud Run's reserved names, Coffer's own, and what a run sets for itself. */
export function assertBindable(name: string): void {
  if (/^(?:PORT|K_SERVICE|K_REVISION|K_CONFIGURATION)$/.test(name)) {
    throw new RunFailure(`--set-secrets: ${name} is reserved, as it is on Cloud Run: choose another name`);
  }
  if ((DROPPED.test(name) && !GIVEN.test(name)) || OWN_NAMES.has(name)) {
    throw new RunFailure(`--set-secrets: ${name} is set by coffer run itself: choose another name`);
  }
}

const OWN_NAMES: ReadonlySet<string> = new Set([
  ...[
    'https_proxy',
    'HTTPS_PROXY',
    'no_proxy',
    'NO_PROXY',
    'NODE_OPTIONS',
    'NODE_USE_ENV_PROXY',
    'NODE_EXTRA_CA_CERTS',
  ],
  ...['GRPC_DEFAULT_SSL_ROOTS_FILE_PATH', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE', 'AWS_CA_BUNDLE'],
  ...['CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE', 'CLOUDSDK_CONFIG', 'CLOUDSDK_CORE_PROJECT', 'GOOGLE_CLOUD_PROJECT'],
  ...['GCP_PROJECT', 'SECRETS_DIR', 'PATH', 'SHELL', 'AZURE_TOKEN_CREDENTIALS'],
]);

/**
 * gcloud finds regional secrets only by an endpoint that the user sets, at Google as well as here
 * (https://cloud.google.com/secret-manager/regional-secrets/create-regional-secret); one of ours is left to it.
 */
function leadsHere(name: string, value: string): boolean {
  if (!name.startsWith('CLOUDSDK_API_ENDPOINT_OVERRIDES_') || !URL.canParse(value)) return false;
  const { protocol, hostname, port } = new URL(value);
  return protocol === 'https:' && port === '' && ownsName(hostname);
}

/** The whole environment of the child. */
export function childEnvironment(user: NodeJS.ProcessEnv, parts: EnvironmentParts): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(user)) {
    if (value !== undefined && (!DROPPED.test(name) || leadsHere(name, value))) env[name] = value;
  }
  const noProxy = mergedNoProxy(user, parts.hosts ?? []);
  const service = user['K_SERVICE'] || serviceName(parts.command);
  Object.assign(env, {
    https_proxy: parts.proxyUrl,
    HTTPS_PROXY: parts.proxyUrl,
    no_proxy: noProxy,
    NO_PROXY: noProxy,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: parts.bundlePath,
    REQUESTS_CA_BUNDLE: parts.bundlePath,
    CURL_CA_BUNDLE: parts.bundlePath,
    SSL_CERT_FILE: parts.bundlePath,
    AWS_CA_BUNDLE: parts.bundlePath,
    VAULT_CACERT: parts.bundlePath,
    CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: parts.bundlePath,
    NODE_EXTRA_CA_CERTS: parts.caPath,
    NODE_OPTIONS: nodeOptions(user['NODE_OPTIONS'], parts.hookPath),
    NODE_USE_ENV_PROXY: '1',
    GOOGLE_CLOUD_PROJECT: parts.project,
    GCP_PROJECT: parts.project,
    CLOUDSDK_CONFIG: parts.gcloudConfigPath,
    CLOUDSDK_CORE_PROJECT: parts.project,
    K_SERVICE: service,
    K_REVISION: user['K_REVISION'] || `${service}-00001-run`,
    K_CONFIGURATION: user['K_CONFIGURATION'] || service,
    PORT: user['PORT'] || DEFAULT_PORT,
  });
  return { ...env, ...parts.identities, ...parts.secrets };
}

/**
 * The user's own exemptions stay, but for those that would take an owned name off this run's proxy: the proxy itself
 * honours them for every other name. No trailing comma: grpc-js would then bypass the proxy for every host.
 */
function mergedNoProxy(user: NodeJS.ProcessEnv, hosts: readonly Host[]): string {
  const kept = noProxyEntries(user).filter((entry) => !coversOwnedName(entry) && !coversHost(hosts, entry));
  return [...new Set(['127.0.0.1', 'localhost', ...kept])].join(',');
}

/** A name as Cloud Run would allow it, made from the command's. */
function serviceName(command: string): string {
  const name = basename(command)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40);
  return name || 'service';
}
