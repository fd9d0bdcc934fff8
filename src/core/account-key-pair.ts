// A key pair of a service account on its way to whoever asked for it.

import type { Redacted } from './redacted.ts';

/** A new key of a service account. The private half leaves once and is kept nowhere. */
export interface AccountKeyPair {
  /** 40 hex digits. */
  readonly id: string;
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicKey: string;
  /** PKCS #8 in PEM. */
  readonly privateKey: Redacted<string>;
}
