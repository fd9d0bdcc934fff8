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

/** Ours: what this server signs has about 900 characters. */
const ISSUED_CHARS_MAX = 4096;
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * The hash by which the store knows a JWT that this server issued, or undefined for a text that is none. Whether it did
 * issue it the store says: whatever is not exactly the text that was given out has another hash, however it is signed.
 */
export function hashIssued(text: string): string | undefined {
  return text.length <= ISSUED_CHARS_MAX && COMPACT.test(text) ? hashToken(text) : undefined;
}

/** The hash of a client secret, or undefined for a text that has not the form of one. */
export function hashClientSecret(text: string): string | undefined {
  return hashOf('client', text);
}

/** The hash of the token of an AWS session, or undefined for a text that has not the form of one. */
export function hashSessionToken(text: string): string | undefined {
  return hashOf('aws', text);
}

function hashOf(kind: 'client' | 'aws', text: string): string | undefined {
  const prefix = CREDENTIAL_PREFIX[kind];
  const isOne = text.length === prefix.length + CREDENTIAL_RANDOM_CHARS && text.startsWith(prefix);
  return isOne && RANDOM_TEXT.test(text.slice(prefix.length)) ? hashToken(text) : undefined;
}

/** The short name of a credential in the audit: tells two of one principal apart, opens nothing. */
export function credentialId(tokenHash: string): string {
  return tokenHash.slice(0, CREDENTIAL_ID_CHARS);
}
