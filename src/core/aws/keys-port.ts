// What signs requests by AWS's API: a key that is derived from the secret of an access key for a day, a region and a
// service. Source: AWS IAM, "Create a signed AWS API request".

import type { Redacted } from '../redacted.ts';
import type { Project } from '../secret.ts';

export interface SigningScope {
  /** `20250131`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** Where the secret of an access key is had from: the store, or the token of its session. */
export type SecretSource =
  | { readonly id: string; readonly sealed: string; readonly project: KeyProject }
  | { readonly sessionHash: string };

export type KeyProject = Pick<Project, 'uid' | 'wrappedKey'>;

export interface AwsKeys {
  /** The secret of an access key of this project, sealed: what the store keeps. */
  seal(project: KeyProject, id: string, secret: Redacted<string>): string;
  /** Throws KEY_CORRUPT where what the store kept was changed. Derived once for each source and scope. */
  signingKey(source: SecretSource, scope: SigningScope): Uint8Array;
  /** The secret that goes with the session token of this hash: kept nowhere, made anew. */
  sessionSecret(sessionHash: string): Redacted<string>;
}
