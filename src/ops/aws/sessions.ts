// Sessions of AWS's API: an access key with a token, for hours. The store has the token's hash; the key's id and secret
// follow from it. A session ends with what it was had by, and never later.

import { awsId, SESSION_AUDIENCE } from '../../core/aws/access-key.ts';
import { Fault } from '../../core/error.ts';
import { AWS_SESSION_SECONDS_DEFAULT, AWS_SESSION_SECONDS_MAX, AWS_SESSION_SECONDS_MIN } from '../../core/limits.ts';
import type { AccountEmail } from '../../core/name.ts';
import type { Entropy, Keyring } from '../../core/ports.ts';
import { accountOfMember, accountPrincipal, type Caller } from '../../core/principal.ts';
import type { Redacted } from '../../core/redacted.ts';
import type { Token } from '../../core/secret.ts';
import { type AccountRef, accountTarget, existingAccount } from '../accounts.ts';
import { type Input, type Operation, operation, type Prepared } from '../operation.ts';

export interface Session {
  readonly accessKeyId: string;
  readonly secret: Redacted<string>;
  readonly token: Redacted<string>;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface IssueSession {
  /** At most. */
  readonly seconds?: number;
}

export interface AssumeRole extends AccountRef {
  readonly seconds: number;
  readonly name: string;
}

/** Of a role that was assumed. */
export interface RoleSession extends Session {
  readonly roleId: string;
}

export interface SignerIdentity {
  /** Of the account as a user, and as a role. */
  readonly userId: string;
  readonly roleId: string;
}

interface Kept {
  readonly hash: string;
  readonly text: Redacted<string>;
}

function prepare({ entropy }: { readonly entropy: Entropy }): Prepared<string, Kept> {
  const { text, hash } = entropy.credential('aws');
  return { carried: hash, kept: { hash, text } };
}

function sessionOf({ hash, text }: Kept, keyring: Pick<Keyring, 'aws'>, expiresAt: number): Session {
  return { accessKeyId: awsId('ASIA', hash), secret: keyring.aws.sessionSecret(hash), token: text, expiresAt };
}

interface Minting {
  readonly caller: Caller;
  readonly now: number;
  readonly prepared: string;
}

/** As long as was asked for, but no longer than the server lets one last, nor than what it is had by. */
function mint(
  { caller, now, prepared: hash }: Minting,
  email: AccountEmail,
  audience: string,
  seconds: number,
  name: string | undefined,
) {
  const { credential } = caller;
  const until = now + Math.min(seconds, AWS_SESSION_SECONDS_MAX) * 1000;
  const expiresAt = Math.min(until, credential?.expiresAt ?? Number.MAX_SAFE_INTEGER);
  // A session that was had by a session ends with what that one ends with.
  const parent = credential?.keyId ?? credential?.parent ?? credential?.hash;
  const token: Token = {
    ...{ hash, member: accountPrincipal(email).member, kind: 'access', createdAt: now, expiresAt, audience },
    ...(parent === undefined ? {} : { parent }),
    ...(name === undefined ? {} : { workload: name }),
  };
  const details = { audience, seconds: Math.floor((expiresAt - now) / 1000), ...(name === undefined ? {} : { name }) };
  return { expiresAt, changes: [{ change: 'token.insert', token } as const], details };
}

/** Of the caller itself: by its access key as the user that it is, by its access token as a role. No session renews itself. */
export const issueSession: Operation<IssueSession, Session> = operation({
  name: 'awsSessions.issue',
  help: 'exchange the credential that the request carries for a session of AWS',
  kind: 'write',
  permission: 'authenticated',
  api: {
    method: 'POST',
    path: '/awsSessions:issue',
    fields: {
      seconds: {
        type: 'integer',
        help: 'how long it holds at most',
        min: AWS_SESSION_SECONDS_MIN,
        max: AWS_SESSION_SECONDS_MAX,
      },
    },
  },
  target: () => ({ asked: 'session' }),
  prepare,
  decide: (input) => {
    const { credential, principal, workload } = input.caller;
    const email = accountOfMember(principal.member);
    const isKey = credential?.kind === 'aws';
    const isToken = credential?.kind === 'access' && credential.audience === undefined;
    if (email === undefined || !(isKey || isToken)) {
      throw new Fault('PERMISSION_DENIED', { permission: 'awsSessions.issue', resource: 'a session' });
    }
    const { seconds = AWS_SESSION_SECONDS_DEFAULT } = input.command;
    const { expiresAt, ...made } = mint(input, email, SESSION_AUDIENCE[isKey ? 'user' : 'role'], seconds, workload);
    return { result: expiresAt, ...made };
  },
  finish: (expiresAt, _command, { keyring, kept }) => sessionOf(kept, keyring, expiresAt),
});

const accountNeeds = ({ account }: AccountRef) => ({ account: { need: 'account', email: account } }) as const;

function decideRole(input: Input<AssumeRole, ReturnType<typeof accountNeeds>, string>) {
  const { account } = existingAccount(input);
  const { seconds, name } = input.command;
  const { expiresAt, ...made } = mint(input, account.email, SESSION_AUDIENCE.role, seconds, name);
  return { result: { expiresAt, roleId: awsId('AROA', account.uid) }, ...made };
}

const finishRole = (
  { expiresAt, roleId }: { readonly expiresAt: number; readonly roleId: string },
  _command: AssumeRole,
  { keyring, kept }: { readonly keyring: Pick<Keyring, 'aws'>; readonly kept: Kept },
): RoleSession => ({ ...sessionOf(kept, keyring, expiresAt), roleId });

export const assumeRole: Operation<AssumeRole, RoleSession> = operation({
  name: 'awsSessions.assumeRole',
  help: 'make a session of AWS as a service account',
  kind: 'write',
  permission: 'iam.serviceAccounts.getAccessToken',
  target: (command: AssumeRole) => accountTarget(command),
  needs: (command) => accountNeeds(command),
  prepare,
  decide: (input) => decideRole(input),
  finish: finishRole,
});

/** The caller is the account, by an ID token of its own: no other credential is taken. */
export const assumeOwnRole: Operation<AssumeRole, RoleSession> = operation({
  name: 'awsSessions.assumeOwnRole',
  help: 'exchange an ID token of a service account for a session of AWS',
  kind: 'write',
  permission: 'authenticated',
  target: (command: AssumeRole) => accountTarget(command),
  needs: (command) => accountNeeds(command),
  prepare,
  decide: (input) => {
    const { principal, credential } = input.caller;
    const { account } = input.command;
    if (credential !== undefined || principal.member !== accountPrincipal(account).member) {
      throw new Fault('PERMISSION_DENIED', { permission: 'awsSessions.assumeOwnRole', resource: account });
    }
    return decideRole(input);
  },
  finish: finishRole,
});

export const identifySigner: Operation<AccountRef, SignerIdentity> = operation({
  name: 'awsSessions.identify',
  help: 'tell who signed the request',
  kind: 'read',
  permission: 'authenticated',
  target: accountTarget,
  needs: accountNeeds,
  decide: (input) => {
    const { account } = existingAccount(input);
    if (input.caller.principal.member !== accountPrincipal(account.email).member) {
      throw new Fault('PERMISSION_DENIED', { permission: 'awsSessions.identify', resource: account.email });
    }
    return { result: { userId: awsId('AIDA', account.uid), roleId: awsId('AROA', account.uid) } };
  },
});
