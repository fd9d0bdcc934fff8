// Who asks. Every credential of every dialect is a credential of one of these, and each decision and audit record
// names it in IAM's member form.

import type { AwsAsk } from './aws/ask.ts';
import type { JwtProblem } from './jwt.ts';
import { type AccountEmail, parseAccountEmail } from './name.ts';
import type { Token } from './secret.ts';
import type { VaultAuthority } from './vault/authority.ts';

export interface Principal {
  /** `user:…`, `serviceAccount:…`, or `anonymous`. */
  readonly member: string;
  /** The groups it belongs to, as `group:…`. */
  readonly groups: readonly string[];
}

export const ANONYMOUS: Principal = { member: 'anonymous', groups: [] };

/** The owner of the server. `.internal` is reserved for private use, so nobody can register this address. */
export const OWNER: Principal = { member: 'user:owner@coffer.internal', groups: [] };

/** The server itself, for what comes due without anybody asking. No credential makes one this principal. */
export const SYSTEM: Principal = { member: 'system', groups: [] };

export function accountPrincipal(email: AccountEmail): Principal {
  return { member: `serviceAccount:${email}`, groups: [] };
}

/** The service account that a member is; undefined for any other. */
export function accountOfMember(member: string): AccountEmail | undefined {
  const prefix = 'serviceAccount:';
  return member.startsWith(prefix) ? parseAccountEmail(member.slice(prefix.length)) : undefined;
}

/**
 * What one request has seen of the store, for the store alone to read: what it asks for after that may be as of the same
 * moment, so that it waits for one. A change clears it.
 */
export interface Seen {
  moment?: object | undefined;
}

/** What an operation knows of its caller: set once by the dialect's authentication, never changed. */
export interface Caller {
  readonly principal: Principal;
  /** The credential that was accepted; the audit keeps the beginning of its hash, to tell two of one principal apart. */
  readonly credential?: {
    readonly hash: string;
    /** `jwt`, `client` and `aws` are what an account proves itself by: signed with a key of its own, or the text of one. */
    readonly kind: Token['kind'] | 'jwt' | 'client' | 'aws' | 'vault';
    /** Of those three: the account's key. */
    readonly keyId?: string;
    /** Of a token: when it ends, in milliseconds since 1970, what it is good for, and what it was had by. */
    readonly expiresAt?: number;
    readonly audience?: string;
    readonly parent?: string;
  };
  /** A credential came and was not accepted; every operation then says so, and audits it. */
  readonly refused?: true;
  /** Why, where the credential was one that an account signed. */
  readonly problem?: JwtProblem;
  readonly dialect: string;
  readonly peer: string;
  /** The request came by TLS. */
  readonly secure?: boolean;
  readonly requestId: string;
  readonly userAgent?: string;
  /** Of a caller by Vault's API: what it is judged by beside IAM. */
  readonly vault?: VaultAuthority;
  /** Of a caller by AWS's API: what it asks for, for the policies that know AWS's actions. */
  readonly aws?: AwsAsk;
  /** The program that the credential was made for. */
  readonly workload?: string;
  readonly seen?: Seen;
}
