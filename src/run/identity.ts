// One cloud's way of telling a program who it is, as a part that `run` starts and stops. A cloud is one file that
// exports an `Identity`: Google's metadata server, AWS's container credentials, Azure's managed identity, Vault's token.

import type { AwsSession } from './aws/sessions.ts';
import type { ClientSecret } from './client-secret.ts';
import type { RunDirectory } from './run-directory.ts';
import type { VaultToken } from './vault-token.ts';

/** An access token and when it ends, in milliseconds since 1970. */
export interface AccessToken {
  readonly accessToken: string;
  readonly expiresAtMs: number;
}

export interface IdentityContext {
  /** Of the server. */
  readonly address: string;
  readonly email: string;
  readonly projectId: string;
  readonly projectNumber: string;
  /** A token that is good for some minutes at least; rejects where the server gives none. */
  token(): Promise<AccessToken>;
  /** An ID token for `audience`; rejects where the server gives none. */
  idToken(audience: string): Promise<string>;
  /** A token that is good for this audience alone; rejects where the server gives none. */
  audienceToken(audience: string): Promise<AccessToken>;
  /** A client secret that lives as long as the run. */
  clientSecret(): Promise<ClientSecret>;
  /** A token for Vault's API that lives as long as the run. */
  vaultToken(): Promise<VaultToken>;
  /** A session of AWS that is good for a quarter of an hour at least; rejects where the server gives none. */
  awsSession(): Promise<AwsSession>;
  readonly directory: RunDirectory;
  /** The environment in which the run was started. */
  readonly userEnv: NodeJS.ProcessEnv;
}

export interface RunningIdentity {
  /** What the child's environment needs in order to find this identity. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface Identity {
  readonly name: string;
  /** A variable by which a secret that the run was given takes the place of this identity. */
  readonly replacedBy?: string;
  start(context: IdentityContext): Promise<RunningIdentity>;
}
