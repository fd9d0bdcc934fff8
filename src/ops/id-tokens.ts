// ID tokens: what a service account shows to a third party to say who it is (OpenID Connect Core 1.0 section 2, with
// the claims that Google puts in). They open nothing here. An account gets its own by what it signed; whoever may act
// as it gets one by a permission.

import { Fault } from '../core/error.ts';
import type { Claims } from '../core/jwt.ts';
import { AUDIENCE_CHARS_MAX, ID_TOKEN_SECONDS } from '../core/limits.ts';
import { accountPrincipal } from '../core/principal.ts';
import type { Redacted } from '../core/redacted.ts';
import type { Account } from '../core/secret.ts';
import { type AccountRef, accountTarget, existingAccount } from './accounts.ts';
import { type Decision, type Operation, operation } from './operation.ts';

export interface GenerateIdToken extends AccountRef {
  /** Whom the token is for. */
  readonly audience: string;
  /** Under which name this server issues it. */
  readonly issuer: string;
  readonly includeEmail: boolean;
}

export interface IssuedIdToken {
  readonly token: Redacted<string>;
}

/** The issuer that programs written for Google Cloud expect. */
export const GOOGLE_ISSUER = 'https://accounts.google.com';

function claimsOf(account: Account, command: GenerateIdToken, now: number): Claims {
  const { audience, issuer, includeEmail } = command;
  const issuedAt = Math.floor(now / 1000);
  return {
    iss: issuer,
    aud: audience,
    azp: account.uniqueId,
    sub: account.uniqueId,
    ...(includeEmail ? { email: account.email, email_verified: true } : {}),
    iat: issuedAt,
    exp: issuedAt + ID_TOKEN_SECONDS,
  };
}

function decideClaims(account: Account, command: GenerateIdToken, now: number): Decision<Claims> {
  const { audience } = command;
  if (audience === '' || audience.length > AUDIENCE_CHARS_MAX) {
    throw new Fault('INVALID_FIELD', { field: 'audience', problem: `must have 1 to ${AUDIENCE_CHARS_MAX} characters` });
  }
  return { result: claimsOf(account, command, now), details: { audience } };
}

export const generateIdToken: Operation<GenerateIdToken, IssuedIdToken> = operation({
  name: 'idTokens.generate',
  help: 'make an ID token of a service account',
  kind: 'read',
  permission: 'iam.serviceAccounts.getOpenIdToken',
  target: (command: GenerateIdToken) => accountTarget(command),
  needs: ({ account }) => ({ account: { need: 'account', email: account } }) as const,
  decide: (input) => decideClaims(existingAccount(input).account, input.command, input.now),
  finish: async (claims, _command, { signer }) => ({ token: await signer.sign(claims) }),
});

/** The caller is the account, by an assertion that it signed: no other credential may be turned into another. */
export const exchangeForIdToken: Operation<GenerateIdToken, IssuedIdToken> = operation({
  name: 'idTokens.exchange',
  help: 'exchange what a service account signed for its ID token',
  kind: 'read',
  permission: 'authenticated',
  target: (command: GenerateIdToken) => accountTarget(command),
  needs: ({ account }) => ({ account: { need: 'account', email: account } }) as const,
  decide: (input) => {
    const { account } = existingAccount(input);
    const { principal, credential } = input.caller;
    if (credential?.kind !== 'jwt' || principal.member !== accountPrincipal(account.email).member) {
      throw new Fault('PERMISSION_DENIED', { permission: 'idTokens.exchange', resource: account.email });
    }
    return decideClaims(account, input.command, input.now);
  },
  finish: async (claims, _command, { signer }) => ({ token: await signer.sign(claims) }),
});
