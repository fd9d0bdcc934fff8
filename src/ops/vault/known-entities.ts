// What the entity of an account came to when it was last looked at: which rows that took, so that the next request asks for
// them at once; and the same again while they are the very rows that they were.

import type { AccountEmail } from '../../core/name.ts';
import type { Needs } from '../../core/ports.ts';
import type { Account } from '../../core/secret.ts';
import { type AccountEntity, accountEntity } from './entity-authority.ts';
import { Entries } from './entries.ts';

interface Known {
  readonly needs: Needs;
  /** As they were. */
  readonly rows: Readonly<Record<string, unknown>>;
  /** The entry that the account named. */
  readonly entry: string;
  readonly entity: AccountEntity | undefined;
}

/** Ours: accounts whose entities are known in one thread. */
const KNOWN_MAX = 1000;
const known = new Map<AccountEmail, Known>();

/** The rows that the entity of an account took the last time; undefined: none are known. */
export function entityNeeds(email: AccountEmail): Needs | undefined {
  return known.size === 0 ? undefined : known.get(email)?.needs;
}

/** The entity of an account that names one, by `rows`. Throws Wanting where they are not all of them. */
export function entityFrom(account: Account, rows: object): AccountEntity | undefined {
  const before = known.get(account.email);
  if (before !== undefined && before.entry === account.entity && isSame(before.rows, rows)) return before.entity;
  // None of its rows ever ends by itself.
  const entries = new Entries(rows, 0);
  const entity = accountEntity(account, entries);
  const { needs } = entries;
  const kept = Object.fromEntries(Object.keys(needs).map((name) => [name, (rows as Known['rows'])[name]]));
  if (known.size >= KNOWN_MAX && !known.has(account.email)) known.clear();
  known.set(account.email, { needs, rows: kept, entry: account.entity ?? '', entity });
  return entity;
}

function isSame(before: Known['rows'], now: object): boolean {
  for (const name in before) {
    if (!Object.hasOwn(now, name) || (now as Known['rows'])[name] !== before[name]) return false;
  }
  return true;
}
