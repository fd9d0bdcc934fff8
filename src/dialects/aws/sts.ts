// AWS's Security Token Service: who one is, and credentials that last for hours. A role is a service account of its
// account; to assume it takes the permission to have its tokens. Source: AWS STS API reference, 2011-06-15.

import { isUserArn, parseRoleArn } from '../../core/aws/arn.ts';
import type { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import { STS_AUDIENCE } from '../../ops/aws/door.ts';
import {
  assumeOwnRole,
  assumeRole,
  identifySigner,
  issueSession,
  type RoleSession,
  type Session,
} from '../../ops/aws/sessions.ts';
import { then } from '../../ops/maybe.ts';
import type { Call } from './call.ts';
import { AwsError } from './errors.ts';
import type { Action } from './service.ts';

/** Longer than elsewhere (measured at AWS by users). */
const WINDOW_SECONDS = 900;
const SECONDS_MIN = 900;
const ROLE_SECONDS_MAX = 43_200;
const SESSION_SECONDS_MAX = 129_600;
const ROLE_SECONDS = 3600;
const SESSION_SECONDS = 43_200;
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
/** Members that would make a session less than the role: ignoring them would give more than was asked for. */
const NARROWING = /^(?:Policy|PolicyArns|Tags|TransitiveTagKeys|ProvidedContexts|SerialNumber|TokenCode)(?:\.|$)/;

export const STS = { name: 'sts', version: '2011-06-15', windowSeconds: WINDOW_SECONDS, explain } as const;

export const OPEN_STS_ACTIONS: ReadonlySet<string> = new Set(['AssumeRoleWithWebIdentity']);

export const STS_ACTIONS: Readonly<Record<string, Action>> = {
  GetCallerIdentity: (call) =>
    then(call.run(identifySigner, { account: call.signer.email }), ({ userId, roleId }) => ({
      Arn: call.signer.arn,
      UserId: isUserArn(call.signer.arn) ? userId : `${roleId}:${call.signer.arn.split('/').at(-1)}`,
      Account: call.signer.account,
    })),
  GetSessionToken: (call) => {
    const seconds = secondsOf(call, SESSION_SECONDS, SESSION_SECONDS_MAX);
    return then(call.run(issueSession, { seconds }), (session) => ({ Credentials: credentials(session) }));
  },
  AssumeRole: (call) => assume(call),
  AssumeRoleWithWebIdentity: (call) => assumeByIdToken(call),
};

function assume(call: Call): Maybe<object> {
  const { arn, seconds, name } = roleOf(call);
  return then(call.roleAccount(arn), (account) => {
    if (account === undefined) throw notAuthorised(call, arn);
    return then(call.run(assumeRole, { account, seconds, name }), (session) => roleAnswer(arn, name, session));
  });
}

function assumeByIdToken(call: Call): Maybe<object> {
  const { arn, seconds, name } = roleOf(call);
  const token = text(call, 'WebIdentityToken');
  return then(call.webIdentity(token, arn), ({ caller, account, problem, subject }) => {
    if (problem === 'lifetime')
      throw new AwsError('ExpiredWebIdentity', 'The web identity token is expired, or not valid yet.');
    if (problem === 'role') throw notAuthorised(call, arn);
    if (problem !== undefined || account === undefined) {
      throw new AwsError(
        'InvalidIdentityToken',
        "The web identity token is none that this server issued for 'sts.amazonaws.com'.",
      );
    }
    return then(call.runAs(caller, assumeOwnRole, { account, seconds, name }), (session) => ({
      ...roleAnswer(arn, name, session),
      SubjectFromWebIdentityToken: subject,
      Audience: STS_AUDIENCE,
    }));
  });
}

function notAuthorised({ action, signer }: Call, arn: string): AwsError {
  const message =
    action === 'AssumeRole'
      ? `User: ${signer.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`
      : `Not authorized to perform sts:${action}`;
  return new AwsError('AccessDeniedException', message);
}

function roleAnswer(arn: string, name: string, session: RoleSession) {
  const role = parseRoleArn(arn);
  return {
    Credentials: credentials(session),
    AssumedRoleUser: {
      AssumedRoleId: `${session.roleId}:${name}`,
      Arn: `arn:aws:sts::${role?.account}:assumed-role/${role?.name}/${name}`,
    },
  };
}

function credentials({ accessKeyId, secret, token, expiresAt }: Session) {
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secret.reveal(),
    SessionToken: token.reveal(),
    Expiration: new Date(Math.floor(expiresAt / 1000) * 1000).toISOString().replace('.000Z', 'Z'),
  };
}

function roleOf(call: Call): { readonly arn: string; readonly seconds: number; readonly name: string } {
  const arn = text(call, 'RoleArn');
  const name = text(call, 'RoleSessionName');
  if (parseRoleArn(arn) === undefined) throw invalid(`${arn.slice(0, 128)} is invalid`);
  if (!SESSION_NAME.test(name)) {
    throw invalid("Value at 'roleSessionName' failed to satisfy constraint: 2 to 64 letters, digits and _+=,.@-");
  }
  return { arn, seconds: secondsOf(call, ROLE_SECONDS, ROLE_SECONDS_MAX), name };
}

function secondsOf({ input, action }: Call, standard: number, max: number): number {
  const narrowing = Object.keys(input).find((name) => NARROWING.test(name));
  if (narrowing !== undefined) {
    throw invalid(`${narrowing.slice(0, 64)}: this server does not narrow sessions: leave it out of ${action}`);
  }
  const given = input['DurationSeconds'];
  if (given === undefined) return standard;
  const seconds = /^\d{1,6}$/.test(String(given)) ? Number(given) : 0;
  if (seconds >= SECONDS_MIN && seconds <= max) return seconds;
  throw invalid(
    "1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint: Member must be from " +
      `${SECONDS_MIN} to ${max}`,
  );
}

function text({ input }: Call, name: string): string {
  const value = input[name];
  if (typeof value === 'string' && value !== '') return value;
  throw invalid(
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  );
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

/** A role that is not there is one that may not be assumed, in the same words. */
function explain({ code }: Fault, call: Call): AwsError | undefined {
  const isOfRole = code === 'ACCOUNT_NOT_FOUND' || code === 'PERMISSION_DENIED';
  if (isOfRole && call.action.startsWith('AssumeRole')) return notAuthorised(call, String(call.input['RoleArn']));
  return undefined;
}
