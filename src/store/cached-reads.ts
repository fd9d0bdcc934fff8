// Rows kept as they were decoded, for as long as nothing was committed that could have changed them. All rows of an
// answer are of one snapshot: those from here still hold after the others were read, or everything is read together.
// Lists are never kept.

import type { AuthorityStamp } from '../core/authority-stamp.ts';
import type { Maybe, Need, Needs, RowsOf, SecretPlace, Store } from '../core/ports.ts';
import type { Epoch, EpochKind, EpochWord } from './epoch.ts';
import { RowCache } from './row-cache.ts';

const AUTHORITY_BYTES_MAX: number = 4 * 1024 * 1024;
const SECRETS_BYTES_MAX: number = 12 * 1024 * 1024;
const SETTINGS_BYTES_MAX: number = 2 * 1024 * 1024;

type Rows = Record<string, unknown>;

export class CachedReads implements Pick<Store, 'read'>, AuthorityStamp {
  readonly #store: Pick<Store, 'read'>;
  readonly #epoch: Epoch;
  readonly #caches: Readonly<Record<EpochWord, RowCache>> = {
    authority: new RowCache(AUTHORITY_BYTES_MAX),
    secrets: new RowCache(SECRETS_BYTES_MAX),
    settings: new RowCache(SETTINGS_BYTES_MAX),
  };

  constructor(store: Pick<Store, 'read'>, epoch: Epoch) {
    this.#store = store;
    this.#epoch = epoch;
  }

  read<const N extends Needs>(needs: N): Maybe<RowsOf<N>> {
    const at: Moment = {
      authority: this.#hold('authority'),
      secrets: this.#hold('secrets'),
      settings: this.#hold('settings'),
    };
    const rows: Rows = {};
    const missing: Record<string, Need> = {};
    const keys: Record<string, string> = {};
    let found = 0;
    let wanted = 0;
    for (const name in needs) {
      const need = needs[name] as Need;
      const word = wordOf(need);
      const key = word === undefined || at[word] === undefined ? undefined : keyOf(need);
      const row = key === undefined ? ABSENT : this.#caches[word as EpochWord].get(key);
      if (row === ABSENT) {
        missing[name] = need;
        if (key !== undefined) keys[name] = key;
        wanted++;
      } else {
        rows[name] = row;
        found++;
      }
    }
    if (wanted === 0) return rows as RowsOf<N>;
    const settle = (read: Rows): Maybe<RowsOf<N>> => {
      if (found > 0 && !this.#stands(at)) return this.#store.read(needs);
      this.#keep(missing, keys, read, at);
      return Object.assign(rows, read) as RowsOf<N>;
    };
    const read = this.#store.read(missing);
    return read instanceof Promise ? read.then(settle) : settle(read);
  }

  authorityStamp(): number | undefined {
    return this.#epoch.now('authority');
  }

  #hold(word: EpochWord): number | undefined {
    const number = this.#epoch.now(word);
    if (number !== undefined) this.#caches[word].hold(number);
    return number;
  }

  /** Whether the rows from here were still true once the others had been read. */
  #stands(at: Moment): boolean {
    return (
      (at.authority === undefined || this.#epoch.now('authority') === at.authority) &&
      (at.secrets === undefined || this.#epoch.now('secrets') === at.secrets) &&
      (at.settings === undefined || this.#epoch.now('settings') === at.settings)
    );
  }

  /** `keys` are of those that may be kept. */
  #keep(missing: Needs, keys: Readonly<Record<string, string>>, read: Rows, at: Moment): void {
    for (const name in keys) {
      const word = wordOf(missing[name] as Need) as EpochWord;
      // A read that took its time may come back after the cache has moved on.
      this.#caches[word].add(keys[name] as string, read[name], at[word] as number);
    }
  }
}

/** The numbers under which rows that are read now may be kept. */
type Moment = Readonly<Record<EpochWord, number | undefined>>;

function wordOf(need: Need): EpochWord | undefined {
  return need.need === 'secret' && need.numbers === 'any' ? 'settings' : KINDS[need.need];
}

const ABSENT = RowCache.ABSENT;

/** Which commits change what this need is answered with; the others are not kept. */
const KINDS: Readonly<Partial<Record<Need['need'], EpochKind>>> = {
  server: 'authority',
  project: 'authority',
  projectOfAwsAccount: 'authority',
  account: 'authority',
  accountOfUid: 'authority',
  accountKey: 'authority',
  accountKeys: 'authority',
  token: 'authority',
  vaultEntry: 'authority',
  vaultEntriesNamed: 'authority',
  secret: 'secrets',
  spellings: 'secrets',
  version: 'secrets',
  payload: 'secrets',
  key: 'secrets',
};

/** Of which commits the answer to this need depends; undefined: it is not kept. */
export function kindOf(need: Need): EpochKind | undefined {
  return KINDS[need.need];
}

/** What tells this need from every other one. No part of it can hold the line feed between them. */
export function keyOf(need: Need): string {
  switch (need.need) {
    case 'project':
      return `project\n${need.project}`;
    case 'projectOfAwsAccount':
      return `projectOfAwsAccount\n${need.account}`;
    case 'secret':
    case 'spellings':
      return placeKey(need.need, need);
    case 'version':
    case 'payload': {
      const { number, alias, previous, uid, stage, versionId } = need;
      const of = `${placeKey(need.need, need)}\n${number}`;
      // Most name nothing but a number.
      if ((alias ?? previous ?? uid ?? stage ?? versionId) === undefined) return of;
      // What can hold anything comes last, as JSON.
      return `${of}\n${JSON.stringify([alias, previous, uid, stage, versionId])}`;
    }
    case 'key':
      return `key\n${need.project}\n${need.ring}\n${need.name}\n${need.number}`;
    case 'account':
    case 'accountKeys':
      return `${need.need}\n${need.email}`;
    case 'accountOfUid':
      return `accountOfUid\n${need.uid}`;
    case 'accountKey':
      return `accountKey\n${need.id}`;
    case 'token':
      return `token\n${need.hash}`;
    case 'vaultEntry':
      return `vaultEntry\n${need.id}`;
    case 'vaultEntriesNamed':
      return `vaultEntriesNamed\n${need.ids.join('\n')}`;
    default:
      return need.need;
  }
}

/** Of AWS's place the key is that of the name. Beside a place that is only a project, a location and a key nothing is made. */
function placeKey(need: string, { project, location, key, deleted, spelled, from }: SecretPlace): string {
  const place = `${need}\n${project}\n${location ?? ''}\n${key}`;
  if ((deleted ?? spelled ?? from) === undefined) return place;
  const seen = from === undefined ? '' : `${from.region} ${from.name} ${from.suffix ?? ''}`;
  return `${place}\n${deleted ?? ''} ${spelled ?? ''} ${seen}`;
}
