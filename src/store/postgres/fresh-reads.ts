// The reads of one thread: rows kept as they were decoded, used while their stamp is the primary's. What is asked for is
// answered as of a moment after the question, and all of one answer is of one snapshot. Lists are never kept.

import type { Maybe, Need, Needs, RowsOf, Store } from '../../core/ports.ts';
import type { Seen } from '../../core/principal.ts';
import { keyOf, kindOf } from '../cached-reads.ts';
import type { EpochKind } from '../epoch.ts';
import { RowCache } from '../row-cache.ts';
import { type Moment, MomentGate } from './moment.ts';
import type { Pool } from './pool.ts';
import { faultOf } from './problem.ts';
import type { Snapshots } from './snapshots.ts';

const AUTHORITY_BYTES_MAX: number = 4 * 1024 * 1024;
const SECRETS_BYTES_MAX: number = 12 * 1024 * 1024;

type Rows = Record<string, unknown>;
type Stands = (now: Moment) => boolean;

/** What the caches hold of some needs. */
interface Kept {
  readonly rows: Rows;
  readonly missing: Needs;
  /** The kinds of rows that were found. */
  readonly found: ReadonlySet<EpochKind>;
  readonly isWhole: boolean;
}

export interface FreshReadsOptions {
  /** For the stamps alone. */
  readonly gate: Pool;
  readonly snapshots: Snapshots;
  /** Called once payloads were destroyed, here or by another server. */
  readonly onErase: () => void;
}

export class FreshReads implements Pick<Store, 'read'> {
  readonly #gate: MomentGate;
  readonly #snapshots: Snapshots;
  readonly #onErase: () => void;
  readonly #caches: Readonly<Record<EpochKind, RowCache>> = {
    authority: new RowCache(AUTHORITY_BYTES_MAX),
    secrets: new RowCache(SECRETS_BYTES_MAX),
  };
  #held: Moment = { authority: Number.NaN, secrets: Number.NaN, erasures: Number.NaN };

  constructor({ gate, snapshots, onErase }: FreshReadsOptions) {
    this.#gate = new MomentGate(gate);
    this.#snapshots = snapshots;
    this.#onErase = onErase;
  }

  read<const N extends Needs>(needs: N, seen: Seen = {}): Maybe<RowsOf<N>> {
    const kept = this.#find(needs);
    // The moment that the request has seen is the one of the caches.
    if (kept.isWhole && seen.moment === this.#held) return kept.rows as RowsOf<N>;
    return this.#read(needs, kept, seen).then(
      (rows) => rows as RowsOf<N>,
      (error) => {
        throw faultOf(error);
      },
    );
  }

  /** What the caches hold of it. */
  #find(needs: Needs): Kept {
    const rows: Rows = {};
    const missing: Record<string, Need> = {};
    const found = new Set<EpochKind>();
    let isWhole = true;
    for (const name in needs) {
      const need = needs[name] as Need;
      const kind = kindOf(need);
      const row = kind === undefined ? RowCache.ABSENT : this.#caches[kind].get(keyOf(need));
      if (kind === undefined || row === RowCache.ABSENT) {
        missing[name] = need;
        isWhole = false;
      } else {
        rows[name] = row;
        found.add(kind);
      }
    }
    return { rows, missing, found, isWhole };
  }

  async #read(needs: Needs, { rows, missing, found, isWhole }: Kept, seen: Seen): Promise<Rows> {
    const before = this.#held;
    const stands: Stands = (now) => [...found].every((kind) => now[kind] === before[kind]);
    if (isWhole) {
      seen.moment = this.#hold(await this.#gate.now());
      return stands(this.#held) ? rows : this.#load(needs, () => true, seen);
    }
    return Object.assign(rows, await this.#load(missing, stands, seen, needs));
  }

  /** Reads `needs` in one snapshot; `all` of them where the others do not stand in it. */
  async #load(needs: Needs, stands: Stands, seen: Seen, all: Needs = needs): Promise<Rows> {
    const { moment, rows } = await this.#snapshots.read(needs);
    seen.moment = this.#hold(moment);
    if (!stands(moment)) return this.#load(all, () => true, seen);
    for (const name in needs) {
      const need = needs[name] as Need;
      const kind = kindOf(need);
      if (kind !== undefined) this.#caches[kind].add(keyOf(need), rows[name], moment[kind]);
    }
    return rows;
  }

  /** From now on the caches are of this moment; answers the one of them all that has these stamps. */
  #hold(now: Moment): Moment {
    const before = this.#held;
    const isSame = now.authority === before.authority && now.secrets === before.secrets;
    if (isSame && now.erasures === before.erasures) return before;
    this.#held = now;
    if (now.authority !== before.authority) this.#caches.authority.hold(now.authority);
    if (now.secrets !== before.secrets) this.#caches.secrets.hold(now.secrets);
    if (now.erasures !== before.erasures && !Number.isNaN(before.erasures)) this.#onErase();
    return now;
  }
}
