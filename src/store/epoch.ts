// How a thread knows whether anything was committed since it read: a number that all threads share, odd while a commit is
// under way, even and new after it. What was read under an even number holds as long as the number stands still. It
// turns odd before a commit can be seen by anybody: else one reader could see the new rows, and another, later, the old.
// There is one for what says who may do what, which changes seldom, one for secrets, keys and their versions, and one for
// all of secrets but the numbers of their versions: adding a version needs no more, and then holds nobody else up.

import type { Change } from '../core/ports.ts';
import { onlyAdvances } from './advancing.ts';

export type EpochKind = 'authority' | 'secrets';

/** With `settings`: all of secrets but the numbers of their versions. */
export type EpochWord = EpochKind | 'settings';

const WORD: Readonly<Record<EpochWord, number>> = { authority: 0, secrets: 1, settings: 2 };
const ALL: readonly EpochKind[] = ['authority', 'secrets'];

export class Epoch {
  readonly #words: Int32Array<SharedArrayBuffer>;

  /** `memory` is that of the writer's own epoch, where this is another thread's. */
  constructor(
    memory: SharedArrayBuffer = new SharedArrayBuffer(Object.keys(WORD).length * Int32Array.BYTES_PER_ELEMENT),
  ) {
    this.#words = new Int32Array(memory);
  }

  get memory(): SharedArrayBuffer {
    return this.#words.buffer;
  }

  /** The number under which rows read from now on may be kept; undefined while a commit is under way. */
  now(word: EpochWord): number | undefined {
    const number = Atomics.load(this.#words, WORD[word]);
    return (number & 1) === 0 ? number : undefined;
  }

  /** Runs a commit: what was read before it under these words is not to be used after it, even where it fails. */
  commit(words: ReadonlySet<EpochWord>, work: () => void): void {
    for (const word of words) Atomics.add(this.#words, WORD[word], 1);
    try {
      work();
    } finally {
      for (const word of words) Atomics.add(this.#words, WORD[word], 1);
    }
  }
}

/** What of the rows that are kept a change alters. */
export function kindsOf({ change }: Change): readonly EpochKind[] {
  switch (change) {
    case 'server.policy':
    case 'project.insert':
    case 'project.update':
    case 'account.insert':
    case 'account.update':
    case 'accountKey.insert':
    case 'accountKey.update':
    case 'accountKey.delete':
    case 'token.insert':
    case 'token.delete':
    case 'token.deleteAll':
    case 'vaultEntry.put':
    case 'vaultEntry.delete':
    case 'vaultEntry.deleteBelow':
    case 'vaultEntry.deleteOwnersBelow':
    case 'vaultEntry.release':
      return AUTHORITY;
    case 'secret.insert':
    case 'secret.update':
    case 'secret.delete':
    case 'version.insert':
    case 'version.update':
    case 'secrets.deleteAt':
    case 'key.insert':
    case 'key.update':
    case 'key.delete':
    case 'keyVersion.insert':
    case 'keyVersion.update':
    case 'keyVersions.destroy':
    case 'keyRing.delete':
    case 'keyRing.move':
      return SECRETS;
    case 'event.insert':
    case 'events.deleteBefore':
      return NONE;
    default:
      // A project goes with all that is in it, an account is renamed in the policies of secrets too.
      return ALL;
  }
}

/** The words that turn with a change. */
export function wordsOf(change: Change): readonly EpochWord[] {
  const kinds = kindsOf(change);
  return kinds.includes('secrets') && !keepsSettings(change) ? [...kinds, 'settings'] : kinds;
}

function keepsSettings(change: Change): boolean {
  switch (change.change) {
    case 'version.insert':
    case 'version.update':
      return true;
    case 'secret.update':
      return change.before !== undefined && onlyAdvances(change.before, change.secret);
    default:
      return false;
  }
}

const AUTHORITY: readonly EpochKind[] = ['authority'];
const SECRETS: readonly EpochKind[] = ['secrets'];
const NONE: readonly EpochKind[] = [];
