// How a thread knows whether anything was committed since it read: a number that all threads share, odd while a commit is
// under way, even and new after it. What was read under an even number holds as long as the number stands still. It
// turns odd before a commit can be seen by anybody: else one reader could see the new rows, and another, later, the old.
// There is one for what says who may do what, which changes seldom, and one for secrets, keys and their versions.

import type { Change } from '../core/ports.ts';

export type EpochKind = 'authority' | 'secrets';

const WORD: Readonly<Record<EpochKind, number>> = { authority: 0, secrets: 1 };
const ALL: readonly EpochKind[] = ['authority', 'secrets'];

export class Epoch {
  readonly #words: Int32Array<SharedArrayBuffer>;

  /** `memory` is that of the writer's own epoch, where this is another thread's. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(ALL.length * Int32Array.BYTES_PER_ELEMENT)) {
    this.#words = new Int32Array(memory);
  }

  get memory(): SharedArrayBuffer {
    return this.#words.buffer;
  }

  /** The number under which rows read from now on may be kept; undefined while a commit is under way. */
  now(kind: EpochKind): number | undefined {
    const number = Atomics.load(this.#words, WORD[kind]);
    return (number & 1) === 0 ? number : undefined;
  }

  /** Runs a commit: what was read before it of these kinds is not to be used after it, even where it fails. */
  commit(kinds: ReadonlySet<EpochKind>, work: () => void): void {
    for (const kind of kinds) Atomics.add(this.#words, WORD[kind], 1);
    try {
      work();
    } finally {
      for (const kind of kinds) Atomics.add(this.#words, WORD[kind], 1);
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

const AUTHORITY: readonly EpochKind[] = ['authority'];
const SECRETS: readonly EpochKind[] = ['secrets'];
const NONE: readonly EpochKind[] = [];
