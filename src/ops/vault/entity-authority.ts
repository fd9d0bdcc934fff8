// The policies of the entity that a service account is, as a further source of the one decision: by every API but Vault's
// own, which judges them at the path of the request. What they allow there they allow here, and what they deny is denied.
// An entity is of one project, the account's own, and says nothing elsewhere; but for a disabled one, which may nothing.

import { type Grant, sourcedGrant } from '../../core/iam/policy.ts';
import type { ProjectRef } from '../../core/name.ts';
import type { Account } from '../../core/secret.ts';
import type { Acl } from '../../core/vault/acl.ts';
import { TOKEN_ACCESSOR } from '../../core/vault/auth-mounts.ts';
import { aclOf, policyIds } from '../../core/vault/authority.ts';
import { type Entity, entityOf, groupId, groupOf } from '../../core/vault/identity.ts';
import { type MountTable, mountsId, mountTable } from '../../core/vault/mounts.ts';
import { type Way, type Ways, waysOf } from '../../core/vault/ways.ts';
import type { AwsAsked } from '../aws/authority.ts';
import type { Scope, Target } from '../operation.ts';
import { type Entries, identityOfEntry } from './entries.ts';

/** The entity of an account, as it decides. */
export interface AccountEntity {
  /** Its project, by id. */
  readonly project: string;
  readonly name: string;
  /** Why it may nothing at all. */
  readonly refused?: string;
  readonly acl: Acl;
  readonly mounts: MountTable;
  /** The entity or the group that brings a policy, as a reviewer is told. */
  sourceOf(policy: string): string;
}

/** Ours: policies that are judged of one entity. */
const POLICIES_MAX = 500;

/** Where the entity of an account lies; undefined: it has none. */
export function entityPlace(
  account: Account | undefined,
): { readonly project: string; readonly id: string } | undefined {
  const [, project, id] = /^project\/([^/]+)\/entity\/([^/]+)$/.exec(account?.entity ?? '') ?? [];
  return project === undefined || id === undefined ? undefined : { project, id };
}

/** The entity of an account; undefined: it has none, or one that does not name it. Throws Wanting. */
export function accountEntity(account: Account | undefined, entries: Entries): AccountEntity | undefined {
  const place = entityPlace(account);
  const entry = account?.entity === undefined ? undefined : entries.get(account.entity);
  if (place === undefined || entry === undefined || !isEntityOf(entityOf(entry), account?.email)) return undefined;
  const { project, id } = place;
  const { name, disabled, policies: own } = entityOf(entry);
  const identity = identityOfEntry(entries, project, id, entry);
  const { policies } = identity;
  const authority = { project: project as ProjectRef, policies: policies.slice(0, POLICIES_MAX), identity };
  const ids = policyIds(authority);
  const sourceOf = (policy: string) => {
    if (own.includes(policy)) return `entity ${name}`;
    const has = (group: string) => groupOf(entries.get(groupId(project, group)) as never).policies.includes(policy);
    return `group ${identity.groups.find((group) => has(group.id))?.name}`;
  };
  return {
    ...{ project, name, sourceOf },
    ...(disabled
      ? { refused: 'is disabled' }
      : policies.length > POLICIES_MAX
        ? { refused: 'has too many policies' }
        : {}),
    acl: aclOf(authority, ids.length === 0 ? [] : entries.rowsNamed(ids)),
    mounts: mountTable(project as never, entries.get(mountsId(project))),
  };
}

/** Whether the entity says itself that it is the account of this address. */
export function isEntityOf({ aliases }: Entity, email: string | undefined): boolean {
  return aliases.some(({ accessor, name }) => accessor === TOKEN_ACCESSOR && name === email);
}

/** Why the entity denies what is asked; undefined: it does not. */
export function entityDenial(entity: AccountEntity, asked: AwsAsked): string | undefined {
  if (entity.refused !== undefined) return `vault entity ${entity.name}, which ${entity.refused}`;
  if (asked.scope.project?.id !== entity.project) return undefined;
  const { denies, below } = waysAsked(entity, asked);
  const policy =
    (below === undefined ? undefined : entity.acl.deniedBelow(below)) ??
    firstOf(denies, (path) => deniedAt(entity, path));
  return policy === undefined ? undefined : sourceText(entity, policy);
}

/** What grants it, and the path at which it does; undefined: nothing. */
export function entityRuling(
  entity: AccountEntity,
  asked: AwsAsked,
): { readonly source: string; readonly path: string } | undefined {
  if (entity.refused !== undefined || asked.scope.project?.id !== entity.project) return undefined;
  const { grants, below, isMounted } = waysAsked(entity, asked);
  if (!isMounted) return undefined;
  if (below !== undefined) {
    const policy = entity.acl.allowsBelow(below, ['list', 'read']);
    return policy === undefined ? undefined : { source: sourceText(entity, policy), path: below };
  }
  return firstOf(grants, (way) => {
    const policies = way.map((each) => entity.acl.allows({ ...each, elsewhere: true }));
    const [policy] = policies;
    if (policy === undefined || policies.includes(undefined)) return undefined;
    return { source: sourceText(entity, policy), path: (way[0] as Way).path };
  });
}

/** The grant of what is asked by the policies of the entity; undefined: they give none. */
export function grantByEntity(entity: AccountEntity, asked: AwsAsked): Grant | undefined {
  const ruling = entityRuling(entity, asked);
  return ruling === undefined ? undefined : sourcedGrant(asked.permission, ruling.source, ruling.path);
}

function deniedAt({ acl }: AccountEntity, path: string): string | undefined {
  return acl.deniedBy({ path, capability: 'read' });
}

/** How a policy of the entity is told: in the audit, and to whoever asks why. */
export function sourceText(entity: AccountEntity, policy: string): string {
  return `vault policy ${policy} of ${entity.sourceOf(policy)}`;
}

function firstOf<T, R>(all: readonly T[], find: (each: T) => R | undefined): R | undefined {
  for (const each of all) {
    const found = find(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

function waysAsked({ mounts }: AccountEntity, { permission, operation, target, scope }: AwsAsked): Ways {
  const { secret } = scope;
  const name = nameAsked(target, scope);
  const [, ring, key] = /^keyRings\/(.+)\/cryptoKeys\/([^/]+)$/.exec(target.below ?? '') ?? [];
  const meant = {
    ...(name === undefined ? {} : { secret: name }),
    ...(ring === undefined || key === undefined ? {} : { key: { ring, name: key } }),
    exists: secret !== undefined,
    isCurrent: target.version === 'latest' || Number(target.version) === secret?.currentVersion,
    secrets: target.secret === undefined && isGlobal(target.location),
  };
  return waysOf(permission, operation, meant, mounts);
}

/** The stored name of the global secret that is meant, or that would be made. */
function nameAsked(target: Target, { secret }: Scope): string | undefined {
  if (secret !== undefined) return isGlobal(secret.location) ? secret.name : undefined;
  if (!isGlobal(target.location)) return undefined;
  const made = /^secrets\/(.+)$/.exec(target.creates ?? '')?.[1];
  return target.from?.name ?? target.name ?? target.stores ?? target.secret ?? made;
}

const isGlobal = (location: string | undefined) => location === undefined || location === '';
