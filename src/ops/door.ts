// What a dialect is given: a way to learn who asks, and the one way to have something done. A credential is opaque and
// known by its hash, or a JWT that a service account signed: then its key must be a live one of that very account, which
// the store is asked on each use.

import {
  type Assertion,
  issuerAccount,
  type Judged,
  type JwtProblem,
  judgeBearer,
  judgeGrant,
  type SignedJwt,
} from '../core/jwt.ts';
import { type AccountEmail, parseAccountEmail } from '../core/name.ts';
import type { Clock, JwtReader, Maybe, Store } from '../core/ports.ts';
import { ANONYMOUS, accountPrincipal, type Caller, OWNER, type Principal, type Seen } from '../core/principal.ts';
import type { AccountKey, Token } from '../core/secret.ts';
import type { Engine } from './engine.ts';
import { then } from './maybe.ts';

/** Where a request comes from, as far as its caller can be held to it. */
export type Origin = Pick<Caller, 'dialect' | 'peer' | 'requestId' | 'userAgent'>;

export interface Door extends Engine {
  /** The caller that a credential stands for. A bad one makes a caller whom every operation refuses, and audits. */
  authenticate(credential: string | undefined, origin: Origin, audiences?: Audiences): Maybe<Caller>;
  /** The account that signed an assertion addressed to one of `audiences` (RFC 7523), and what it asks for. */
  assertion(text: string, origin: Origin, audiences: readonly string[]): Maybe<Asserted>;
}

/** For which services a JWT may be meant that comes as a bearer; asked only where one comes. */
export type Audiences = () => readonly string[];

export interface Asserted {
  readonly caller: Caller;
  /** The account that it names, proved or not: for the audit of a refusal. */
  readonly claimed?: AccountEmail;
  /** Absent where the caller was refused. */
  readonly assertion?: Assertion;
}

export interface DoorDeps {
  readonly engine: Engine;
  readonly store: Pick<Store, 'read'>;
  readonly clock: Clock;
  readonly jwts: JwtReader;
  /** The hash of a credential, or undefined for a text that has not the form of one. */
  hashCredential(text: string): string | undefined;
}

const NO_AUDIENCES: Audiences = () => [];

export function createDoor(deps: DoorDeps): Door {
  const { engine, store, clock, jwts, hashCredential } = deps;
  return {
    call: (operation, caller, command) => engine.call(operation, caller, command),
    authenticate: (credential, origin, audiences = NO_AUDIENCES) => {
      if (credential === undefined) return { ...origin, principal: ANONYMOUS };
      const hash = hashCredential(credential);
      if (hash === undefined) {
        const jwt = jwts.read(credential);
        if (jwt === undefined) return refused(origin);
        // Every library names the key of a bearer, so that one costs one check and not one a key.
        if (jwt.keyId === undefined) return refused(origin, 'signature');
        return then(signer(deps, jwt, judgeBearer(jwt.claims, audiences(), clock.now())), (found) =>
          callerOf(found, jwt, origin),
        );
      }
      const seen: Seen = {};
      return then(store.read({ token: { need: 'token', hash } }, seen), ({ token }) =>
        token === undefined || !isLive(token, clock.now())
          ? refused(origin)
          : { ...callerOfToken(token, origin), seen },
      );
    },
    assertion: (text, origin, audiences) => {
      const jwt = jwts.read(text);
      if (jwt === undefined) return { caller: refused(origin, 'malformed') };
      return then(signer(deps, jwt, judgeGrant(jwt.claims, audiences, clock.now())), (found) => {
        const caller = callerOf(found, jwt, origin);
        if (!('problem' in found)) {
          const { keyId: _signer, ...assertion } = found;
          return { caller, claimed: found.email, assertion };
        }
        const claimed = issuerAccount(jwt.claims['iss']);
        return { caller, ...(claimed === undefined ? {} : { claimed }) };
      });
    },
  };
}

type Signed = Exclude<Judged, { readonly problem: JwtProblem }> & { readonly keyId: string };
type Checked = Signed | { readonly problem: JwtProblem };

/** What was judged, once the signature is known to be by a live key of that account: the one it names, or any. */
function signer({ store, clock, jwts }: DoorDeps, jwt: SignedJwt, judged: Judged): Maybe<Checked> {
  if ('problem' in judged) return judged;
  const { email } = judged;
  const needs = { keys: { need: 'accountKeys', email }, account: { need: 'account', email } } as const;
  return then(store.read(needs), ({ keys, account }): Checked => {
    if (account === undefined) return { problem: 'account' };
    const isKnown = ({ id, disabled, ...key }: AccountKey) =>
      (jwt.keyId ?? id) === id && !disabled && isLive(key, clock.now());
    const key = keys.find((each) => isKnown(each) && jwts.isSignedBy(jwt, each.publicKey));
    if (key === undefined) return { problem: 'signature' };
    return { ...judged, keyId: key.id, ...(key.workload === undefined ? {} : { workload: key.workload }) };
  });
}

function callerOf(found: Checked, jwt: SignedJwt, origin: Origin): Caller {
  if ('problem' in found) return refused(origin, found.problem);
  const credential = { hash: jwt.hash, kind: 'jwt', keyId: found.keyId } as const;
  const caller: Caller = { ...origin, principal: accountPrincipal(found.email), credential };
  return found.workload === undefined ? caller : { ...caller, workload: found.workload };
}

function isLive({ expiresAt }: Pick<Token, 'expiresAt'>, now: number): boolean {
  return expiresAt === undefined || now < expiresAt;
}

function refused(origin: Origin, problem?: JwtProblem): Caller {
  return { ...origin, principal: ANONYMOUS, refused: true, ...(problem === undefined ? {} : { problem }) };
}

function callerOfToken(token: Token, origin: Origin): Caller {
  const { hash, kind, workload } = token;
  const caller = { ...origin, principal: principalOf(token), credential: { hash, kind } };
  return workload === undefined ? caller : { ...caller, workload };
}

function principalOf(token: Token): Principal {
  if (token.member === OWNER.member) return OWNER;
  const email = token.member.slice('serviceAccount:'.length);
  return accountPrincipal(parseAccountEmail(email) as AccountEmail);
}
