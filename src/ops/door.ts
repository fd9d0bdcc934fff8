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
import type { AccountEmail } from '../core/name.ts';
import type { Maybe } from '../core/ports.ts';
import { ANONYMOUS, accountPrincipal, type Caller, type Seen } from '../core/principal.ts';
import type { AccountKey } from '../core/secret.ts';
import { callerOfToken, isLive, type Origin, refused } from './callers.ts';
import { type Client, namedAccount, type ProofDeps, proveClient } from './client-proof.ts';
import type { Engine } from './engine.ts';
import { then } from './maybe.ts';

export interface Door extends Engine {
  /** The caller that a credential stands for. A bad one makes a caller whom every operation refuses, and audits. */
  authenticate(credential: string | undefined, origin: Origin, audiences?: Audiences): Maybe<Caller>;
  /** The same of a request to an API whose tokens name it: one that this server issued must be good for it. */
  bearer(credential: string | undefined, origin: Origin, audiences: Audiences): Maybe<Caller>;
  /** The account that a client is, by what it proves itself by at the token endpoint, which goes by `audiences`. */
  client(client: Client, origin: Origin, audiences: readonly string[]): Maybe<Proved>;
  /** The account that signed an assertion addressed to one of `audiences` (RFC 7523), and what it asks for. */
  assertion(text: string, origin: Origin, audiences: readonly string[]): Maybe<Asserted>;
}

/** For which services a JWT may be meant that comes as a bearer; asked only where one comes. */
export type Audiences = () => readonly string[];

export interface Proved {
  readonly caller: Caller;
  /** The account that it names, proved or not: for the audit of a refusal. */
  readonly claimed?: AccountEmail;
}

export interface Asserted {
  readonly caller: Caller;
  /** The account that it names, proved or not: for the audit of a refusal. */
  readonly claimed?: AccountEmail;
  /** Absent where the caller was refused. */
  readonly assertion?: Assertion;
}

export interface DoorDeps extends ProofDeps {
  readonly engine: Engine;
  /** The hash of a credential, or undefined for a text that has not the form of one. */
  hashCredential(text: string): string | undefined;
}

const NO_AUDIENCES: Audiences = () => [];

export function createDoor(deps: DoorDeps): Door {
  const { engine, store, clock, jwts, hashCredential } = deps;
  const door: Door = {
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
    bearer: (credential, origin, audiences) => {
      const hash = credential === undefined ? undefined : deps.hashIssued(credential);
      if (hash === undefined) return door.authenticate(credential, origin);
      const seen: Seen = {};
      return then(store.read({ token: { need: 'token', hash } }, seen), ({ token }) => {
        const { audience } = token ?? {};
        if (token === undefined || audience === undefined || !isLive(token, clock.now())) return refused(origin);
        return audiences().includes(audience) ? { ...callerOfToken(token, origin), seen } : refused(origin, 'audience');
      });
    },
    client: (client, origin, audiences) =>
      then(namedAccount(deps, client.id), (account) => {
        if (account === undefined) return { caller: refused(origin, 'client') };
        return then(proveClient(deps, account, client, origin, audiences), (caller) => ({
          caller,
          claimed: account.email,
        }));
      }),
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
  return door;
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
    const isKnown = ({ id, disabled, kind, ...key }: AccountKey) =>
      (jwt.keyId ?? id) === id && kind === undefined && !disabled && isLive(key, clock.now());
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
