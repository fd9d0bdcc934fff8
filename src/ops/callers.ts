// The callers that credentials stand for.

import type { JwtProblem } from '../core/jwt.ts';
import { type AccountEmail, parseAccountEmail } from '../core/name.ts';
import { ANONYMOUS, accountPrincipal, type Caller, OWNER, type Principal } from '../core/principal.ts';
import type { Token } from '../core/secret.ts';

/** Where a request comes from, as far as its caller can be held to it. */
export type Origin = Pick<Caller, 'dialect' | 'peer' | 'secure' | 'requestId' | 'userAgent'>;

export function isLive({ expiresAt }: Pick<Token, 'expiresAt'>, now: number): boolean {
  return expiresAt === undefined || now < expiresAt;
}

/** A caller whom every operation refuses, and audits. */
export function refused(origin: Origin, problem?: JwtProblem): Caller {
  return { ...origin, principal: ANONYMOUS, refused: true, ...(problem === undefined ? {} : { problem }) };
}

/** The caller that a live token stands for. */
export function callerOfToken(token: Token, origin: Origin): Caller {
  const { hash, kind, workload, expiresAt, audience, parent } = token;
  const credential = {
    hash,
    kind,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(audience === undefined ? {} : { audience }),
    ...(parent === undefined ? {} : { parent }),
  };
  const caller = { ...origin, principal: principalOf(token), credential };
  return workload === undefined ? caller : { ...caller, workload };
}

function principalOf(token: Token): Principal {
  if (token.member === OWNER.member) return OWNER;
  const email = token.member.slice('serviceAccount:'.length);
  return accountPrincipal(parseAccountEmail(email) as AccountEmail);
}
