// What AWS's dialect is given: who signed a request, and the one way to have something done. A key that is not there is
// judged with a key of nobody's, so that it costs what a wrong signature costs. A session is known by its token, which is
// kept as a hash; its key's id and secret follow from that.

import { awsAccountOf, awsId, SESSION_AUDIENCE } from '../../core/aws/access-key.ts';
import { accountOfName, assumedRoleArn, parseRoleArn, userArn } from '../../core/aws/arn.ts';
import type { SecretSource, SigningScope } from '../../core/aws/keys-port.ts';
import {
  type AwsSignature,
  EXPIRED_SESSION,
  judgeScope,
  type SignatureProblem,
  type SignatureReader,
  type SignedParts,
  UNKNOWN_KEY,
  UNSIGNED,
  WRONG_SIGNATURE,
} from '../../core/aws/signature.ts';
import { type JwtProblem, type JwtReader, judgeIdToken } from '../../core/jwt.ts';
import {
  type AccountEmail,
  accountProject,
  type ProjectId,
  type ProjectRef,
  parseProjectRef,
} from '../../core/name.ts';
import type { Clock, Keyring, Maybe, Store } from '../../core/ports.ts';
import { ANONYMOUS, accountOfMember, accountPrincipal, type Caller, type Seen } from '../../core/principal.ts';
import type { AccountKey, Project } from '../../core/secret.ts';
import { callerOfToken, isLive, type Origin, refused } from '../callers.ts';
import type { Engine } from '../engine.ts';
import { GOOGLE_ISSUER } from '../id-tokens.ts';
import { then } from '../maybe.ts';

/** Who signed, as AWS would say it. */
export interface AwsSigner {
  /** The account's own: the one that every request without an ARN is about. */
  readonly project: ProjectId;
  /** 12 digits. */
  readonly account: string;
  readonly arn: string;
  readonly email: AccountEmail;
}

export interface Entered {
  readonly caller: Caller;
  /** Of the signature; absent where there is none that can be read. */
  readonly scope?: SigningScope;
  /** Absent where the request was refused: then `problem` says why. */
  readonly signer?: AwsSigner;
  readonly problem?: SignatureProblem;
  /** The id of the key that the request names, for the audit. */
  readonly keyId?: string;
}

/** What a signature must be for. */
export interface Expected {
  /** Absent: whatever service it says. */
  readonly service: string | undefined;
  /** Absent: any. */
  readonly region: string | undefined;
  readonly windowSeconds: number;
}

export interface AwsDoor extends Engine {
  /** Who signed; a bad signature makes a caller whom every operation refuses. */
  enter(parts: SignedParts, origin: Origin, expected: Expected): Maybe<Entered>;
  /** The project that an account of AWS's is, for whoever names it by an ARN. */
  projectOf(account: string, caller: Caller): Maybe<ProjectRef | undefined>;
  /** The address of the service account that a role would be, whether it is there or not. */
  roleAccount(arn: string): Maybe<AccountEmail | undefined>;
  /** The account that an ID token of this server is about, where it is that role. */
  webIdentity(token: string, arn: string, origin: Origin): Maybe<WebIdentity>;
}

export interface WebIdentity {
  /** Of a token that was not accepted, one whom every operation refuses. */
  readonly caller: Caller;
  readonly account?: AccountEmail;
  readonly subject?: string;
  readonly problem?: JwtProblem | 'role';
}

/** Whom an ID token must be for that is shown to STS. */
export const STS_AUDIENCE = 'sts.amazonaws.com';

export interface AwsDoorDeps {
  readonly engine: Engine;
  readonly store: Pick<Store, 'read'>;
  readonly keyring: Pick<Keyring, 'aws'>;
  readonly clock: Clock;
  readonly signatures: SignatureReader;
  /** By which the store knows the key of that id in the audit. */
  digest(text: string): string;
  /** The hash of a session token; undefined for a text that can be none. */
  hashSessionToken(text: string): string | undefined;
  readonly jwts: JwtReader;
  /** The certificates of the keys that this server signs by, by their ids. */
  certificates(): Maybe<Readonly<Record<string, string>>>;
  /** What this server calls itself. */
  readonly issuer: string;
}

/** What signs for a key that is not there; no request is signed by it. */
const NOBODY = '0'.repeat(64);

/** A credential that the store has. */
interface Known {
  readonly source: SecretSource;
  readonly caller: Caller;
  readonly project: Project;
  readonly email: AccountEmail;
  readonly arn: string;
  readonly hasExpired: boolean;
}

export function createAwsDoor(deps: AwsDoorDeps): AwsDoor {
  const { engine, signatures, keyring, clock } = deps;
  return {
    call: (operation, caller, command) => engine.call(operation, caller, command),
    projectOf: (account, caller) =>
      then(deps.store.read({ found: { need: 'projectOfAwsAccount', account } }, caller.seen), ({ found }) =>
        found === undefined ? undefined : parseProjectRef(found.id),
      ),
    enter: (parts, origin, expected) => {
      const signature = signatures.read(parts);
      if (signature === undefined) return { caller: { ...origin, principal: ANONYMOUS }, problem: UNSIGNED };
      if (!('scope' in signature)) return { caller: refused(origin), problem: signature };
      const { scope, accessKeyId: keyId } = signature;
      const judged = judgeScope(signature, { ...expected, service: expected.service ?? scope.service }, clock.now());
      if (judged !== undefined) return { caller: refused(origin), scope, problem: judged, keyId };
      const seen: Seen = {};
      return then(credential(deps, signature, origin, seen), (known): Entered => {
        const key = keyring.aws.signingKey(known?.source ?? { sessionHash: NOBODY }, scope);
        const isSigned = signatures.isSigned(signature, key) && known !== undefined;
        const problem = problemOf(known, isSigned);
        if (problem !== undefined || known === undefined) {
          return { caller: refused(origin), scope, problem: problem ?? UNKNOWN_KEY, keyId };
        }
        const { caller, project, email, arn } = known;
        const signer = { project: project.id, account: awsAccountOf(project), arn, email };
        return { caller: { ...caller, seen }, scope, signer, keyId };
      });
    },
    roleAccount: (arn) => roleAccount(deps, arn),
    webIdentity: (token, arn, origin) => webIdentity(deps, token, arn, origin),
  };
}

function roleAccount({ store }: Pick<AwsDoorDeps, 'store'>, arn: string): Maybe<AccountEmail | undefined> {
  const role = parseRoleArn(arn);
  if (role === undefined) return undefined;
  return then(store.read({ project: { need: 'projectOfAwsAccount', account: role.account } }), ({ project }) =>
    project === undefined ? undefined : accountOfName(project, role.name),
  );
}

function webIdentity(deps: AwsDoorDeps, text: string, arn: string, origin: Origin): Maybe<WebIdentity> {
  const { store, jwts, clock, issuer } = deps;
  const no = (problem: JwtProblem | 'role'): WebIdentity => ({ caller: refused(origin), problem });
  const jwt = jwts.read(text);
  if (jwt?.keyId === undefined) return no('malformed');
  const { keyId } = jwt;
  const judged = judgeIdToken(jwt.claims, { audience: STS_AUDIENCE, issuers: [GOOGLE_ISSUER, issuer] }, clock.now());
  return then(deps.certificates(), (certificates) => {
    const certificate = Object.hasOwn(certificates, keyId) ? certificates[keyId] : undefined;
    if (certificate === undefined || !jwts.isSignedBy(jwt, certificate)) return no('signature');
    if ('problem' in judged) return no(judged.problem);
    return then(roleAccount(deps, arn), (email) => {
      if (email === undefined) return no('role');
      return then(store.read({ account: { need: 'account', email } }), ({ account }) => {
        const { subject } = judged;
        if (account?.uniqueId !== subject) return no('role');
        return { caller: { ...origin, principal: accountPrincipal(email) }, account: email, subject };
      });
    });
  });
}

function problemOf(known: Known | undefined, isSigned: boolean): SignatureProblem | undefined {
  if (known === undefined) return UNKNOWN_KEY;
  if (!isSigned) return WRONG_SIGNATURE;
  return known.hasExpired ? EXPIRED_SESSION : undefined;
}

function credential(deps: AwsDoorDeps, signature: AwsSignature, origin: Origin, seen: Seen): Maybe<Known | undefined> {
  return signature.sessionToken === undefined
    ? byKey(deps, signature, origin, seen)
    : bySession(deps, signature, signature.sessionToken, origin, seen);
}

/** For as long as the row is kept. */
const digests = new WeakMap<AccountKey, string>();

function digestOf(key: AccountKey, digest: AwsDoorDeps['digest']): string {
  let known = digests.get(key);
  if (known === undefined) {
    known = digest(key.id);
    digests.set(key, known);
  }
  return known;
}

function byKey(
  { store, clock, digest }: AwsDoorDeps,
  { accessKeyId: id }: AwsSignature,
  origin: Origin,
  seen: Seen,
): Maybe<Known | undefined> {
  return then(store.read({ key: { need: 'accountKey', id } }, seen), ({ key }) => {
    if (key === undefined || key.kind !== 'aws' || key.disabled || !isLive(key, clock.now())) return undefined;
    const { account: email, workload } = key;
    return then(projectOf(store, email, seen), (project): Known | undefined => {
      if (project === undefined) return undefined;
      const caller: Caller = {
        ...origin,
        principal: accountPrincipal(email),
        credential: { hash: digestOf(key, digest), kind: 'aws', keyId: id },
        ...(workload === undefined ? {} : { workload }),
      };
      const source = { id, sealed: key.publicKey, project };
      return { source, caller, project, email, arn: userArn(project, email), hasExpired: false };
    });
  });
}

function bySession(
  { store, clock, hashSessionToken }: AwsDoorDeps,
  { accessKeyId: id }: AwsSignature,
  text: string,
  origin: Origin,
  seen: Seen,
): Maybe<Known | undefined> {
  const sessionHash = hashSessionToken(text);
  if (sessionHash === undefined || awsId('ASIA', sessionHash) !== id) return undefined;
  return then(store.read({ token: { need: 'token', hash: sessionHash } }, seen), (rows) => {
    const { token } = rows;
    const email = token === undefined ? undefined : accountOfMember(token.member);
    const { user, role } = SESSION_AUDIENCE;
    if (token === undefined || email === undefined || (token.audience !== user && token.audience !== role)) {
      return undefined;
    }
    return then(projectOf(store, email, seen), (project): Known | undefined => {
      if (project === undefined) return undefined;
      const arn = token.audience === user ? userArn(project, email) : assumedRoleArn(project, email, token.workload);
      const caller = callerOfToken(token, origin);
      return { source: { sessionHash }, caller, project, email, arn, hasExpired: !isLive(token, clock.now()) };
    });
  });
}

function projectOf(store: Pick<Store, 'read'>, email: AccountEmail, seen: Seen): Maybe<Project | undefined> {
  const needs = { project: { need: 'project', project: accountProject(email) } } as const;
  return then(store.read(needs, seen), ({ project }) => project);
}
