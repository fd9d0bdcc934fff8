// The forms of the credentials that Coffer gives out: a prefix that a leak scanner can find, and 258 random bits.

import type { Token } from './secret.ts';

/** What is given out as a text: tokens, and the client secrets of service accounts. */
export type CredentialKind = Token['kind'] | 'client';

export const CREDENTIAL_PREFIX = {
  owner: 'cof_owner_',
  access: 'ya29.',
  client: 'cof_client_',
} as const satisfies Record<CredentialKind, string>;

/** Of the password by which a program of `coffer env` may use the server's proxy; 256 bits of MAC follow. */
export const PROXY_PASSWORD_PREFIX = 'cof_proxy_';

/** Random characters of `[A-Za-z0-9_-]` after the prefix. */
export const CREDENTIAL_RANDOM_CHARS = 43;
