// Access tokens: opaque, short-lived, stored as a hash. The text leaves once, in the answer that made it.

import { parseWorkload } from '../core/census.ts';
import { Fault } from '../core/error.ts';
import { TOKEN_SECONDS_DEFAULT, TOKEN_SECONDS_MAX } from '../core/limits.ts';
import { type AccountEmail, parseAccountEmail } from '../core/name.ts';
import type { Change, Entropy } from '../core/ports.ts';
import { accountPrincipal } from '../core/principal.ts';
import type { Redacted } from '../core/redacted.ts';
import type { Token } from '../core/secret.ts';
import { accountTarget, existingAccount } from './accounts.ts';
import { type Operation, operation, type Prepared } from './operation.ts';

export interface GenerateToken {
  readonly account: AccountEmail;
  /** 0: the default. */
  readonly lifetimeSeconds: number;
  /** The name of the program it is for. */
  readonly workload?: string;
}

export interface IssuedToken {
  readonly token: Redacted<string>;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

type Credential = Prepared<string, Redacted<string>>;

/** The text of a new token stays in the thread that answers with it; its hash goes on to the decision. */
function newCredential(entropy: Entropy): Credential {
  const { text, hash } = entropy.credential('access');
  return { carried: hash, kept: text };
}

function mint(
  member: string,
  seconds: number,
  { now, prepared: hash }: { readonly now: number; readonly prepared: string },
  workload?: string,
) {
  const expiresAt = now + seconds * 1000;
  const named = workload === undefined ? {} : { workload };
  const token: Token = { hash, member, kind: 'access', createdAt: now, expiresAt, ...named };
  return { minted: { expiresAt }, change: { change: 'token.insert', token } satisfies Change };
}

function lifetime(seconds: number): number {
  if (seconds < 0 || seconds > TOKEN_SECONDS_MAX) {
    const problem = `must be from 1 to ${TOKEN_SECONDS_MAX} seconds`;
    throw new Fault('INVALID_FIELD', { field: 'lifetime', problem });
  }
  return seconds || TOKEN_SECONDS_DEFAULT;
}

export const generateToken: Operation<GenerateToken, IssuedToken> = operation({
  name: 'tokens.generate',
  help: 'make a short-lived access token of a service account',
  kind: 'write',
  permission: 'iam.serviceAccounts.getAccessToken',
  api: {
    method: 'POST',
    path: '/tokens:generate',
    fields: {
      serviceAccount: { type: 'string', help: 'the address of the service account', required: true },
      lifetimeSeconds: { type: 'integer', help: 'how long it holds', min: 1, max: TOKEN_SECONDS_MAX },
      workload: { type: 'string', help: 'the name of the program it is for, which the census shows' },
    },
    command: ({ serviceAccount, lifetimeSeconds = 0, workload }) => ({
      account: parseAccountEmail(String(serviceAccount)),
      lifetimeSeconds,
      ...(workload === undefined ? {} : { workload: parseWorkload(String(workload)) }),
    }),
  },
  target: (command: GenerateToken) => accountTarget(command),
  needs: ({ account }) => ({ account: { need: 'account', email: account } }) as const,
  prepare: ({ entropy }) => newCredential(entropy),
  decide: (input) => {
    const { account } = existingAccount(input);
    const { lifetimeSeconds, workload } = input.command;
    const seconds = lifetime(lifetimeSeconds);
    const { minted, change } = mint(accountPrincipal(account.email).member, seconds, input, workload);
    return {
      result: minted,
      changes: [change],
      details: { seconds, ...(workload === undefined ? {} : { workload }) },
    };
  },
  finish: ({ expiresAt }, _command, { kept }) => ({ token: kept, expiresAt }),
});

/** Only the owner's credential may be exchanged: an access token that could renew itself would never end. */
export const issueToken: Operation<object, IssuedToken> = operation({
  name: 'tokens.issue',
  help: "exchange the owner's credential for a short-lived access token",
  kind: 'write',
  permission: 'authenticated',
  api: { method: 'POST', path: '/tokens:issue', fields: {} },
  target: () => ({ asked: 'server' }),
  prepare: ({ entropy }) => newCredential(entropy),
  decide: (input) => {
    const { principal, credential } = input.caller;
    if (credential?.kind !== 'owner') {
      throw new Fault('PERMISSION_DENIED', { permission: 'tokens.issue', resource: 'an access token' });
    }
    const { minted, change } = mint(principal.member, TOKEN_SECONDS_DEFAULT, input);
    return { result: minted, changes: [change] };
  },
  finish: ({ expiresAt }, _command, { kept }) => ({ token: kept, expiresAt }),
});

export const revokeToken: Operation<object, object> = operation({
  name: 'tokens.revoke',
  help: 'revoke the access token that the request carries',
  kind: 'write',
  permission: 'authenticated',
  api: { method: 'POST', path: '/tokens:revoke', fields: {} },
  target: () => ({ asked: 'server' }),
  decide: (input) => {
    const { credential } = input.caller;
    if (credential?.kind !== 'access') {
      throw new Fault('PERMISSION_DENIED', { permission: 'tokens.revoke', resource: "the owner's credential" });
    }
    return { result: {}, changes: [{ change: 'token.delete', hash: credential.hash }] };
  },
});

export interface ExchangeAssertion {
  /** The account that says it signed; absent where the assertion names none. */
  readonly account?: AccountEmail;
}

/** The caller is the account, by an assertion that it signed (RFC 7523): no other credential may renew itself. */
export const exchangeAssertion: Operation<ExchangeAssertion, IssuedToken> = operation({
  name: 'tokens.exchange',
  help: 'exchange what a service account signed for an access token',
  kind: 'write',
  permission: 'authenticated',
  target: ({ account }: ExchangeAssertion) => (account === undefined ? { asked: 'token' } : accountTarget({ account })),
  prepare: ({ entropy }) => newCredential(entropy),
  decide: (input) => {
    const { principal, credential } = input.caller;
    const { account } = input.command;
    if (credential?.kind !== 'jwt' || account === undefined || principal.member !== accountPrincipal(account).member) {
      throw new Fault('PERMISSION_DENIED', { permission: 'tokens.exchange', resource: 'an access token' });
    }
    // Of the key that the account signed with.
    const { workload } = input.caller;
    const { minted, change } = mint(principal.member, TOKEN_SECONDS_DEFAULT, input, workload);
    return { result: minted, changes: [change], details: { seconds: TOKEN_SECONDS_DEFAULT } };
  },
  finish: ({ expiresAt }, _command, { kept }) => ({ token: kept, expiresAt }),
});

export interface InspectToken {
  /** Whose the credential is that the request carries; absent where it is no service account's. */
  readonly account?: AccountEmail;
  /** Of that credential: no other is told of. */
  readonly hash: string;
}

export interface InspectedToken {
  readonly account: AccountEmail;
  readonly uniqueId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly secondsLeft: number;
}

export const inspectToken: Operation<InspectToken, InspectedToken> = operation({
  name: 'tokens.inspect',
  help: 'tell whose the access token is that the request carries, and when it ends',
  kind: 'read',
  permission: 'authenticated',
  target: ({ account }: InspectToken) => (account === undefined ? { asked: 'token' } : accountTarget({ account })),
  needs: ({ account = '' as AccountEmail, hash }) =>
    ({ account: { need: 'account', email: account }, token: { need: 'token', hash } }) as const,
  decide: (input) => {
    const { account, token } = input.rows;
    const { principal, credential } = input.caller;
    const isOwn = token?.hash === credential?.hash && token?.member === principal.member;
    if (account === undefined || token?.expiresAt === undefined || !isOwn) {
      throw new Fault('PERMISSION_DENIED', { permission: 'tokens.inspect', resource: 'an access token' });
    }
    const secondsLeft = Math.floor((token.expiresAt - input.now) / 1000);
    const { email, uniqueId } = account;
    return { result: { account: email, uniqueId, expiresAt: token.expiresAt, secondsLeft } };
  },
});
