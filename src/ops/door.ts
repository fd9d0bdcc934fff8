// What a dialect is given: a way to learn who asks, and the one way to have something done.

import { type AccountEmail, parseAccountEmail } from '../core/name.ts';
import type { Clock, Maybe, Store } from '../core/ports.ts';
import { ANONYMOUS, accountPrincipal, type Caller, OWNER, type Principal } from '../core/principal.ts';
import type { Token } from '../core/secret.ts';
import { type Engine, then } from './engine.ts';

/** Where a request comes from, as far as its caller can be held to it. */
export type Origin = Pick<Caller, 'dialect' | 'peer' | 'requestId' | 'userAgent'>;

export interface Door extends Engine {
  /** The caller that a credential stands for. A bad one makes a caller whom every operation refuses, and audits. */
  authenticate(credential: string | undefined, origin: Origin): Maybe<Caller>;
}

export interface DoorDeps {
  readonly engine: Engine;
  readonly store: Pick<Store, 'read'>;
  readonly clock: Clock;
  /** The hash of a credential, or undefined for a text that has not the form of one. */
  hashCredential(text: string): string | undefined;
}

export function createDoor({ engine, store, clock, hashCredential }: DoorDeps): Door {
  return {
    call: (operation, caller, command) => engine.call(operation, caller, command),
    authenticate: (credential, origin) => {
      if (credential === undefined) return { ...origin, principal: ANONYMOUS };
      const hash = hashCredential(credential);
      if (hash === undefined) return refused(origin);
      return then(store.read({ token: { need: 'token', hash } }), ({ token }) =>
        token === undefined || !isLive(token, clock.now())
          ? refused(origin)
          : { ...origin, principal: principalOf(token), credential: { hash: token.hash, kind: token.kind } },
      );
    },
  };
}

function isLive(token: Token, now: number): boolean {
  return token.expiresAt === undefined || now < token.expiresAt;
}

function refused(origin: Origin): Caller {
  return { ...origin, principal: ANONYMOUS, refused: true };
}

function principalOf(token: Token): Principal {
  if (token.member === OWNER.member) return OWNER;
  const email = token.member.slice('serviceAccount:'.length);
  return accountPrincipal(parseAccountEmail(email) as AccountEmail);
}
