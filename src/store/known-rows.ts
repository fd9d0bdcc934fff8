// Rows as the one writer knows them, so that a change need not read again what the one before it has read: they change by
// its own hand alone. What says who may do what is forgotten with any change of that kind. A secret goes along with its
// numbers while versions are added, and every one is forgotten where anything else of secrets changes.

import type { Change, Need } from '../core/ports.ts';
import type { Secret, Uid } from '../core/secret.ts';
import { keyOf, kindOf } from './cached-reads.ts';
import type { EpochWord } from './epoch.ts';

/** Of each sort. */
const KNOWN_MAX = 1000;

export class KnownRows {
  readonly #authority = new Map<string, unknown>();
  /** Which secret a need is answered with, and each as it is. */
  readonly #uids = new Map<string, Uid>();
  readonly #secrets = new Map<Uid, Secret>();

  /** The row that answers the need; undefined where it is not known. */
  get(need: Need): unknown {
    if (kindOf(need) === 'authority') return this.#authority.get(keyOf(need));
    if (!isPlainSecret(need)) return undefined;
    const uid = this.#uids.get(keyOf(need));
    return uid === undefined ? undefined : this.#secrets.get(uid);
  }

  keep(need: Need, row: unknown): void {
    if (row === undefined) return;
    if (kindOf(need) === 'authority') {
      if (this.#authority.size >= KNOWN_MAX) this.#authority.clear();
      this.#authority.set(keyOf(need), row);
    } else if (isPlainSecret(need)) {
      if (this.#uids.size >= KNOWN_MAX) this.#forgetSecrets();
      const secret = row as Secret;
      this.#uids.set(keyOf(need), secret.uid);
      this.#secrets.set(secret.uid, secret);
    }
  }

  /** Goes along with a change that is made; `words` turn with it. */
  follow(change: Change, words: readonly EpochWord[]): void {
    if (words.includes('authority')) this.#authority.clear();
    if (words.includes('settings')) this.#forgetSecrets();
    else if (change.change === 'secret.update' && this.#secrets.has(change.secret.uid)) {
      this.#secrets.set(change.secret.uid, change.secret);
    }
  }

  /** What was followed may not have come to be. */
  clear(): void {
    this.#authority.clear();
    this.#forgetSecrets();
  }

  #forgetSecrets(): void {
    this.#uids.clear();
    this.#secrets.clear();
  }
}

/** One that is found by its name: others hang on what else there is. */
function isPlainSecret(need: Need): boolean {
  return need.need === 'secret' && !need.deleted && !need.spelled && need.from === undefined;
}
