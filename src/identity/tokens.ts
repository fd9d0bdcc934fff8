// The text of the credentials that Coffer gives out, and the one-way name by which the store and the audit know them.
// Forms: design "Identifiers and credentials". A token holds 258 random bits, so its plain SHA-256 cannot be guessed.

import { hash } from 'node:crypto';
import { CREDENTIAL_PREFIX, CREDENTIAL_RANDOM_CHARS } from '../core/credential.ts';
import type { Token } from '../core/secret.ts';

const RANDOM_TEXT = /^[A-Za-z0-9_-]+$/;
const CREDENTIAL_ID_CHARS = 12;

export interface ParsedToken {
  readonly kind: Token['kind'];
  /** By which the store knows it. */
  readonly hash: string;
}

/** SHA-256 of a token's text, in hex. */
export function hashToken(text: string): string {
  return hash('sha256', text, 'hex');
}

/** What a credential could be, or undefined where it has none of our forms: junk costs neither a hash nor a read. */
export function parseToken(text: string): ParsedToken | undefined {
  for (const kind of ['access', 'owner'] as const) {
    const prefix = CREDENTIAL_PREFIX[kind];
    if (text.length !== prefix.length + CREDENTIAL_RANDOM_CHARS || !text.startsWith(prefix)) continue;
    return RANDOM_TEXT.test(text.slice(prefix.length)) ? { kind, hash: hashToken(text) } : undefined;
  }
  return undefined;
}

/** The short name of a credential in the audit: tells two of one principal apart, opens nothing. */
export function credentialId(tokenHash: string): string {
  return tokenHash.slice(0, CREDENTIAL_ID_CHARS);
}
