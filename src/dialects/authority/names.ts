// Under which names the token authority is reached, and what it calls itself there. ID tokens for programs of Google
// Cloud say Google's issuer, which those programs check for; asked at the server's own address it speaks for itself.
// www.googleapis.com and accounts.google.com are not owned: a proxy sees names and no paths, and taking all of either
// would take away what is truly Google's.

import { GOOGLE_ISSUER } from '../../ops/id-tokens.ts';

const HOST = 'oauth2.googleapis.com';

/** What Google's libraries, old and new, write as the audience of an assertion for the token endpoint. */
const GOOGLE_TOKEN_AUDIENCES = [`https://${HOST}/token`, 'https://www.googleapis.com/oauth2/v4/token'];

/** True for a name of Google's that the token authority answers for; `host` is lower case and without a port. */
export function ownsAuthorityHost(host: string): boolean {
  return host === HOST;
}

const ENTRA_HOSTS: ReadonlySet<string> = new Set([
  'login.microsoftonline.com',
  'login.microsoft.com',
  'login.windows.net',
]);

/** The same of Microsoft's. */
export function ownsEntraHost(host: string): boolean {
  return ENTRA_HOSTS.has(host);
}

export interface AuthorityName {
  readonly issuer: string;
  /** Where its endpoints are: scheme, host and port. */
  readonly origin: string;
}

/** What the authority is to whoever asked for `host`; `address` is the server's own. */
export function authorityAt(host: string, address: string): AuthorityName {
  return ownsAuthorityHost(host)
    ? { issuer: GOOGLE_ISSUER, origin: `https://${HOST}` }
    : { issuer: address, origin: address };
}

/** The audiences by which an assertion may address the token endpoint. */
export function tokenAudiences(address: string): readonly string[] {
  return [...GOOGLE_TOKEN_AUDIENCES, `${address}/token`];
}
