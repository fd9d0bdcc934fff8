// Who asks. Every credential of every dialect is a credential of one of these, and each decision and audit record
// names it in IAM's member form.

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

/** What an operation knows of its caller: set once by the dialect's authentication, never changed. */
export interface Caller {
  readonly principal: Principal;
  /** The credential that was accepted; the audit keeps the beginning of its hash, to tell two of one principal apart. */
  readonly credential?: {
    readonly hash: string;
    readonly kind: Token['kind'] | 'jwt' | 'vault';
    /** Of a JWT: the account's key that signed it. */
    readonly keyId?: string;
  };
  /** A credential came and was not accepted; every operation then says so, and audits it. */
  readonly refused?: true;
  /** Why, where the credential was one that an account signed. */
  readonly problem?: JwtProblem;
  readonly dialect: string;
  readonly peer: string;
  readonly requestId: string;
  readonly userAgent?: string;
  /** Of a caller by Vault's API: what it is judged by beside IAM. */
  readonly vault?: VaultAuthority;
  /** The program that the credential was made for. */
  readonly workload?: string;
}
