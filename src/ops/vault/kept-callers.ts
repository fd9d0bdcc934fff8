// What the last credential of each connection came to, used again while nothing changed that says who may do what: then
// the store would answer every question about it as it did. It is held no longer than its connection, and told from
// another in the same time wherever the two differ.

import type { AuthorityStamp } from '../../core/authority-stamp.ts';
import type { Clock } from '../../core/ports.ts';
import type { Origin } from '../callers.ts';
import type { Entered } from './door.ts';

/** A request as far as it is the same as the one before it. */
interface Sent {
  readonly credential: string;
  readonly namespace: string;
  /** Made once a connection; nothing of it is looked at. */
  readonly connection: object;
}

interface Kept extends Omit<Sent, 'connection'> {
  /** Of the store, while it was read. */
  readonly stamp: number;
  /** When the first of the tokens ends that it hangs on. */
  readonly until: number;
  readonly who: Omit<Entered['caller'], keyof Origin>;
  readonly entered: Entered;
}

type Making<T> = { -readonly [K in keyof T]: T[K] };

export class KeptCallers {
  readonly #store: AuthorityStamp;
  readonly #clock: Clock;
  readonly #last = new WeakMap<object, Kept>();

  constructor(store: AuthorityStamp, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Undefined where the store has to be asked. */
  find({ credential, namespace, connection }: Sent, origin: Origin): Entered | undefined {
    const kept = this.#last.get(connection);
    if (kept === undefined || kept.stamp !== this.stamp || this.#clock.now() >= kept.until) return undefined;
    if (kept.namespace !== namespace || !isSameSecret(kept.credential, credential)) return undefined;
    const { dialect, peer, secure, requestId, userAgent } = origin;
    const caller: Making<Entered['caller']> = { ...kept.who, dialect, peer, requestId, seen: {} };
    if (secure !== undefined) caller.secure = secure;
    if (userAgent !== undefined) caller.userAgent = userAgent;
    return { ...kept.entered, caller };
  }

  /** What to hand to `keep` with all that is read from now on; undefined where nothing is kept. */
  get stamp(): number | undefined {
    return this.#store.authorityStamp?.();
  }

  /** Keeps a token's; whatever else somebody proves himself by is looked at anew each time. */
  keep({ credential, namespace, connection }: Sent, entered: Entered, until: number, stamp: number | undefined): void {
    if (entered.token === undefined || stamp === undefined || stamp !== this.stamp) return;
    const { dialect: _d, peer: _p, secure: _s, requestId: _r, userAgent: _u, ...who } = entered.caller;
    this.#last.set(connection, { credential, namespace, stamp, until, who, entered });
  }
}

function isSameSecret(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let different = 0;
  for (let at = 0; at < one.length; at++) different |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return different === 0;
}
