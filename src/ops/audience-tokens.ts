// Access tokens that are good for one audience alone, as Azure's libraries ask for them: JWTs that this server signs and
// knows again by their hash. What they were had by is kept with them: they end with it, and never later.

import { Fault } from '../core/error.ts';
import { type Claims, FEDERATION_AUDIENCE } from '../core/jwt.ts';
import { AUDIENCE_CHARS_MAX, TOKEN_SECONDS_DEFAULT } from '../core/limits.ts';
import type { AccountEmail } from '../core/name.ts';
import type { Entropy, Keyring, TokenSigner } from '../core/ports.ts';
import { accountOfMember, accountPrincipal, type Caller } from '../core/principal.ts';
import type { Redacted } from '../core/redacted.ts';
import type { Token } from '../core/secret.ts';
import { accountTarget } from './accounts.ts';
import { type Operation, operation, type Prepared } from './operation.ts';
import type { IssuedToken } from './tokens.ts';

export interface NarrowToken {
  readonly audience: string;
}

/** A token, and how long it holds from now on. */
export interface NarrowedToken extends IssuedToken {
  readonly secondsLeft: number;
}

export interface ExchangeClient extends NarrowToken {
  /** The account that the client says it is; absent where it names none. */
  readonly account?: AccountEmail;
}

interface Asking {
  readonly caller: Caller;
  readonly now: number;
  readonly entropy: Entropy;
  readonly command: NarrowToken;
}

/** What of a signed token is decided on. */
interface Signed {
  readonly hash: string;
  readonly expiresAt: number;
}

function claimsOf({ caller, now, entropy, command }: Asking, tenant: string, expiresAt: number): Claims {
  const subject = accountOfMember(caller.principal.member) ?? caller.principal.member;
  const issuedAt = Math.floor(now / 1000);
  return {
    aud: command.audience,
    iss: `https://sts.windows.net/${tenant}/`,
    iat: issuedAt,
    nbf: issuedAt,
    exp: Math.floor(expiresAt / 1000),
    appid: subject,
    idtyp: 'app',
    oid: subject,
    sub: subject,
    tid: tenant,
    // So that no two tokens are one text.
    uti: entropy.text(43),
    ver: '1.0',
  };
}

/** Signs a token that holds for an hour, or as long as what it is had by. */
async function signed(
  asking: Asking,
  keyring: Keyring,
  signer: TokenSigner,
): Promise<Prepared<Signed, Redacted<string>>> {
  const { caller, now, command } = asking;
  if (command.audience === '' || command.audience.length > AUDIENCE_CHARS_MAX) {
    const problem = `must have 1 to ${AUDIENCE_CHARS_MAX} characters`;
    throw new Fault('INVALID_FIELD', { field: 'audience', problem });
  }
  const expiresAt = Math.min(
    now + TOKEN_SECONDS_DEFAULT * 1000,
    caller.credential?.expiresAt ?? Number.MAX_SAFE_INTEGER,
  );
  const kept = await signer.sign(claimsOf(asking, keyring.tenantId(), expiresAt));
  return { carried: { hash: keyring.tokenHash(kept), expiresAt }, kept };
}

function tokenOf({ caller, now, command }: Asking, { hash, expiresAt }: Signed, parent: string): Token {
  const { principal, workload } = caller;
  return {
    hash,
    member: principal.member,
    kind: 'access',
    createdAt: now,
    expiresAt,
    audience: command.audience,
    parent,
    ...(workload === undefined ? {} : { workload }),
  };
}

function timesOf({ now, prepared: { expiresAt } }: { readonly now: number; readonly prepared: Signed }) {
  return { expiresAt, secondsLeft: Math.max(0, Math.floor((expiresAt - now) / 1000)) };
}

/** Of an access token, and no longer than it: so nothing can be kept alive by exchanging it again and again. */
export const narrowToken: Operation<NarrowToken, NarrowedToken> = operation({
  name: 'tokens.narrow',
  help: 'exchange the access token that the request carries for one that is good for one audience alone',
  kind: 'write',
  permission: 'authenticated',
  api: {
    method: 'POST',
    path: '/tokens:narrow',
    fields: {
      audience: {
        type: 'string',
        help: 'what it is good for, such as https://vault.azure.net',
        required: true,
        max: AUDIENCE_CHARS_MAX,
      },
    },
  },
  target: () => ({ asked: 'token' }),
  prepare: (input, keyring, { signer }) => signed(input, keyring, signer),
  decide: (input) => {
    const { credential } = input.caller;
    if (credential?.kind !== 'access' || credential.audience !== undefined) {
      throw new Fault('PERMISSION_DENIED', { permission: 'tokens.narrow', resource: 'an access token' });
    }
    const { audience } = input.command;
    const token = tokenOf(input, input.prepared, credential.hash);
    return {
      result: timesOf(input),
      changes: [{ change: 'token.insert', token }],
      details: { audience },
    };
  },
  finish: (times, _command, { kept }) => ({ token: kept, ...times }),
});

/** The caller is the account, by its secret, its certificate, or a token that is good for this alone. */
export const exchangeClient: Operation<ExchangeClient, NarrowedToken> = operation({
  name: 'tokens.exchangeClient',
  help: 'exchange what a client proves itself by for a token that is good for one audience alone',
  kind: 'write',
  permission: 'authenticated',
  target: ({ account }: ExchangeClient) => (account === undefined ? { asked: 'token' } : accountTarget({ account })),
  prepare: (input, keyring, { signer }) => signed(input, keyring, signer),
  decide: (input) => {
    const { principal, credential } = input.caller;
    const { account, audience } = input.command;
    const isProved =
      credential?.kind === 'client' || (credential?.kind === 'access' && credential.audience === FEDERATION_AUDIENCE);
    const isOwn = account !== undefined && principal.member === accountPrincipal(account).member;
    if (!isProved || !isOwn || audience === FEDERATION_AUDIENCE) {
      throw new Fault('PERMISSION_DENIED', { permission: 'tokens.exchangeClient', resource: 'an access token' });
    }
    const token = tokenOf(input, input.prepared, credential.keyId ?? credential.parent ?? credential.hash);
    return {
      result: timesOf(input),
      changes: [{ change: 'token.insert', token }],
      details: { audience },
    };
  },
  finish: (times, _command, { kept }) => ({ token: kept, ...times }),
});
