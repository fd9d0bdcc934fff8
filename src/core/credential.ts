// The forms of the credentials that Coffer gives out: a prefix that a leak scanner can find, and 258 random bits.

import type { Token } from './secret.ts';

/** What is given out as a text: tokens, the client secrets of service accounts, the tokens of Vault's API and of AWS's sessions. */
export type CredentialKind = Token['kind'] | 'client' | 'vault' | 'aws';

export const CREDENTIAL_PREFIX = {
  owner: 'cof_owner_',
  access: 'ya29.',
  client: 'cof_client_',
  vault: 'hvs.',
  aws: 'cof_aws_',
} as const satisfies Record<CredentialKind, string>;

/** Of the password by which a program of `coffer env` may use the server's proxy; 256 bits of MAC follow. */
export const PROXY_PASSWORD_PREFIX = 'cof_proxy_';

/** Random characters of `[A-Za-z0-9_-]` after the prefix. */
export const CREDENTIAL_RANDOM_CHARS = 43;
/** The same of a token of Vault's, which some of its clients take to have 28 characters in all. */
export const VAULT_RANDOM_CHARS = 24;
