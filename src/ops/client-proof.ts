// How a client of the token endpoint proves that it is a service account: by a secret that it was given, by what it signed
// with the key of a certificate of its own (RFC 7523), or by a token that is good for being exchanged there and for
// nothing else. A client that is not there is refused like one whose proof is wrong.

import { FEDERATION_AUDIENCE, judgeClient } from '../core/jwt.ts';
import { type AccountEmail, parseAccountEmail } from '../core/name.ts';
import type { Clock, JwtReader, Maybe, Store } from '../core/ports.ts';
import { accountPrincipal, type Caller } from '../core/principal.ts';
import type { Account, AccountKey } from '../core/secret.ts';
import { callerOfToken, isLive, type Origin, refused } from './callers.ts';
import { then } from './maybe.ts';

/** How a client of Entra's says who it is: its id is an account's address, or its uid as a GUID. */
export interface Client {
  readonly id: string;
  readonly secret?: string;
  /** A JWT that it signed, or a token that is good for exchanging. */
  readonly assertion?: string;
}

export interface ProofDeps {
  readonly store: Pick<Store, 'read'>;
  readonly clock: Clock;
  readonly jwts: JwtReader;
  /** The hash of a JWT that this server may have issued, and of a client secret; undefined for any other text. */
  hashIssued(text: string): string | undefined;
  hashClientSecret(text: string): string | undefined;
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The account that a client id names. */
export function namedAccount({ store }: Pick<ProofDeps, 'store'>, id: string): Maybe<Account | undefined> {
  if (GUID.test(id)) {
    const uid = id.replaceAll('-', '').toLowerCase();
    return then(store.read({ account: { need: 'accountOfUid', uid } }), ({ account }) => account);
  }
  let email: AccountEmail;
  try {
    email = parseAccountEmail(id);
  } catch {
    return undefined;
  }
  return then(store.read({ account: { need: 'account', email } }), ({ account }) => account);
}

/** The caller that a client is, or one who is refused. */
export function proveClient(
  deps: ProofDeps,
  account: Account,
  client: Client,
  origin: Origin,
  audiences: readonly string[],
): Maybe<Caller> {
  const { secret, assertion } = client;
  if (secret !== undefined) return bySecret(deps, account, secret, origin);
  if (assertion === undefined) return refused(origin, 'client');
  const { store, clock, hashIssued } = deps;
  const hash = hashIssued(assertion);
  if (hash === undefined) return byCertificate(deps, account, { ...client, assertion }, origin, audiences);
  return then(store.read({ token: { need: 'token', hash } }), ({ token }) => {
    if (token === undefined) return byCertificate(deps, account, { ...client, assertion }, origin, audiences);
    const isGood =
      token.audience === FEDERATION_AUDIENCE &&
      token.member === accountPrincipal(account.email).member &&
      isLive(token, clock.now());
    return isGood ? callerOfToken(token, origin) : refused(origin, 'client');
  });
}

/** By its hash, which tells nothing of a secret that is compared with it. */
function bySecret(deps: ProofDeps, account: Account, secret: string, origin: Origin): Maybe<Caller> {
  const hash = deps.hashClientSecret(secret);
  if (hash === undefined) return refused(origin, 'client');
  return then(liveKeys(deps, account, 'secret'), (keys) => {
    const key = keys.find(({ publicKey }) => publicKey === hash);
    return key === undefined ? refused(origin, 'client') : callerOfKey(account, key, hash, origin);
  });
}

function byCertificate(
  deps: ProofDeps,
  account: Account,
  client: Client & { readonly assertion: string },
  origin: Origin,
  audiences: readonly string[],
): Maybe<Caller> {
  const jwt = deps.jwts.readClient(client.assertion);
  if (jwt === undefined) return refused(origin, 'client');
  const problem = judgeClient(jwt.claims, client.id, audiences, deps.clock.now());
  if (problem !== undefined) return refused(origin, problem === 'lifetime' ? problem : 'client');
  return then(liveKeys(deps, account, 'certificate'), (keys) => {
    const key = keys.find(({ publicKey }) => deps.jwts.isSignedBy(jwt, publicKey));
    return key === undefined ? refused(origin, 'client') : callerOfKey(account, key, jwt.hash, origin);
  });
}

function liveKeys(
  { store, clock }: ProofDeps,
  { email }: Account,
  kind: AccountKey['kind'],
): Maybe<readonly AccountKey[]> {
  return then(store.read({ keys: { need: 'accountKeys', email } }), ({ keys }) =>
    keys.filter((key) => key.kind === kind && !key.disabled && isLive(key, clock.now())),
  );
}

function callerOfKey({ email }: Account, { id, workload }: AccountKey, hash: string, origin: Origin): Caller {
  const caller: Caller = {
    ...origin,
    principal: accountPrincipal(email),
    credential: { hash, kind: 'client', keyId: id },
  };
  return workload === undefined ? caller : { ...caller, workload };
}
