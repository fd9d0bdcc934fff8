// The identity of whoever asks by Vault's API, read before there is anything to judge: of the entity that a token stands for,
// or of the one that a service account is.

import type { AccountEmail } from '../../core/name.ts';
import type { Maybe, Store } from '../../core/ports.ts';
import type { Seen } from '../../core/principal.ts';
import {
  type Entity,
  entityId,
  entityOf,
  type Group,
  groupId,
  groupOf,
  type Identity,
  identityOf,
  mergedId,
  reachedGroups,
} from '../../core/vault/identity.ts';
import { then } from '../maybe.ts';
import { entityPlace, isEntityOf } from './entity-authority.ts';

/** One request: all that it reads is as of one moment. */
interface Reading {
  readonly store: Pick<Store, 'read'>;
  readonly seen: Seen;
}

/** What the store names at once. */
export const ENTRIES_NAMED_MAX = 500;

/** The identity of an entity; undefined where it is gone or disabled: then its tokens are nobody's. */
export function liveIdentity(deps: Reading, project: string, id: string): Maybe<Identity | undefined> {
  const { store, seen } = deps;
  return then(store.read({ own: { need: 'vaultEntry', id: entityId(project, id) } }, seen), ({ own }) => {
    if (own === undefined) return ofMerged(deps, project, id);
    const entity = entityOf(own);
    return entity.disabled ? undefined : withGroups(deps, project, id, entity, new Map());
  });
}

/** The entity is disabled. */
export const REFUSED = 'refused';

/** The identity of the entity that an account is, in the project of both; undefined: it is none. */
export function accountIdentity(
  deps: Reading,
  email: AccountEmail,
): Maybe<{ readonly project: string; readonly identity: Identity } | typeof REFUSED | undefined> {
  const { store, seen } = deps;
  return then(store.read({ account: { need: 'account', email } }, seen), ({ account }) => {
    const place = entityPlace(account);
    if (place === undefined) return undefined;
    const { project, id } = place;
    return then(store.read({ own: { need: 'vaultEntry', id: entityId(project, id) } }, seen), ({ own }) => {
      const entity = own === undefined ? undefined : entityOf(own);
      if (entity === undefined || !isEntityOf(entity, email)) return undefined;
      if (entity.disabled) return REFUSED;
      return then(withGroups(deps, project, id, entity, new Map()), (identity) => ({ project, identity }));
    });
  });
}

function ofMerged(deps: Reading, project: string, id: string): Maybe<Identity | undefined> {
  return then(deps.store.read({ lead: { need: 'vaultEntry', id: mergedId(project, id) } }, deps.seen), ({ lead }) => {
    const now = lead?.data['id'];
    return typeof now === 'string' ? liveIdentity(deps, project, now) : undefined;
  });
}

function withGroups(
  deps: Reading,
  project: string,
  id: string,
  entity: Entity,
  known: Map<string, Group | undefined>,
): Maybe<Identity> {
  const { unread } = reachedGroups(entity.groups, known);
  if (unread.length === 0) return identityOf(id, entity, known);
  const some = unread.slice(0, ENTRIES_NAMED_MAX);
  const groups = { need: 'vaultEntriesNamed', ids: some.map((each) => groupId(project, each)) } as const;
  return then(deps.store.read({ groups }, deps.seen), (rows) => {
    some.forEach((each, index) => {
      const row = rows.groups[index];
      known.set(each, row === undefined ? undefined : groupOf(row));
    });
    return withGroups(deps, project, id, entity, known);
  });
}
