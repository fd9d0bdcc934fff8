// The names under which a vault is reached, and the challenge that each of them is answered with. A client takes a
// challenge only where the host that it asked ends with a dot and the host of `resource`: so that is the host without its
// first label. An address has no such name; its last three numbers under another scheme pass every client's check but
// Java's. `localhost` has no dot, and no challenge can work. Source: "Key Vault challenge resource verification",
// https://aka.ms/azsdk/blog/vault-uri, and what each client compares.

import type { RequestHead } from '../../wire/types.ts';

/** What Azure calls the resource that every vault is. */
export const VAULT_RESOURCE = 'https://vault.azure.net';

const CLOUD_HOST = /^([a-z0-9-]{1,63})\.vault\.azure\.net$/;
/** Any other name that says it is a vault's: `NAME.vault.localhost`, `NAME.vault.example.com`. */
const VAULT_HOST = /^([a-z0-9-]{1,63})\.vault\.[a-z0-9.-]+$/;
const IPV4 = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

/** True for a name that is a vault's; `host` is lower case and without a port. */
export function ownsVaultHost(host: string): boolean {
  return host.includes('.vault.') && VAULT_HOST.test(host);
}

/** True for a name that can have a certificate of this server's own authority. */
export function isCertifiedVault(host: string): boolean {
  return CLOUD_HOST.test(host) || /^[a-z0-9-]{1,63}\.vault\.localhost$/.test(host);
}

/** The vault that a host names; undefined for the server's own address. */
export function vaultOfHost(host: string): string | undefined {
  return VAULT_HOST.exec(host)?.[1];
}

export interface Place {
  /** Where the client sees this server: scheme, host and, unless it is 443, port. */
  readonly origin: string;
  /** What its tokens are for. */
  readonly resource: string;
  readonly isCloud: boolean;
}

/** Where a request was sent to; `address` is the server's own, for a request that names no port. */
export function placeOf(request: RequestHead, address: string): Place {
  const { host, headers } = request;
  const isCloud = CLOUD_HOST.test(host);
  const port = portOf(headers['host'], address);
  const suffix = isCloud || port === '' || port === '443' ? '' : `:${port}`;
  const scheme = IPV4.test(host) ? 'api' : 'https';
  const parent = host.slice(host.indexOf('.') + 1);
  return { origin: `https://${host}${suffix}`, resource: `${scheme}://${parent}${suffix}`, isCloud };
}

function portOf(authority: string | undefined, address: string): string {
  if (authority === undefined) return new URL(address).port;
  return /:(\d{1,5})$/.exec(authority)?.[1] ?? '';
}

/** What a token may be for that comes to this place. */
export function audiencesOf({ resource }: Place): readonly string[] {
  return [VAULT_RESOURCE, `${VAULT_RESOURCE}/`, resource, `${resource}/`];
}

export interface Authority {
  /** The server's own address. */
  readonly address: string;
  readonly tenantId: string;
}

/**
 * The value of `WWW-Authenticate`. A comma and one space are between its parts, and no other space: some clients split at
 * spaces. The tenant must be the one that the client has; outside of Azure's names that is the one for which no library
 * asks Microsoft where it lives.
 */
export function challengeOf({ resource, isCloud }: Place, { address, tenantId }: Authority): string {
  const authority = isCloud
    ? `https://login.microsoftonline.com/${tenantId}`
    : `${address.replace(/^http:/, 'https:')}/adfs`;
  return `Bearer authorization="${authority}", resource="${resource}"`;
}
